//! Injected faults: makes an in-memory adapter fail on demand.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ports::{PortError, PortErrorKind};

/// What happens at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the call succeeds.
    Pass,
    /// The call fails without doing anything.
    Fail(PortErrorKind),
    /// The call does its work and then fails: the answer is lost.
    Lose(PortErrorKind),
    /// The call is answered after this time.
    Delay(Duration),
    /// The call does its work at once and is answered after this time.
    Linger(Duration),
    /// The call is never answered.
    Hang,
}

/// The upcoming faults: first those in the queue, once each, then the permanent one.
#[derive(Debug)]
pub struct Faults {
    script: Mutex<Script>,
    calls: Mutex<Vec<&'static str>>,
}

#[derive(Debug)]
struct Script {
    queue: VecDeque<Fault>,
    standing: Fault,
}

impl Default for Faults {
    fn default() -> Self {
        Self { script: Mutex::new(Script { queue: VecDeque::new(), standing: Fault::Pass }), calls: Mutex::default() }
    }
}

impl Faults {
    /// Queues one fault for each of the next calls.
    pub fn push(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).queue.extend(faults);
    }

    /// Sets the fault for every call once the queue is empty.
    pub fn stand(&self, fault: Fault) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).standing = fault;
    }

    /// The operations that were called since the last time this was asked, in their order.
    pub fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Applies the next fault to some work.
    ///
    /// # Errors
    /// The injected error, or the work's own.
    pub async fn around<T>(
        &self,
        adapter: &str,
        operation: &'static str,
        work: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, PortError> {
        let failed = |kind| PortError::new(kind, adapter, operation).because("an injected fault");
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
        match self.next() {
            Fault::Pass => work.await,
            Fault::Fail(kind) => Err(failed(kind)),
            Fault::Lose(kind) => work.await.and(Err(failed(kind))),
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                work.await
            }
            Fault::Linger(time) => {
                let answer = work.await;
                tokio::time::sleep(time).await;
                answer
            }
            Fault::Hang => std::future::pending().await,
        }
    }

    fn next(&self) -> Fault {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = script.standing;
        script.queue.pop_front().unwrap_or(standing)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn queued_faults_apply_in_order_before_the_permanent_one() {
        const DELAY: Duration = Duration::from_millis(3);
        let (faults, done) = (Faults::default(), AtomicUsize::new(0));
        faults.push([
            Fault::Fail(PortErrorKind::Denied),
            Fault::Lose(PortErrorKind::Unavailable),
            Fault::Delay(DELAY),
            Fault::Hang,
        ]);
        let call = async || {
            let work = async {
                done.fetch_add(1, Ordering::Relaxed);
                Ok(7)
            };
            faults.around("memory", "fetch", work).await.map_err(|error| error.kind())
        };
        assert_eq!(call().await, Err(PortErrorKind::Denied));
        assert_eq!(done.load(Ordering::Relaxed), 0);
        assert_eq!(call().await, Err(PortErrorKind::Unavailable));
        assert_eq!(done.load(Ordering::Relaxed), 1);
        let begun = Instant::now();
        assert_eq!(call().await, Ok(7));
        assert!(begun.elapsed() >= DELAY);
        assert!(tokio::time::timeout(DELAY, call()).await.is_err());
        assert_eq!(call().await, Ok(7));
        faults.stand(Fault::Fail(PortErrorKind::RateLimited));
        for _ in 0..3 {
            assert_eq!(call().await, Err(PortErrorKind::RateLimited));
        }
        assert_eq!(done.load(Ordering::Relaxed), 3);
    }
}
