//! Events to be sent, and their receivers.
//!
//! An event is written without receivers, in the transaction of its decision. It is routed shortly after: each webhook
//! that is subscribed to its kind gets its own delivery, with its own attempts and due time. The event is removed when
//! no delivery is left.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{SqliteLedger, undelivered};
use crate::adapters::ledgers::{
    DEAD, Ended, OutboxRow, ended, kept_json, later, latest_due, length, micros, outgoing, tags_json, unsigned,
};
use crate::adapters::sqlite::Batch;
use crate::ports::{
    BoxFuture, DeliveryState, Event, EventKind, Outbox, Outgoing, PortError, Subscription, Undelivered,
};

/// The schema step that gives each receiver its own deliveries. `outbox.attempts` counts over all receivers; 0 means
/// not yet tried. Existing events are routed again.
pub(super) const DELIVERIES: &str = "
DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN due_at;
ALTER TABLE outbox ADD COLUMN routed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_new ON outbox (id) WHERE routed = 0;

CREATE TABLE deliveries (
    event INTEGER NOT NULL,
    webhook TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (event, webhook)
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (webhook, due_at, event);
";

/// The schema step that adds what legacy systems are told of migrated customers, and why a delivery failed. `kept` is a JSON
/// object.
pub(super) const WRITE_BACKS: &str = "
ALTER TABLE outbox ADD COLUMN source TEXT;
ALTER TABLE outbox ADD COLUMN legacy_id TEXT;
ALTER TABLE outbox ADD COLUMN kept TEXT;
ALTER TABLE deliveries ADD COLUMN why TEXT NOT NULL DEFAULT '';
";

/// Adds events, without receivers for now.
pub(super) fn add(batch: &mut Batch, events: &[Event]) {
    let sql = "INSERT INTO outbox (at, kind, reason, account, request_id, tags, source, legacy_id, kept, attempts) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)";
    for event in events {
        let customer = event.customer.as_ref();
        batch
            .add(sql)
            .bind(micros(event.at))
            .bind(event.kind.name())
            .bind(event.reason.clone())
            .bind(event.account.as_ref().map(|account| account.0.clone()))
            .bind(event.request_id.clone())
            .bind(tags_json(&event.tags))
            .bind(customer.map(|customer| customer.key.source.clone()))
            .bind(customer.map(|customer| customer.key.id.clone()))
            .bind(customer.map(kept_json));
    }
}

/// A comma-separated list of placeholders; no values.
fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Drops deliveries to receivers that are not listed, and events without deliveries. Returns the number dropped per
/// receiver.
async fn keep_receivers(
    connection: &mut SqliteConnection,
    receivers: &[String],
) -> Result<Vec<(String, u64)>, sqlx::Error> {
    let others = format!("webhook NOT IN ({})", places(receivers.len()));
    let sql = format!("SELECT webhook, COUNT(*) FROM deliveries WHERE {others} GROUP BY webhook ORDER BY webhook");
    let query = receivers.iter().fold(sqlx::query_as(AssertSqlSafe(sql)), |query, receiver| query.bind(receiver));
    let dropped: Vec<(String, i64)> = query.fetch_all(&mut *connection).await?;
    if dropped.is_empty() {
        return Ok(Vec::new());
    }
    let mut batch = Batch::default();
    batch.add(&format!("DELETE FROM deliveries WHERE {others}"));
    for receiver in receivers {
        batch.bind(receiver.clone());
    }
    batch.add("DELETE FROM outbox WHERE routed = 1 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = outbox.id)");
    batch.execute(connection).await?;
    dropped.into_iter().map(|(receiver, count)| Ok((receiver, unsigned(count)?))).collect()
}

/// Whether there are unrouted events, so that an idle outbox costs no write.
async fn has_new(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM outbox WHERE routed = 0)").fetch_one(connection).await
}

/// Creates the deliveries of new events; events that no receiver is subscribed to are removed. Returns the number of
/// new events.
async fn route(
    connection: &mut SqliteConnection,
    subscriptions: &[Subscription],
    now: Timestamp,
    limit: usize,
) -> Result<usize, sqlx::Error> {
    let sql = "SELECT COUNT(*), MAX(id) FROM (SELECT id FROM outbox WHERE routed = 0 ORDER BY id LIMIT ?)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (new, last): (i64, Option<i64>) = sqlx::query_as(sql).bind(limit).fetch_one(&mut *connection).await?;
    let Some(last) = last else { return Ok(0) };
    let mut batch = Batch::default();
    for Subscription { receiver, kinds, source, after } in subscriptions {
        batch
            .add(&format!(
                "INSERT INTO deliveries (event, webhook, attempts, due_at) SELECT id, ?, 0, MIN(at, ?) + ? FROM outbox \
                 WHERE routed = 0 AND id <= ? AND source IS COALESCE(?, source) AND kind IN ({})",
                places(kinds.len())
            ))
            .bind(receiver.clone())
            .bind(micros(now))
            .bind(length(*after))
            .bind(last)
            .bind(source.clone());
        for kind in kinds {
            batch.bind(kind.name());
        }
    }
    batch
        .add(
            "DELETE FROM outbox WHERE routed = 0 AND id <= ? \
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = outbox.id)",
        )
        .bind(last)
        .add("UPDATE outbox SET routed = 1 WHERE routed = 0 AND id <= ?")
        .bind(last);
    batch.execute(connection).await?;
    Ok(usize::try_from(new).unwrap_or(usize::MAX))
}

/// The queue of one receiver at the current time.
#[derive(Debug, Clone)]
struct Queue {
    receiver: String,
    /// How long after an event the receiver is told of it.
    after: Duration,
    now: Timestamp,
}

impl Queue {
    /// No delivery is due later, unless it is dead.
    fn latest(&self) -> i64 {
        latest_due(self.now, self.after)
    }

    /// Whether anything is due, so that an idle queue costs no write.
    async fn is_due(&self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE webhook = ? AND due_at <= ?) \
                   OR EXISTS (SELECT 1 FROM deliveries WHERE webhook = ? AND due_at > ? AND due_at < ?)";
        sqlx::query_scalar(sql)
            .bind(&self.receiver)
            .bind(micros(self.now))
            .bind(&self.receiver)
            .bind(self.latest())
            .bind(DEAD)
            .fetch_one(connection)
            .await
    }

    /// Takes the deliveries that have been due longest; they are due again after the lease.
    async fn take(
        &self,
        connection: &mut SqliteConnection,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<Outgoing>, sqlx::Error> {
        self.pull_forward(connection).await?;
        let sql = "SELECT id, at, kind, reason, account, request_id, tags, source, legacy_id, kept, deliveries.attempts \
                   FROM deliveries JOIN outbox ON id = event WHERE webhook = ? AND due_at <= ? \
                   ORDER BY due_at, event LIMIT ?";
        let rows: Vec<OutboxRow> = sqlx::query_as(sql)
            .bind(&self.receiver)
            .bind(micros(self.now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let events: Vec<i64> = rows.iter().map(|row| row.0).collect();
        self.lease(connection, &events, lease).await?;
        rows.into_iter().map(outgoing).collect()
    }

    /// Schedules deliveries again that a clock, set back since, had scheduled too far in the future.
    async fn pull_forward(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let sql = "UPDATE deliveries SET due_at = COALESCE((SELECT MIN(at, ?) FROM outbox WHERE id = event), 0) + ? \
                   WHERE webhook = ? AND due_at > ? AND due_at < ?";
        sqlx::query(sql)
            .bind(micros(self.now))
            .bind(length(self.after))
            .bind(&self.receiver)
            .bind(self.latest())
            .bind(DEAD)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn lease(
        &self,
        connection: &mut SqliteConnection,
        events: &[i64],
        lease: Duration,
    ) -> Result<(), sqlx::Error> {
        let places = places(events.len());
        let mut batch = Batch::default();
        batch
            .add(&format!(
                "UPDATE deliveries SET attempts = attempts + 1, due_at = ? WHERE webhook = ? AND event IN ({places})"
            ))
            .bind(later(self.now, lease))
            .bind(self.receiver.clone());
        for event in events {
            batch.bind(*event);
        }
        batch.add(&format!("UPDATE outbox SET attempts = attempts + 1 WHERE id IN ({places})"));
        for event in events {
            batch.bind(*event);
        }
        batch.execute(connection).await
    }
}

/// Records the state of a delivery. When the last delivery is accepted, the event is removed.
async fn sent(connection: &mut SqliteConnection, receiver: &str, id: i64, state: Ended) -> Result<(), sqlx::Error> {
    let mut batch = Batch::default();
    match state {
        Some((due_at, why)) => {
            batch
                .add("UPDATE deliveries SET due_at = ?, why = ? WHERE event = ? AND webhook = ?")
                .bind(due_at)
                .bind(why);
            batch.bind(id).bind(receiver.to_owned());
        }
        None => {
            batch.add("DELETE FROM deliveries WHERE event = ? AND webhook = ?").bind(id).bind(receiver.to_owned());
            let emptied = "DELETE FROM outbox WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = ?)";
            batch.add(emptied).bind(id).bind(id);
        }
    }
    batch.execute(connection).await
}

impl Outbox for SqliteLedger {
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, u64)>, PortError>> {
        let receivers = receivers.to_vec();
        Box::pin(self.write("keep_receivers", move |connection| {
            Box::pin(async move { keep_receivers(connection, &receivers).await })
        }))
    }

    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<usize, PortError>> {
        let subscriptions = subscriptions.to_vec();
        Box::pin(async move {
            if !self.read("route", |connection| Box::pin(has_new(connection))).await? {
                return Ok(0);
            }
            self.write("route", move |connection| {
                Box::pin(async move { route(connection, &subscriptions, now, limit).await })
            })
            .await
        })
    }

    fn due<'a>(
        &'a self,
        receiver: &'a Subscription,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>> {
        let queue = Queue { receiver: receiver.receiver.clone(), after: receiver.after, now };
        Box::pin(async move {
            let reading = queue.clone();
            let is_due = self.read("due", move |connection| Box::pin(async move { reading.is_due(connection).await }));
            if !is_due.await? {
                return Ok(Vec::new());
            }
            self.write("due", move |connection| Box::pin(async move { queue.take(connection, lease, limit).await }))
                .await
        })
    }

    fn sent<'a>(
        &'a self,
        receiver: &'a str,
        id: i64,
        state: DeliveryState<'a>,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let (receiver, state) = (receiver.to_owned(), ended(state));
        Box::pin(
            self.write("sent", move |connection| Box::pin(async move { sent(connection, &receiver, id, state).await })),
        )
    }

    fn undelivered<'a>(
        &'a self,
        kind: EventKind,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Undelivered>, PortError>> {
        Box::pin(
            self.read("undelivered", move |connection| Box::pin(undelivered::list(connection, kind, after, limit))),
        )
    }

    fn send_again<'a>(
        &'a self,
        kind: EventKind,
        id: Option<i64>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, PortError>> {
        Box::pin(
            self.write("send_again", move |connection| Box::pin(undelivered::send_again(connection, kind, id, now))),
        )
    }
}
