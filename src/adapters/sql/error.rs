//! Maps database failures to port errors.

use sqlx::Error;
use thiserror::Error as ThisError;

use super::template::TemplateError;
use crate::adapters::sqlite::codes::{self, Whose, primary_code};
use crate::ports::{PortError, PortErrorKind};

/// Invalid settings of a database source.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum SqlError {
    /// The address has an unknown form. It may contain a password, so it is not shown.
    #[error("invalid database address; expected `sqlite:<path>`")]
    Url,
    /// A query is invalid.
    #[error("the query of `{place}` is invalid: {problem}")]
    Template {
        /// `record`, or the name of a list.
        place: String,
        /// The cause.
        problem: TemplateError,
    },
    /// The record query uses an unknown name.
    #[error("the record query uses `:{0}`, but only `:identifier` and `:typed` are available")]
    Name(String),
    /// `key` and `value` are used without a map, or are missing for one.
    #[error("the list `{0}` needs both `key` and `value` with `as: map`, and neither without it")]
    Map(String),
}

/// The error for calls that handled customer data: only codes, no message of the database.
pub(super) fn failed(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let (kind, detail) = meaning(error);
    let code = error.as_database_error().and_then(|error| error.code()).map(|code| format!(" (code {code})"));
    PortError::new(kind, adapter, operation).because(format!("{detail}{}", code.unwrap_or_default()))
}

/// The error for calls without customer data: includes the message of the database, for the author of the settings.
pub(super) fn failed_openly(adapter: &str, operation: &'static str, error: Error) -> PortError {
    let (kind, detail) = meaning(&error);
    PortError::new(kind, adapter, operation).because(format!("{detail}: {error}")).caused_by(error)
}

/// The meaning of a failure; what the codes of the database mean is in its own table.
fn meaning(error: &Error) -> (PortErrorKind, &'static str) {
    if let Some(code) = primary_code(error) {
        return codes::meaning(code, Whose::Legacy);
    }
    match error {
        Error::PoolTimedOut => (PortErrorKind::RateLimited, "all connections are in use"),
        Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => {
            (PortErrorKind::BadResponse, "cannot read a value")
        }
        Error::Configuration(_) => (PortErrorKind::Misconfigured, "the connection settings are invalid"),
        _ => (PortErrorKind::Unavailable, "cannot reach the database"),
    }
}
