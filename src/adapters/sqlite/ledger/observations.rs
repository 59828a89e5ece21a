//! What was noticed about live records: one row for each observation.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{SqliteLedger, outbox};
use crate::adapters::ledgers::observations::{
    ObservationRow, all_observed, in_order, signed, stored_customers, too_old, with_customers,
};
use crate::adapters::ledgers::{micros, tags_json};
use crate::adapters::sqlite::Batch;
use crate::ports::{BoxFuture, Observation, ObservationKind, Observations, Observed, PortError};

/// The schema step for observations. `customers` is a JSON list.
pub(super) const TABLES: &str = "
CREATE TABLE observations (
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    about TEXT NOT NULL,
    name TEXT NOT NULL,
    change TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    customers TEXT NOT NULL,
    PRIMARY KEY (kind, source, about, name, change)
) WITHOUT ROWID;
";

async fn note(connection: &mut SqliteConnection, new: &Observation, at: Timestamp) -> Result<(), sqlx::Error> {
    let key = &new.key;
    let sql =
        "SELECT customers FROM observations WHERE kind = ? AND source = ? AND about = ? AND name = ? AND change = ?";
    let query = sqlx::query_scalar::<_, String>(sql).bind(key.kind.name()).bind(&key.source).bind(&key.about);
    let stored = query.bind(&key.name).bind(&key.change).fetch_optional(&mut *connection).await?;
    let is_new = stored.is_none();
    let stored = stored.map_or_else(|| Ok(Vec::new()), |json| stored_customers(&json))?;
    let sql = "INSERT INTO observations (kind, source, about, name, change, count, first_at, last_at, customers) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, source, about, name, change) DO UPDATE SET \
               count = count + excluded.count, last_at = MAX(last_at, excluded.last_at), customers = excluded.customers";
    let query = sqlx::query(sql).bind(key.kind.name()).bind(&key.source).bind(&key.about).bind(&key.name);
    let query = query.bind(&key.change).bind(signed(new.count)).bind(micros(at)).bind(micros(at));
    query.bind(tags_json(&with_customers(&new.customers, &stored))).execute(&mut *connection).await?;
    if is_new {
        let mut batch = Batch::default();
        outbox::add(&mut batch, new.event.as_slice());
        batch.execute(connection).await?;
    }
    Ok(())
}

async fn all(connection: &mut SqliteConnection) -> Result<Vec<Observed>, sqlx::Error> {
    let sql = "SELECT kind, source, about, name, change, count, first_at, last_at, customers FROM observations";
    let rows: Vec<ObservationRow> = sqlx::query_as(sql).fetch_all(connection).await?;
    all_observed(rows)
}

impl Observations for SqliteLedger {
    fn note<'a>(&'a self, observations: &'a [Observation], at: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        let observations = in_order(observations);
        Box::pin(self.write("note", move |connection| {
            Box::pin(async move {
                for observation in &observations {
                    note(connection, observation, at).await?;
                }
                let sql = "DELETE FROM observations WHERE kind = ? AND last_at < ?";
                let query = sqlx::query(sql).bind(ObservationKind::Shadow.name()).bind(too_old(at));
                query.execute(connection).await.map(|_| ())
            })
        }))
    }

    fn observed(&self) -> BoxFuture<'_, Result<Vec<Observed>, PortError>> {
        Box::pin(self.read("observed", |connection| Box::pin(all(connection))))
    }
}
