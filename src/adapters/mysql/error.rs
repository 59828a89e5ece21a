//! From the errors of MySQL and MariaDB to port errors.

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use crate::adapters::sql::error::openly;
use crate::ports::{PortError, PortErrorKind};

/// What an error means.
type Meaning = (PortErrorKind, &'static str);

/// Numbers of MySQL and MariaDB (<https://mariadb.com/kb/en/mariadb-error-code-reference/>,
/// <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>).
const TABLE: &[(&[u16], Meaning)] = &[
    (&[1969, 3024, 1317], (PortErrorKind::Unavailable, "the query took too long")),
    (&[1040, 1203, 1226], (PortErrorKind::RateLimited, "the server has too many connections")),
    (&[1205, 1213], (PortErrorKind::Unavailable, "a lock was held too long")),
    (
        &[1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031],
        (PortErrorKind::Unavailable, "the connection broke"),
    ),
    (
        &[1021, 1037, 1038, 1041, 1114],
        (PortErrorKind::Unavailable, "the server lacks memory, disk or another resource"),
    ),
    (
        &[1045, 1698, 1251, 3159, 4151, 1862, 1820],
        (PortErrorKind::Denied, "the server refused the user, the password, or a connection without TLS"),
    ),
    (
        &[1044, 1142, 1143, 1227, 1370],
        (PortErrorKind::Denied, "the user may not read the database, a table or a column"),
    ),
    (&[1290, 1792, 1836], (PortErrorKind::Misconfigured, "a query must not write")),
    (&[1049], (PortErrorKind::Misconfigured, "there is no such database")),
    (
        &[1054, 1064, 1052, 1109, 1146, 1305, 1630, 4078, 4079],
        (PortErrorKind::Misconfigured, "a query does not match the tables"),
    ),
    (&[1356, 1449], (PortErrorKind::Misconfigured, "a view cannot be read, or its definer lacks rights")),
    (&[1267, 1253, 1273, 1115], (PortErrorKind::Misconfigured, "a query compares texts of different collations")),
    (&[1366, 1300, 3988], (PortErrorKind::BadResponse, "a text is not valid in its character set")),
    (&[1153, 1301], (PortErrorKind::BadResponse, "a value is larger than the server sends")),
    (&[1034, 1035, 1194, 1195, 1712], (PortErrorKind::BadResponse, "the database is damaged")),
];

/// What they mean for a change, where that differs.
const CHANGES: &[(&[u16], Meaning)] = &[
    // a replica, or a server that is being switched over
    (&[1290, 1792, 1836], (PortErrorKind::Unavailable, "the server is read-only now")),
    (&[1044, 1142, 1143, 1227, 1370], (PortErrorKind::Denied, "the user may not change a table or column")),
    (
        &[1048, 1062, 1169, 1216, 1217, 1369, 1451, 1452, 1557, 1761, 1762, 3819, 4025],
        (PortErrorKind::Conflict, "a constraint of the database forbids the change"),
    ),
    (&[1264, 1265, 1292, 1366, 1406], (PortErrorKind::Misconfigured, "a value does not fit its column")),
    (&[1054, 1064, 1146], (PortErrorKind::Misconfigured, "the statement does not match the tables")),
];

/// Errors that a value of one customer causes.
const ABOUT_ONE_RECORD: &[u16] = &[1366, 1300, 3988, 1153, 1301];

/// The meaning of an unknown number by its SQLSTATE. Errors that a value can cause must not look like an outage, or one
/// customer could open the circuit breaker.
const CLASSES: &[(&str, Meaning)] = &[
    ("08", (PortErrorKind::Unavailable, "the connection broke")),
    ("28", (PortErrorKind::Denied, "the server refused the user, the password, or a connection without TLS")),
    ("42", (PortErrorKind::Misconfigured, "a query does not match the tables")),
    ("21", (PortErrorKind::Misconfigured, "a query cannot be answered with the data")),
    ("22", (PortErrorKind::Misconfigured, "a query cannot use a value")),
    ("45", (PortErrorKind::Misconfigured, "a function of the database reported an error")),
];

/// The error for calls that handled customer data: only codes, no message of the server.
pub(super) fn failed(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let (kind, detail) = meaning(error);
    let code = number(error).map(|number| format!(" (error {number})")).unwrap_or_default();
    let failed = PortError::new(kind, adapter, operation).because(format!("{detail}{code}"));
    if number(error).is_some_and(|number| ABOUT_ONE_RECORD.contains(&number)) {
        return failed.about_one_record();
    }
    failed
}

/// The error of a change: only codes, no message of the server.
pub(super) fn failed_to_change(adapter: &str, operation: &'static str, error: &Error) -> PortError {
    let number = number(error).unwrap_or_default();
    match CHANGES.iter().find(|(numbers, _)| numbers.contains(&number)) {
        Some((_, (kind, detail))) => {
            PortError::new(*kind, adapter, operation).because(format!("{detail} (error {number})"))
        }
        None => failed(adapter, operation, error),
    }
}

/// The error for calls without customer data: includes the message of the server, for the author of the settings.
pub(super) fn failed_openly(adapter: &str, operation: &'static str, error: Error) -> PortError {
    openly(meaning(&error), adapter, operation, error)
}

fn number(error: &Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// Whether a parameter was compared with a column whose character set does not have its text ("illegal mix of collations").
pub(super) fn is_other_character_set(error: &Error) -> bool {
    number(error) == Some(1267)
}

fn meaning(error: &Error) -> Meaning {
    let Some(number) = number(error) else { return crate::adapters::sql::server::meaning(error) };
    let known = TABLE.iter().find(|(numbers, _)| numbers.contains(&number)).map(|(_, meaning)| *meaning);
    known.or_else(|| by_class(error)).unwrap_or((PortErrorKind::Unavailable, "the server failed"))
}

fn by_class(error: &Error) -> Option<Meaning> {
    let state = error.as_database_error()?.code()?;
    CLASSES.iter().find(|(class, _)| state.starts_with(class)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_meaning() {
        let mut seen = std::collections::BTreeSet::new();
        for code in TABLE.iter().flat_map(|(codes, _)| codes.iter()) {
            assert!(seen.insert(code), "{code} occurs twice");
        }
    }
}
