//! The shared limits of every ledger. Each case runs against the file, in memory, and against PostgreSQL.

use std::time::Duration;

use super::ledger::{at, every_ledger, open};
use crate::ports::{RateLimit, SharedLimits, Taken};

every_ledger! {
    calls_are_taken_until_the_limit_is_reached
    a_pause_is_over_at_its_end
}

/// Fifty calls a second, five of them at once.
pub(in crate::adapters) fn limit(name: &str) -> RateLimit {
    RateLimit { name: name.to_owned(), calls: 50, per: Duration::from_secs(1) }
}

async fn calls_are_taken_until_the_limit_is_reached(limits: &dyn SharedLimits) {
    let take = async |name: &str, wanted, seconds| limits.take(&limit(name), wanted, at(seconds)).await.unwrap();
    assert_eq!(take("one", 3, 0).await, Taken::Calls(3));
    assert_eq!(take("one", 3, 0).await, Taken::Calls(2));
    assert!(matches!(take("one", 1, 0).await, Taken::NotBefore(time) if time > at(0)));
    assert_eq!(take("other", 9, 0).await, Taken::Calls(5), "each limit counts for itself");
    assert_eq!(take("one", 9, 1).await, Taken::Calls(5));
}

async fn a_pause_is_over_at_its_end(limits: &dyn SharedLimits) {
    assert_eq!(limits.paused("target", at(0)).await.unwrap(), None);
    limits.pause("target", at(60), at(0)).await.unwrap();
    limits.pause("target", at(30), at(0)).await.unwrap();
    assert_eq!(limits.paused("target", at(59)).await.unwrap(), Some(at(60)));
    assert_eq!(limits.paused("target", at(60)).await.unwrap(), None);
    assert_eq!(limits.paused("other", at(0)).await.unwrap(), None);
    assert_eq!(limits.take(&limit("target"), 1, at(0)).await.unwrap(), Taken::Calls(1), "a pause is no limit");
}
