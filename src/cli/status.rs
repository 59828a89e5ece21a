//! `landfall status`: the progress of the migration.

mod shadow;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::{Value as Json, json};

use super::{CommandError, FINE, show, stores};
use crate::config::Opening;
use crate::ports::{OutcomeCount, Summary};

/// Arguments of `landfall status`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall status                              the progress of the migration
  landfall status --of 1000000 --share 95      and when 95 % of a million customers will be migrated
  landfall status --shadow                     what candidate rules make differently, and drift
  landfall status --format json                for other programs")]
pub struct Arguments {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Number of customers in the legacy system
    #[arg(long, value_name = "CUSTOMERS")]
    of: Option<u64>,
    /// Forecast when this percentage of them will be migrated
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u8).range(1..=100))]
    share: u8,
    /// Show instead what `shadow` and `drift` have noticed about live records
    #[arg(long, conflicts_with = "of")]
    shadow: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Human,
    /// A JSON document
    Json,
}

/// The number of days that the rate of a forecast covers.
const RATE_DAYS: i64 = 7;

/// Runs the command.
///
/// # Errors
/// If the settings or the ledger cannot be read.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if arguments.shadow {
        return shadow::run(&arguments.config, arguments.format);
    }
    let now = Timestamp::now();
    let summary = stores::ledger(&arguments.config, Opening::Existing, async |stores| {
        Ok(stores.ledger.reports.summary(now).await?)
    })?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let forecast = arguments.of.map(|all| forecast(&summary, all, arguments.share, today));
    let text = match arguments.format {
        Format::Human => human(&summary, forecast.as_ref(), arguments),
        Format::Json => format!("{:#}\n", report(&summary, forecast.as_ref(), arguments, today)),
    };
    show::output(&text)?;
    Ok(FINE)
}

/// When a given share of all customers will be migrated.
#[derive(Debug, PartialEq, Eq)]
enum Forecast {
    /// The share has been reached.
    Reached,
    /// On this day, at the current rate.
    On(Date),
    /// No customer migrated recently, or the date is too far away to be useful.
    Never,
}

fn forecast(summary: &Summary, all: u64, share: u8, today: Date) -> Forecast {
    let wanted = (u128::from(all) * u128::from(share)).div_ceil(100);
    let missing = wanted.saturating_sub(u128::from(summary.migrated));
    if missing == 0 {
        return Forecast::Reached;
    }
    let recently = u128::from(recent(summary, today));
    if recently == 0 {
        return Forecast::Never;
    }
    let days = (missing * RATE_DAYS.unsigned_abs() as u128).div_ceil(recently);
    let day = i64::try_from(days).ok().filter(|days| *days <= 36_500).map(|days| today.saturating_add(days.days()));
    day.map_or(Forecast::Never, Forecast::On)
}

/// Customers who migrated within the last [`RATE_DAYS`] days, today included.
fn recent(summary: &Summary, today: Date) -> u64 {
    let first = today.saturating_sub((RATE_DAYS - 1).days());
    summary.per_day.iter().filter(|(day, _)| *day >= first).map(|(_, count)| count).sum()
}

fn rate(summary: &Summary, today: Date) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let recently = recent(summary, today) as f64;
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let days = RATE_DAYS as f64;
    recently / days
}

fn human(summary: &Summary, forecast: Option<&Forecast>, arguments: &Arguments) -> String {
    let mut out = String::new();
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    // writing to a `String` cannot fail
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<16} {value}");
    };
    line("migrated", of_all(summary.migrated, arguments.of));
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
    line("per day", format!("{:.1} over the last {RATE_DAYS} days", rate(summary, today)));
    line("events waiting", summary.events.to_string());
    if summary.write_backs > 0 {
        let failed = format!("{} ({} of them failed)", summary.write_backs, summary.write_backs_failed);
        line("write-backs", failed);
    }
    if let (Some(first), Some(last)) = (summary.first_at, summary.last_at) {
        line("first", first.strftime("%Y-%m-%d %H:%M UTC").to_string());
        line("last", last.strftime("%Y-%m-%d %H:%M UTC").to_string());
    }
    if let Some(forecast) = forecast {
        let share = format!("{} %", arguments.share);
        line(
            &share,
            match forecast {
                Forecast::Reached => "reached".to_owned(),
                Forecast::On(day) => format!("on {day}, at the current rate"),
                Forecast::Never => "no forecast: no recent migrations".to_owned(),
            },
        );
    }
    for (heading, counts) in [("refused", &summary.refused), ("failed", &summary.failed)] {
        if !counts.is_empty() {
            let _ = writeln!(out, "\n{heading}");
        }
        for count in counts {
            let name = if count.reason.is_empty() { &count.outcome } else { &count.reason };
            let _ = writeln!(out, "  {name:<24} {:>8}", count.count);
        }
    }
    out
}

fn of_all(count: u64, all: Option<u64>) -> String {
    let Some(all) = all.filter(|all| *all > 0) else { return count.to_string() };
    let per_mille = u128::from(count) * 1000 / u128::from(all);
    format!("{count} of {all} ({}.{} %)", per_mille / 10, per_mille % 10)
}

fn report(summary: &Summary, forecast: Option<&Forecast>, arguments: &Arguments, today: Date) -> Json {
    let counts = |counts: &[OutcomeCount]| {
        counts
            .iter()
            .map(|count| json!({ "outcome": count.outcome, "reason": count.reason, "count": count.count }))
            .collect::<Vec<_>>()
    };
    let stamp = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let per_day: Vec<Json> =
        summary.per_day.iter().map(|(day, count)| json!({ "day": day.to_string(), "migrated": count })).collect();
    json!({
        "migrated": summary.migrated, "of": arguments.of, "pending": summary.pending,
        "activated": summary.activated, "undoing": summary.undoing, "creating": summary.creating,
        "overdue": summary.overdue, "abandoned": summary.abandoned, "deleted": summary.buried,
        "authenticated": summary.authenticated, "events": summary.events,
        "write_backs": summary.write_backs, "write_backs_failed": summary.write_backs_failed, "refused": counts(&summary.refused),
        "failed": counts(&summary.failed), "rate_per_day": rate(summary, today), "per_day": per_day,
        "first_at": stamp(summary.first_at), "last_at": stamp(summary.last_at),
        "forecast": forecast.map(|forecast| json!({
            "share": arguments.share,
            "reached": *forecast == Forecast::Reached,
            "on": match forecast { Forecast::On(day) => Some(day.to_string()), _ => None },
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(migrated: u64, per_day: &[(&str, u64)]) -> Summary {
        Summary {
            migrated,
            pending: 0,
            activated: 0,
            undoing: 0,
            creating: 0,
            overdue: 0,
            abandoned: 0,
            buried: 0,
            authenticated: 0,
            refused: Vec::new(),
            failed: Vec::new(),
            per_day: per_day.iter().map(|(day, count)| (day.parse().unwrap(), *count)).collect(),
            first_at: None,
            last_at: None,
            events: 0,
            write_backs: 0,
            write_backs_failed: 0,
        }
    }

    #[test]
    fn a_forecast_follows_the_rate_of_the_last_week() {
        let today: Date = "2026-03-10".parse().unwrap();
        let days = [("2026-03-03", 7_000), ("2026-03-04", 70), ("2026-03-10", 70)];
        // 140 in seven days; 20 a day; 360 are missing
        let found = forecast(&summary(7_140, &days), 10_000, 75, today);
        assert_eq!(found, Forecast::On("2026-03-28".parse().unwrap()));
        assert_eq!(forecast(&summary(7_500, &days), 10_000, 75, today), Forecast::Reached);
        assert_eq!(forecast(&summary(1, &[]), 10_000, 75, today), Forecast::Never);
        assert_eq!(forecast(&summary(1, &[]), 2, 90, today), Forecast::Never);
    }

    #[test]
    fn shares_have_one_decimal() {
        assert_eq!(of_all(1, Some(3)), "1 of 3 (33.3 %)");
        assert_eq!(of_all(1, Some(0)), "1");
        assert_eq!(of_all(1, None), "1");
    }
}
