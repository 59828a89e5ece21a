//! The circuit breaker: stops calls to a failing adapter for a while.
//!
//! A custom implementation, because its state must be visible, half open must admit exactly one call, and time must
//! come from the runtime, which tests control.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::figures::GuardFigures;
use super::layer::{GuardedCall, Layer};
use super::settings::BreakerSettings;
use crate::metrics::table::{BREAKER_REFUSED, BREAKER_STATE};
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls fail immediately, without reaching the adapter.
    Open,
    /// One call goes through as a probe.
    HalfOpen,
}

impl BreakerState {
    /// The name used in health responses: `closed`, `open`, `half_open`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// The value of [`BREAKER_STATE`].
    fn gauge(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

/// Whether a call found the adapter healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Healthy,
    Failing,
}

#[derive(Debug)]
enum Phase {
    Closed(VecDeque<Health>),
    Open { until: Instant },
    HalfOpen { probing: Probing },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probing {
    No,
    Yes,
}

/// A breaker, shared by the guard and the code that reports its state.
#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// Grows with every change of phase, so that calls from an earlier phase no longer count.
    generation: u64,
}

impl Breaker {
    /// Creates a closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, inner: Mutex::new(Inner { phase: Phase::Closed(VecDeque::new()), generation: 0 }) }
    }

    /// The current state.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match &self.inner().phase {
            Phase::Closed(_) => BreakerState::Closed,
            Phase::Open { until } if Instant::now() < *until => BreakerState::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a call, or rejects it.
    fn admit(&self) -> Option<Pass<'_>> {
        let mut inner = self.inner();
        match &mut inner.phase {
            Phase::Closed(_) => {}
            Phase::Open { until } if Instant::now() < *until => return None,
            Phase::Open { .. } => inner.change(Phase::HalfOpen { probing: Probing::Yes }),
            Phase::HalfOpen { probing: Probing::Yes } => return None,
            Phase::HalfOpen { probing } => *probing = Probing::Yes,
        }
        Some(Pass { breaker: self, generation: inner.generation })
    }

    /// Records the result of a call from a generation.
    fn settle(&self, generation: u64, health: Health) {
        let mut inner = self.inner();
        if inner.generation != generation {
            return;
        }
        let open = || Phase::Open { until: Instant::now() + self.settings.open };
        match (&mut inner.phase, health) {
            (Phase::Closed(last), health) => {
                last.push_back(health);
                if last.len() > self.settings.window.max(1) {
                    last.pop_front();
                }
                if self.is_over_threshold(last) {
                    inner.change(open());
                }
            }
            (Phase::HalfOpen { .. }, Health::Healthy) => inner.change(Phase::Closed(VecDeque::new())),
            (Phase::HalfOpen { .. }, Health::Failing) => inner.change(open()),
            (Phase::Open { .. }, _) => {}
        }
    }

    /// A call from a generation was given up and says nothing about the adapter; another call may probe.
    fn give_up(&self, generation: u64) {
        let mut inner = self.inner();
        if inner.generation == generation
            && let Phase::HalfOpen { probing } = &mut inner.phase
        {
            *probing = Probing::No;
        }
    }

    fn is_over_threshold(&self, last: &VecDeque<Health>) -> bool {
        let failing = last.iter().filter(|health| **health == Health::Failing).count();
        let share =
            f64::from(u32::try_from(failing).unwrap_or(u32::MAX)) / f64::from(u32::try_from(last.len()).unwrap_or(1));
        last.len() >= self.settings.minimum.max(1) && share >= self.settings.threshold
    }
}

impl Inner {
    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

/// An admitted call. If it is dropped without a result it does not count, so that callers who disconnect cannot open a
/// breaker.
struct Pass<'b> {
    breaker: &'b Breaker,
    generation: u64,
}

impl Pass<'_> {
    fn settle(self, health: Health) {
        self.breaker.settle(self.generation, health);
    }
}

impl Drop for Pass<'_> {
    /// After [`Pass::settle`] the probe has changed the phase, so this does nothing.
    fn drop(&mut self) {
        self.breaker.give_up(self.generation);
    }
}

/// Rejects calls while the breaker is open, and reports the results of the others to it.
#[derive(Debug)]
pub struct BreakerLayer {
    breaker: Option<Arc<Breaker>>,
    figures: GuardFigures,
}

impl BreakerLayer {
    /// A layer with this breaker; without one, all calls go through.
    #[must_use]
    pub fn new(breaker: Option<Arc<Breaker>>, figures: GuardFigures) -> Self {
        Self { breaker, figures }
    }
}

/// An unusable answer, or none in time, is a failure. Rejected credentials, a missing record or one bad record are
/// answers. `None` if it says nothing about the adapter, such as an overload of this process.
fn health(error: Option<&PortError>) -> Option<Health> {
    match error {
        Some(error) if error.is_about_this_process() => None,
        Some(error) if error.is_about_one_record() => Some(Health::Healthy),
        Some(error) if error.is_temporary() || error.kind() == PortErrorKind::BadResponse => Some(Health::Failing),
        _ => Some(Health::Healthy),
    }
}

impl Layer for BreakerLayer {
    async fn around<'a, T, M>(&'a self, call: GuardedCall<'a>, make: M) -> Result<T, PortError>
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a,
    {
        let Some(breaker) = &self.breaker else { return make().await };
        let Some(pass) = breaker.admit() else {
            self.figures.was_broken();
            BREAKER_REFUSED.add([call.adapter.to_owned().into()], 1);
            return Err(PortError::new(PortErrorKind::Unavailable, call.adapter, call.operation)
                .because("the circuit breaker is open after too many failures"));
        };
        let answer = make().await;
        match health(answer.as_ref().err()) {
            Some(health) => pass.settle(health),
            None => drop(pass),
        }
        BREAKER_STATE.set([call.adapter.to_owned().into()], breaker.state().gauge());
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    const SETTINGS: BreakerSettings =
        BreakerSettings { window: 10, minimum: 4, threshold: 0.5, open: Duration::from_secs(5) };

    fn calls(breaker: &Breaker, results: &[Health]) {
        results.iter().for_each(|health| breaker.admit().unwrap().settle(*health));
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_at_the_threshold_but_not_below_the_minimum() {
        use Health::{Failing, Healthy};
        for (results, want) in [
            (&[Failing, Failing, Failing][..], BreakerState::Closed),
            (&[Failing, Failing, Failing, Failing], BreakerState::Open),
            (&[Healthy, Healthy, Failing, Failing], BreakerState::Open),
            (&[Healthy, Healthy, Healthy, Failing, Failing], BreakerState::Closed),
            (
                &[
                    Failing, Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Healthy,
                    Failing, Failing, Failing, Failing,
                ],
                BreakerState::Closed,
            ),
        ] {
            let breaker = Breaker::new(SETTINGS);
            calls(&breaker, results);
            assert_eq!(breaker.state(), want, "{results:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_decides() {
        let breaker = Breaker::new(SETTINGS);
        let earlier = breaker.admit().unwrap();
        calls(&breaker, &[Health::Failing; 4]);
        assert!(breaker.admit().is_none());
        advance(SETTINGS.open).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);

        let probe = breaker.admit().unwrap();
        assert!(breaker.admit().is_none(), "only one call probes");
        drop(probe);
        let probe = breaker.admit().expect("an abandoned probe makes room for another");
        earlier.settle(Health::Healthy);
        assert_eq!(breaker.state(), BreakerState::HalfOpen, "a call from an earlier phase does not count");
        probe.settle(Health::Failing);
        assert_eq!(breaker.state(), BreakerState::Open);

        advance(SETTINGS.open).await;
        breaker.admit().unwrap().settle(Health::Healthy);
        assert_eq!(breaker.state(), BreakerState::Closed);
        calls(&breaker, &[Health::Failing; 3]);
        assert_eq!(breaker.state(), BreakerState::Closed, "earlier failures are forgotten");
    }

    #[test]
    fn what_counts_as_a_failure() {
        use PortErrorKind::{BadResponse, Conflict, Denied, Misconfigured, RateLimited, Unavailable, Unsupported};
        for kind in [BadResponse, RateLimited, Unavailable] {
            assert_eq!(health(Some(&PortError::new(kind, "legacy", "fetch"))), Some(Health::Failing));
            assert_eq!(health(Some(&PortError::new(kind, "lane", "hash").about_this_process())), None);
            assert_eq!(
                health(Some(&PortError::new(kind, "legacy", "fetch").about_one_record())),
                Some(Health::Healthy)
            );
        }
        for kind in [Conflict, Denied, Misconfigured, Unsupported] {
            assert_eq!(health(Some(&PortError::new(kind, "legacy", "fetch"))), Some(Health::Healthy));
        }
        assert_eq!(health(None), Some(Health::Healthy));
    }
}
