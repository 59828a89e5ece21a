//! Time limits for calls.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::figures::GuardFigures;
use super::layer::{GuardedCall, Layer};
use crate::metrics::table::PORT_SECONDS;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// Bounds every try by the deadline of the login and by its own limit. Exceeding either is
/// [`PortErrorKind::Unavailable`]: whether a write took effect is then unknown, and the caller has to check.
#[derive(Debug)]
pub struct Timed {
    at_most: Duration,
    figures: GuardFigures,
}

impl Timed {
    /// Limits tries to this length.
    #[must_use]
    pub fn new(at_most: Duration, figures: GuardFigures) -> Self {
        Self { at_most, figures }
    }
}

impl Layer for Timed {
    async fn around<'a, T, M>(&'a self, call: GuardedCall<'a>, make: M) -> Result<T, PortError>
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a,
    {
        let (started, until) = (Instant::now(), call.until(self.at_most));
        if until <= started {
            return Err(late(&call).because("no time was left for the call").about_this_process());
        }
        self.figures.called();
        let answer = timeout_at(until, make()).await.unwrap_or_else(|_| {
            self.figures.was_late();
            Err(late(&call).because("the call took too long"))
        });
        count(&call, started.elapsed(), answer.as_ref().err());
        answer
    }

    fn limit(&self) -> Option<Duration> {
        Some(self.at_most)
    }
}

fn late(call: &GuardedCall<'_>) -> PortError {
    PortError::new(PortErrorKind::Unavailable, call.adapter, call.operation)
}

/// Labels are names of adapters, operations and kinds: closed sets.
fn count(call: &GuardedCall<'_>, took: Duration, error: Option<&PortError>) {
    let result = error.map_or("fine", |error| error.kind().name());
    PORT_SECONDS.record([call.adapter.to_owned().into(), call.operation.into(), result.into()], took);
}
