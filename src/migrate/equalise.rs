//! What makes refusals alike: each computes the hashes that it skipped, and all are answered at the same time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{SemaphorePermit, TryAcquireError};
use tokio::time::{Instant, sleep_until};

use super::context::Refusals;
use crate::model::Password;
use crate::ports::{PasswordCheck, PortError};

/// How long the hashes of a visit took, real or decoy; `None` for a hash that was not computed.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    pub legacy: Option<Duration>,
    pub target: Option<Duration>,
}

impl Hashes {
    /// How long all of them took.
    pub(super) fn total(&self) -> Duration {
        self.legacy.unwrap_or_default() + self.target.unwrap_or_default()
    }
}

/// Until when the hashes of a refusal are worth starting.
pub(super) struct Deadlines {
    pub first: Instant,
    pub second: Instant,
}

impl Refusals {
    /// Computes the hashes that a refusal skipped, so that each costs one legacy hash and, if the target computes hashes
    /// here, one of those.
    ///
    /// The first hash of a visit has the deadline of the login, whether it is real or a decoy: otherwise a busy machine
    /// would answer 503 for customers who are known and 401 for those who are not. The second one is computed even if the
    /// login has used up its deadline.
    pub(super) async fn equalise(
        &self,
        hashes: &mut Hashes,
        target: PasswordCheck,
        password: &Arc<Password>,
        Deadlines { first, second }: Deadlines,
    ) -> Result<(), PortError> {
        let of_next = |hashes: &Hashes| if hashes.legacy.or(hashes.target).is_none() { first } else { second };
        if hashes.legacy.is_none() {
            hashes.legacy = Some(self.hasher.legacy_decoy(password, of_next(hashes)).await?);
        }
        if target == PasswordCheck::Hash && hashes.target.is_none() {
            hashes.target = Some(self.hasher.target_decoy(password, of_next(hashes)).await?);
        }
        Ok(())
    }

    /// Holds a refusal back until the time at which all refusals of that moment are answered. Fails if too many are
    /// waiting.
    pub(super) async fn hold_back(&self, started: Instant, hashes: &Hashes) -> Result<(), TryAcquireError> {
        let _place: SemaphorePermit<'_> = self.waiting.try_acquire()?;
        let floor = self.floor.max(self.hasher.release());
        // A cheap hash counts as the most expensive one, so that queueing before or after the floor affects all hashes
        // alike.
        let elapsed = started.elapsed() + self.hasher.longest_check().saturating_sub(hashes.legacy.unwrap_or_default());
        sleep_until(started + release_after(elapsed, floor, self.quantum)).await;
        Ok(())
    }

    /// Holds back the answer to a login that was turned away. Answers at once if too many are waiting.
    pub(super) async fn hold_turned_away(&self, started: Instant) {
        let Ok(_place) = self.waiting.try_acquire() else { return };
        let due = (started + TURNED_AWAY_AFTER).saturating_duration_since(self.since);
        sleep_until(self.since + release_after(due, Duration::ZERO, TURNED_AWAY_EVERY)).await;
    }
}

/// When a login that was turned away is answered. Clients that try again at once, hundreds at a time, take processor time
/// from the hashes of those inside; waiting is free. Within a tenth of a second a balancer can still try another instance.
const TURNED_AWAY_AFTER: Duration = Duration::from_millis(65);

/// Logins that were turned away are answered together at multiples of this, which costs less than waking up for each.
const TURNED_AWAY_EVERY: Duration = Duration::from_millis(10);

/// The time at which a refusal is answered: the floor, or the first multiple of the quantum after it that has not
/// passed.
fn release_after(elapsed: Duration, floor: Duration, quantum: Duration) -> Duration {
    if elapsed <= floor || quantum.is_zero() {
        return floor;
    }
    let late = elapsed.saturating_sub(floor).as_nanos().div_ceil(quantum.as_nanos());
    floor + quantum.saturating_mul(u32::try_from(late).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_answered_at_the_floor_or_at_a_quantum_after_it() {
        let ms = Duration::from_millis;
        for (elapsed, released) in [(0, 400), (399, 400), (400, 400), (401, 500), (500, 500), (501, 600)] {
            assert_eq!(release_after(ms(elapsed), ms(400), ms(100)), ms(released), "after {elapsed} ms");
        }
        assert_eq!(release_after(ms(3), Duration::ZERO, Duration::ZERO), Duration::ZERO);
    }
}
