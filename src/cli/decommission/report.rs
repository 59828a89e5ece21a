//! The report: the verdict, the conditions, the figures of each system, and what else to know.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::checks::{self, Check, Met};
use super::evidence::Evidence;

/// The report.
#[derive(Debug)]
pub struct Report {
    pub evidence: Evidence,
    pub checks: Vec<Check>,
    /// What is no reason, and worth knowing before.
    pub notes: Vec<String>,
}

impl Report {
    /// Judges what is known.
    pub fn of(evidence: Evidence) -> Self {
        let (checks, notes) = (checks::all(&evidence), notes(&evidence));
        Self { evidence, checks, notes }
    }

    /// Whether no condition is unmet.
    pub fn can_be_switched_off(&self) -> bool {
        self.checks.iter().all(|check| check.result != Met::No)
    }

    /// The verdict in one sentence.
    pub fn verdict(&self) -> String {
        let names: Vec<String> = self.evidence.systems.iter().map(|system| format!("`{}`", system.source)).collect();
        let which = match names.as_slice() {
            [one] => format!("the legacy system {one}"),
            all => format!("the legacy systems {}", all.join(", ")),
        };
        let unmet = self.checks.iter().filter(|check| check.result == Met::No).count();
        match unmet {
            0 => format!("{which} can be switched off"),
            1 => format!("{which} cannot be switched off yet, for 1 reason"),
            unmet => format!("{which} cannot be switched off yet, for {unmet} reasons"),
        }
    }

    /// The report for the terminal.
    pub fn human(&self) -> String {
        let mut out = format!("{}\n\n", self.verdict());
        for Check { title, result, evidence, help, .. } in &self.checks {
            let mark = match result {
                Met::Yes => "yes",
                Met::No => "NO",
                Met::NotChecked => "?",
            };
            // writing to a `String` cannot fail
            let _ = writeln!(out, "{mark:<4} {title}\n     {evidence}");
            if !help.is_empty() {
                let _ = writeln!(out, "     help: {help}");
            }
        }
        for note in &self.notes {
            let _ = writeln!(out, "\nnote: {note}");
        }
        out
    }

    /// The report for programs.
    pub fn json(&self) -> Json {
        let Self { evidence, checks, notes } = self;
        let checks: Vec<Json> = checks
            .iter()
            .map(|check| {
                json!({
                    "check": check.name, "title": check.title, "result": check.result.name(),
                    "evidence": check.evidence, "help": (!check.help.is_empty()).then_some(&check.help),
                })
            })
            .collect();
        let systems: Vec<Json> = evidence
            .systems
            .iter()
            .map(|system| {
                json!({
                    "source": system.source, "calls": system.calls, "unknown": system.unknown,
                    "last_call_at": system.last_call.map(|at| at.to_string()), "migrated": system.migrated,
                    "open": system.open, "abandoned": system.abandoned, "pending": system.pending,
                    "legacy_passwords": system.legacy_passwords, "write_backs": system.write_backs,
                })
            })
            .collect();
        let customers = evidence.customers.as_ref().map(|found| {
            json!({
                "source": found.source, "records": found.totals.records, "migrated": found.migrated, "remaining": found.counted,
                "dormant": found.dormant, "unreadable": found.totals.unreadable, "without_id": found.totals.without_id,
            })
        });
        json!({
            "can_be_switched_off": self.can_be_switched_off(), "at": evidence.now.to_string(), "days": evidence.days,
            "requests": evidence.requests, "audit_since": evidence.audit_since.map(|at| at.to_string()),
            "audit_head": evidence.audit.head.to_string(), "checks": checks, "systems": systems, "customers": customers,
            "notes": notes,
        })
    }
}

fn notes(evidence: &Evidence) -> Vec<String> {
    let mut notes = Vec::new();
    let stuck: Vec<String> = evidence
        .stuck
        .iter()
        .filter(|stuck| stuck.outcome != "migrated_must_change_password")
        .map(|stuck| {
            let name = if stuck.reason.is_empty() { &stuck.outcome } else { &stuck.reason };
            format!("{} {name}", stuck.customers)
        })
        .collect();
    if !stuck.is_empty() {
        notes.push(format!(
            "customers came and could not be migrated ({}); without the legacy system they cannot come again. `landfall status` and \
             `landfall audit list` say more",
            stuck.join(", ")
        ));
    }
    let abandoned = evidence.sum(|system| system.abandoned);
    if abandoned > 0 {
        notes.push(format!(
            "{abandoned} customers with a verified password have no account, because its creation was given up; their next login would \
             need the legacy system"
        ));
    }
    if evidence.customers.is_some() && evidence.systems.len() > 1 {
        notes.push(
            "the export is that of one source; compare each of the others with `--source NAME --in EXPORT`".to_owned(),
        );
    }
    if evidence.audit.start.number > 0 {
        notes.push(format!(
            "the decisions 1 to {} were exported and are not part of this report",
            evidence.audit.start.number
        ));
    }
    notes
}
