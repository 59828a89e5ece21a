//! A job on its way through the writer: what is to be done, what came of it, and who waits for the answer.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::migrate::{BoxFuture, PortError, PortErrorKind};

use super::error::{detail, port_error};

/// Why a whole group of jobs was lost.
#[derive(Debug)]
pub(super) enum Lost {
    /// The database failed.
    Failed(sqlx::Error),
    /// The file is no longer where it was opened: how it is now.
    Moved(String),
}

/// A job of any type.
pub(super) trait Work: Send {
    /// Does the work and keeps what came of it; says whether it is to be kept or undone.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, Ran>;

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
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send,
{
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, Ran> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ran::Undo };
            // Whoever waited has given up and told an outage: what it wanted must not happen later.
            if self.answer.is_closed() {
                return Ran::Undo;
            }
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
        let failed = |detail: String| {
            Err(PortError::new(PortErrorKind::Unavailable, &*self.name, self.operation).because(detail))
        };
        let result = match (lost, self.result) {
            // Its own failure says more than that of the group: a full disk is often what ended the transaction.
            (_, Some(Err(own))) => Err(own),
            // INVARIANT: what was not committed is never reported as done. Whether a failed commit reached the disk is not
            // known, so the answer is an outage and not "it did not happen".
            (Some(Lost::Failed(error)), _) => failed(format!("the commit failed: {}", detail(error))),
            (Some(Lost::Moved(how)), _) => failed(how.clone()),
            (None, Some(Ok(done))) => Ok(done),
            (None, None) => failed("the writer has ended".to_owned()),
        };
        // Whoever no longer waits needs no answer.
        drop(self.answer.send(result));
    }
}
