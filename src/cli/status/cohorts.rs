//! How far the migration is for customers who were last active in the same month.
//!
//! The months come from an export and not from the ledger. The ledger learns of a customer only when they come, so that it could
//! never say how many are missing; and when somebody was last active is personal data, which it does not keep. Customers who
//! were migrated long ago are found in the export like all others.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use crate::cli::CommandError;
use crate::cli::customers::{Customer, Export, State, Totals};
use crate::html_report::share;
use crate::ports::Reports;

/// The customers of an export, by the month in which they were last active.
#[derive(Debug, Default, Clone)]
pub struct Cohorts {
    /// `None` is the cohort of customers of whom it is not known.
    months: BTreeMap<Option<(i16, i8)>, Cohort>,
    /// What was read.
    pub totals: Totals,
}

/// The customers of a month.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Cohort {
    /// Who may come: without those whom the rules deny, and who are disabled, locked or deleted.
    pub customers: u64,
    pub migrated: u64,
    pub pending: u64,
    pub invalid: u64,
}

/// How many months are shown each in a line; older ones are one line.
const SHOWN: usize = 24;

impl Cohorts {
    /// Reads the customers of an export. Must be called within a tokio runtime with several threads.
    ///
    /// # Errors
    /// If the export cannot be read to its end, or the ledger fails.
    pub fn read(export: &Export, reports: &dyn Reports, now: Timestamp) -> Result<Self, CommandError> {
        let mut cohorts = Self::default();
        let totals = export.customers(reports, &mut |customer| {
            cohorts.add(&customer, now);
            Ok(())
        })?;
        Ok(Self { totals, ..cohorts })
    }

    fn add(&mut self, customer: &Customer, now: Timestamp) {
        if matches!(customer.state, State::Excluded | State::Deleted) {
            return;
        }
        // clocks of other hosts may be ahead
        let month = customer.last_active.map(|last| last.min(now).to_zoned(TimeZone::UTC).date());
        self.months.entry(month.map(|day| (day.year(), day.month()))).or_default().count(customer.state);
    }

    /// All customers.
    pub fn all(&self) -> Cohort {
        sum(self.months.values())
    }

    /// Whether there are customers, and nobody's last activity is known.
    pub fn are_unknown(&self) -> bool {
        self.months.len() == 1 && self.months.contains_key(&None)
    }

    /// A line per month, newest first.
    pub fn human(&self) -> String {
        let mut out = format!(
            "\n{:<16} {:>10} {:>18} {:>9} {:>9} {:>10}\n",
            "last active", "customers", "migrated", "pending", "invalid", "remaining"
        );
        let known: Vec<_> = self.months.iter().rev().filter_map(|(month, cohort)| Some(((*month)?, cohort))).collect();
        for ((year, month), cohort) in known.iter().take(SHOWN) {
            out.push_str(&line(&format!("{year:04}-{month:02}"), cohort));
        }
        if known.len() > SHOWN {
            out.push_str(&line("earlier", &sum(known.iter().skip(SHOWN).map(|(_, cohort)| *cohort))));
        }
        if let Some(unknown) = self.months.get(&None) {
            out.push_str(&line("unknown", unknown));
        }
        out.push_str(&line("all", &self.all()));
        out
    }

    /// All months, oldest first; the cohort without a month last.
    pub fn json(&self) -> Json {
        let known = self.months.iter().filter(|(month, _)| month.is_some());
        let unknown = self.months.iter().filter(|(month, _)| month.is_none());
        known
            .chain(unknown)
            .map(|(month, cohort)| {
                let Cohort { customers, migrated, pending, invalid } = cohort;
                json!({
                    "month": month.map(|(year, month)| format!("{year:04}-{month:02}")), "customers": customers,
                    "migrated": migrated, "pending": pending, "invalid": invalid, "remaining": customers - migrated,
                })
            })
            .collect()
    }
}

impl Cohort {
    fn count(&mut self, state: State) {
        self.customers += 1;
        self.migrated += u64::from(state == State::Migrated);
        self.pending += u64::from(state == State::Pending);
        self.invalid += u64::from(state == State::Invalid);
    }
}

fn sum<'c>(cohorts: impl Iterator<Item = &'c Cohort>) -> Cohort {
    cohorts.fold(Cohort::default(), |sum, cohort| Cohort {
        customers: sum.customers + cohort.customers,
        migrated: sum.migrated + cohort.migrated,
        pending: sum.pending + cohort.pending,
        invalid: sum.invalid + cohort.invalid,
    })
}

fn line(name: &str, cohort: &Cohort) -> String {
    let Cohort { customers, migrated, pending, invalid } = cohort;
    let share = format!("{migrated} ({})", share(*migrated, *customers));
    format!("{name:<16} {customers:>10} {share:>18} {pending:>9} {invalid:>9} {:>10}\n", customers - migrated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(last: Option<&str>, state: State) -> Customer {
        Customer { id: "1".into(), state, last_active: last.map(|last| last.parse().unwrap()), claims: Vec::new() }
    }

    #[test]
    fn customers_are_counted_by_their_month() {
        let now = "2026-03-10T00:00:00Z".parse().unwrap();
        let mut cohorts = Cohorts::default();
        for (last, state) in [
            (Some("2026-02-28T23:59:59Z"), State::Migrated),
            (Some("2026-02-01T00:00:00Z"), State::Never),
            (Some("2026-03-01T00:00:00Z"), State::Pending),
            (Some("2031-01-01T00:00:00Z"), State::Invalid),
            (Some("2026-02-01T00:00:00Z"), State::Excluded),
            (Some("2026-02-01T00:00:00Z"), State::Deleted),
            (None, State::Unfinished),
        ] {
            cohorts.add(&customer(last, state), now);
        }
        let wanted = "
last active       customers           migrated   pending   invalid  remaining
2026-03                   2          0 (0.0 %)         1         1          2
2026-02                   2         1 (50.0 %)         0         0          1
unknown                   1          0 (0.0 %)         0         0          1
all                       5         1 (20.0 %)         1         1          4
";
        assert_eq!(cohorts.human(), wanted);
        let json = cohorts.json();
        assert_eq!(json[0]["month"], "2026-02");
        assert_eq!((json[2]["month"].is_null(), json[2]["remaining"].as_u64()), (true, Some(1)));
    }

    #[test]
    fn old_months_are_one_line() {
        let (now, mut cohorts) = ("2026-03-10T00:00:00Z".parse().unwrap(), Cohorts::default());
        for month in 0..30_i8 {
            let last = format!("{}-{:02}-15T00:00:00Z", 2023 + i32::from(month / 12), month % 12 + 1);
            cohorts.add(&customer(Some(&last), State::Never), now);
        }
        let text = cohorts.human();
        assert_eq!(text.lines().count(), 1 + 1 + SHOWN + 2, "{text}");
        assert!(text.contains("earlier                   6"), "{text}");
    }
}
