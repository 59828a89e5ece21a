//! Records decisions: those that wait at the same time share a transaction, and so one lock of the audit's head and one
//! wait for the disk.
//!
//! A decision that the database cannot store fails alone: a group that fails for a reason of its contents is written again,
//! one by one. After a commit whose outcome is unknown, the head that the group would have made is looked up, under the lock
//! that the lost transaction held, before anything is written again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::records::{self, Record, Written};
use super::{attempts, audit};
use crate::adapters::postgres::database::{Database, Failure, PATIENCE, Tries, answer};
use crate::ports::{Finished, Keyring, PortError, PortErrorKind};

/// How many records may wait. Stops a slow database from filling the memory; a login that waits longer than the database
/// needs for these has missed its deadline anyway.
const QUEUE: usize = 1024;

/// How many records share a transaction. Stops a large group from holding the lock for long, and from delaying its first
/// record; far more than what queues up during one commit.
const GROUP: usize = 128;

/// How often expired rows are removed while nobody fails: reservations that nobody ended.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// A record that waits.
struct Job {
    operation: &'static str,
    record: Record,
    deadline: Instant,
    answer: oneshot::Sender<Result<Finished, PortError>>,
}

/// Records decisions. Cheap to clone; the task ends after the last clone is dropped.
#[derive(Clone)]
pub(super) struct Recorder {
    name: Arc<str>,
    jobs: mpsc::Sender<Job>,
}

impl Recorder {
    /// Starts the task that writes. Must be called within a tokio runtime.
    pub fn start(database: Database, keyring: Arc<Keyring>) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let name = database.name().into();
        tokio::spawn(Task { database, keyring, swept_at: Instant::now() }.run(waiting));
        Self { name, jobs }
    }

    /// Records a decision, and returns once it is durable. A record whose caller has given up by the time it is due is not
    /// written: the caller has reported an outage.
    ///
    /// # Errors
    /// If it could not be written, or nobody knows whether it was.
    pub async fn record(&self, operation: &'static str, record: Record) -> Result<Finished, PortError> {
        let (answer, answered) = oneshot::channel();
        let ended =
            || PortError::new(PortErrorKind::Unavailable, &*self.name, operation).because("the recorder has stopped");
        let job = Job { operation, record, deadline: Instant::now() + PATIENCE, answer };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PortError::new(PortErrorKind::RateLimited, &*self.name, operation)
                .because("too many decisions are waiting"),
            TrySendError::Closed(_) => ended(),
        })?;
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// The task.
struct Task {
    database: Database,
    keyring: Arc<Keyring>,
    swept_at: Instant,
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP);
        while waiting.recv_many(&mut group, GROUP).await > 0 {
            let jobs: Vec<Job> = group.drain(..).filter(|job| !job.answer.is_closed()).collect();
            let Some(at) = jobs.iter().map(|job| job.record.decision().at).max() else { continue };
            let failures = self.settle(jobs).await.unwrap_or(0);
            if failures > 0 || self.swept_at.elapsed() >= SWEEP_EVERY {
                self.sweep(at, failures).await;
            }
        }
    }

    /// Writes a group and answers it. Returns how many counters have another failure, if it was written.
    async fn settle(&self, jobs: Vec<Job>) -> Option<usize> {
        let written = match self.write(&jobs).await {
            Err(error) if jobs.len() > 1 && is_of_the_contents(&error) => return self.settle_each(jobs).await,
            written => written,
        };
        match written {
            Ok(Written { ends, failures, .. }) => {
                for (job, end) in jobs.into_iter().zip(ends) {
                    // nobody may be waiting any more
                    let _ = job.answer.send(Ok(end));
                }
                Some(failures)
            }
            Err(error) => {
                for job in jobs {
                    let copy = PortError::new(error.kind(), error.adapter(), job.operation).because(error.detail());
                    let _ =
                        job.answer.send(Err(if error.is_about_one_record() { copy.about_one_record() } else { copy }));
                }
                None
            }
        }
    }

    async fn settle_each(&self, jobs: Vec<Job>) -> Option<usize> {
        let mut failures = None;
        for job in jobs {
            let written = Box::pin(self.settle(vec![job])).await;
            failures = written.map(|more| failures.unwrap_or(0) + more).or(failures);
        }
        failures
    }

    /// Writes the records of a group in one transaction, again if others prevented it.
    async fn write(&self, jobs: &[Job]) -> Result<Written, PortError> {
        let operation = jobs.first().map_or("record", |job| job.operation);
        let deadline = jobs.iter().map(|job| job.deadline).max().unwrap_or_else(Instant::now);
        let (mut tries, mut unknown) = (Tries::until(deadline), None::<Written>);
        loop {
            if let Some(written) = unknown.take() {
                match self.is_written(&written, deadline).await {
                    Ok(true) => return Ok(written),
                    Ok(false) => tries.found_out(),
                    Err(failure) => {
                        unknown = Some(written);
                        tries.after(self.database.name(), operation, failure).await?;
                        continue;
                    }
                }
            }
            match self.write_once(jobs, deadline).await {
                Ok(written) => return Ok(written),
                Err((failure, written)) => {
                    unknown = written;
                    tries.after(self.database.name(), operation, failure).await?;
                }
            }
        }
    }

    /// Writes the records. A commit that failed also returns what is written if it took effect.
    async fn write_once(&self, jobs: &[Job], deadline: Instant) -> Result<Written, (Failure, Option<Written>)> {
        let mut transaction = self.database.begin(deadline).await.map_err(|failure| (failure, None))?;
        let records: Vec<&Record> = jobs.iter().map(|job| &job.record).collect();
        let connection = transaction.connection().map_err(|failure| (failure, None))?;
        let written = match answer(deadline, records::write(connection, &self.keyring, &records)).await {
            Ok(written) => written,
            Err(error) => return Err((transaction.roll_back(error).await, None)),
        };
        match transaction.commit().await {
            Ok(()) => Ok(written),
            Err(failure) if failure.is_unknown() => Err((failure, Some(written))),
            Err(failure) => Err((failure, None)),
        }
    }

    /// Whether a transaction was committed whose commit was not answered.
    async fn is_written(&self, written: &Written, deadline: Instant) -> Result<bool, Failure> {
        // it recorded nothing, so it changed nothing
        let Some(head) = &written.head else { return Ok(true) };
        let mut transaction = self.database.begin(deadline).await?;
        match answer(deadline, audit::has(transaction.connection()?, head)).await {
            Ok(found) => transaction.commit().await.map(|()| found),
            Err(error) => Err(transaction.roll_back(error).await),
        }
    }

    /// Removes expired rows. The next group does it if it fails.
    async fn sweep(&mut self, at: Timestamp, failures: usize) {
        self.swept_at = Instant::now();
        let deadline = Instant::now() + PATIENCE;
        let swept = self.database.write("sweep", deadline, (at, failures), |connection, (at, failures)| {
            Box::pin(attempts::sweep(connection, *at, *failures))
        });
        drop(swept.await);
    }
}

/// Whether a group may have failed because of one of its records.
fn is_of_the_contents(error: &PortError) -> bool {
    matches!(error.kind(), PortErrorKind::BadResponse | PortErrorKind::Conflict)
}
