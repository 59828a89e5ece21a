//! What the result codes of SQLite mean, for our own files and for a legacy database. Both use this table.

use self::Whose::{Legacy, Ours};
use crate::ports::PortErrorKind;
use crate::ports::PortErrorKind::{BadResponse, Conflict, Denied, Misconfigured, Unavailable};

/// Whose file a statement ran on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters) enum Whose {
    /// A file that only Landfall writes, by statements of its own: the ledger or the account store.
    Ours,
    /// A legacy database, which is only read, by queries that an operator wrote.
    Legacy,
}

/// What a code means for a login, and for the operator.
type Meaning = (PortErrorKind, &'static str);

/// A primary result code, <https://www.sqlite.org/rescode.html>.
struct Code {
    number: i32,
    ours: Meaning,
    legacy: Meaning,
}

const fn same(number: i32, kind: PortErrorKind, detail: &'static str) -> Code {
    Code { number, ours: (kind, detail), legacy: (kind, detail) }
}

const fn differs(number: i32, ours: Meaning, legacy: Meaning) -> Code {
    Code { number, ours, legacy }
}

/// `SQLITE_BUSY`.
pub(super) const BUSY: i32 = 5;
/// `SQLITE_LOCKED`.
pub(super) const LOCKED: i32 = 6;

const TABLE: &[Code] = &[
    // ERROR: our own statements fit our own tables, so only the query of an operator can be wrong.
    differs(1, (BadResponse, "the statement failed"), (Misconfigured, "a query does not match the database schema")),
    same(3, Denied, "access to the database was denied"),
    same(BUSY, Unavailable, "the database is locked by another process for too long"),
    same(LOCKED, Unavailable, "the database is locked by another process for too long"),
    same(7, Unavailable, "out of memory"),
    // READONLY: we may not write to our own file; a query of a legacy database tried to write.
    differs(8, (Denied, "the file is read-only"), (Misconfigured, "a query must not write")),
    // INTERRUPT: a query of a legacy database is interrupted at its deadline, and by nothing else.
    differs(9, (Unavailable, "the work was interrupted"), (Unavailable, "the query took too long")),
    same(10, Unavailable, "cannot read or write the file"),
    same(11, BadResponse, "the file is damaged"),
    // FULL: a query that only reads fills nothing but temporary files.
    differs(13, (Unavailable, "the disk is full"), (Unavailable, "the disk of temporary files is full")),
    // CANTOPEN: a missing folder or permission is found when a file is opened for the first time. Later, it is an
    // unmounted disk or too many open files, which pass.
    same(14, Unavailable, "cannot open the file"),
    // PROTOCOL: other processes kept winning the race for a lock.
    same(15, Unavailable, "the database is locked by another process for too long"),
    same(18, BadResponse, "a value is too large"),
    // CONSTRAINT: only a write can violate one.
    differs(19, (Conflict, "the new data contradicts the stored data"), (Misconfigured, "a query must not write")),
    same(20, BadResponse, "a value has the wrong type"),
    same(23, Denied, "access to the database was denied"),
    // RANGE: as ERROR.
    differs(25, (BadResponse, "the statement failed"), (Misconfigured, "a query has too many parameters")),
    same(26, BadResponse, "the file is not an SQLite database"),
];

/// The meaning of a primary result code. A code without a row is an outage: nothing is known about the data.
pub(in crate::adapters) fn meaning(code: i32, whose: Whose) -> Meaning {
    let row = TABLE.iter().find(|row| row.number == code);
    row.map_or((Unavailable, "the database failed"), |row| match whose {
        Ours => row.ours,
        Legacy => row.legacy,
    })
}

/// The primary result code of a failure: the low byte of SQLite's extended code.
pub(in crate::adapters) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::fmt;

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;
    use crate::adapters::sqlite::port_error;

    /// A failure with an extended code and a message that quotes a value.
    #[derive(Debug)]
    struct Failure(i32);

    impl fmt::Display for Failure {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("canary")
        }
    }

    impl StdError for Failure {}

    impl DatabaseError for Failure {
        fn message(&self) -> &'static str {
            "canary"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn every_row_is_reported_by_its_kind_and_without_values() {
        for row in TABLE {
            // An extended code is the primary code with a second byte.
            for code in [row.number, row.number + 0x0200] {
                let error = sqlx::Error::Database(Box::new(Failure(code)));
                let reported = port_error("ledger", "write", &error);
                assert_eq!(reported.kind(), row.ours.0, "{code}");
                assert!(reported.to_string().contains(row.ours.1) && !reported.to_string().contains("canary"));
                assert_eq!(meaning(primary_code(&error).unwrap(), Legacy), row.legacy, "{code}");
            }
        }
    }

    #[test]
    fn rows_are_in_order_and_codes_without_a_row_are_outages() {
        assert!(TABLE.is_sorted_by(|one, next| one.number < next.number));
        for code in [2, 4, 12, 16, 17, 21, 22, 24, 99] {
            for whose in [Ours, Legacy] {
                assert_eq!(meaning(code, whose).0, Unavailable, "{code}");
            }
        }
    }

    #[test]
    fn a_legacy_database_differs_only_where_its_operator_wrote_the_query() {
        let differing = TABLE.iter().filter(|row| row.ours.0 != row.legacy.0);
        for row in differing {
            assert_eq!(row.legacy.0, Misconfigured, "{}", row.number);
        }
        for (code, kind) in
            [(5, Unavailable), (10, Unavailable), (13, Unavailable), (14, Unavailable), (26, BadResponse)]
        {
            assert_eq!((meaning(code, Ours).0, meaning(code, Legacy).0), (kind, kind), "{code}");
        }
        assert_eq!((meaning(8, Ours).0, meaning(19, Ours).0), (Denied, Conflict));
    }
}
