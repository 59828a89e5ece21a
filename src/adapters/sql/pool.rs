//! Connections to a database server.
//!
//! The pool is deadpool's and not sqlx's: sqlx's keeps trying to connect to a server that refuses connections until its
//! own timeout, and then reports that all connections are in use.

use std::time::Duration;

use deadpool::managed::{
    self, BuildError, Metrics, Object, PoolConfig, PoolError, QueueMode, RecycleError, RecycleResult,
};
use tokio::time::{Instant, timeout};

use crate::adapters::pooling::{end_of_wait, is_full, is_too_old};
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// The longest wait for the first answer on a connection that was used before. Networks can lose connections without a
/// word; a new one answers sooner.
const FIRST_ANSWER: Duration = Duration::from_millis(300);

/// What the pool needs of a driver.
pub(in crate::adapters) trait Server: Send + Sync + 'static {
    /// A connection.
    type Connection: Send + 'static;

    /// Connects.
    fn open(&self) -> BoxFuture<'_, Result<Self::Connection, sqlx::Error>>;

    /// Runs statements without parameters and without results.
    fn run<'c>(connection: &'c mut Self::Connection, sql: String) -> BoxFuture<'c, Result<(), sqlx::Error>>;
}

/// Makes connections.
pub(in crate::adapters) struct Manager<S>(S);

impl<S: Server> managed::Manager for Manager<S> {
    type Type = S::Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<S::Connection, sqlx::Error> {
        self.0.open().await
    }

    async fn recycle(&self, _: &mut S::Connection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if is_too_old(metrics) {
            return Err(RecycleError::message("the connection is too old"));
        }
        Ok(())
    }
}

/// The connections of one source.
pub(in crate::adapters) struct Pool<S: Server>(managed::Pool<Manager<S>>);

/// Why there is no connection.
#[derive(Debug)]
pub(in crate::adapters) enum NoConnection {
    /// All are in use until the deadline.
    AllInUse,
    /// The server did not answer until the deadline.
    NoAnswer,
    /// The server refused, or the connection broke.
    Failed(sqlx::Error),
}

impl NoConnection {
    /// The error of the port; `failed` makes it from an error of the driver. Nothing of a customer was sent yet.
    pub fn error(
        self,
        adapter: &str,
        operation: &'static str,
        failed: impl FnOnce(&str, &'static str, sqlx::Error) -> PortError,
    ) -> PortError {
        match self {
            Self::AllInUse => {
                PortError::new(PortErrorKind::RateLimited, adapter, operation).because("all connections are in use")
            }
            Self::NoAnswer => {
                PortError::new(PortErrorKind::Unavailable, adapter, operation).because("the server does not answer")
            }
            Self::Failed(error) => failed(adapter, operation, error),
        }
    }
}

impl<S: Server> Pool<S> {
    /// A pool that connects when a connection is needed.
    pub fn new(server: S, connections: u32) -> Result<Self, BuildError> {
        let size = usize::try_from(connections).unwrap_or(usize::MAX).max(1);
        let config = PoolConfig { queue_mode: QueueMode::Lifo, ..PoolConfig::new(size) };
        managed::Pool::builder(Manager(server)).config(config).build().map(Self)
    }

    /// A connection on which these statements have run, the last of which begins a transaction. A connection that the
    /// server has closed meanwhile, as after a restart, is replaced.
    pub async fn lease(&self, begin: &str, deadline: Instant) -> Result<Lease<S>, NoConnection> {
        let deadline = end_of_wait(deadline);
        loop {
            let object = self.connection(deadline).await?;
            let is_used = Object::metrics(&object).recycle_count > 0;
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = if is_used { left.min(FIRST_ANSWER) } else { left };
            let mut lease = Lease { object: Some(object) };
            match timeout(wait, lease.run(begin)).await {
                Ok(Ok(())) => return Ok(lease),
                Ok(Err(_)) if is_used && Instant::now() < deadline => {}
                // The other idle connections are probably as old, and nobody can wait for each of them.
                Err(_) if is_used && Instant::now() < deadline => drop(self.0.retain(|_, _| false)),
                Ok(Err(error)) => return Err(NoConnection::Failed(error)),
                Err(_) => return Err(NoConnection::NoAnswer),
            }
        }
    }

    async fn connection(&self, deadline: Instant) -> Result<Object<Manager<S>>, NoConnection> {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, self.0.get()).await {
            Ok(Ok(object)) => Ok(object),
            Ok(Err(PoolError::Backend(error))) => Err(NoConnection::Failed(error)),
            Ok(Err(_)) => Err(NoConnection::AllInUse),
            Err(_) => Err(if is_full(self.0.status()) { NoConnection::AllInUse } else { NoConnection::NoAnswer }),
        }
    }
}

/// A connection in a transaction. Unless it is given back it is closed: its state is unknown.
pub(in crate::adapters) struct Lease<S: Server> {
    object: Option<Object<Manager<S>>>,
}

impl<S: Server> Lease<S> {
    /// The connection.
    ///
    /// # Errors
    /// If it was given back.
    pub fn connection(&mut self) -> Result<&mut S::Connection, sqlx::Error> {
        self.object.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        S::run(self.connection()?, sql.to_owned()).await
    }

    /// Commits the transaction and gives the connection back. After an error that did not come from the server it is
    /// unknown whether the transaction took effect.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.run("COMMIT").await?;
        drop(self.object.take());
        Ok(())
    }

    /// Ends the transaction and gives the connection back.
    pub async fn end(mut self) -> Result<(), sqlx::Error> {
        self.run("ROLLBACK").await?;
        drop(self.object.take());
        Ok(())
    }
}

impl<S: Server> Drop for Lease<S> {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }
}
