//! Calls that count once: whoever has recorded one cannot make it again. Products repeat a call whose answer was lost, with
//! the same bytes, so that one repetition is admitted soon after the first call.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::jose::Denied;
use crate::ports::{Fresh, Nonce, Nonces, PortError, PortErrorKind};

/// A repetition is admitted for one to two of these, in seconds. Products repeat at once when they have waited long enough.
const SOON: i64 = 10;

/// How long calls are remembered after they are too old to be accepted. As long as those of `service.callers`, which are in the
/// same memory.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);

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
        let admitted = self.is_admitted(call, valid_until, now).await;
        match admitted {
            Ok(true) => Ok(()),
            Ok(false) => Err(Denied::Refused),
            Err(error) => {
                tracing::error!(%error, bridge = self.name, "cannot remember calls");
                Err(Denied::Unavailable)
            }
        }
    }

    async fn is_admitted(&self, call: &[u8], valid_until: Timestamp, now: Timestamp) -> Result<bool, PortError> {
        let time = now.as_second().div_euclid(SOON);
        let is_first = async |what: &str, time: i64| {
            let forget_before = now.checked_sub(MARGIN).unwrap_or(Timestamp::MIN);
            let parts: [&[u8]; 3] = [what.as_bytes(), &time.to_be_bytes(), call];
            let mut digest = [0; 16];
            digest.iter_mut().zip(super::signed::digest(self.name, &parts)).for_each(|(to, from)| *to = from);
            match self.nonces.remember(&Nonce { digest, signed_at: valid_until, forget_before }).await? {
                Fresh::First => Ok(true),
                Fresh::Seen => Ok(false),
                Fresh::Forgotten => Err(PortError::new(PortErrorKind::Unavailable, self.name, "calls")
                    .because("calls that are valid for longer have already been forgotten, because a clock was ahead")),
            }
        };
        if is_first("first", 0).await? {
            is_first("at", time).await?;
            return Ok(true);
        }
        let is_second = is_first("second", 0).await?;
        Ok(is_second && (!is_first("at", time).await? || !is_first("at", time - 1).await?))
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
