//! What a failure of the database means to a login.

use sqlx::Error;
use thiserror::Error as ThisError;

use super::template::TemplateError;
use crate::migrate::{PortError, PortErrorKind};

/// Why settings make no database source.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum SqlError {
    /// The address is no address of a database that is known here. It may hold a password, so it is not shown.
    #[error("the address of the database is not of the form `sqlite:<path>`")]
    Url,
    /// A query is none.
    #[error("the query of `{place}` is no query: {problem}")]
    Template {
        /// `record`, or the name of a list.
        place: String,
        /// Why.
        problem: TemplateError,
    },
    /// The query of the record names something else than the identifier.
    #[error("the query of the record is given `:identifier` and `:typed`, and no `:{0}`")]
    Name(String),
    /// `key` and `value` belong to maps, and only to them.
    #[error("the list `{0}` has `key` and `value` exactly when it is read `as: map`")]
    Map(String),
}

/// A failure as a port's, for calls that saw values of a customer: only codes, no message of the database.
pub(super) fn failed(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let (kind, detail) = meaning(error);
    let code = error.as_database_error().and_then(|error| error.code()).map(|code| format!(" (code {code})"));
    PortError::new(kind, adapter, operation).because(format!("{detail}{}", code.unwrap_or_default()))
}

/// The same for calls without values: the message of the database helps whoever wrote the settings.
pub(super) fn failed_openly(adapter: &str, operation: &'static str, error: Error) -> PortError {
    let (kind, detail) = meaning(&error);
    PortError::new(kind, adapter, operation).because(format!("{detail}: {error}")).caused_by(error)
}

/// The primary result codes of SQLite, <https://www.sqlite.org/rescode.html>.
fn meaning(error: &Error) -> (PortErrorKind, &'static str) {
    let Some(database) = error.as_database_error() else {
        return match error {
            Error::PoolTimedOut => (PortErrorKind::RateLimited, "all connections are in use"),
            Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => {
                (PortErrorKind::BadResponse, "a value cannot be read")
            }
            Error::Configuration(_) => (PortErrorKind::Misconfigured, "the connection is not configured"),
            _ => (PortErrorKind::Unavailable, "the database cannot be reached"),
        };
    };
    let code = database.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match code {
        Some(1) => (PortErrorKind::Misconfigured, "a query does not fit the database"),
        Some(3 | 23) => (PortErrorKind::Denied, "the database may not be read"),
        Some(5 | 6) => (PortErrorKind::Unavailable, "the database is locked"),
        Some(8) => (PortErrorKind::Misconfigured, "a query writes"),
        Some(9) => (PortErrorKind::Unavailable, "it took too long"),
        Some(11 | 20 | 18) => (PortErrorKind::BadResponse, "the database is damaged or holds too large a value"),
        Some(14) => (PortErrorKind::Unavailable, "the database file cannot be opened"),
        Some(25) => (PortErrorKind::Misconfigured, "a query is given too many values"),
        Some(26) => (PortErrorKind::BadResponse, "the file is no database"),
        _ => (PortErrorKind::Unavailable, "the database failed"),
    }
}
