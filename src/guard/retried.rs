//! One retry for reads, if time and budget allow.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder as _, ConstantBuilder};
use tokio::time::{Instant, sleep};

use super::figures::GuardFigures;
use super::layer::{CallKind, GuardedCall, Layer};
use crate::metrics::table::PORT_RETRIES;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// How many calls pay for one retry.
const CALLS_PER_RETRY: u32 = 10;

/// How many retries can be saved up. Stops a quiet night from paying for a burst of retries in the morning.
const SAVED_RETRIES: u32 = 10;

/// A bucket that calls fill and retries empty: never more than one retry per ten calls, so that retries do not double
/// the load of an outage.
#[derive(Debug, Default)]
pub struct RetryBudget {
    paid: AtomicU32,
}

impl RetryBudget {
    /// Adds the share of one call.
    pub fn pay(&self) {
        let most = CALLS_PER_RETRY * SAVED_RETRIES;
        // A full bucket stays as it is.
        let _ = self.paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid| (paid < most).then_some(paid + 1));
    }

    /// Takes the price of a retry, if available.
    #[must_use]
    pub fn spend(&self) -> Option<Spent> {
        self.paid
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid| paid.checked_sub(CALLS_PER_RETRY))
            .ok()
            .map(|_| Spent)
    }
}

/// A retry that has been paid for.
#[derive(Debug, PartialEq, Eq)]
pub struct Spent;

/// Repeats a read once if the first try failed for a temporary reason.
#[derive(Debug)]
pub struct Retried {
    wait: Duration,
    budget: RetryBudget,
    figures: GuardFigures,
}

impl Retried {
    /// One retry, after `wait` or up to twice as long.
    #[must_use]
    pub fn new(wait: Duration, figures: GuardFigures) -> Self {
        Self { wait, budget: RetryBudget::default(), figures }
    }

    /// How long to wait before the retry; `None` if there is no retry.
    fn wait(&self, call: &GuardedCall<'_>, error: &PortError) -> Option<Duration> {
        // An adapter that is rate limiting must not be retried immediately.
        if call.kind == CallKind::Once || !error.is_temporary() || error.kind() == PortErrorKind::RateLimited {
            return None;
        }
        let wait = ConstantBuilder::default().with_delay(self.wait).with_jitter().build().next()?;
        let in_time = call.deadline.is_none_or(|deadline| Instant::now() + wait < deadline);
        (in_time && self.budget.spend().is_some()).then_some(wait)
    }
}

impl Layer for Retried {
    async fn around<'a, T, M>(&'a self, call: GuardedCall<'a>, make: M) -> Result<T, PortError>
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a,
    {
        self.budget.pay();
        let error = match make().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(wait) = self.wait(&call, &error) else { return Err(error) };
        sleep(wait).await;
        self.figures.retried();
        PORT_RETRIES.add([call.adapter.to_owned().into()], 1);
        make().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_calls_pay_for_one_retry() {
        let budget = RetryBudget::default();
        let spent: usize = (0..100)
            .map(|_| {
                budget.pay();
                usize::from(budget.spend().is_some())
            })
            .sum();
        assert_eq!(spent, 10);
    }

    #[test]
    fn saved_retries_are_limited() {
        let budget = RetryBudget::default();
        (0..10_000).for_each(|_| budget.pay());
        assert_eq!((0..100).filter(|_| budget.spend().is_some()).count(), 10);
    }
}
