//! A job on its way through the writer: what is to be done, what came of it, and who waits for the answer.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::migrate::{Pending, PortError, PortErrorKind};

use super::error::port_error;

/// Why a whole group of jobs was lost.
#[derive(Debug)]
pub(super) struct Lost {
    /// The failure.
    pub error: sqlx::Error,
}

/// A job of any type.
pub(super) trait Work: Send {
    /// Does the work and keeps what came of it; says whether it is to be kept or undone.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> Pending<'c, Ran>;

    /// Answers whoever waits. `lost` when the group was not committed.
    fn answer(self: Box<Self>, lost: Option<&Lost>);
}

/// What is to become of a job's writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// They are kept.
    Keep,
    /// They are undone.
    Undo,
}

/// A job that gives a `T`.
pub(super) struct Job<F, T> {
    name: std::sync::Arc<str>,
    operation: &'static str,
    work: Option<F>,
    result: Option<Result<T, PortError>>,
    answer: oneshot::Sender<Result<T, PortError>>,
}

impl<F, T> Job<F, T> {
    pub(super) fn new(
        name: std::sync::Arc<str>,
        operation: &'static str,
        work: F,
        answer: oneshot::Sender<Result<T, PortError>>,
    ) -> Self {
        Self { name, operation, work: Some(work), result: None, answer }
    }
}

impl<F, T> Work for Job<F, T>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> Pending<'c, Result<T, sqlx::Error>> + Send,
{
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> Pending<'c, Ran> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ran::Undo };
            // A panic of one job must not take the writer, and with it every other job, along.
            let result = AssertUnwindSafe(async { work(connection).await }).catch_unwind().await;
            let result = match result {
                Ok(result) => result.map_err(|error| port_error(&self.name, self.operation, &error)),
                Err(_) => Err(PortError::new(PortErrorKind::BadResponse, &*self.name, self.operation)
                    .because("the work panicked")),
            };
            let ran = if result.is_ok() { Ran::Keep } else { Ran::Undo };
            self.result = Some(result);
            ran
        })
    }

    fn answer(self: Box<Self>, lost: Option<&Lost>) {
        let result =
            match (lost, self.result) {
                // INVARIANT: what was not committed is never reported as done. Whether a failed commit reached the disk is not
                // known, so the answer is an outage and not "it did not happen".
                (Some(lost), _) => Err(outage(&self.name, self.operation, &lost.error)),
                (None, Some(result)) => result,
                (None, None) => Err(PortError::new(PortErrorKind::Unavailable, &*self.name, self.operation)
                    .because("the writer has ended")),
            };
        // Whoever no longer waits needs no answer.
        drop(self.answer.send(result));
    }
}

fn outage(name: &str, operation: &'static str, error: &sqlx::Error) -> PortError {
    let cause = port_error(name, operation, error);
    PortError::new(PortErrorKind::Unavailable, name, operation).because(format!("nothing was committed: {cause}"))
}
