//! What was noticed about live records: one row for each observation, locked while it is changed.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::store::{PostgresLedger, soon};
use crate::adapters::ledgers::observations::{
    ObservationRow, all_observed, in_order, signed, stored_customers, too_old, with_customers,
};
use crate::adapters::ledgers::{micros, tags_json};
use crate::ports::{BoxFuture, Event, Observation, ObservationKind, Observations, Observed, PortError};

/// The schema step for observations.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS landfall_observations (
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    about TEXT NOT NULL,
    name TEXT NOT NULL,
    change TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    customers TEXT NOT NULL,
    PRIMARY KEY (kind, source, about, name, change)
);
";

/// Adds to one observation. Returns whether it is new.
async fn note(connection: &mut PgConnection, new: &Observation, at: i64) -> Result<bool, sqlx::Error> {
    const SAME: &str = "WHERE kind = $1 AND source = $2 AND about = $3 AND name = $4 AND change = $5";
    let key = &new.key;
    let sql = "INSERT INTO landfall_observations (kind, source, about, name, change, count, first_at, last_at, customers) \
               VALUES ($1, $2, $3, $4, $5, 0, $6, $6, '[]') ON CONFLICT (kind, source, about, name, change) DO NOTHING";
    let query = sqlx::query(sql).bind(key.kind.name()).bind(&key.source).bind(&key.about).bind(&key.name);
    let is_new = query.bind(&key.change).bind(at).execute(&mut *connection).await?.rows_affected() > 0;
    // constants of this function, here and below
    let sql = sqlx::AssertSqlSafe(format!("SELECT customers FROM landfall_observations {SAME} FOR UPDATE"));
    let query = sqlx::query_scalar::<_, String>(sql).bind(key.kind.name()).bind(&key.source).bind(&key.about);
    let stored = query.bind(&key.name).bind(&key.change).fetch_one(&mut *connection).await?;
    let customers = with_customers(&new.customers, &stored_customers(&stored)?);
    let sql = sqlx::AssertSqlSafe(format!(
        "UPDATE landfall_observations SET count = count + $6, last_at = GREATEST(last_at, $7), customers = $8 {SAME}"
    ));
    let query = sqlx::query(sql).bind(key.kind.name()).bind(&key.source).bind(&key.about).bind(&key.name);
    let query = query.bind(&key.change).bind(signed(new.count)).bind(at).bind(tags_json(&customers));
    query.execute(connection).await?;
    Ok(is_new)
}

/// Adds events to the outbox. The row with the number of the last event is locked until the commit, as by decisions.
async fn send(connection: &mut PgConnection, events: &[&Event]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let sql = "UPDATE landfall_head SET events = events + $1 WHERE id = 1 RETURNING events";
    let last: i64 = sqlx::query_scalar(sql).bind(count).fetch_one(&mut *connection).await?;
    for (id, event) in (last - count + 1..).zip(events) {
        let sql = "INSERT INTO landfall_outbox (id, at, kind, reason, account, request_id, tags, routed) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE)";
        let query = sqlx::query(sql).bind(id).bind(micros(event.at)).bind(event.kind.name()).bind(&event.reason);
        let query = query.bind(event.account.as_ref().map(|account| account.0.as_str())).bind(&event.request_id);
        query.bind(tags_json(&event.tags)).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn all(connection: &mut PgConnection) -> Result<Vec<Observed>, sqlx::Error> {
    let sql = "SELECT kind, source, about, name, change, count, first_at, last_at, customers \
               FROM landfall_observations";
    let rows: Vec<ObservationRow> = sqlx::query_as(sql).fetch_all(connection).await?;
    all_observed(rows)
}

impl Observations for PostgresLedger {
    fn note<'a>(&'a self, observations: &'a [Observation], at: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        let data = (in_order(observations), at);
        Box::pin(self.database.write("note", soon(), data, |connection, (observations, at)| {
            Box::pin(async move {
                let mut events = Vec::new();
                for observation in observations {
                    if note(connection, observation, micros(*at)).await? {
                        events.extend(&observation.event);
                    }
                }
                let sql = "DELETE FROM landfall_observations WHERE kind = $1 AND last_at < $2";
                let query = sqlx::query(sql).bind(ObservationKind::Shadow.name()).bind(too_old(*at));
                query.execute(&mut *connection).await?;
                send(connection, &events).await
            })
        }))
    }

    fn observed(&self) -> BoxFuture<'_, Result<Vec<Observed>, PortError>> {
        Box::pin(self.database.read("observed", soon(), (), |connection, ()| Box::pin(all(connection))))
    }
}
