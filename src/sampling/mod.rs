//! What looks at the records of live logins, beside them: candidate rules (`shadow`) and the shape of the records (`drift`).
//!
//! A login hands a copy of its record over when it has been answered. The copies wait in a bounded queue; one that finds no
//! room is dropped and counted. One thread looks at them, and rests [`REST`] times as long as it has worked, so that all of
//! it takes at most a twentieth of one processor, however slow a candidate script is. A panic ends nothing but the look at
//! one record. What is noticed is counted in the metrics, and noted in the ledger a few seconds later.

mod drift;
mod notes;
mod queue;
mod recent;
mod shadow;
mod worker;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use drift::{Baseline, BaselineError};
pub use shadow::{Shadow, Share};

use crate::migrate::Sampler;
use crate::ports::{Clock, IdentifierProfile, Observations};
use notes::Notes;
use queue::Queue;
use worker::Worker;

/// How many times as long as it has worked the thread rests in a service.
pub const REST: u32 = 19;

/// How often what was noticed is noted in the ledger. A crash loses the counts since then.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// How many observations one write of the ledger takes, beside which logins wait for theirs.
const NOTED_AT_ONCE: usize = 100;

/// How long the service waits at its end for the records of the last logins to be looked at.
const LAST_LOOKS: Duration = Duration::from_millis(500);

/// What is looked at in the records of one legacy system.
#[derive(Debug)]
pub struct SystemSampling {
    /// The name of its source.
    pub source: String,
    /// Its candidate rules.
    pub shadow: Option<Shadow>,
    /// The shape that its records had, and how many records must show a change.
    pub drift: Option<(Baseline, u32)>,
}

/// What sampling works with.
pub struct SamplingParts {
    /// The systems of which anything is looked at.
    pub systems: Vec<SystemSampling>,
    /// Keeps what is noticed.
    pub ledger: Arc<dyn Observations>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// How identifiers are normalised, to judge accounts as a login does.
    pub identifiers: IdentifierProfile,
    /// Whether somebody is told of drift by events.
    pub sends_events: bool,
    /// How many times as long as it has worked the thread rests: [`REST`].
    pub rest: u32,
}

/// The sampling of a service: its thread runs.
pub struct Sampling {
    queue: Arc<Queue>,
    notes: Arc<Notes>,
    ledger: Arc<dyn Observations>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Sampling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sampling").finish_non_exhaustive()
    }
}

impl Sampling {
    /// Starts the thread. It ends when this and all samplers are dropped.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(parts: SamplingParts) -> io::Result<Self> {
        let SamplingParts { systems, ledger, clock, identifiers, sends_events, rest } = parts;
        let notes = Arc::new(Notes::default());
        let (queue, samples) = Queue::new(&systems);
        let looks = worker::looks(systems, sends_events);
        let worker = Worker::new(looks, Arc::clone(&notes), Arc::clone(&clock), identifiers, rest);
        std::thread::Builder::new().name("landfall-sampling".to_owned()).spawn(move || worker.run(&samples))?;
        Ok(Self { queue: Arc::new(queue), notes, ledger, clock })
    }

    /// What logins hand their records to.
    #[must_use]
    pub fn sampler(&self) -> Arc<dyn Sampler> {
        Arc::clone(&self.queue) as _
    }

    /// Notes what is noticed, until `ended` is ready, and once more then.
    pub async fn run(self, ended: impl Future<Output = ()> + Send) {
        tokio::pin!(ended);
        loop {
            let is_over = tokio::select! {
                () = &mut ended => true,
                () = tokio::time::sleep(NOTE_EVERY) => false,
            };
            if is_over {
                self.wait_for_looks().await;
            }
            self.note().await;
            if is_over {
                return;
            }
        }
    }

    async fn wait_for_looks(&self) {
        let deadline = tokio::time::Instant::now() + LAST_LOOKS;
        while !self.queue.is_done() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Notes what was noticed. What the ledger does not take is noted later.
    pub async fn note(&self) {
        let mut left = self.notes.take();
        while !left.is_empty() {
            let later = left.split_off(left.len().min(NOTED_AT_ONCE));
            if let Err(error) = self.ledger.note(&left, self.clock.now()).await {
                tracing::warn!(%error, "what shadow and drift noticed will be noted later");
                left.extend(later);
                return self.notes.put_back(left);
            }
            left = later;
        }
    }
}
