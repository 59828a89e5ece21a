//! Calls that count once: a recorded call cannot be made again. Products repeat a call whose answer was lost, with
//! the same bytes, so that one repetition is admitted soon after the first call.

use std::sync::Arc;

use jiff::Timestamp;

use super::jose::Denied;
use crate::callers::{Counts, counts, digest};
use crate::ports::Nonces;

/// A repetition is admitted for one to two of these, in seconds. Products repeat at once when they have waited long enough.
const SOON: i64 = 10;

/// The memory of calls.
pub(super) struct Calls {
    nonces: Arc<dyn Nonces>,
    /// Those of one bridge are not those of another.
    name: &'static str,
}

impl Calls {
    /// The calls of a dialect.
    pub fn new(name: &'static str, nonces: Arc<dyn Nonces>) -> Self {
        Self { nonces, name }
    }

    /// Whether a call is admitted. `valid_until` is when it is refused for other reasons, so that it may be forgotten.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn admit(&self, call: &[u8], valid_until: Timestamp, now: Timestamp) -> Result<(), Denied> {
        let time = now.as_second().div_euclid(SOON);
        let is_first = async |what: &str, time: i64| {
            let digest = digest(self.name, &[what.as_bytes(), &time.to_be_bytes(), call]);
            match counts(&*self.nonces, digest, valid_until, now).await {
                Counts::Yes => Ok(true),
                Counts::No => Ok(false),
                Counts::Unknown => Err(Denied::Unavailable),
            }
        };
        if is_first("first", 0).await? {
            is_first("at", time).await?;
            return Ok(());
        }
        let is_second = is_first("second", 0).await?;
        let is_soon = is_second && (!is_first("at", time).await? || !is_first("at", time - 1).await?);
        if is_soon { Ok(()) } else { Err(Denied::Refused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::memory::MemoryLedger;

    const NOW: i64 = 1_795_953_600;

    async fn asked(calls: &Calls, call: &str, second: i64) -> Result<(), Denied> {
        let at = |second| Timestamp::from_second(second).unwrap();
        calls.admit(call.as_bytes(), at(NOW + 3600), at(second)).await
    }

    #[tokio::test]
    async fn one_repetition_is_admitted_soon() {
        let calls = Calls::new("a", Arc::new(MemoryLedger::new()));
        assert_eq!(asked(&calls, "one", NOW).await, Ok(()));
        assert_eq!(asked(&calls, "one", NOW + 2).await, Ok(()), "repeated");
        assert_eq!(asked(&calls, "one", NOW + 3).await, Err(Denied::Refused), "repeated twice");
        assert_eq!(asked(&calls, "two", NOW + 9).await, Ok(()));
        assert_eq!(asked(&calls, "two", NOW + 11).await, Ok(()), "the next ten seconds");
        assert_eq!(asked(&calls, "three", NOW).await, Ok(()));
        assert_eq!(asked(&calls, "three", NOW + 20).await, Err(Denied::Refused), "late");
        assert_eq!(asked(&calls, "three", NOW + 1).await, Err(Denied::Refused), "even if clocks go back");
    }

    #[tokio::test]
    async fn bridges_share_no_calls() {
        let nonces = Arc::new(MemoryLedger::new());
        let (one, other) =
            (Calls::new("a", Arc::clone(&nonces) as Arc<dyn Nonces>), Calls::new("b", nonces as Arc<dyn Nonces>));
        assert_eq!(asked(&one, "call", NOW).await, Ok(()));
        assert_eq!(asked(&other, "call", NOW + 600).await, Ok(()));
    }
}
