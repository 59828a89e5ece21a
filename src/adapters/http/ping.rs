//! Whether a remote target works: asked seldom, because health checks come every second, from every instance.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::error::Failure;
use crate::ports::Call;

/// How long the last result counts.
const INTERVAL: Duration = Duration::from_secs(10);

/// How long asking may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The last result, and when it was found.
#[derive(Debug, Default)]
pub(in crate::adapters) struct Pinged(Mutex<Option<(Instant, Result<(), Failure>)>>);

impl Pinged {
    /// Asks, unless the last result still counts.
    pub async fn or_ask<A>(&self, ask: impl FnOnce(Call<'static>) -> A) -> Result<(), Failure>
    where
        A: Future<Output = Result<(), Failure>>,
    {
        let mut last = self.0.lock().await;
        if let Some((_, result)) = last.as_ref().filter(|(at, _)| at.elapsed() < INTERVAL) {
            return result.clone();
        }
        let call = Call { deadline: Instant::now() + TIMEOUT, request_id: "ping" };
        let result = timeout_at(call.deadline, ask(call)).await.unwrap_or_else(|_| Err(Failure::late()));
        *last = Some((Instant::now(), result.clone()));
        result
    }
}
