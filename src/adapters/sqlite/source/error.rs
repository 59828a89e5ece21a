//! Maps failures of a legacy database to port errors.

use sqlx::Error;

use crate::adapters::sql::error::openly;
use crate::adapters::sqlite::codes::{self, Whose, primary_code};
use crate::ports::{PortError, PortErrorKind};

/// The error for calls that handled customer data: only codes, no message of the database.
pub(super) fn failed(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let (kind, detail) = meaning(error);
    let code = error.as_database_error().and_then(|error| error.code()).map(|code| format!(" (code {code})"));
    PortError::new(kind, adapter, operation).because(format!("{detail}{}", code.unwrap_or_default()))
}

/// The error for calls without customer data: includes the message of the database, for the author of the settings.
pub(super) fn failed_openly(adapter: &str, operation: &'static str, error: Error) -> PortError {
    openly(meaning(&error), adapter, operation, error)
}

/// The error of a write. Codes have the meaning that they have for files that are written, apart from those that blame the
/// statement.
pub(super) fn failed_to_write(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let is_statement = |code: &i32| matches!(code, 1 | 25);
    let Some(code) = primary_code(error).filter(|code| !is_statement(code)) else {
        return failed(adapter, operation, error);
    };
    let (kind, detail) = codes::meaning(code, Whose::Ours);
    PortError::new(kind, adapter, operation).because(format!("{detail} (code {code})"))
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
