//! Maps failures of a legacy database to port errors.

use sqlx::Error;

use crate::ports::{PortError, PortErrorKind};

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

/// The primary result codes of SQLite, <https://www.sqlite.org/rescode.html>.
fn meaning(error: &Error) -> (PortErrorKind, &'static str) {
    let Some(database) = error.as_database_error() else {
        return match error {
            Error::PoolTimedOut => (PortErrorKind::RateLimited, "all connections are in use"),
            Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => {
                (PortErrorKind::BadResponse, "cannot read a value")
            }
            Error::Configuration(_) => (PortErrorKind::Misconfigured, "the connection settings are invalid"),
            _ => (PortErrorKind::Unavailable, "cannot reach the database"),
        };
    };
    let code = database.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match code {
        Some(1) => (PortErrorKind::Misconfigured, "a query does not match the database schema"),
        Some(3 | 23) => (PortErrorKind::Denied, "access to the database was denied"),
        Some(5 | 6) => (PortErrorKind::Unavailable, "the database is locked"),
        Some(8) => (PortErrorKind::Misconfigured, "a query must not write"),
        Some(9) => (PortErrorKind::Unavailable, "the query took too long"),
        Some(11 | 20 | 18) => {
            (PortErrorKind::BadResponse, "the database is damaged or contains a value that is too large")
        }
        Some(14) => (PortErrorKind::Unavailable, "cannot open the database file"),
        Some(25) => (PortErrorKind::Misconfigured, "a query has too many parameters"),
        Some(26) => (PortErrorKind::BadResponse, "the file is not a database"),
        _ => (PortErrorKind::Unavailable, "the database failed"),
    }
}
