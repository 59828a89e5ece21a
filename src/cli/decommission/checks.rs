//! The reasons why a legacy system cannot be switched off yet, each with what shows it and what to do.

use jiff::{SignedDuration, Timestamp};

use super::evidence::{Evidence, Remaining};

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it asks for.
    pub title: String,
    /// Whether it is met.
    pub result: Met,
    /// What shows it, in one sentence.
    pub evidence: String,
    /// What to do; empty if there is nothing to do.
    pub help: String,
}

/// Whether a condition is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    Yes,
    No,
    /// Nothing was given to find out.
    NotChecked,
}

impl Met {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotChecked => "not_checked",
        }
    }
}

/// All conditions, in the order in which they are worth reading.
pub fn all(evidence: &Evidence) -> Vec<Check> {
    vec![
        calls(evidence),
        claims(evidence),
        pending(evidence),
        passwords(evidence),
        write_backs(evidence),
        customers(evidence),
        audit(evidence),
    ]
}

/// A day for people.
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn check(
    name: &'static str,
    title: impl Into<String>,
    result: Met,
    evidence: String,
    help: impl Into<String>,
) -> Check {
    let help = if result == Met::Yes { String::new() } else { help.into() };
    Check { name, title: title.into(), result, evidence, help }
}

fn calls(found: &Evidence) -> Check {
    let days = found.days;
    let since = found.now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
    let (calls, unknown) = (found.sum(|system| system.calls), found.sum(|system| system.unknown));
    let last = found
        .last_call()
        .map_or_else(|| "none since the audit begins".to_owned(), |at| format!("the last one on {}", day(at)));
    let (result, evidence, help) = match found.audit_since {
        _ if calls > 0 => (
            Met::No,
            format!("{calls} requests needed it, {last}"),
            "wait until nobody needs it, and remind the customers who remain: `landfall remaining --in EXPORT`"
                .to_owned(),
        ),
        None => (Met::No, "the audit has no decisions, so that nothing shows who needs it".to_owned(), wait(days)),
        Some(oldest) if oldest > since => (
            Met::No,
            format!("the audit covers only the time since {}", oldest.strftime("%Y-%m-%d %H:%M UTC")),
            format!(
                "{}; `landfall audit export --remove` must leave the decisions of these days in the ledger",
                wait(days)
            ),
        ),
        Some(_) if found.requests == 0 => (
            Met::No,
            "no request of a customer was decided in this time, so that nothing shows who needs it".to_owned(),
            wait(days),
        ),
        Some(_) => {
            let asked = if unknown == 0 {
                String::new()
            } else {
                format!("; {unknown} asked it for identifiers that it does not know")
            };
            (Met::Yes, format!("none of {} requests needed it, {last}{asked}", found.requests), String::new())
        }
    };
    check("calls", format!("No customer needed it for {days} days"), result, evidence, help)
}

fn wait(days: u16) -> String {
    format!("let the service answer logins for {days} days, or ask for fewer with --days")
}

fn claims(found: &Evidence) -> Check {
    let open = found.sum(|system| system.open);
    check(
        "claims",
        "No account is being created, and no migration is being undone",
        none(open),
        counted(open, "is in progress or was interrupted", "are in progress or were interrupted"),
        "a running service completes them within seconds: start `landfall serve`; if they stay, its log says why",
    )
}

fn pending(found: &Evidence) -> Check {
    let pending = found.sum(|system| system.pending);
    check(
        "pending",
        "No account waits for its first password",
        none(pending),
        counted(
            pending,
            "account has no password, and its customer has not signed in",
            "accounts have no password, and their customers have not signed in",
        ),
        "ask their customers to sign in or to set a password (`landfall remaining --in EXPORT --state pending`), or delete the accounts",
    )
}

fn passwords(found: &Evidence) -> Check {
    let there = found.sum(|system| system.legacy_passwords);
    check(
        "passwords",
        "No password is verified there for an account that exists",
        none(there),
        counted(
            there,
            "account has no password of its own, because the target refused the legacy one: its customer signs in with it",
            "accounts have no password of their own, because the target refused the legacy one: their customers sign in with it",
        ),
        "ask these customers to choose a new password; each login answers `password_change_required`",
    )
}

fn write_backs(found: &Evidence) -> Check {
    let waiting = found.sum(|system| system.write_backs);
    check(
        "write_backs",
        "Every legacy account that is to be marked, disabled or deleted was",
        none(waiting),
        counted(waiting, "change waits or failed", "changes wait or failed"),
        "`landfall write-back list` says why; a running service makes those that wait, and `landfall write-back retry` tries failed ones again",
    )
}

fn customers(found: &Evidence) -> Check {
    let title = "No customer remains in the legacy system";
    let Some(remaining) = &found.customers else {
        let evidence = "the ledger knows only customers who came".to_owned();
        return check("customers", title, Met::NotChecked, evidence, "give an export of the legacy system with --in");
    };
    let Remaining { totals, counted, dormant, migrated, source, .. } = remaining;
    let without = remaining.dormant_before.map_or_else(String::new, |before| {
        format!("; {dormant} who were last active before {} do not count", day(before))
    });
    let unreadable = totals.unreadable + totals.without_id;
    let (result, evidence, help) = match totals.records {
        0 => (Met::No, "the export has no records".to_owned(), "give an export with all customers".to_owned()),
        _ if *counted > 0 => (
            Met::No,
            format!("{counted} customers of the export of `{source}` have not come, {migrated} have{without}"),
            remaining_help(found),
        ),
        _ if unreadable > 0 => (
            Met::No,
            format!("{unreadable} records of the export cannot be compared with the ledger"),
            "`landfall transform --rejects FILE` says which and why".to_owned(),
        ),
        records => (
            Met::Yes,
            format!("none of {records} records of the export of `{source}` is of a customer who has not come{without}"),
            String::new(),
        ),
    };
    check("customers", title, result, evidence, help)
}

/// What becomes of customers who have not come depends on who verifies their passwords.
fn remaining_help(found: &Evidence) -> String {
    let list = "list them with `landfall remaining --in EXPORT` and remind them";
    if found.remote_verifiers.is_empty() {
        return format!(
            "{list}; as their stored hashes are in the records, they can also migrate from an export: make it the source \
             (`source: {{ kind: file }}`), and switch the system off"
        );
    }
    let names = found.remote_verifiers.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!(
        "{list}; the legacy system itself verifies their passwords ({names}), so that without it they need a new one: see `landfall bulk`"
    )
}

fn audit(found: &Evidence) -> Check {
    let report = &found.audit;
    let evidence = match report.broken {
        Some(broken) => broken.to_string(),
        None => format!(
            "{} decisions are intact, up to the head {}",
            report.head.number.saturating_sub(report.start.number),
            report.head
        ),
    };
    check(
        "audit",
        "The audit is intact",
        if report.broken.is_some() { Met::No } else { Met::Yes },
        evidence,
        "the evidence above cannot be trusted; find out who changed the ledger, and compare it with a backup and with anchors: \
         `landfall audit verify`",
    )
}

fn none(count: u64) -> Met {
    if count == 0 { Met::Yes } else { Met::No }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        0 => "none".to_owned(),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}
