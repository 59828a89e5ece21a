//! What failures mean for Landfall's own tables. The server's message is never included, because it may quote values.

use sqlx::Error;

use crate::adapters::refusal::decided;
use crate::ports::{PortError, PortErrorKind};

/// What an error means.
type Meaning = (PortErrorKind, &'static str);

/// SQLSTATEs by their beginning, longer ones first (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const TABLE: &[(&str, Meaning)] = &[
    ("57014", (PortErrorKind::Unavailable, "the database did not answer in time")),
    ("57", (PortErrorKind::Unavailable, "the database is stopping or starting")),
    ("53300", (PortErrorKind::RateLimited, "the database has too many connections")),
    ("53", (PortErrorKind::Unavailable, "the database lacks memory, disk or another resource")),
    ("55P03", (PortErrorKind::Unavailable, "another process held a lock for too long")),
    ("40003", (PortErrorKind::Unavailable, "the database does not know whether the transaction was committed")),
    ("40", (PortErrorKind::Unavailable, "other transactions prevented this one for too long")),
    ("08", (PortErrorKind::Unavailable, "the connection broke")),
    // a transaction is declared as READ WRITE
    ("0A", (PortErrorKind::Unavailable, "the server is a standby, which takes no writes")),
    ("25006", (PortErrorKind::Unavailable, "the server is a standby, which takes no writes")),
    ("25P02", (PortErrorKind::BadResponse, "a statement failed")),
    ("25P0", (PortErrorKind::Unavailable, "this process stood still for too long")),
    ("23", (PortErrorKind::Conflict, "the new data contradicts the stored data")),
    ("28", (PortErrorKind::Denied, "the database refused the user or the password")),
    ("3D000", (PortErrorKind::Misconfigured, "there is no such database")),
    ("42501", (PortErrorKind::Denied, "the user lacks a privilege on the tables, or may not create them")),
    ("42P01", (PortErrorKind::Misconfigured, "a table is missing")),
    ("42", (PortErrorKind::BadResponse, "the tables are not those that Landfall has created")),
    ("22021", (PortErrorKind::BadResponse, "a text has a character that the database cannot store")),
    ("22P05", (PortErrorKind::BadResponse, "a text has a character that the database cannot store")),
    ("54", (PortErrorKind::BadResponse, "a value exceeds a limit of the database")),
    ("XX", (PortErrorKind::BadResponse, "the database is damaged")),
];

/// Errors that a value of one customer causes. They must not open the circuit breaker.
const ABOUT_ONE_RECORD: &[&str] = &["22021", "22P05", "54000"];

/// The [`PortError`] of a failure.
pub(super) fn port_error(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    if let Some((kind, detail)) = decided(error) {
        return PortError::new(kind, adapter, operation).because(detail);
    }
    let Some(code) = code(error) else {
        let (kind, detail) = crate::adapters::sql::server::meaning(error);
        return PortError::new(kind, adapter, operation).because(detail);
    };
    let row = TABLE.iter().find(|(begin, _)| code.starts_with(begin));
    let (kind, detail) = row.map_or((PortErrorKind::Unavailable, "the database failed"), |(_, meaning)| *meaning);
    let failed = PortError::new(kind, adapter, operation).because(format!("{detail} (SQLSTATE {code})"));
    if ABOUT_ONE_RECORD.contains(&code.as_str()) { failed.about_one_record() } else { failed }
}

/// The error of a commit whose outcome could not be found out.
pub(super) fn unknown_outcome(adapter: &str, operation: &'static str) -> PortError {
    PortError::new(PortErrorKind::Unavailable, adapter, operation)
        .because("the connection broke during the commit, and the outcome could not be looked up in time")
}

/// The SQLSTATE of a failure that the server reported.
fn code(error: &Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(std::borrow::Cow::into_owned)
}

/// Whether the connection cannot be used any more.
pub(super) fn is_broken(error: &Error) -> bool {
    match code(error) {
        // cancelling a statement leaves the connection as it is
        Some(code) => {
            code != "57014" && code != "25P02" && ["57", "08", "25P0", "XX"].iter().any(|begin| code.starts_with(begin))
        }
        None => {
            decided(error).is_none()
                && !matches!(error, Error::RowNotFound | Error::ColumnDecode { .. } | Error::Decode(_))
        }
    }
}

/// Whether the server rolled the transaction back because of others, so that repeating it may help.
pub(super) fn is_rolled_back(error: &Error) -> bool {
    code(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | "40002" | "40000"))
}

/// Whether another transaction wrote the same key, or created the same table, first.
pub(super) fn is_race(error: &Error) -> bool {
    code(error).is_some_and(|code| matches!(code.as_str(), "23505" | "42P07" | "42710"))
}

/// Whether a commit that failed has certainly written nothing.
pub(super) fn is_undone(error: &Error) -> bool {
    is_rolled_back(error) || code(error).is_some_and(|code| code.starts_with("23") || code.starts_with("25P02"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::refusal::{late, refusal};

    #[test]
    fn longer_codes_come_before_their_classes() {
        for (at, (code, _)) in TABLE.iter().enumerate() {
            let hidden = TABLE.iter().take(at).find(|(earlier, _)| code.starts_with(earlier));
            assert!(hidden.is_none(), "{code} is never reached");
        }
    }

    #[test]
    fn a_lost_connection_is_no_answer_of_the_server() {
        let lost = Error::Io(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        assert!(is_broken(&lost) && !is_undone(&lost) && !is_rolled_back(&lost));
        assert_eq!(port_error("ledger", "claim", &lost).kind(), PortErrorKind::Unavailable);
        for own in [refusal("no"), late("no")] {
            assert!(!is_broken(&own));
            assert_eq!(port_error("ledger", "claim", &own).detail(), "no");
        }
    }
}
