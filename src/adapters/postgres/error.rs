//! From the errors of PostgreSQL to port errors.

use sqlx::Error;

use crate::adapters::sql::error::openly;
use crate::ports::{PortError, PortErrorKind};

/// What an error means.
type Meaning = (PortErrorKind, &'static str);

/// SQLSTATEs by their beginning, longer ones first (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const TABLE: &[(&str, Meaning)] = &[
    ("57014", (PortErrorKind::Unavailable, "the query took too long")),
    ("57", (PortErrorKind::Unavailable, "the server is stopping or starting")),
    ("53300", (PortErrorKind::RateLimited, "the server has too many connections")),
    ("53", (PortErrorKind::Unavailable, "the server lacks memory, disk or another resource")),
    ("55P03", (PortErrorKind::Unavailable, "a lock was held too long")),
    ("40", (PortErrorKind::Unavailable, "the transaction was rolled back by the server")),
    ("08", (PortErrorKind::Unavailable, "the connection broke")),
    ("25006", (PortErrorKind::Misconfigured, "a query must not write")),
    ("25P0", (PortErrorKind::Unavailable, "the session was idle for too long")),
    ("25", (PortErrorKind::Misconfigured, "a query must not change the transaction")),
    ("28", (PortErrorKind::Denied, "the server refused the user or the password")),
    ("3D000", (PortErrorKind::Misconfigured, "there is no such database")),
    ("42501", (PortErrorKind::Denied, "the user may not read a table or column")),
    ("42", (PortErrorKind::Misconfigured, "a query does not match the tables")),
    ("0A", (PortErrorKind::Misconfigured, "a query cannot be used here")),
    ("22021", (PortErrorKind::BadResponse, "a text is not valid in the encoding of the database")),
    ("22P05", (PortErrorKind::BadResponse, "a text has no equivalent in the encoding of the database")),
    ("22", (PortErrorKind::Misconfigured, "a query cannot use a value")),
    ("21", (PortErrorKind::Misconfigured, "a query cannot be answered with the data")),
    ("54", (PortErrorKind::Misconfigured, "a query or a value exceeds a limit of the server")),
    ("P0", (PortErrorKind::Misconfigured, "a function of the database reported an error")),
    ("XX", (PortErrorKind::BadResponse, "the database is damaged")),
];

/// What they mean for a change, where that differs.
const CHANGES: &[(&str, Meaning)] = &[
    // a standby, or a server that is being switched over
    ("25006", (PortErrorKind::Unavailable, "the server is read-only now")),
    ("42501", (PortErrorKind::Denied, "the user may not change a table or column")),
    ("23", (PortErrorKind::Conflict, "a constraint of the database forbids the change")),
    ("44", (PortErrorKind::Conflict, "a view forbids the change")),
    ("22", (PortErrorKind::Misconfigured, "a value does not fit its column")),
    ("42", (PortErrorKind::Misconfigured, "the statement does not match the tables")),
    ("0A", (PortErrorKind::Misconfigured, "the statement cannot be used here")),
];

/// Errors that a value of one customer causes. They must not open the circuit breaker.
const ABOUT_ONE_RECORD: &[&str] = &["22021", "22P05"];

/// The error for calls that handled customer data: only codes, no message of the server.
pub(super) fn failed(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let (kind, detail) = meaning(error);
    let code = code(error);
    let shown = code.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
    let failed = PortError::new(kind, adapter, operation).because(format!("{detail}{shown}"));
    if code.is_some_and(|code| ABOUT_ONE_RECORD.contains(&code.as_str())) {
        return failed.about_one_record();
    }
    failed
}

/// The error of a change: only codes, no message of the server.
pub(super) fn failed_to_change(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let code = code(error).unwrap_or_default();
    match CHANGES.iter().find(|(begin, _)| code.starts_with(begin)) {
        Some((_, (kind, detail))) => {
            PortError::new(*kind, adapter, operation).because(format!("{detail} (SQLSTATE {code})"))
        }
        None => failed(adapter, operation, error),
    }
}

/// Whether a query no longer fits the tables, so that describing it again may help.
pub(super) fn is_outdated(error: &Error) -> bool {
    code(error).is_some_and(|code| code.starts_with("42") && code != "42501" && code != "42P01")
}

/// The error for calls without customer data: includes the message of the server, for the author of the settings.
pub(super) fn failed_openly(adapter: &str, operation: &'static str, error: Error) -> PortError {
    openly(meaning(&error), adapter, operation, error)
}

fn code(error: &Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(std::borrow::Cow::into_owned)
}

fn meaning(error: &Error) -> Meaning {
    let Some(code) = code(error) else { return crate::adapters::sql::server::meaning(error) };
    let row = TABLE.iter().find(|(begin, _)| code.starts_with(begin));
    row.map_or((PortErrorKind::Unavailable, "the server failed"), |(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_codes_come_before_their_classes() {
        for (at, (code, _)) in TABLE.iter().enumerate() {
            let hidden = TABLE.iter().take(at).find(|(earlier, _)| code.starts_with(earlier));
            assert!(hidden.is_none(), "{code} is never reached");
        }
    }
}
