//! Landfall's own tables in a PostgreSQL database that many processes on many hosts share.
//!
//! * **Transactions.** Every write is one transaction at the isolation level `READ COMMITTED`, which takes the locks that
//!   it needs: a [stripe](stripes) where rows that do not exist yet must not be raced for, and rows otherwise. It is
//!   correct at stronger levels, too, where it is repeated more often.
//! * **Durability.** `synchronous_commit` is `on` in every transaction, whatever the role or the database has set.
//! * **Repetition.** A write that the server rolled back (a serialization failure, a deadlock, two processes that insert the
//!   same key) is repeated within its deadline. So is one whose commit was not answered: every job finds what its own first
//!   try has written, by ids that were made before it, so repeating it is looking it up. Locks make the second try wait for
//!   the end of the first one. If the deadline passes, it is an outage, never a success.
//! * **Stale processes and servers.** A transaction that waits for its client longer than [`IDLE`] is ended by the server,
//!   so that a process that stands still holds no lock. A server that gives no answer until the deadline has vanished: its
//!   connection is closed. Every transaction is declared as `READ WRITE`, also one that only
//!   reads: a standby refuses it, so nobody reads from a server that has been replaced.
//!
//! Portable SQL only, so that databases that speak PostgreSQL's protocol can serve: no advisory locks, `LISTEN`, triggers,
//! functions in the database, sequences, temporary tables, arrays in columns, or JSON types.

mod answer;
mod clock;
mod error;
mod repeat;
mod schema;
mod stripes;
mod trial;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::Instant;

pub(super) use answer::answer;
pub(super) use clock::check_clock;
pub(super) use repeat::{Failure, Tries};
pub(super) use schema::{Absent, Schema, prepare};
#[cfg(test)]
pub(super) use stripes::STRIPES;
pub(super) use stripes::stripe;
pub(super) use trial::try_out;

use super::address;
use crate::adapters::sql::pool::{Lease, NoConnection, Pool};
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// How many connections a process opens for each of its ledger and its account store. Stops a flood of logins from taking
/// all connections of the server, which has 100 by default; a connection is used for a few milliseconds at a time.
const CONNECTIONS: u32 = 8;

/// How long a call may take that has no deadline of its own. Longer than the guards of a login wait; a command is told
/// after this time that the database does not answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a transaction may wait for its client. Stops a process that stands still from holding locks; far longer than a
/// process waits between two statements.
const IDLE: Duration = Duration::from_secs(3);

/// A database with tables of Landfall. Cheap to clone.
#[derive(Clone)]
pub(super) struct Database {
    name: Arc<str>,
    pool: Arc<Pool<PgConnectOptions>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a transaction sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// Each statement sees what was committed before it.
    Latest,
    /// All statements see the same.
    Snapshot,
}

impl Database {
    /// The database of an address. Connects to nothing.
    ///
    /// # Errors
    /// [`PortErrorKind::Misconfigured`] for an address that cannot be used.
    pub fn new(name: &str, url: &str, folder: &Path) -> Result<Self, PortError> {
        let wrong = |why: String| {
            PortError::new(PortErrorKind::Misconfigured, name, "open").because(format!("invalid address: {why}"))
        };
        let options = address::options(url, folder).map_err(wrong)?;
        let pool = Pool::new(options, CONNECTIONS).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { name: name.into(), pool: Arc::new(pool) })
    }

    /// The name in errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a job in one transaction, and returns its answer once it is durable. See the module for when it is repeated.
    ///
    /// # Errors
    /// The failure of the job, or of the database until the deadline.
    pub async fn write<D, T, F>(
        &self,
        operation: &'static str,
        deadline: Instant,
        data: D,
        job: F,
    ) -> Result<T, PortError>
    where
        F: for<'c> Fn(&'c mut PgConnection, &'c D) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        let mut tries = Tries::until(deadline);
        loop {
            match self.write_once(deadline, &data, &job).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => tries.after(&self.name, operation, failure).await?,
            }
        }
    }

    async fn write_once<D, T, F>(&self, deadline: Instant, data: &D, job: &F) -> Result<T, Failure>
    where
        F: for<'c> Fn(&'c mut PgConnection, &'c D) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        let mut transaction = self.begin(deadline).await?;
        match answer(deadline, job(transaction.connection()?, data)).await {
            Ok(done) => transaction.commit().await.map(|()| done),
            Err(error) => Err(transaction.roll_back(error).await),
        }
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// If there is no connection until the deadline.
    pub async fn begin(&self, deadline: Instant) -> Result<Transaction, Failure> {
        self.begin_with(View::Latest, deadline).await
    }

    async fn begin_with(&self, view: View, deadline: Instant) -> Result<Transaction, Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        // the driver panics at a greeting that is too short, too
        let leased = AssertUnwindSafe(self.pool.lease(&begin(view, left), deadline)).catch_unwind().await;
        let unreadable = || NoConnection::Failed(sqlx::Error::Protocol("the driver cannot read the answer".to_owned()));
        let lease = leased.unwrap_or_else(|_| Err(unreadable())).map_err(Failure::NoConnection)?;
        Ok(Transaction { lease, deadline })
    }

    /// Runs a job that only reads.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn read<D, T, F>(
        &self,
        operation: &'static str,
        deadline: Instant,
        data: D,
        job: F,
    ) -> Result<T, PortError>
    where
        F: for<'c> Fn(&'c mut PgConnection, &'c D) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        let mut tries = Tries::until(deadline);
        loop {
            match self.read_once(View::Latest, deadline, &data, &job).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => tries.after(&self.name, operation, failure).await?,
            }
        }
    }

    async fn read_once<D, T, F>(&self, view: View, deadline: Instant, data: &D, job: &F) -> Result<T, Failure>
    where
        F: for<'c> Fn(&'c mut PgConnection, &'c D) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        let mut transaction = self.begin_with(view, deadline).await?;
        match answer(deadline, job(transaction.connection()?, data)).await {
            Ok(read) => {
                // what was read is known, however the transaction ends
                drop(answer(deadline, transaction.lease.end()).await);
                Ok(read)
            }
            Err(error) => Err(transaction.roll_back(error).await),
        }
    }

    /// Runs a long report once, whose statements all see the same.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn report<D, T, F>(&self, operation: &'static str, data: D, job: F) -> Result<T, PortError>
    where
        F: for<'c> FnOnce(&'c mut PgConnection, &'c mut D) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        let mut data = data;
        let reported = async {
            let mut transaction = self.begin_with(View::Snapshot, Instant::now() + REPORT).await?;
            match job(transaction.connection()?, &mut data).await {
                Ok(answer) => transaction.lease.end().await.map(|()| answer).map_err(Failure::Statement),
                Err(error) => Err(transaction.roll_back(error).await),
            }
        };
        reported.await.map_err(|failure: Failure| failure.error(&self.name, operation))
    }
}

/// How long a report may take. Allows for the verification of an audit of many million rows.
const REPORT: Duration = Duration::from_secs(60 * 60);

/// The statements that begin a transaction. The settings end with it, so that a pooler such as PgBouncer keeps none of
/// them.
fn begin(view: View, left: Duration) -> String {
    let level = match view {
        View::Latest => "READ COMMITTED",
        View::Snapshot => "REPEATABLE READ",
    };
    let (left, idle) = (left.as_millis().max(1), IDLE.as_millis());
    format!(
        "BEGIN ISOLATION LEVEL {level}, READ WRITE; SET LOCAL statement_timeout = {left}; SET LOCAL lock_timeout = {left}; \
         SET LOCAL idle_in_transaction_session_timeout = {idle}; SET LOCAL synchronous_commit = on"
    )
}

/// A transaction. One that is dropped takes its connection with it.
pub(super) struct Transaction {
    lease: Lease<PgConnectOptions>,
    deadline: Instant,
}

impl Transaction {
    /// The connection.
    ///
    /// # Errors
    /// Never, as long as the transaction lives.
    pub fn connection(&mut self) -> Result<&mut PgConnection, Failure> {
        self.lease.connection().map_err(Failure::Statement)
    }

    /// Commits.
    ///
    /// # Errors
    /// [`Failure::Commit`].
    pub async fn commit(self) -> Result<(), Failure> {
        answer(self.deadline, self.lease.commit()).await.map_err(Failure::Commit)
    }

    /// Rolls back after a failure, which is returned.
    pub async fn roll_back(self, error: sqlx::Error) -> Failure {
        if !error::is_broken(&error) {
            // a connection that cannot even roll back is closed
            drop(answer(self.deadline, self.lease.end()).await);
        }
        Failure::Statement(error)
    }
}
