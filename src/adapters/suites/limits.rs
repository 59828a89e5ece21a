//! Rate limits of every ledger, which all instances share. Each case runs against the file, in memory, and against PostgreSQL.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::ledger::{at, every_ledger, open};
use crate::ports::{RateLimit, SharedLimits, Taken};

every_ledger! {
    calls_are_spread_evenly_after_a_small_burst
    each_limit_has_calls_of_its_own
    a_pause_lasts_until_its_end
    stamps_of_a_jumped_clock_do_not_count
}

/// Fifty calls a second, five of them at once.
pub(in crate::adapters) fn limit(name: &str) -> RateLimit {
    RateLimit { name: name.into(), calls: 50, per: Duration::from_secs(1) }
}

fn millis(millis: i64) -> Timestamp {
    at(0) + SignedDuration::from_millis(millis)
}

async fn take(limits: &dyn SharedLimits, name: &str, wanted: u32, now: Timestamp) -> Taken {
    limits.take(&limit(name), wanted, now).await.unwrap()
}

async fn calls_are_spread_evenly_after_a_small_burst(limits: &dyn SharedLimits) {
    assert_eq!(take(limits, "a", 3, millis(0)).await, Taken::Calls(3));
    assert_eq!(take(limits, "a", 9, millis(0)).await, Taken::Calls(2));
    assert_eq!(take(limits, "a", 1, millis(0)).await, Taken::NotBefore(millis(20)));
    assert_eq!(take(limits, "a", 1, millis(19)).await, Taken::NotBefore(millis(20)));
    assert_eq!(take(limits, "a", 1, millis(20)).await, Taken::Calls(1));
    assert_eq!(take(limits, "a", 0, millis(60)).await, Taken::Calls(1), "at least one is asked for");
    assert_eq!(take(limits, "a", 99, millis(10_000)).await, Taken::Calls(5));
}

async fn each_limit_has_calls_of_its_own(limits: &dyn SharedLimits) {
    assert_eq!(take(limits, "a", 9, millis(0)).await, Taken::Calls(5));
    assert_eq!(take(limits, "b", 9, millis(0)).await, Taken::Calls(5));
    limits.pause("a", millis(5000), millis(0)).await.unwrap();
    assert_eq!(limits.paused("b", millis(0)).await.unwrap(), None);
    assert_eq!(take(limits, "a", 9, millis(100)).await, Taken::Calls(5), "a pause is not a call");
}

async fn a_pause_lasts_until_its_end(limits: &dyn SharedLimits) {
    assert_eq!(limits.paused("a", millis(0)).await.unwrap(), None);
    limits.pause("a", millis(5000), millis(0)).await.unwrap();
    limits.pause("a", millis(2000), millis(1)).await.unwrap();
    assert_eq!(limits.paused("a", millis(4999)).await.unwrap(), Some(millis(5000)));
    assert_eq!(limits.paused("a", millis(5000)).await.unwrap(), None);
    limits.pause("a", at(86_400), at(10)).await.unwrap();
    assert_eq!(limits.paused("a", at(11)).await.unwrap(), Some(at(3610)), "at most one hour");
}

async fn stamps_of_a_jumped_clock_do_not_count(limits: &dyn SharedLimits) {
    assert_eq!(take(limits, "a", 9, at(86_400)).await, Taken::Calls(5));
    limits.pause("a", at(86_460), at(86_400)).await.unwrap();
    assert_eq!(take(limits, "a", 9, at(0)).await, Taken::Calls(5));
    assert_eq!(limits.paused("a", at(0)).await.unwrap(), None);
    limits.pause("a", at(5), at(0)).await.unwrap();
    assert_eq!(limits.paused("a", at(1)).await.unwrap(), Some(at(5)));
}

/// Two processes.
#[tokio::test]
async fn two_ledgers_on_one_file_share_their_limits() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(&folder).await, open(&folder).await);
    assert_eq!(take(&one, "a", 3, millis(0)).await, Taken::Calls(3));
    assert_eq!(take(&two, "a", 9, millis(0)).await, Taken::Calls(2));
    assert_eq!(take(&one, "a", 1, millis(0)).await, Taken::NotBefore(millis(20)));
    one.pause("a", millis(5000), millis(0)).await.unwrap();
    assert_eq!(two.paused("a", millis(1)).await.unwrap(), Some(millis(5000)));
}
