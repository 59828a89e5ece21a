//! The differences as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Arguments;
use super::tally::{Example, Group, Kind, Tally};
use crate::compare::{Change, Comparison};

/// What is reported.
pub(super) struct Report<'r> {
    pub arguments: &'r Arguments,
    pub tally: &'r Tally,
    pub comparison: &'r Comparison,
}

impl Report<'_> {
    /// For the terminal.
    pub(super) fn human(&self) -> String {
        let Tally { records, differing, unreadable, failed, accounts: (old, new), .. } = *self.tally;
        let mut text = format!("{records} records: {} the same, {differing} differ", records - differing);
        // writing to a `String` cannot fail
        if unreadable > 0 {
            let _ = write!(text, ", {unreadable} unreadable");
        }
        if failed > 0 {
            let _ = write!(text, ", {failed} not compared (internal error)");
        }
        let _ = writeln!(text, "\naccounts: {old} before, {new} now");
        let mut part = "";
        for (kind, group) in &self.tally.groups {
            if kind.part != part {
                part = &kind.part;
                let _ = writeln!(text, "\n{part}");
            }
            group_text(kind, group, &mut text);
        }
        if self.arguments.examples > 0 && !self.arguments.show_values && !self.tally.groups.is_empty() {
            text.push_str("\nexamples are shapes: letters are `a`, digits `9`; `--show-values` shows values\n");
        }
        text
    }

    /// For other programs.
    pub(super) fn json(&self) -> Json {
        let Tally { records, differing, unreadable, failed, accounts: (old, new), ref groups } = *self.tally;
        json!({
            "version": 1,
            "old": self.arguments.old.display().to_string(),
            "new": self.arguments.new.display().to_string(),
            "records": { "all": records, "same": records - differing, "differ": differing, "unreadable": unreadable, "failed": failed },
            "accounts": { "old": old, "new": new },
            "shows_values": self.arguments.show_values,
            "differences": groups.iter().map(|(kind, group)| self.difference(kind, group)).collect::<Vec<_>>(),
        })
    }

    fn difference(&self, kind: &Kind, group: &Group) -> Json {
        let example = |Example { record, account, before, after }: &Example| json!({ "record": record, "account": account, "before": before, "after": after });
        json!({
            "of": kind.part,
            "is_claim": self.comparison.position(&kind.part).is_some() && kind.position >= 4,
            "change": kind.change.name(),
            "reason": kind.reason,
            "count": group.count,
            "examples": group.examples.iter().map(example).collect::<Vec<_>>(),
        })
    }
}

fn group_text(kind: &Kind, group: &Group, text: &mut String) {
    let reason = kind.reason.as_ref().map_or_else(String::new, |reason| match kind.change {
        Change::Made => format!(" (before: {reason})"),
        _ => format!(" ({reason})"),
    });
    let _ = writeln!(text, "{:>10}  {}{reason}", group.count, word(kind.change));
    for Example { record, account, before, after } in &group.examples {
        let account = account.map_or_else(String::new, |account| format!(", account {account}"));
        let values = match (before, after) {
            (None, None) => String::new(),
            (Some(before), None) => format!("  {before}"),
            (None, Some(after)) => format!("  {after}"),
            (Some(before), Some(after)) if before == after => format!("  {before}, another value"),
            (Some(before), Some(after)) => format!("  {before} → {after}"),
        };
        let _ = writeln!(text, "            record {record}{account}{values}");
    }
}

fn word(change: Change) -> &'static str {
    match change {
        Change::OtherReason => "none, for another reason",
        change => change.name(),
    }
}
