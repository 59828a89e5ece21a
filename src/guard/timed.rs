//! No call outlives its time.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::figures::GuardFigures;
use super::layer::{Call, Layer};
use crate::migrate::{BoxFuture, PortError, PortErrorKind};

/// Bounds every try by the deadline of the login and by a time of its own. Passing either is
/// [`PortErrorKind::Unavailable`]: whether a write was made is then unknown, and the caller has to look.
#[derive(Debug)]
pub struct Timed {
    at_most: Duration,
    figures: GuardFigures,
}

impl Timed {
    /// Tries of at most this length.
    #[must_use]
    pub fn new(at_most: Duration, figures: GuardFigures) -> Self {
        Self { at_most, figures }
    }
}

impl Layer for Timed {
    async fn around<'a, T, M>(&'a self, call: Call<'a>, make: M) -> Result<T, PortError>
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a,
    {
        let (started, until) = (Instant::now(), call.until(self.at_most));
        if until <= started {
            return Err(late(&call).because("no time was left for it"));
        }
        self.figures.called();
        let answer = timeout_at(until, make()).await.unwrap_or_else(|_| {
            self.figures.was_late();
            Err(late(&call).because("too slow"))
        });
        count(&call, started.elapsed(), answer.as_ref().err());
        answer
    }
}

fn late(call: &Call<'_>) -> PortError {
    PortError::new(PortErrorKind::Unavailable, call.adapter, call.operation)
}

/// Labels are names of the settings, of operations and of kinds: closed sets.
fn count(call: &Call<'_>, took: Duration, error: Option<&PortError>) {
    let result = error.map_or("fine", |error| error.kind().name());
    let adapter = call.adapter.to_owned();
    metrics::histogram!("landfall_port_seconds", "adapter" => adapter, "operation" => call.operation, "result" => result)
        .record(took.as_secs_f64());
}
