//! When a share of all customers will be migrated, and how uncertain that is.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::ports::Summary;

/// The number of days that the rate of a forecast covers, today included.
pub const RATE_DAYS: i64 = 7;

/// How many standard deviations an interval of 95 % has on each side.
const Z: f64 = 1.96;

/// The days beyond which a date says nothing.
const TOO_FAR: f64 = 36_500.0;

/// How many customers migrate per day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many did within the last days.
    pub customers: u64,
    /// How many days these are, up to now.
    pub days: f64,
    /// The lower end of the interval in which the rate probably is (95 %).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// When a given share of all customers will be migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// The share has been reached.
    Reached,
    /// There is less than a day of data.
    TooEarly,
    /// At the current rate; between these days, as far as chance and the difference between days go. `None` for an end that is
    /// too far away to be useful.
    On { day: Date, earliest: Date, latest: Option<Date> },
    /// No customer migrated recently, or the date is too far away to be useful.
    Never,
}

impl Rate {
    /// The rate of the last days. `None` without migrations, or while there is less than a day of data.
    pub fn of(summary: &Summary, now: Timestamp) -> Option<Self> {
        let since = Self::since(summary, now)?;
        let days = now.duration_since(since).as_secs_f64() / 86_400.0;
        let (first, today) = (since.to_zoned(TimeZone::UTC).date(), now.to_zoned(TimeZone::UTC).date());
        let customers = summary.per_day.iter().filter(|(day, _)| *day >= first).map(|(_, count)| count).sum();
        let (low, high) = interval(customers, spread(summary, since, today));
        Some(Self { customers, days, low: low / days, high: high / days })
    }

    /// When the time begins that the rate covers.
    fn since(summary: &Summary, now: Timestamp) -> Option<Timestamp> {
        let first = summary.first_at?;
        if now.duration_since(first) < SignedDuration::from_hours(24) {
            return None;
        }
        let today = now.to_zoned(TimeZone::UTC).date();
        let start = today.saturating_sub((RATE_DAYS - 1).days()).to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(start.max(first))
    }

    /// Customers per day.
    pub fn per_day(&self) -> f64 {
        exact(self.customers) / self.days
    }
}

/// How much more days differ than chance alone explains: the variance of their counts over its mean, at least 1. Weekends,
/// newsletters and outages make it large. Only whole days are compared; a day without a migration is not in the summary.
fn spread(summary: &Summary, since: Timestamp, today: Date) -> f64 {
    let first = since.to_zoned(TimeZone::UTC);
    let is_whole = first.start_of_day().is_ok_and(|start| start == first);
    let first = if is_whole { first.date() } else { first.date().saturating_add(1.days()) };
    let days = u64::try_from(today.duration_since(first).as_hours() / 24).unwrap_or(0);
    let whole = summary.per_day.iter().filter(|(day, _)| *day >= first && *day < today);
    let counts: Vec<f64> = whole.map(|(_, count)| exact(*count)).collect();
    let mean = counts.iter().sum::<f64>() / exact(days);
    if days < 2 || mean <= 0.0 {
        return 1.0;
    }
    let known: f64 = counts.iter().map(|count| (count - mean).powi(2)).sum();
    let empty = exact(days.saturating_sub(counts.len() as u64)) * mean * mean;
    ((known + empty) / exact(days - 1) / mean).max(1.0)
}

/// The interval of 95 % of a count that varies like a Poisson count, `spread` times as much (Byar's approximation).
fn interval(count: u64, spread: f64) -> (f64, f64) {
    let limit = |k: f64, z: f64| k * (1.0 - 1.0 / (9.0 * k) + z / (3.0 * k.sqrt())).max(0.0).powi(3);
    let k = exact(count) / spread;
    let low = if k > 0.0 { limit(k, -Z) } else { 0.0 };
    (low * spread, limit(k + 1.0, Z) * spread)
}

/// When `share` percent of `all` customers will be migrated.
pub fn forecast(summary: &Summary, all: u64, share: u8, now: Timestamp) -> Forecast {
    let wanted = (u128::from(all) * u128::from(share)).div_ceil(100);
    let missing = u64::try_from(wanted.saturating_sub(u128::from(summary.migrated))).unwrap_or(u64::MAX);
    if missing == 0 {
        return Forecast::Reached;
    }
    let Some(rate) = Rate::of(summary, now) else {
        return if summary.first_at.is_some() { Forecast::TooEarly } else { Forecast::Never };
    };
    let today = now.to_zoned(TimeZone::UTC).date();
    match (in_days(missing, rate.per_day(), today), in_days(missing, rate.high, today)) {
        (Some(day), Some(earliest)) => Forecast::On { day, earliest, latest: in_days(missing, rate.low, today) },
        _ => Forecast::Never,
    }
}

/// The day by which this many customers will have migrated at a rate.
fn in_days(missing: u64, per_day: f64, today: Date) -> Option<Date> {
    let days = (exact(missing) / per_day).ceil();
    // a rate of 0 gives infinity
    if days.is_nan() || days > TOO_FAR {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 36,500")]
    let days = days as i64;
    Some(today.saturating_add(days.days()))
}

/// A count as a number with fractions.
#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn exact(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A summary whose first customer came at the start of the first of these days.
    fn summary(migrated: u64, per_day: &[(&str, u64)]) -> Summary {
        let per_day: Vec<(Date, u64)> = per_day.iter().map(|(day, count)| (day.parse().unwrap(), *count)).collect();
        Summary {
            migrated,
            first_at: per_day.first().map(|(day, _)| day.to_zoned(TimeZone::UTC).unwrap().timestamp()),
            per_day,
            ..crate::cli::status::tests::nothing()
        }
    }

    fn on(day: &str, earliest: &str, latest: Option<&str>) -> Forecast {
        let parse = |day: &str| day.parse().unwrap();
        Forecast::On { day: parse(day), earliest: parse(earliest), latest: latest.map(parse) }
    }

    /// The end of a day.
    fn end_of(day: &str) -> Timestamp {
        format!("{day}T23:59:59.999Z").parse().unwrap()
    }

    #[test]
    fn a_forecast_follows_the_rate_of_the_last_week() {
        let now = end_of("2026-03-10");
        let days = [("2026-03-03", 7_000), ("2026-03-04", 70), ("2026-03-10", 70)];
        // 140 in seven days; 20 a day; 360 are missing; whole days with 70 and with none say little
        let found = forecast(&summary(7_140, &days), 10_000, 75, now);
        assert_eq!(found, on("2026-03-28", "2026-03-15", Some("2026-08-18")));
        assert_eq!(forecast(&summary(7_500, &days), 10_000, 75, now), Forecast::Reached);
        assert_eq!(forecast(&summary(1, &[]), 10_000, 75, now), Forecast::Never);
        assert_eq!(forecast(&summary(1, &[]), 2, 90, now), Forecast::Never);
    }

    #[test]
    fn equal_days_leave_only_chance() {
        let days: Vec<(String, u64)> = (4..=10).map(|day| (format!("2026-03-{day:02}"), 1000)).collect();
        let days: Vec<(&str, u64)> = days.iter().map(|(day, count)| (day.as_str(), *count)).collect();
        let found = forecast(&summary(7_000, &days), 107_000, 100, end_of("2026-03-10"));
        assert_eq!(found, on("2026-06-18", "2026-06-16", Some("2026-06-21")));
    }

    #[test]
    fn there_is_no_forecast_from_less_than_a_day() {
        let few = summary(500, &[("2026-03-10", 500)]);
        assert_eq!(forecast(&few, 1000, 90, end_of("2026-03-10")), Forecast::TooEarly);
        let now = "2026-03-11T00:00:00Z".parse().unwrap();
        let rate = Rate::of(&few, now).unwrap();
        assert_eq!((rate.customers, rate.days), (500, 1.0));
        assert!(matches!(forecast(&few, 1000, 90, now), Forecast::On { .. }));
    }

    #[test]
    fn a_rate_that_may_be_nothing_has_no_latest_day() {
        let one = summary(1, &[("2026-03-09", 1)]);
        let found = forecast(&one, 20, 50, end_of("2026-03-10"));
        assert!(matches!(found, Forecast::On { latest: Some(_) | None, .. }), "{found:?}");
        // nothing in the last week
        let old = summary(1, &[("2026-01-09", 1)]);
        assert_eq!(forecast(&old, 20, 50, end_of("2026-03-10")), Forecast::Never);
        assert_eq!(Rate::of(&old, end_of("2026-03-10")).unwrap().customers, 0);
    }

    #[test]
    fn the_interval_of_a_count_is_that_of_the_tables() {
        // exact Poisson limits: 10 → 4.80 to 18.39, 0 → 0 to 3.69
        let (low, high) = interval(10, 1.0);
        assert!((low - 4.80).abs() < 0.05 && (high - 18.39).abs() < 0.05, "{low} {high}");
        let (low, high) = interval(0, 1.0);
        assert!(low == 0.0 && (high - 3.69).abs() < 0.1, "{low} {high}");
        let (wide_low, wide_high) = interval(100, 9.0);
        let (low, high) = interval(100, 1.0);
        assert!(wide_low < low && wide_high > high);
    }
}
