//! Tries a database out, for `landfall check --connect`. Creates nothing.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Database;
use super::schema::{Schema, Version, is_current, version};
use crate::adapters::registry::{Trial, TrialFinding};
use crate::diag::Severity;
use crate::ports::{PortError, PortErrorKind};

/// How long a trial may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the database says of the tables of a schema.
pub(in crate::adapters::postgres) async fn try_out(
    database: Result<Database, PortError>,
    schema: &'static Schema,
) -> Trial {
    // an invalid address is reported with the settings
    let Ok(database) = database else { return Trial::default() };
    let (began, mut trial) = (Instant::now(), Trial::default());
    let deadline = began + PATIENCE;
    let late =
        || PortError::new(PortErrorKind::Unavailable, database.name(), "check").because("the server does not answer");
    match timeout_at(deadline, described(&database, schema, deadline)).await.unwrap_or_else(|_| Err(late())) {
        Ok(tables) => trial.summary = Some(format!("connected, {} ms; {tables}", began.elapsed().as_millis())),
        Err(error) => {
            let message = format!("the {} cannot be used: {}", schema.part, error.detail());
            let (severity, code, key) = (Severity::Error, "R514", "url".to_owned());
            trial.findings.push(TrialFinding { severity, code, key, message, help: help(error.kind()).to_owned() });
        }
    }
    trial
}

/// A sentence about the tables.
async fn described(database: &Database, schema: &'static Schema, deadline: Instant) -> Result<String, PortError> {
    let found = database.read("check", deadline, schema, |connection, schema| {
        Box::pin(async move {
            let found = version(connection, schema.part).await?;
            let sql = "SELECT has_schema_privilege(current_schema(), 'CREATE')";
            let may_create: Option<bool> = sqlx::query_scalar(sql).fetch_one(connection).await?;
            Ok((found, may_create.unwrap_or(false)))
        })
    });
    let denied = || {
        let error = PortError::new(PortErrorKind::Denied, database.name(), "check");
        error.because("its tables are yet to be created, and the user may not create them in its schema")
    };
    match found.await? {
        (Version::Of(version), _) if is_current(database, schema, version)? => {
            Ok(format!("tables of version {version}"))
        }
        (_, false) => Err(denied()),
        (Version::Of(version), true) => Ok(format!("tables of version {version}, which the first start upgrades")),
        (Version::Missing, true) => Ok("its tables are created at the first start".to_owned()),
    }
}

/// What to do about a failure.
fn help(kind: PortErrorKind) -> &'static str {
    match kind {
        PortErrorKind::Denied => {
            "check the user and the password; the user must own the schema, or have `CREATE` on it"
        }
        PortErrorKind::Misconfigured => "check the address, the certificate and the name of the database",
        PortErrorKind::RateLimited => "the database has no free connection; try again, or raise its limit",
        _ => "check that the database runs, and that this machine can reach it",
    }
}
