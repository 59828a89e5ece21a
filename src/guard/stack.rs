//! Stacks the guards of a port; the module documentation explains the order.

use std::sync::Arc;
use std::time::Duration;

use super::breaker::{Breaker, BreakerLayer};
use super::capped::Capped;
use super::figures::GuardFigures;
use super::layer::Guarded;
use super::retried::Retried;
use super::settings::GuardSettings;
use super::timed::Timed;
use crate::ports::{Ledger, Nonces, Outbox, Source, Target, Verifier};

fn begin(settings: &GuardSettings) -> (Option<Arc<Breaker>>, GuardFigures) {
    let breaker = settings.breaker.map(|settings| Arc::new(Breaker::new(settings)));
    (breaker.clone(), GuardFigures::new(breaker))
}

/// A source with all guards.
#[must_use]
pub fn guarded_source(source: Arc<dyn Source>, settings: &GuardSettings) -> (Arc<dyn Source>, GuardFigures) {
    let (breaker, figures) = begin(settings);
    let source: Arc<dyn Source> = Arc::new(Guarded::new(source, Timed::new(settings.call, figures.clone())));
    let source: Arc<dyn Source> = Arc::new(Guarded::new(source, Retried::new(settings.retry_wait, figures.clone())));
    let source: Arc<dyn Source> = Arc::new(Guarded::new(source, BreakerLayer::new(breaker, figures.clone())));
    let cap = Capped::new(settings.concurrency, settings.queue, figures.clone());
    (Arc::new(Guarded::new(source, cap)), figures)
}

/// A verifier with all guards except the retry: legacy systems count wrong passwords, and a retry would count twice.
#[must_use]
pub fn guarded_verifier(verifier: Arc<dyn Verifier>, settings: &GuardSettings) -> (Arc<dyn Verifier>, GuardFigures) {
    let (breaker, figures) = begin(settings);
    let verifier: Arc<dyn Verifier> = Arc::new(Guarded::new(verifier, Timed::new(settings.call, figures.clone())));
    let verifier: Arc<dyn Verifier> = Arc::new(Guarded::new(verifier, BreakerLayer::new(breaker, figures.clone())));
    let cap = Capped::new(settings.concurrency, settings.queue, figures.clone());
    (Arc::new(Guarded::new(verifier, cap)), figures)
}

/// A target with all guards; only reads are retried.
#[must_use]
pub fn guarded_target(target: Arc<dyn Target>, settings: &GuardSettings) -> (Arc<dyn Target>, GuardFigures) {
    let (breaker, figures) = begin(settings);
    let target: Arc<dyn Target> = Arc::new(Guarded::new(target, Timed::new(settings.call, figures.clone())));
    let target: Arc<dyn Target> = Arc::new(Guarded::new(target, Retried::new(settings.retry_wait, figures.clone())));
    let target: Arc<dyn Target> = Arc::new(Guarded::new(target, BreakerLayer::new(breaker, figures.clone())));
    let cap = Capped::new(settings.concurrency, settings.queue, figures.clone());
    (Arc::new(Guarded::new(target, cap)), figures)
}

/// A ledger with only a time limit: a retry would count attempts twice.
#[must_use]
pub fn guarded_ledger(ledger: Arc<dyn Ledger>, at_most: Duration) -> (Arc<dyn Ledger>, GuardFigures) {
    let figures = GuardFigures::default();
    (Arc::new(Guarded::new(ledger, Timed::new(at_most, figures.clone()))), figures)
}

/// An outbox with only a time limit. Its calls are calls of its ledger, and are counted among them.
#[must_use]
pub fn guarded_outbox(outbox: Arc<dyn Outbox>, at_most: Duration, ledger: &GuardFigures) -> Arc<dyn Outbox> {
    Arc::new(Guarded::new(outbox, Timed::new(at_most, ledger.clone())))
}

/// A memory of signed calls that answers in time or fails.
#[must_use]
pub fn guarded_nonces(nonces: Arc<dyn Nonces>, at_most: Duration) -> Arc<dyn Nonces> {
    Arc::new(Guarded::new(nonces, Timed::new(at_most, GuardFigures::default())))
}
