//! PostgreSQL: legacy databases as sources, and an account store and a ledger that several instances share.
//!
//! A source's session is one transaction, read-only and on one snapshot, with the rest of the login's time as its statement
//! timeout. The server itself makes the JSON of each value, because it knows all of its types.
#![doc = include_str!("docs.md")]

mod accounts;
mod address;
mod copy;
mod database;
mod error;
mod ledger;
mod loose;
mod session;
mod shape;
mod stores;
#[cfg(test)]
mod tests;
mod writable;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tokio::time::Instant;

use super::sql::database::{Database, Kind, Opening, Session};
use super::sql::dialect::{Dialect, LIMIT, Placeholders, comment, escaped, quote};
use super::sql::pool::{Pool, Server};
use crate::ports::{BoxFuture, PortError};
#[cfg(test)]
pub(in crate::adapters) use accounts::AccountStore;
pub(in crate::adapters) use copy::copy;
pub(in crate::adapters) use ledger::PostgresLedger;
use session::Snapshot;
use shape::Shapes;
pub(in crate::adapters) use stores::{check_address, open_accounts, open_ledger, try_accounts, try_ledger};

/// PostgreSQL in the table of databases.
pub(in crate::adapters) const DATABASE: Kind = Kind {
    schemes: &["postgres", "postgresql"],
    example: "postgres://user:password@host/database",
    dialect: &DIALECT,
    open,
    open_writable: writable::open,
};

/// The SQL of PostgreSQL (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html>). `?` and `@` are operators.
pub(in crate::adapters) const DIALECT: Dialect = Dialect {
    placeholders: Placeholders::DollarNumber,
    quoted: &[escaped("E'", "'"), escaped("e'", "'"), quote("'", "'"), quote("\"", "\""), comment("--", "\n")],
    dollar_quotes: true,
    nested_comments: true,
    reserved: "$",
    loose: &[LIMIT, ("like", PATTERN), ("ilike", PATTERN), ("similar", PATTERN), ("unaccent", ACCENTS)],
    advice: "compare `lower(email) = :identifier`, with an index on `lower(email)`",
};

const PATTERN: &str = "takes `%` and `_` in what the customer typed as wildcards";
const ACCENTS: &str = "ignores accents, so the query finds `jörg` for `jorg`";

impl Server for PgConnectOptions {
    type Connection = PgConnection;

    fn open(&self) -> BoxFuture<'_, Result<PgConnection, sqlx::Error>> {
        Box::pin(self.connect())
    }

    fn run<'c>(connection: &'c mut PgConnection, sql: String) -> BoxFuture<'c, Result<(), sqlx::Error>> {
        Box::pin(async move { connection.execute(AssertSqlSafe(sql)).await.map(drop) })
    }
}

/// A PostgreSQL database.
struct Postgres {
    name: String,
    pool: Pool<PgConnectOptions>,
    shapes: Shapes,
}

fn open(opening: &Opening<'_>) -> Result<Box<dyn Database>, String> {
    let options = address::options(opening.url, opening.folder)?;
    let pool = Pool::new(options, opening.connections).map_err(|error| error.to_string())?;
    Ok(Box::new(Postgres { name: opening.name.to_owned(), pool, shapes: Shapes::default() }))
}

impl Database for Postgres {
    fn session<'a>(
        &'a self,
        operation: &'static str,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn Session + 'a>, PortError>> {
        Box::pin(async move {
            let begin = session::begin(deadline.saturating_duration_since(Instant::now()));
            let lease = self.pool.lease(&begin, deadline).await;
            let lease = lease.map_err(|why| why.error(&self.name, operation, error::failed_openly))?;
            Ok(Box::new(Snapshot { name: &self.name, operation, shapes: &self.shapes, lease, is_outdated: false })
                as Box<dyn Session>)
        })
    }
}

#[cfg(test)]
mod dialect_tests {
    use super::*;
    use crate::adapters::sql::loose::loose_comparison;
    use crate::adapters::sql::template::{Template, TemplateError, assert_reads_as};

    #[test]
    fn postgres_has_operators_dollar_quotes_and_arrays() {
        for (query, sql, names) in [
            ("SELECT a::text, :b WHERE c = :b", "SELECT a::text, $1 WHERE c = $1", &["b"][..]),
            ("SELECT d ? 'k', d @> '{}' WHERE a = :a", "SELECT d ? 'k', d @> '{}' WHERE a = $1", &["a"]),
            ("SELECT $$ :no $$, $x$ ' :no $$ $x$ WHERE :a", "SELECT $$ :no $$, $x$ ' :no $$ $x$ WHERE $1", &["a"]),
            ("SELECT E'it\\'s :no', ':no\\' WHERE :a", "SELECT E'it\\'s :no', ':no\\' WHERE $1", &["a"]),
            ("SELECT /* a /* :no */ :no */ :a", "SELECT /* a /* :no */ :no */ $1", &["a"]),
            ("WHERE a = ANY(ARRAY[:typed, :identifier])", "WHERE a = ANY(ARRAY[$1, $2])", &["typed", "identifier"]),
        ] {
            assert_reads_as(query, &DIALECT, sql, names);
        }
        assert_eq!(Template::parse("SELECT $1", &DIALECT), Err(TemplateError::Placeholder('$')));
        assert_eq!(Template::parse("SELECT :a, $x$ :b", &DIALECT), Err(TemplateError::Unclosed("$x$".to_owned())));
        assert_eq!(Template::parse("SELECT :a /* /* */", &DIALECT), Err(TemplateError::Unclosed("/*".to_owned())));
    }

    #[test]
    fn loose_comparisons_of_postgres_are_found() {
        for (query, word) in [
            ("SELECT * FROM u WHERE lower(a) = :identifier", None),
            ("SELECT * FROM u WHERE unaccent(lower(a)) = :identifier", Some("unaccent")),
            ("SELECT * FROM u WHERE a ILIKE :identifier", Some("ilike")),
        ] {
            assert_eq!(loose_comparison(query, &DIALECT).map(|(word, _)| word), word, "{query}");
        }
    }
}
