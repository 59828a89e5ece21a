//! What a source needs of a database. Each database is one folder in `adapters/` that implements these two traits.

use std::path::Path;

use tokio::time::Instant;

use super::cell::{Cell, Cells};
use super::dialect::Dialect;
use super::statement::Statement;
use super::template::Template;
use crate::adapters::write_back::WRITE;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// One database product.
pub(in crate::adapters) trait Database: Send + Sync {
    /// Begins a session on one snapshot, in which nothing can be written. `operation` is for errors.
    ///
    /// The time limit belongs to the caller; the database passes `deadline` on, so that no query runs on after it.
    fn session<'a>(
        &'a self,
        operation: &'static str,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn Session + 'a>, PortError>>;
}

/// A session, which is read-only. One that is dropped before [`end`](Self::end) takes its connection with it.
pub(in crate::adapters) trait Session: Send {
    /// The rows of a query, at most one more than the limit, in exact values.
    fn rows<'a>(
        &'a mut self,
        query: &'a Template,
        values: Vec<Cell>,
        limits: RowLimits,
    ) -> BoxFuture<'a, Result<Vec<Cells>, PortError>>;

    /// What the database says of a query, without running it.
    fn describe<'a>(&'a mut self, query: &'a Template) -> BoxFuture<'a, Result<Description, PortError>>;

    /// Whether a query failed because the tables have changed since an earlier session, so that a new session helps.
    fn is_outdated(&self) -> bool {
        false
    }

    /// Ends the session, so that its connection can be used again.
    fn end<'a>(self: Box<Self>) -> BoxFuture<'a, Result<(), PortError>>
    where
        Self: 'a;
}

/// A database in which a row can be changed.
pub(in crate::adapters) trait Writable: Send + Sync {
    /// Runs a statement in a transaction of its own, and returns how many rows it changed: none or one. If it would change
    /// several, nothing is changed and the answer is an error.
    ///
    /// The time limit belongs to the caller, as for a [`Database`]. A failure to connect is temporary whatever it is: nothing
    /// was asked of the database yet.
    fn change<'a>(
        &'a self,
        statement: &'a Statement,
        values: Vec<String>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<u64, PortError>>;

    /// Lets the database prepare a statement without running it. Returns what is to be known of it, as sentences.
    fn prepare<'a>(
        &'a self,
        statement: &'a Statement,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Vec<String>, PortError>>;
}

/// The error of a statement that would change several rows, and was rolled back.
pub(in crate::adapters) fn too_many_rows(name: &str, rows: u64) -> PortError {
    PortError::new(PortErrorKind::Conflict, name, WRITE).because(format!(
        "the statement would change {rows} rows, and was rolled back: its condition must name one customer"
    ))
}

/// How much a query may return.
#[derive(Debug, Clone, Copy)]
pub(in crate::adapters) struct RowLimits {
    /// Rows; one more is returned, so that the caller sees that there are more.
    pub rows: usize,
    /// Bytes of all values.
    pub bytes: usize,
}

/// What a database says of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::adapters) struct Description {
    /// The columns: names, and types in the words of the database.
    pub columns: Vec<(String, String)>,
    /// Comparisons that are looser than the one spelling of an identifier, as sentences.
    pub loose: Vec<String>,
}

/// A row of the table of databases.
pub(in crate::adapters) struct Kind {
    /// The schemes of its addresses, without the colon.
    pub schemes: &'static [&'static str],
    /// An example of an address, for messages.
    pub example: &'static str,
    /// Its SQL.
    pub dialect: &'static Dialect,
    /// Checks an address and makes the database; connects to nothing.
    pub open: fn(&Opening<'_>) -> Result<Box<dyn Database>, String>,
    /// The same for a database in which a row can be changed.
    pub open_writable: fn(&Opening<'_>) -> Result<Box<dyn Writable>, String>,
}

/// What a database is made from.
pub(in crate::adapters) struct Opening<'a> {
    /// The name of the source, for errors.
    pub name: &'a str,
    /// The address.
    pub url: &'a str,
    /// The folder that paths in the address are relative to.
    pub folder: &'a Path,
    /// The most connections at a time.
    pub connections: u32,
    /// How identifiers are normalized.
    pub identifiers: crate::ports::IdentifierProfile,
}
