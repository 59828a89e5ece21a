//! A job on its way through the writer: its work, its result, and its caller.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::ports::{BoxFuture, PortError, PortErrorKind};

use super::error::{detail, port_error};

/// Why a whole group of jobs was lost.
#[derive(Debug)]
pub(super) enum Lost {
    /// The database failed.
    Failed(sqlx::Error),
    /// The file is no longer where it was opened, with details.
    Moved(String),
}

/// A job of any type.
pub(super) trait Work: Send {
    /// Does the work and stores its result; returns whether to keep or roll back its writes.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, WriteOutcome>;

    /// Sends the result to the caller. `lost` is set if the group was not committed.
    fn answer(self: Box<Self>, lost: Option<&Lost>);
}

/// What happens to a job's writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    /// They are kept.
    Keep,
    /// They are rolled back.
    Undo,
}

/// A job that returns a `T`.
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
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send,
{
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, WriteOutcome> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return WriteOutcome::Undo };
            // The caller has given up and reported an outage, so the work must not happen later.
            if self.answer.is_closed() {
                return WriteOutcome::Undo;
            }
            // A panic in one job must not end the writer and with it every other job.
            let result = AssertUnwindSafe(async { work(connection).await }).catch_unwind().await;
            let result =
                match result {
                    Ok(result) => result.map_err(|error| port_error(&self.name, self.operation, &error)),
                    Err(_) => Err(PortError::new(PortErrorKind::BadResponse, &*self.name, self.operation)
                        .because("the job panicked")),
                };
            let outcome = if result.is_ok() { WriteOutcome::Keep } else { WriteOutcome::Undo };
            self.result = Some(result);
            outcome
        })
    }

    fn answer(self: Box<Self>, lost: Option<&Lost>) {
        let failed = |detail: String| {
            Err(PortError::new(PortErrorKind::Unavailable, &*self.name, self.operation).because(detail))
        };
        let result = match (lost, self.result) {
            // The job's own failure is more specific than the group's: a full disk, for example, often ended the
            // transaction.
            (_, Some(Err(own))) => Err(own),
            // INVARIANT: uncommitted work is never reported as done. Whether a failed commit reached the disk is
            // unknown, so the answer is an outage and not "it did not happen".
            (Some(Lost::Failed(error)), _) => failed(format!("the commit failed: {}", detail(error))),
            (Some(Lost::Moved(how)), _) => failed(how.clone()),
            (None, Some(Ok(done))) => Ok(done),
            (None, None) => failed("the writer has stopped".to_owned()),
        };
        // A caller that gave up needs no answer.
        drop(self.answer.send(result));
    }
}
