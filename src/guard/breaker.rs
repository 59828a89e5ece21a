//! The circuit breaker: what fails again and again is left alone for a while.
//!
//! It is our own, because the state has to be seen, half open has to mean one call and not many, and time has to be the
//! runtime's, which tests move.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::figures::GuardFigures;
use super::layer::{Call, Layer};
use super::settings::BreakerSettings;
use crate::migrate::{BoxFuture, PortError, PortErrorKind};

/// What a breaker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are answered at once, without the adapter.
    Open,
    /// One call goes through, to see.
    HalfOpen,
}

impl BreakerState {
    /// The name in health answers: `closed`, `open`, `half_open`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// The value of the gauge `landfall_breaker_state`.
    fn gauge(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

/// Whether a call came back well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    Ill,
}

#[derive(Debug)]
enum Phase {
    Closed(VecDeque<Health>),
    Open { until: Instant },
    HalfOpen { probing: Probing },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probing {
    Nobody,
    Somebody,
}

/// A breaker, shared by the guard and those who show its state.
#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// Grows with every change of phase, so that calls of an earlier phase count no more.
    generation: u64,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, inner: Mutex::new(Inner { phase: Phase::Closed(VecDeque::new()), generation: 0 }) }
    }

    /// What it does now.
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

    /// Lets a call through, or not.
    fn admit(&self) -> Option<Pass<'_>> {
        let mut inner = self.inner();
        match &mut inner.phase {
            Phase::Closed(_) => {}
            Phase::Open { until } if Instant::now() < *until => return None,
            Phase::Open { .. } => inner.change(Phase::HalfOpen { probing: Probing::Somebody }),
            Phase::HalfOpen { probing: Probing::Somebody } => return None,
            Phase::HalfOpen { probing } => *probing = Probing::Somebody,
        }
        Some(Pass { breaker: self, generation: inner.generation })
    }

    /// A call of a generation came back.
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
                if self.is_ill(last) {
                    inner.change(open());
                }
            }
            (Phase::HalfOpen { .. }, Health::Well) => inner.change(Phase::Closed(VecDeque::new())),
            (Phase::HalfOpen { .. }, Health::Ill) => inner.change(open()),
            (Phase::Open { .. }, _) => {}
        }
    }

    /// A call of a generation was given up and says nothing; another one may probe.
    fn give_up(&self, generation: u64) {
        let mut inner = self.inner();
        if inner.generation == generation
            && let Phase::HalfOpen { probing } = &mut inner.phase
        {
            *probing = Probing::Nobody;
        }
    }

    fn is_ill(&self, last: &VecDeque<Health>) -> bool {
        let ill = last.iter().filter(|health| **health == Health::Ill).count();
        let share =
            f64::from(u32::try_from(ill).unwrap_or(u32::MAX)) / f64::from(u32::try_from(last.len()).unwrap_or(1));
        last.len() >= self.settings.minimum.max(1) && share >= self.settings.threshold
    }
}

impl Inner {
    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

/// A call that was let through. Dropped without a word it counts for nothing: who hangs up must not be able to open a breaker.
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
    /// After [`Pass::settle`] the probe has changed the phase, so that this does nothing.
    fn drop(&mut self) {
        self.breaker.give_up(self.generation);
    }
}

/// Answers at once while the breaker is open, and tells it how calls went.
#[derive(Debug)]
pub struct BreakerLayer {
    breaker: Option<Arc<Breaker>>,
    figures: GuardFigures,
}

impl BreakerLayer {
    /// Calls through this breaker; all go through when there is none.
    #[must_use]
    pub fn new(breaker: Option<Arc<Breaker>>, figures: GuardFigures) -> Self {
        Self { breaker, figures }
    }
}

/// The name under which our own hashing lane fails.
const LANE: &str = "lane";

/// An answer that is no answer, or none in time. A refusal of our credentials, or no record, is an answer; and an overload of
/// our own lane, or one bad record, says nothing of the adapter.
fn health(error: Option<&PortError>) -> Health {
    match error {
        Some(error) if error.adapter() == LANE || error.is_about_one_record() => Health::Well,
        Some(error) if error.is_temporary() || error.kind() == PortErrorKind::BadResponse => Health::Ill,
        _ => Health::Well,
    }
}

impl Layer for BreakerLayer {
    async fn around<'a, T, M>(&'a self, call: Call<'a>, make: M) -> Result<T, PortError>
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a,
    {
        let Some(breaker) = &self.breaker else { return make().await };
        let Some(pass) = breaker.admit() else {
            self.figures.was_broken();
            metrics::counter!("landfall_breaker_refused_total", "adapter" => call.adapter.to_owned()).increment(1);
            return Err(PortError::new(PortErrorKind::Unavailable, call.adapter, call.operation)
                .because("it failed too often and is left alone for a while"));
        };
        let answer = make().await;
        pass.settle(health(answer.as_ref().err()));
        metrics::gauge!("landfall_breaker_state", "adapter" => call.adapter.to_owned()).set(breaker.state().gauge());
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
    async fn it_opens_at_the_threshold_and_not_before_the_minimum() {
        use Health::{Ill, Well};
        for (results, want) in [
            (&[Ill, Ill, Ill][..], BreakerState::Closed),
            (&[Ill, Ill, Ill, Ill], BreakerState::Open),
            (&[Well, Well, Ill, Ill], BreakerState::Open),
            (&[Well, Well, Well, Ill, Ill], BreakerState::Closed),
            (
                &[Ill, Well, Well, Well, Well, Well, Well, Well, Well, Well, Well, Ill, Ill, Ill, Ill],
                BreakerState::Closed,
            ),
        ] {
            let breaker = Breaker::new(SETTINGS);
            calls(&breaker, results);
            assert_eq!(breaker.state(), want, "{results:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_probes_and_decides() {
        let breaker = Breaker::new(SETTINGS);
        let stray = breaker.admit().unwrap();
        calls(&breaker, &[Health::Ill; 4]);
        assert!(breaker.admit().is_none());
        advance(SETTINGS.open).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);

        let probe = breaker.admit().unwrap();
        assert!(breaker.admit().is_none(), "only one call probes");
        drop(probe);
        let probe = breaker.admit().expect("a probe that was given up makes room for another");
        stray.settle(Health::Well);
        assert_eq!(breaker.state(), BreakerState::HalfOpen, "a call from before says nothing");
        probe.settle(Health::Ill);
        assert_eq!(breaker.state(), BreakerState::Open);

        advance(SETTINGS.open).await;
        breaker.admit().unwrap().settle(Health::Well);
        assert_eq!(breaker.state(), BreakerState::Closed);
        calls(&breaker, &[Health::Ill; 3]);
        assert_eq!(breaker.state(), BreakerState::Closed, "it forgot what was before");
    }

    #[test]
    fn what_counts_as_a_failure() {
        use PortErrorKind::{BadResponse, Conflict, Denied, Misconfigured, RateLimited, Unavailable, Unsupported};
        for kind in [BadResponse, RateLimited, Unavailable] {
            assert_eq!(health(Some(&PortError::new(kind, "legacy", "fetch"))), Health::Ill);
            assert_eq!(health(Some(&PortError::new(kind, LANE, "hash"))), Health::Well);
            assert_eq!(health(Some(&PortError::new(kind, "legacy", "fetch").about_one_record())), Health::Well);
        }
        for kind in [Conflict, Denied, Misconfigured, Unsupported] {
            assert_eq!(health(Some(&PortError::new(kind, "legacy", "fetch"))), Health::Well);
        }
        assert_eq!(health(None), Health::Well);
    }
}
