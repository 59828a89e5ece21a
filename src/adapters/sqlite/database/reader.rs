//! A few read-only connections, besides the writer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Sqlite, SqliteConnection};

use super::error::port_error;
use super::place::Place;
use crate::ports::{BoxFuture, PortError};

/// How many connections read concurrently. Stops a flood from opening files without limit; reads take microseconds, and
/// a report that takes seconds leaves three connections for logins.
const READERS: u32 = 4;

/// How long a read waits for a connection. Shorter than a login may take.
const READ_WAIT: Duration = Duration::from_secs(1);

/// Reads from a file. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    name: Arc<str>,
    pool: SqlitePool,
    place: Place,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(name: &str, options: SqliteConnectOptions, place: Place) -> Self {
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(READ_WAIT)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Self { name: name.into(), pool, place }
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// If all connections stay in use for too long, or the file cannot be opened or no longer exists.
    pub async fn acquire(&self, operation: &'static str) -> Result<PoolConnection<Sqlite>, PortError> {
        self.place.check(&self.name, operation)?;
        self.pool.acquire().await.map_err(self.failed(operation))
    }

    /// Runs a reading job of the form that [`Writer::write`](super::Writer::write) takes.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire), and the failure of the job.
    pub async fn read<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        let mut connection = self.acquire(operation).await?;
        job(&mut connection).await.map_err(self.failed(operation))
    }

    /// Creates the error of a failed read, for `map_err`.
    pub fn failed(&self, operation: &'static str) -> impl Fn(sqlx::Error) -> PortError + use<> {
        let name = Arc::clone(&self.name);
        move |error| port_error(&name, operation, &error)
    }
}
