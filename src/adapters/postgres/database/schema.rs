//! The tables, in versions.
//!
//! The first process that starts creates them, while it holds the row that says which version they have; a process that
//! starts at the same time waits for it. A step can be run again if the database ends a transaction at each definition, as
//! some that speak PostgreSQL's protocol do.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::Instant;

use super::Database;
use super::clock::check_clock;
use crate::adapters::refusal::refusal;
use crate::ports::{PortError, PortErrorKind};

/// How long creating or changing the tables may take.
const UPGRADE: Duration = Duration::from_secs(60);

/// A set of tables with a version.
#[derive(Debug)]
pub(in crate::adapters::postgres) struct Schema {
    /// What they are, in a sentence: `ledger` or `account store`.
    pub part: &'static str,
    /// The steps: statements that can be run again. Steps are only ever added.
    pub steps: &'static [&'static str],
}

/// What a database has.
pub(super) enum Version {
    /// Tables of this version.
    Of(i64),
    /// None.
    Missing,
}

/// Whether tables that are missing are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters) enum Absent {
    /// They are created.
    Create,
    /// It is an error.
    Refuse,
}

/// Checks that the database has the tables of this version, and creates or upgrades them.
///
/// # Errors
/// If the database cannot be used, the tables are missing and must not be created, or are those of a newer version.
pub(in crate::adapters::postgres) async fn prepare(
    database: &Database,
    schema: &'static Schema,
    absent: Absent,
) -> Result<(), PortError> {
    let deadline = Instant::now() + UPGRADE;
    let found =
        database.read("open", deadline, schema, |connection, schema| Box::pin(version(connection, schema.part)));
    match found.await? {
        Version::Missing if absent == Absent::Refuse => return Err(missing(database, schema)),
        Version::Of(version) if is_current(database, schema, version)? => return Ok(()),
        Version::Of(_) | Version::Missing => {}
    }
    let versions = database.write("open", deadline, schema, |connection, schema| {
        Box::pin(async move {
            sqlx::query(VERSIONS).execute(&mut *connection).await?;
            let sql = "INSERT INTO landfall_versions (part, version) VALUES ($1, 0) ON CONFLICT (part) DO NOTHING";
            sqlx::query(sql).bind(schema.part).execute(connection).await.map(|_| ())
        })
    });
    versions.await?;
    let upgraded = database.write("open", deadline, schema, |connection, schema| Box::pin(upgrade(connection, schema)));
    let version = upgraded.await?;
    // another process may have a newer version of Landfall, and have been faster
    is_current(database, schema, version).map(|_| ())
}

const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS landfall_versions (part TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)";

/// The version of the tables; also checks what every use of the database needs.
pub(super) async fn version(connection: &mut PgConnection, part: &str) -> Result<Version, sqlx::Error> {
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *connection).await?;
    if !encoding.eq_ignore_ascii_case("utf8") {
        return Err(refusal(
            "the encoding of the database is not UTF-8; create one with `ENCODING 'UTF8' TEMPLATE template0`",
        ));
    }
    check_clock(connection).await?;
    let sql = "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'landfall_versions' \
               AND CAST(table_schema AS TEXT) = ANY(CAST(current_schemas(FALSE) AS TEXT[])))";
    if !sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut *connection).await? {
        return Ok(Version::Missing);
    }
    let sql = "SELECT version FROM landfall_versions WHERE part = $1 AND version > 0";
    let version: Option<i64> = sqlx::query_scalar(sql).bind(part).fetch_optional(connection).await?;
    Ok(version.map_or(Version::Missing, Version::Of))
}

/// Whether a version is this one, or older.
pub(super) fn is_current(database: &Database, schema: &Schema, version: i64) -> Result<bool, PortError> {
    let own = i64::try_from(schema.steps.len()).unwrap_or(i64::MAX);
    if version > own {
        let error = PortError::new(PortErrorKind::Misconfigured, database.name(), "open");
        return Err(error.because(format!(
            "the tables of the {} were created by a newer version of Landfall ({version}, this one knows {own}); update this instance",
            schema.part
        )));
    }
    Ok(version == own)
}

fn missing(database: &Database, schema: &Schema) -> PortError {
    PortError::new(PortErrorKind::Misconfigured, database.name(), "open").because(format!(
        "the database has no {}; check the address. `landfall serve` creates the tables at its first start",
        schema.part
    ))
}

/// Runs the steps that are missing. Returns the version of the tables.
async fn upgrade(connection: &mut PgConnection, schema: &'static Schema) -> Result<i64, sqlx::Error> {
    let sql = "SELECT version FROM landfall_versions WHERE part = $1 FOR UPDATE";
    let version: i64 = sqlx::query_scalar(sql).bind(schema.part).fetch_one(&mut *connection).await?;
    let done = usize::try_from(version).unwrap_or(0);
    for step in schema.steps.iter().skip(done) {
        sqlx::raw_sql(AssertSqlSafe(*step)).execute(&mut *connection).await?;
    }
    let version = version.max(i64::try_from(schema.steps.len()).unwrap_or(i64::MAX));
    let sql = "UPDATE landfall_versions SET version = $2 WHERE part = $1";
    sqlx::query(sql).bind(schema.part).bind(version).execute(connection).await?;
    Ok(version)
}
