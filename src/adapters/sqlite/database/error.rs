//! Maps SQLite failures to port errors. SQLite's own message is never included, because it may quote values.

use std::io;

use crate::adapters::refusal::decided;
use crate::adapters::sqlite::codes::{self, Whose, primary_code};
use crate::ports::{PortError, PortErrorKind};

/// The [`PortError`] of an SQLite failure during `operation` at `adapter`.
#[must_use]
pub fn port_error(adapter: &str, operation: &'static str, error: &sqlx::Error) -> PortError {
    let (kind, detail) = meaning(error);
    PortError::new(kind, adapter, operation).because(detail)
}

/// The error for a file that cannot be created or opened.
pub(super) fn file_error(adapter: &str, error: &io::Error) -> PortError {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => PortErrorKind::Denied,
        io::ErrorKind::NotFound => PortErrorKind::Misconfigured,
        _ => PortErrorKind::Unavailable,
    };
    PortError::new(kind, adapter, "open").because(format!("cannot open the file: {}", error.kind()))
}

/// Whether another connection holds the lock.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(codes::BUSY | codes::LOCKED))
}

/// What happened, in one sentence without values.
pub(super) fn detail(error: &sqlx::Error) -> String {
    meaning(error).1
}

fn meaning(error: &sqlx::Error) -> (PortErrorKind, String) {
    use PortErrorKind as Kind;
    if let Some(code) = primary_code(error) {
        let (kind, detail) = codes::meaning(code, Whose::Ours);
        return (kind, format!("{detail} (SQLite code {code})"));
    }
    if let Some((kind, detail)) = decided(error) {
        return (kind, detail.to_owned());
    }
    let (kind, detail) = match error {
        sqlx::Error::Io(_) => (Kind::Unavailable, "cannot read or write the file"),
        sqlx::Error::PoolTimedOut => (Kind::RateLimited, "all connections are in use"),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => (Kind::Unavailable, "the connection is closed"),
        sqlx::Error::Configuration(_) => (Kind::Misconfigured, "invalid file address"),
        sqlx::Error::RowNotFound => (Kind::BadResponse, "a row is missing"),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            (Kind::BadResponse, "a column has an unexpected type or value")
        }
        _ => (Kind::BadResponse, "the database library failed"),
    };
    (kind, detail.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::refusal::refusal;

    #[test]
    fn failures_without_a_code_map_to_kinds() {
        let cases = [
            (sqlx::Error::PoolTimedOut, PortErrorKind::RateLimited),
            (sqlx::Error::PoolClosed, PortErrorKind::Unavailable),
            (sqlx::Error::RowNotFound, PortErrorKind::BadResponse),
            (refusal("x"), PortErrorKind::BadResponse),
            (sqlx::Error::Io(io::Error::other("x")), PortErrorKind::Unavailable),
        ];
        for (error, kind) in cases {
            assert_eq!(port_error("ledger", "read", &error).kind(), kind, "{error}");
        }
    }

    #[tokio::test]
    async fn values_do_not_appear_in_errors() {
        use sqlx::Connection as _;
        let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let sql = "CREATE TABLE t (a TEXT UNIQUE); INSERT INTO t VALUES ('canary'); INSERT INTO t VALUES ('canary')";
        let error = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap_err();
        let rendered = port_error("ledger", "write", &error);
        assert_eq!(rendered.kind(), PortErrorKind::Conflict);
        assert!(!format!("{rendered:?}").contains("canary"), "{rendered}");
        assert!(std::error::Error::source(&rendered).is_none());
    }
}
