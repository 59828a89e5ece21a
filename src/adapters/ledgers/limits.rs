//! How rate limits are counted that all instances share: by one number each, the time at which the calls that were taken
//! would be over if they were spread evenly (the generic cell rate algorithm, ITU-T I.371).

use std::time::Duration;

use jiff::Timestamp;

use super::time::{later, micros};
use crate::ports::{RateLimit, Taken};

/// The longest pause that a system can ask for. Stops an absurd `Retry-After` from cutting a target off for days.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Takes calls: the answer, and the stamp that is stored. `stamp` is the one that was stored before.
pub(in crate::adapters) fn take(limit: &RateLimit, stamp: Option<i64>, wanted: u32, now: Timestamp) -> (Taken, i64) {
    let (now_micros, interval) = (micros(now), interval(limit));
    let burst = interval.saturating_mul(i64::from(limit.burst()));
    // A stamp beyond the burst was written under another limit or by a clock that jumped.
    let latest = now_micros.saturating_add(burst);
    let from = stamp.filter(|stamp| *stamp > now_micros && *stamp <= latest).unwrap_or(now_micros);
    let free = latest.saturating_sub(from) / interval;
    let calls = u32::try_from(free).unwrap_or(u32::MAX).min(wanted.max(1));
    if calls == 0 {
        let at = from.saturating_sub(burst).saturating_add(interval);
        return (Taken::NotBefore(time(at, now)), from);
    }
    (Taken::Calls(calls), from.saturating_add(interval.saturating_mul(i64::from(calls))))
}

/// The time before which nobody calls, by the stamp that is stored.
pub(in crate::adapters) fn paused(stamp: Option<i64>, now: Timestamp) -> Option<Timestamp> {
    let stamp = stamp.filter(|stamp| *stamp > micros(now) && *stamp <= later(now, LONGEST_PAUSE))?;
    Some(time(stamp, now))
}

/// The stamp that is stored for a pause.
pub(in crate::adapters) fn pause_until(stamp: Option<i64>, until: Timestamp, now: Timestamp) -> i64 {
    let until = micros(until).min(later(now, LONGEST_PAUSE));
    paused(stamp, now).map_or(until, |before| micros(before).max(until))
}

/// The name under which the pause of a system is stored.
pub(in crate::adapters) fn pause_name(system: &str) -> String {
    format!("pause {system}")
}

fn interval(limit: &RateLimit) -> i64 {
    i64::try_from(limit.interval().as_micros()).unwrap_or(i64::MAX).max(1)
}

fn time(micros: i64, now: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn limit() -> RateLimit {
        RateLimit { name: "target".to_owned(), calls: 50, per: Duration::from_secs(1) }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_millis(millis)
    }

    #[test]
    fn calls_are_spread_evenly_after_a_small_burst() {
        let (taken, stamp) = take(&limit(), None, 9, at(0));
        assert_eq!(taken, Taken::Calls(5));
        let (taken, stamp) = take(&limit(), Some(stamp), 9, at(0));
        assert_eq!(taken, Taken::NotBefore(at(20)));
        let (taken, stamp) = take(&limit(), Some(stamp), 9, at(20));
        assert_eq!(taken, Taken::Calls(1));
        assert_eq!(take(&limit(), Some(stamp), 1, at(1000)).0, Taken::Calls(1));
        let mut calls = 0;
        let mut stamp = None;
        for millis in 0..10_000 {
            let (taken, next) = take(&limit(), stamp, 3, at(millis));
            stamp = Some(next);
            calls += if let Taken::Calls(taken) = taken { taken } else { 0 };
        }
        assert!((500..=505).contains(&calls), "{calls}");
    }

    #[test]
    fn a_stamp_of_a_clock_that_jumped_does_not_count() {
        let stamp = micros(at(86_400_000));
        assert_eq!(take(&limit(), Some(stamp), 1, at(0)).0, Taken::Calls(1));
        assert_eq!(paused(Some(stamp), at(0)), None);
    }

    #[test]
    fn a_pause_lasts_until_its_end_and_never_longer_than_an_hour() {
        let stamp = pause_until(None, at(5_000), at(0));
        assert_eq!(paused(Some(stamp), at(4_999)), Some(at(5_000)));
        assert_eq!(paused(Some(stamp), at(5_000)), None);
        assert_eq!(pause_until(Some(stamp), at(3_000), at(0)), stamp, "an earlier end changes nothing");
        assert_eq!(pause_until(None, at(86_400_000), at(0)), micros(at(3_600_000)));
    }
}
