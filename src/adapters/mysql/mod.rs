//! MySQL and MariaDB as a source.
//!
//! A session is one transaction, read-only and on one snapshot, with the rest of the login's time as its statement
//! timeout.
#![doc = include_str!("docs.md")]

mod address;
mod cell;
mod error;
mod session;
mod writable;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tokio::time::Instant;

use super::sql::database::{Database, Kind, Opening, Session};
use super::sql::dialect::{Dialect, LIMIT, Placeholders, comment, escaped, quote};
use super::sql::pool::{Pool, Server};
use crate::ports::{BoxFuture, PortError};
use session::Snapshot;

/// MySQL and MariaDB in the table of databases.
pub(in crate::adapters) const DATABASE: Kind = Kind {
    schemes: &["mysql", "mariadb"],
    example: "mysql://user:password@host/database",
    dialect: &DIALECT,
    open,
    open_writable: writable::open,
};

/// The SQL of MySQL (<https://dev.mysql.com/doc/refman/8.4/en/string-literals.html>, `comments.html`). `@` begins a variable,
/// which would not be the same on the next connection.
pub(in crate::adapters) const DIALECT: Dialect = Dialect {
    placeholders: Placeholders::Question,
    quoted: &[
        escaped("'", "'"),
        escaped("\"", "\""),
        quote("`", "`"),
        comment("-- ", "\n"),
        comment("--\t", "\n"),
        comment("#", "\n"),
        comment("/*", "*/"),
    ],
    dollar_quotes: false,
    nested_comments: false,
    reserved: "?@",
    loose: &[
        LIMIT,
        ("like", PATTERN),
        ("rlike", PATTERN),
        ("regexp", PATTERN),
        ("*_as_ci", ""),
        ("*_ci", ACCENTS),
        ("*_ai_cs", ACCENTS),
    ],
    advice: "add an exact comparison: `user_login = :identifier AND LOWER(user_login) = :identifier COLLATE utf8mb4_bin`",
};

const PATTERN: &str = "takes wildcards from what the customer typed";
const ACCENTS: &str = "ignores accents, so the query finds `jörg` for `jorg`";

impl Server for MySqlConnectOptions {
    type Connection = MySqlConnection;

    fn open(&self) -> BoxFuture<'_, Result<MySqlConnection, sqlx::Error>> {
        Box::pin(self.connect())
    }

    fn run<'c>(connection: &'c mut MySqlConnection, sql: String) -> BoxFuture<'c, Result<(), sqlx::Error>> {
        Box::pin(async move { connection.execute(AssertSqlSafe(sql)).await.map(drop) })
    }
}

/// A MySQL or MariaDB database.
struct MySql {
    name: String,
    pool: Pool<MySqlConnectOptions>,
}

fn open(opening: &Opening<'_>) -> Result<Box<dyn Database>, String> {
    let options = address::options(opening.url, opening.folder)?;
    let pool = Pool::new(options, opening.connections).map_err(|error| error.to_string())?;
    Ok(Box::new(MySql { name: opening.name.to_owned(), pool }))
}

impl Database for MySql {
    fn session<'a>(
        &'a self,
        operation: &'static str,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn Session + 'a>, PortError>> {
        Box::pin(async move {
            let begin = session::begin(deadline.saturating_duration_since(Instant::now()));
            let lease = self.pool.lease(&begin, deadline).await;
            let lease = lease.map_err(|why| why.error(&self.name, operation, error::failed_openly))?;
            Ok(Box::new(Snapshot::new(&self.name, operation, lease)) as Box<dyn Session>)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sql::loose::loose_comparison;
    use crate::adapters::sql::template::{Template, TemplateError, assert_reads_as};

    #[test]
    fn mysql_binds_every_use_and_escapes_with_backslashes() {
        for (query, sql, names) in [
            ("SELECT :b, :a, :b", "SELECT ?, ?, ?", &["b", "a", "b"][..]),
            ("SELECT 'it\\'s :no', \"\\\":no\" WHERE :a", "SELECT 'it\\'s :no', \"\\\":no\" WHERE ?", &["a"]),
            ("SELECT :a # :no ?\n, `:no`", "SELECT ? # :no ?\n, `:no`", &["a"]),
        ] {
            assert_reads_as(query, &DIALECT, sql, names);
        }
        assert_eq!(Template::parse("SELECT ?", &DIALECT), Err(TemplateError::Placeholder('?')));
        assert_eq!(Template::parse("SELECT @a, :b", &DIALECT), Err(TemplateError::Placeholder('@')));
    }

    #[test]
    fn loose_collations_of_mysql_are_found() {
        for (query, word) in [
            ("SELECT * FROM u WHERE a = :identifier", None),
            ("SELECT * FROM u WHERE a = :identifier COLLATE utf8mb4_bin", None),
            ("SELECT * FROM u WHERE a = :identifier COLLATE utf8mb4_0900_as_ci", None),
            ("SELECT * FROM u WHERE a = :identifier COLLATE utf8mb4_general_ci", Some("*_ci")),
            ("SELECT * FROM u WHERE a = :identifier COLLATE utf8mb4_uca1400_ai_cs", Some("*_ai_cs")),
            ("SELECT * FROM u WHERE a LIKE :identifier", Some("like")),
        ] {
            assert_eq!(loose_comparison(query, &DIALECT).map(|(word, _)| word), word, "{query}");
        }
    }
}
