//! The outcomes of the records: counted per batch, added up, and shown at the end.

use std::fmt::Write as _;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde_json::{Value as Json, json};

use crate::cli::share::Share;
use crate::engine::outcome::Reason;

/// Maximum number of names that are counted separately; all further names are counted as one. Stops records with invented
/// keys from filling the memory; rule files have a few dozen reasons.
const MAX_NAMES: usize = 1000;

/// Maximum number of names shown per kind.
const SHOWN: usize = 20;

/// How often each name occurred.
#[derive(Debug, Default)]
pub struct Counts(FxHashMap<String, u64>);

impl Counts {
    /// Counts a name.
    pub fn count(&mut self, name: &str) {
        self.add(name, 1);
    }

    /// Counts a reason.
    pub fn reason(&mut self, reason: &Reason) {
        match (reason.rule.as_str(), reason.step.as_str()) {
            ("record", "unread") => self.count("the record has fields that no rule reads"),
            // without the place, which differs from record to record
            ("record", _) => self.count(reason.message.split(':').next().unwrap_or_default()),
            (rule, _) => self.count(&format!("{rule}: {}", reason.message)),
        }
    }

    fn add(&mut self, name: &str, times: u64) {
        if let Some(count) = self.0.get_mut(name) {
            *count += times;
            return;
        }
        let name = if self.0.len() < MAX_NAMES { name } else { "(others)" };
        *self.0.entry(name.to_owned()).or_default() += times;
    }

    /// Moves all counts of another tally into this one.
    fn take(&mut self, other: &mut Self) {
        other.0.drain().for_each(|(name, times)| self.add(&name, times));
    }

    /// The counts by name.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::Object(self.0.iter().map(|(name, count)| (name.clone(), (*count).into())).collect())
    }

    /// Appends the most frequent names under a title; nothing if nothing was counted.
    pub fn show(&self, title: &str, text: &mut String) {
        if self.0.is_empty() {
            return;
        }
        let mut all: Vec<(&String, &u64)> = self.0.iter().collect();
        all.sort_unstable_by(|(name, count), (other, others)| others.cmp(count).then(name.cmp(other)));
        let _ = writeln!(text, "{title}");
        for (name, count) in all.iter().take(SHOWN) {
            let _ = writeln!(text, "{count:>10}  {name}");
        }
        if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let _ = writeln!(text, "{:>10}  more kinds", format!("+{more}"));
        }
    }
}

/// The outcomes of records.
#[derive(Debug, Default)]
pub struct Tally {
    /// Records that the rules ran on, whatever the outcome.
    pub run: u64,
    /// Accounts that were written.
    pub accounts: u64,
    /// Accounts whose rules read a stored password, and that have none that can be used.
    pub without_password: u64,
    /// Records that are invalid.
    pub invalid: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Denied customers by reason.
    pub denials: Counts,
    /// Why records are invalid; a record may have several.
    pub reasons: Counts,
    /// Why records could not be read.
    pub problems: Counts,
    /// Warnings by name.
    pub warnings: Counts,
    /// Why stored passwords of accounts cannot be used.
    pub unusable: Counts,
    /// Fields that no rule reads, each once per record.
    pub unread: Counts,
}

impl Tally {
    /// Moves all counts of another tally into this one.
    pub fn add(&mut self, other: &mut Self) {
        self.run += std::mem::take(&mut other.run);
        self.accounts += std::mem::take(&mut other.accounts);
        self.without_password += std::mem::take(&mut other.without_password);
        self.invalid += std::mem::take(&mut other.invalid);
        self.unreadable += std::mem::take(&mut other.unreadable);
        self.denials.take(&mut other.denials);
        self.reasons.take(&mut other.reasons);
        self.problems.take(&mut other.problems);
        self.warnings.take(&mut other.warnings);
        self.unusable.take(&mut other.unusable);
        self.unread.take(&mut other.unread);
    }

    /// Counts a reason why a record is invalid.
    pub fn reason(&mut self, reason: &Reason) {
        self.reasons.reason(reason);
    }

    /// All records, readable or not.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.run + self.unreadable
    }

    /// Records that are invalid or unreadable.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.invalid + self.unreadable
    }

    /// Whether too many records are invalid or unreadable: any, or more than a share of all.
    #[must_use]
    pub fn fails(&self, most: Option<Share>) -> bool {
        most.map_or(self.failures() > 0, |most| most.is_exceeded(self.failures(), self.records()))
    }

    fn denied(&self) -> u64 {
        self.denials.0.values().sum()
    }

    /// The counts as JSON.
    #[must_use]
    pub fn to_json(&self, took: Duration) -> Json {
        json!({
            "records": self.records(),
            "accounts": self.accounts,
            "denied": self.denied(),
            "invalid": self.invalid,
            "unreadable": self.unreadable,
            "without_password": self.without_password,
            "reasons": {
                "denied": self.denials.to_json(),
                "invalid": self.reasons.to_json(),
                "unreadable": self.problems.to_json(),
                "warnings": self.warnings.to_json(),
                "unusable_passwords": self.unusable.to_json(),
                "unread_fields": self.unread.to_json(),
            },
            "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        })
    }

    /// The text that is shown at the end.
    #[must_use]
    pub fn summary(&self, took: Duration, has_rejects_file: bool) -> String {
        let mut text = format!(
            "{} records: {} accounts, {} denied, {} invalid, {} unreadable\n",
            self.records(),
            self.accounts,
            self.denied(),
            self.invalid,
            self.unreadable
        );
        match self.without_password {
            0 => {}
            1 => text.push_str("1 account without a stored password\n"),
            many => drop(writeln!(text, "{many} accounts without a stored password")),
        }
        self.denials.show("denied:", &mut text);
        self.reasons.show("invalid:", &mut text);
        self.problems.show("unreadable:", &mut text);
        self.warnings.show("warnings:", &mut text);
        self.unusable.show("stored passwords that cannot be used:", &mut text);
        self.unread.show("fields that no rule reads:", &mut text);
        let seconds = took.as_secs_f64();
        let records = f64::from(u32::try_from(self.records()).unwrap_or(u32::MAX));
        let _ = writeln!(text, "{seconds:.2} s, {:.0} records/s", records / seconds.max(1e-9));
        if self.failures() > 0 && !has_rejects_file {
            text.push_str("use `--rejects FILE` to keep the invalid and unreadable records\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(rule: &str, step: &str, message: &str) -> Reason {
        Reason { rule: rule.to_owned(), step: step.to_owned(), message: message.to_owned(), span: None }
    }

    #[test]
    fn the_most_frequent_names_are_shown_first() {
        let mut tally = Tally::default();
        for (times, mut part) in [(1, Tally::default()), (2, Tally::default())] {
            part.run = 2;
            part.without_password = 1;
            part.invalid = 1;
            part.denials.count("spammer");
            (0..times).for_each(|_| part.reason(&reason("email.value", "email", "is no mail address")));
            part.reason(&reason("record", "record", "the record is not JSON: x at line 1 column 7"));
            part.reason(&reason("record", "unread", "the record has fields that no rule reads: $.a"));
            tally.add(&mut part);
            assert_eq!(part.records(), 0);
        }
        let wanted = "\
4 records: 0 accounts, 2 denied, 2 invalid, 0 unreadable
2 accounts without a stored password
denied:
         2  spammer
invalid:
         3  email.value: is no mail address
         2  the record has fields that no rule reads
         2  the record is not JSON
2.00 s, 2 records/s
";
        assert_eq!(tally.summary(Duration::from_secs(2), true), wanted);
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let mut counts = Counts::default();
        (0..5000).for_each(|name| counts.count(&name.to_string()));
        assert_eq!((counts.0.len(), counts.0.get("(others)")), (MAX_NAMES + 1, Some(&4000)));
        let mut text = String::new();
        counts.show("all:", &mut text);
        assert_eq!(text.lines().count(), SHOWN + 2);
    }
}
