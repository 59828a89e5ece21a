//! Changes of one row on a database server: one transaction for each change.

use std::time::Duration;

use tokio::time::Instant;

use super::database::{Opening, Writable, too_many_rows};
use super::pool::{Lease, Pool, Server};
use super::statement::Statement;
use crate::adapters::write_back::WRITE;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// What a statement did, before it is committed.
pub(in crate::adapters) struct Changed {
    /// How many rows it changed, or found as they should be.
    pub rows: u64,
    /// Whether the server warned of a value, so that the rows may be those of another customer.
    pub is_doubtful: bool,
}

/// From errors of the driver to port errors.
pub(in crate::adapters) struct Errors {
    /// Of calls that handled customer data.
    pub failed: fn(&str, &'static str, &sqlx::Error) -> PortError,
    /// Of a change.
    pub failed_to_change: fn(&str, &'static str, &sqlx::Error) -> PortError,
    /// Of calls without customer data, with the message of the server.
    pub failed_openly: fn(&str, &'static str, sqlx::Error) -> PortError,
}

/// What a change needs of a server.
pub(in crate::adapters) trait OneRow: Server + Sized {
    /// What its errors mean.
    const ERRORS: Errors;

    /// The statements that begin a change, which may take so long.
    fn begin(left: Duration) -> String;

    /// Runs a statement.
    fn change<'l>(
        lease: &'l mut Lease<Self>,
        statement: &'l Statement,
        values: Vec<String>,
    ) -> BoxFuture<'l, Result<Changed, sqlx::Error>>;

    /// Lets the server prepare a statement without running it. Returns what is to be known of it, as sentences.
    fn prepare<'l>(
        lease: &'l mut Lease<Self>,
        statement: &'l Statement,
    ) -> BoxFuture<'l, Result<Vec<String>, sqlx::Error>>;
}

/// A database on a server.
struct OnServer<S: Server> {
    name: String,
    pool: Pool<S>,
}

/// A database in which a row can be changed; connects to nothing.
pub(in crate::adapters) fn open<S: OneRow>(opening: &Opening<'_>, server: S) -> Result<Box<dyn Writable>, String> {
    let pool = Pool::new(server, opening.connections).map_err(|error| error.to_string())?;
    Ok(Box::new(OnServer { name: opening.name.to_owned(), pool }))
}

impl<S: OneRow> OnServer<S> {
    async fn lease(&self, deadline: Instant) -> Result<Lease<S>, PortError> {
        let begin = S::begin(deadline.saturating_duration_since(Instant::now()));
        let lease = self.pool.lease(&begin, deadline).await;
        lease.map_err(|why| why.error(&self.name, WRITE, S::ERRORS.failed_openly).temporarily())
    }

    async fn end(&self, lease: Lease<S>) -> Result<(), PortError> {
        lease.end().await.map_err(|error| (S::ERRORS.failed)(&self.name, WRITE, &error))
    }

    /// Why a change must not be committed.
    fn objection(&self, changed: &Changed) -> Option<PortError> {
        if changed.is_doubtful {
            let why = "the database warned of a value, such as a text that is compared with a number, and the change was \
                       rolled back: compare with a column of the same type";
            return Some(PortError::new(PortErrorKind::Conflict, &self.name, WRITE).because(why));
        }
        (changed.rows > 1).then(|| too_many_rows(&self.name, changed.rows))
    }
}

impl<S: OneRow> Writable for OnServer<S> {
    fn change<'a>(
        &'a self,
        statement: &'a Statement,
        values: Vec<String>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<u64, PortError>> {
        Box::pin(async move {
            let failed = |error| (S::ERRORS.failed_to_change)(&self.name, WRITE, &error);
            let mut lease = self.lease(deadline).await?;
            let changed = S::change(&mut lease, statement, values).await.map_err(failed)?;
            if let Some(objection) = self.objection(&changed) {
                self.end(lease).await?;
                return Err(objection);
            }
            // constraints may be checked only now
            lease.commit().await.map_err(failed)?;
            Ok(changed.rows)
        })
    }

    fn prepare<'a>(
        &'a self,
        statement: &'a Statement,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Vec<String>, PortError>> {
        Box::pin(async move {
            let mut lease = self.lease(deadline).await?;
            let prepared = S::prepare(&mut lease, statement).await;
            let found = prepared.map_err(|error| (S::ERRORS.failed_openly)(&self.name, WRITE, error))?;
            self.end(lease).await?;
            Ok(found)
        })
    }
}
