//! The writer thread: jobs that wait at the same time are committed together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::runtime;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::error::is_busy;
use super::open::{RETRY_EVERY, connect};
use super::place::Place;
use super::work::{Job, Lost, Work, WriteOutcome};
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// How many jobs may wait. Stops a slow disk from filling the memory; at a few thousand writes per second the wait is a
/// fraction of a second, and a login that waits longer has missed its deadline anyway.
const QUEUE: usize = 1024;

/// How many jobs share a commit. Stops a large group from delaying its first job; far more than what queues up during
/// one flush.
const GROUP: usize = 256;

/// How long to wait for the lock of another process. Stops logins from piling up behind a stuck process; shorter than a
/// login may take.
const BEGIN_BOUND: Duration = Duration::from_millis(1200);

/// How long a writer that shares its file pauses after a group, so that other processes, which retry every
/// [`RETRY_EVERY`], get their turn.
const YIELD: Duration = Duration::from_millis(3);

/// How long after it met a lock a writer assumes that it shares its file.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// Writes to a file. Cheap to clone; when the last clone is dropped, waiting jobs are written and the file is closed.
#[derive(Clone)]
pub struct Writer {
    name: Arc<str>,
    jobs: mpsc::Sender<Box<dyn Work>>,
    figures: Arc<Figures>,
}

#[derive(Default)]
struct Figures {
    jobs: AtomicU64,
    commits: AtomicU64,
}

/// The statistics of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterFigures {
    /// Jobs that were run.
    pub jobs: u64,
    /// Transactions that were committed.
    pub commits: u64,
    /// Waiting jobs.
    pub waiting: usize,
}

/// The connections that a writer starts with.
pub(super) struct Connections {
    /// The connection that writes.
    pub writer: SqliteConnection,
    /// The connection that keeps the journal from being removed.
    pub keeper: SqliteConnection,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the thread, which ends after the last clone is dropped.
    ///
    /// Every statement is a round trip to SQLite's own thread. Two threads that wake each other are faster at that than
    /// a task that goes through the scheduler of the service's runtime each time.
    pub(super) fn start(
        name: &str,
        options: SqliteConnectOptions,
        connections: Connections,
        place: Place,
    ) -> Result<Self, PortError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let figures = Arc::new(Figures::default());
        let Connections { writer, keeper } = connections;
        let task = Task {
            options,
            connection: Some(writer),
            _keeper: keeper,
            place,
            shared_until: None,
            figures: Arc::clone(&figures),
        };
        // The runtime only needs a clock: everything else the thread waits for comes from other threads.
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        let started = runtime.and_then(|runtime| {
            thread::Builder::new().name(format!("write-{name}")).spawn(move || runtime.block_on(task.run(waiting)))
        });
        match started {
            Ok(_detached) => Ok(Self { name: name.into(), jobs, figures }),
            Err(error) => Err(PortError::new(PortErrorKind::Unavailable, name, "open")
                .because(format!("cannot start its thread: {}", error.kind()))),
        }
    }

    /// Runs a job inside a transaction, and returns once it is on disk.
    ///
    /// A job that fails or panics rolls back only itself. A job that needs to distinguish constraints must inspect the
    /// [`sqlx::Error`] itself; the resulting [`PortError`] contains no names. A job whose caller has given up by the
    /// time it is due is not run: the caller has reported an outage, which must not be contradicted later.
    ///
    /// # Errors
    /// The job's own failure; [`PortErrorKind::RateLimited`] if too many jobs are waiting;
    /// [`PortErrorKind::Unavailable`] if the group could not be committed, in which case it is unknown whether the
    /// job's writes took effect.
    pub async fn write<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Job::new(Arc::clone(&self.name), operation, job, answer));
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PortError::new(PortErrorKind::RateLimited, &*self.name, operation)
                .because("too many writes are waiting"),
            TrySendError::Closed(_) => self.ended(operation),
        })?;
        answered.await.unwrap_or_else(|_| Err(self.ended(operation)))
    }

    /// The statistics so far.
    #[must_use]
    pub fn figures(&self) -> WriterFigures {
        WriterFigures {
            jobs: self.figures.jobs.load(Ordering::Relaxed),
            commits: self.figures.commits.load(Ordering::Relaxed),
            waiting: self.jobs.max_capacity().saturating_sub(self.jobs.capacity()),
        }
    }

    fn ended(&self, operation: &'static str) -> PortError {
        PortError::new(PortErrorKind::Unavailable, &*self.name, operation).because("the writer has stopped")
    }
}

/// The state of the writer thread.
struct Task {
    options: SqliteConnectOptions,
    /// `None` after a failure: a connection whose write failed is not reused.
    connection: Option<SqliteConnection>,
    /// Open as long as the writer lives.
    _keeper: SqliteConnection,
    place: Place,
    shared_until: Option<Instant>,
    figures: Arc<Figures>,
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Box<dyn Work>>) {
        let mut group = Vec::with_capacity(GROUP);
        while waiting.recv_many(&mut group, GROUP).await > 0 {
            let lost = self.commit_in_place(&mut group).await.err();
            if lost.is_some() {
                self.connection = None;
            }
            for job in group.drain(..) {
                job.answer(lost.as_ref());
            }
            if self.shared_until.is_some_and(|until| Instant::now() < until) {
                sleep(YIELD).await;
            }
        }
        if let Some(connection) = self.connection {
            // Everything is committed, so a failure to close loses nothing.
            drop(connection.close().await);
        }
    }

    /// Runs a group of jobs in one transaction, after checking that the opened file is still at its path: commits to a
    /// moved file would be lost.
    async fn commit_in_place(&mut self, group: &mut [Box<dyn Work>]) -> Result<(), Lost> {
        let check_place = |place: &Place| place.check("", "").map_err(|error| Lost::Moved(error.detail().to_owned()));
        check_place(&self.place)?;
        self.commit(group).await.map_err(Lost::Failed)?;
        check_place(&self.place)
    }

    /// Runs a group of jobs in one transaction.
    async fn commit(&mut self, group: &mut [Box<dyn Work>]) -> Result<(), sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(connect(&self.options).await?);
        }
        let Some(connection) = self.connection.as_mut() else { return Err(sqlx::Error::WorkerCrashed) };
        let give_up = Instant::now() + BEGIN_BOUND;
        let mut transaction = loop {
            match connection.begin_with("BEGIN IMMEDIATE; SAVEPOINT job").await {
                Ok(transaction) => break transaction,
                // Nothing has run yet, so retrying is safe.
                Err(error) if is_busy(&error) && Instant::now() < give_up => {}
                Err(error) => return Err(error),
            }
            self.shared_until = Some(Instant::now() + SHARED_FOR);
            sleep(RETRY_EVERY).await;
        };
        let mut jobs = group.iter_mut().peekable();
        while let Some(job) = jobs.next() {
            self.figures.jobs.fetch_add(1, Ordering::Relaxed);
            // Both leave a savepoint for the next job; done in one step, because every step is a round trip to SQLite's
            // thread.
            let next = match (job.run(&mut transaction).await, jobs.peek()) {
                (WriteOutcome::Undo, _) => "ROLLBACK TO job",
                (WriteOutcome::Keep, Some(_)) => "RELEASE job; SAVEPOINT job",
                // The commit releases the savepoint (<https://www.sqlite.org/lang_savepoint.html>).
                (WriteOutcome::Keep, None) => break,
            };
            // SQLite itself may have ended the transaction, for example because the disk is full. Then the savepoint is
            // gone, this statement or the commit fails, and so does the group. Unlike a raw statement, a query stays
            // prepared.
            sqlx::query(next).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.figures.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::adapters::sqlite::Database;

    const STEPS: &[&str] = &["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT NOT NULL UNIQUE)"];

    async fn open(folder: &tempfile::TempDir) -> Database {
        Database::open(folder.path().join("t.db").to_str().unwrap(), "t", STEPS).await.unwrap()
    }

    async fn add(database: &Database, name: String) -> Result<i64, PortError> {
        let add = database.writer().write("add", |connection| {
            Box::pin(async move {
                let added = sqlx::query("INSERT INTO t (who) VALUES (?)").bind(name).execute(connection).await?;
                Ok(added.last_insert_rowid())
            })
        });
        add.await
    }

    async fn names(database: &Database) -> Vec<String> {
        let mut connection = database.reader().acquire("read").await.unwrap();
        sqlx::query_scalar("SELECT who FROM t ORDER BY id").fetch_all(&mut *connection).await.unwrap()
    }

    /// Keeps the writer busy until the sender is used or dropped, so that later writes queue up together.
    async fn busy(database: &Database) -> oneshot::Sender<()> {
        let (started, is_started) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let database = database.clone();
        tokio::spawn(async move {
            let wait = database.writer().write("wait", |_| {
                Box::pin(async move {
                    let _ = started.send(());
                    let _ = ended.await;
                    Ok(())
                })
            });
            wait.await.unwrap();
        });
        is_started.await.unwrap();
        end
    }

    /// Releases the writer.
    async fn release(end: oneshot::Sender<()>) {
        drop(end);
    }

    #[tokio::test]
    async fn waiting_jobs_share_a_commit_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).await;
        let end = busy(&database).await;
        let (ids, ()) = tokio::join!(join_all((0..200).map(|at| add(&database, format!("n{at:03}")))), release(end));
        assert!(ids.into_iter().map(Result::unwrap).eq(1..=200));
        assert!(names(&database).await.is_sorted());
        let figures = database.writer().figures();
        assert_eq!((figures.jobs, figures.commits, figures.waiting), (201, 2, 0));
    }

    #[tokio::test]
    async fn a_failing_or_panicking_job_rolls_back_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).await;
        let half = database.writer().write::<(), _>("half", |connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO t (who) VALUES ('half')").execute(&mut *connection).await?;
                Err(sqlx::Error::RowNotFound)
            })
        });
        let panics = database.writer().write::<(), _>("panics", |connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO t (who) VALUES ('panic')").execute(&mut *connection).await?;
                panic!("intentional panic")
            })
        });
        let end = busy(&database).await;
        let all = tokio::join!(
            add(&database, "a".into()),
            half,
            add(&database, "a".into()),
            panics,
            add(&database, "b".into()),
            release(end),
        );
        assert!(all.0.is_ok() && all.4.is_ok());
        assert_eq!(all.1.unwrap_err().kind(), PortErrorKind::BadResponse);
        assert_eq!(all.2.unwrap_err().kind(), PortErrorKind::Conflict);
        assert!(all.3.unwrap_err().to_string().contains("panicked"));
        assert_eq!(names(&database).await, ["a", "b"]);
        assert_eq!(database.writer().figures().commits, 2, "the jobs shared a group");
    }

    #[tokio::test]
    async fn an_uncommitted_group_is_an_outage_for_all_jobs() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).await;
        // Ends the transaction behind the writer's back, as SQLite does when the disk is full.
        let ends = database.writer().write("ends", |connection| {
            Box::pin(async move { sqlx::raw_sql("ROLLBACK").execute(connection).await.map(|_| ()) })
        });
        let full = database.writer().write::<(), _>("full", |connection| {
            Box::pin(async move {
                sqlx::raw_sql("ROLLBACK").execute(connection).await?;
                Err(sqlx::Error::PoolTimedOut)
            })
        });
        let end = busy(&database).await;
        let (before, full, after, ()) =
            tokio::join!(add(&database, "a".into()), full, add(&database, "b".into()), release(end));
        assert_eq!(full.unwrap_err().kind(), PortErrorKind::RateLimited, "the job's own failure is returned");
        assert!(before.is_err() && after.is_err());
        let end = busy(&database).await;
        let (before, ends, after, ()) =
            tokio::join!(add(&database, "a".into()), ends, add(&database, "b".into()), release(end));
        for error in [before.unwrap_err(), ends.unwrap_err(), after.unwrap_err()] {
            assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
        }
        assert_eq!(names(&database).await, Vec::<String>::new());
        assert!(add(&database, "c".into()).await.is_ok(), "the writer continues with a new connection");
        assert_eq!(names(&database).await, ["c"]);
    }

    /// The caller has given up and reported an outage, so the job must not be done later.
    #[tokio::test]
    async fn a_job_without_a_caller_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).await;
        let end = busy(&database).await;
        let given_up = tokio::time::timeout(Duration::from_millis(20), add(&database, "given up".into())).await;
        assert!(given_up.is_err());
        let (kept, ()) = tokio::join!(add(&database, "kept".into()), release(end));
        assert!(kept.is_ok());
        assert_eq!(names(&database).await, ["kept"]);
    }

    /// A file that is moved, replaced or deleted is an outage at once, for writers and readers.
    #[tokio::test]
    async fn a_missing_file_is_an_outage() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).await;
        add(&database, "a".into()).await.unwrap();
        let (path, away) = (folder.path().join("t.db"), folder.path().join("away.db"));
        std::fs::rename(&path, &away).unwrap();
        for replaced in [false, true] {
            if replaced {
                std::fs::copy(&away, &path).unwrap();
            }
            let written = add(&database, "b".into()).await.unwrap_err();
            let read = database.reader().acquire("read").await.map(drop).unwrap_err();
            assert_eq!((written.kind(), read.kind()), (PortErrorKind::Unavailable, PortErrorKind::Unavailable));
        }
        std::fs::rename(&away, &path).unwrap();
        assert!(add(&database, "c".into()).await.is_ok(), "the file is back");
        assert_eq!(names(&database).await, ["a", "c"]);
    }

    /// Commits go to the journal first: without it everything since the last checkpoint is lost.
    #[tokio::test]
    async fn a_missing_journal_or_truncated_database_is_an_outage() {
        for end in ["-wal", "-shm", ""] {
            let folder = tempfile::tempdir().unwrap();
            let database = open(&folder).await;
            add(&database, "a".into()).await.unwrap();
            let path = folder.path().join(format!("t.db{end}"));
            if end.is_empty() {
                std::fs::File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
            } else {
                std::fs::remove_file(&path).unwrap();
            }
            let written = add(&database, "b".into()).await.unwrap_err();
            assert_eq!(written.kind(), PortErrorKind::Unavailable, "{end}");
            assert!(database.reader().acquire("read").await.is_err(), "{end}");
        }
    }

    #[tokio::test]
    async fn acknowledged_writes_survive_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(&folder).await;
        add(&first, "a".into()).await.unwrap();
        // The first one is still open, so nothing was flushed by closing it.
        assert_eq!(names(&open(&folder).await).await, ["a"]);
        drop(first);
        assert_eq!(names(&open(&folder).await).await, ["a"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_writers_share_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (open(&folder).await, open(&folder).await);
        let busy = async |database: Database, name: &'static str| {
            for round in 0..20 {
                let added = join_all((0..8).map(|at| add(&database, format!("{name} {round} {at}")))).await;
                assert!(added.iter().all(Result::is_ok), "{added:?}");
            }
        };
        tokio::join!(busy(one.clone(), "one"), busy(two.clone(), "two"));
        assert_eq!(names(&one).await.len(), 320);
        assert_eq!(names(&two).await.len(), 320);
    }

    #[tokio::test]
    async fn a_permanent_lock_is_an_outage() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).await;
        let mut other = connect(&SqliteConnectOptions::new().filename(folder.path().join("t.db"))).await.unwrap();
        let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let error = add(&database, "a".into()).await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
        held.rollback().await.unwrap();
        assert!(add(&database, "a".into()).await.is_ok());
    }

    #[tokio::test]
    async fn a_full_queue_is_rate_limited() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder).await;
        let end = busy(&database).await;
        let (all, ()) = tokio::join!(join_all((0..=QUEUE).map(|at| add(&database, at.to_string()))), release(end));
        let refused: Vec<_> = all.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].kind(), PortErrorKind::RateLimited);
        assert_eq!(names(&database).await.len(), QUEUE);
    }
}
