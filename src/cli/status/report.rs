//! The progress of the migration, for people and for programs.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::cohorts::Cohorts;
use super::forecast::{Forecast, RATE_DAYS, Rate};
use crate::html_report::share;
use crate::ports::{OutcomeCount, Stuck, Summary};

/// What is reported.
pub struct Progress {
    pub summary: Summary,
    pub stuck: Vec<Stuck>,
    pub rate: Option<Rate>,
    /// The number of customers in the legacy system.
    pub of: Option<u64>,
    /// The percentage of them that is forecast.
    pub share: u8,
    pub forecast: Option<Forecast>,
    pub cohorts: Option<Cohorts>,
}

impl Progress {
    /// The report for the terminal.
    pub fn human(&self) -> String {
        let mut out = self.counts();
        for (heading, counts) in [("refused", &self.summary.refused), ("failed", &self.summary.failed)] {
            list(&mut out, heading, counts.iter().map(|count| (name(&count.outcome, &count.reason), count.count)));
        }
        let stuck = self.stuck.iter().map(|stuck| (name(&stuck.outcome, &stuck.reason), stuck.customers));
        list(&mut out, "stuck customers", stuck.chain(self.overdue()));
        if let Some(cohorts) = &self.cohorts {
            out.push_str(&cohorts.human());
        }
        out
    }

    /// Customers whose creation was interrupted, and whom nobody has recovered.
    fn overdue(&self) -> Option<(&'static str, u64)> {
        Some(("creation overdue", self.summary.overdue)).filter(|(_, count)| *count > 0)
    }

    fn counts(&self) -> String {
        let (summary, mut out) = (&self.summary, String::new());
        // writing to a `String` cannot fail
        let mut line = |name: &str, value: String| {
            let _ = writeln!(out, "{name:<16} {value}");
        };
        line("migrated", of_all(summary.migrated, self.of));
        line("pending", summary.pending.to_string());
        if summary.activated > 0 {
            line(
                "activated",
                format!("{} (created before their first login, and have a password by now)", summary.activated),
            );
        }
        if summary.undoing > 0 {
            line("undoing", summary.undoing.to_string());
        }
        if summary.creating > 0 {
            line("being created", format!("{} ({} of them overdue)", summary.creating, summary.overdue));
        }
        line("abandoned", summary.abandoned.to_string());
        line("deleted", summary.buried.to_string());
        line("later sign-ins", summary.authenticated.to_string());
        line("per day", self.rate_text());
        line("events waiting", summary.events.to_string());
        if summary.write_backs > 0 {
            let failed = format!("{} ({} of them failed)", summary.write_backs, summary.write_backs_failed);
            line("write-backs", failed);
        }
        if let (Some(first), Some(last)) = (summary.first_at, summary.last_at) {
            line("first", first.strftime("%Y-%m-%d %H:%M UTC").to_string());
            line("last", last.strftime("%Y-%m-%d %H:%M UTC").to_string());
        }
        if let Some(forecast) = &self.forecast {
            line(&format!("{} %", self.share), forecast.text());
        }
        out
    }

    fn rate_text(&self) -> String {
        match self.rate {
            Some(rate) => {
                let days = if rate.days > 6.0 { format!("{RATE_DAYS}") } else { format!("{:.1}", rate.days) };
                format!("{:.1} over the last {days} days (95 %: {:.1} to {:.1})", rate.per_day(), rate.low, rate.high)
            }
            None if self.summary.first_at.is_some() => "unknown: less than a day of data".to_owned(),
            None => "0.0".to_owned(),
        }
    }

    /// The report for programs.
    pub fn json(&self) -> Json {
        let summary = &self.summary;
        let counts = |counts: &[OutcomeCount]| {
            counts
                .iter()
                .map(|count| json!({ "outcome": count.outcome, "reason": count.reason, "count": count.count }))
                .collect::<Vec<_>>()
        };
        let stamp = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let per_day: Vec<Json> =
            summary.per_day.iter().map(|(day, count)| json!({ "day": day.to_string(), "migrated": count })).collect();
        let stuck: Vec<Json> = self
            .stuck
            .iter()
            .map(|stuck| json!({ "outcome": stuck.outcome, "reason": stuck.reason, "customers": stuck.customers }))
            .collect();
        let rate = self.rate.filter(|rate| rate.per_day().is_finite());
        json!({
            "migrated": summary.migrated, "of": self.of, "pending": summary.pending,
            "activated": summary.activated, "undoing": summary.undoing, "creating": summary.creating,
            "overdue": summary.overdue, "abandoned": summary.abandoned, "deleted": summary.buried,
            "authenticated": summary.authenticated, "events": summary.events,
            "write_backs": summary.write_backs, "write_backs_failed": summary.write_backs_failed,
            "refused": counts(&summary.refused), "failed": counts(&summary.failed), "stuck": stuck,
            "rate_per_day": rate.map(|rate| rate.per_day()),
            "rate_interval": rate.map(|rate| json!({ "low": rate.low, "high": rate.high, "days": rate.days })),
            "per_day": per_day, "first_at": stamp(summary.first_at), "last_at": stamp(summary.last_at),
            "forecast": self.forecast.map(|forecast| forecast.json(self.share)),
            "cohorts": self.cohorts.as_ref().map(Cohorts::json),
        })
    }
}

impl Forecast {
    fn text(self) -> String {
        match self {
            Self::Reached => "reached".to_owned(),
            Self::On { day, earliest, latest } => {
                let latest = latest.map_or_else(|| "an unknown day".to_owned(), |latest| latest.to_string());
                format!("on {day}, at the current rate (95 %: between {earliest} and {latest})")
            }
            Self::TooEarly => "no forecast: less than a day of data".to_owned(),
            Self::Never => "no forecast: no recent migrations".to_owned(),
        }
    }

    fn json(self, share: u8) -> Json {
        let (day, earliest, latest) = match self {
            Self::On { day, earliest, latest } => (Some(day), Some(earliest), latest),
            _ => (None, None, None),
        };
        let why = match self {
            Self::TooEarly => Some("less_than_a_day"),
            Self::Never => Some("no_recent_migrations"),
            Self::Reached | Self::On { .. } => None,
        };
        json!({
            "share": share, "reached": self == Self::Reached, "on": day.map(|day| day.to_string()),
            "earliest": earliest.map(|day| day.to_string()), "latest": latest.map(|day| day.to_string()), "none_because": why,
        })
    }
}

/// The reason of an outcome, or its name if it says all.
fn name<'n>(outcome: &'n str, reason: &'n str) -> &'n str {
    match (outcome, reason) {
        ("migrated_must_change_password", "") => "must change password",
        (outcome, "") => outcome,
        (_, reason) => reason,
    }
}

fn list<'n>(out: &mut String, heading: &str, counts: impl Iterator<Item = (&'n str, u64)>) {
    let mut heading = Some(heading);
    for (name, count) in counts {
        // writing to a `String` cannot fail
        if let Some(heading) = heading.take() {
            let _ = writeln!(out, "\n{heading}");
        }
        let _ = writeln!(out, "  {name:<24} {count:>8}");
    }
}

fn of_all(count: u64, all: Option<u64>) -> String {
    let Some(all) = all.filter(|all| *all > 0) else { return count.to_string() };
    format!("{count} of {all} ({})", share(count, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_one_decimal() {
        assert_eq!(of_all(1, Some(3)), "1 of 3 (33.3 %)");
        assert_eq!(of_all(1, Some(0)), "1");
        assert_eq!(of_all(1, None), "1");
    }

    #[test]
    fn stuck_customers_are_listed_by_reason() {
        let stuck = |outcome: &str, reason: &str, customers| Stuck {
            outcome: outcome.into(),
            reason: reason.into(),
            customers,
        };
        let progress = Progress {
            summary: Summary { overdue: 2, ..crate::cli::status::tests::nothing() },
            stuck: vec![
                stuck("invalid_record", "", 7),
                stuck("migrated_must_change_password", "", 3),
                stuck("denied_by_rule", "minor", 1),
            ],
            rate: None,
            of: None,
            share: 90,
            forecast: Some(Forecast::TooEarly),
            cohorts: None,
        };
        let text = progress.human();
        let wanted = "
stuck customers
  invalid_record                  7
  must change password            3
  minor                           1
  creation overdue                2
";
        assert!(text.ends_with(wanted), "{text}");
        assert!(text.contains("90 %             no forecast: less than a day of data\n"), "{text}");
        let json = progress.json();
        assert_eq!(json["forecast"]["none_because"], "less_than_a_day");
        assert_eq!(json["stuck"][0]["customers"], 7);
    }
}
