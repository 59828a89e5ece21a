//! Events to be sent, and their receivers. Instances hand out different events: each skips rows that another one locks.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::time::Instant;

use super::store::PostgresLedger;
use crate::adapters::ledgers::{DEAD, LONGEST_WAIT, OutboxRow, due_at, later, micros, outgoing, unsigned};
use crate::adapters::postgres::database::PATIENCE;
use crate::ports::{BoxFuture, DeliveryState, Outbox, Outgoing, PortError, Subscription};

/// Drops deliveries to receivers that are not listed, and events without deliveries. Returns the number dropped per
/// receiver.
async fn keep_receivers(
    connection: &mut PgConnection,
    receivers: &[String],
) -> Result<Vec<(String, u64)>, sqlx::Error> {
    let sql = "SELECT webhook, COUNT(*) FROM landfall_deliveries WHERE webhook <> ALL($1) \
               GROUP BY webhook ORDER BY webhook";
    let dropped: Vec<(String, i64)> = sqlx::query_as(sql).bind(receivers).fetch_all(&mut *connection).await?;
    if dropped.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "DELETE FROM landfall_deliveries WHERE webhook <> ALL($1)";
    sqlx::query(sql).bind(receivers).execute(&mut *connection).await?;
    let sql = "DELETE FROM landfall_outbox WHERE routed \
               AND NOT EXISTS (SELECT 1 FROM landfall_deliveries WHERE event = landfall_outbox.id)";
    sqlx::query(sql).execute(connection).await?;
    dropped.into_iter().map(|(receiver, count)| Ok((receiver, unsigned(count)?))).collect()
}

/// Whether there are unrouted events, so that an idle outbox costs no write.
async fn has_new(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM landfall_outbox WHERE NOT routed)").fetch_one(connection).await
}

/// The deliveries of new events, column by column.
#[derive(Default)]
struct Deliveries<'s> {
    events: Vec<i64>,
    webhooks: Vec<&'s str>,
    due_at: Vec<i64>,
}

/// Creates the deliveries of new events; events that no receiver is subscribed to are removed. Returns the number of
/// new events.
async fn route(
    connection: &mut PgConnection,
    subscriptions: &[Subscription],
    now: Timestamp,
    limit: usize,
) -> Result<usize, sqlx::Error> {
    let sql = "SELECT id, at, kind FROM landfall_outbox WHERE NOT routed ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let new: Vec<(i64, i64, String)> = sqlx::query_as(sql).bind(limit).fetch_all(&mut *connection).await?;
    if new.is_empty() {
        return Ok(0);
    }
    let mut deliveries = Deliveries::default();
    for (id, at, kind) in &new {
        for subscription in subscriptions.iter().filter(|to| to.kinds.iter().any(|wanted| wanted.name() == kind)) {
            deliveries.events.push(*id);
            deliveries.webhooks.push(&subscription.receiver);
            deliveries.due_at.push((*at).min(micros(now)));
        }
    }
    let routed: BTreeSet<i64> = deliveries.events.iter().copied().collect();
    let unwanted: Vec<i64> = new.iter().map(|(id, ..)| *id).filter(|id| !routed.contains(id)).collect();
    let sql = "INSERT INTO landfall_deliveries (event, webhook, due_at, attempts) \
               SELECT d.*, 0 FROM unnest($1, $2, $3) AS d (event, webhook, due_at)";
    let query = sqlx::query(sql).bind(deliveries.events).bind(deliveries.webhooks).bind(deliveries.due_at);
    query.execute(&mut *connection).await?;
    let sql = "DELETE FROM landfall_outbox WHERE id = ANY($1)";
    sqlx::query(sql).bind(unwanted).execute(&mut *connection).await?;
    let sql = "UPDATE landfall_outbox SET routed = TRUE WHERE id = ANY($1)";
    sqlx::query(sql).bind(routed.into_iter().collect::<Vec<_>>()).execute(connection).await?;
    Ok(new.len())
}

/// The queue of one receiver at the current time.
#[derive(Debug, Clone, Copy)]
struct Queue<'r> {
    receiver: &'r str,
    now: Timestamp,
    lease: Duration,
    limit: usize,
}

impl Queue<'_> {
    /// Whether anything is due, so that an idle queue costs no write.
    async fn is_due(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM landfall_deliveries WHERE webhook = $1 AND due_at <= $2) \
                   OR EXISTS (SELECT 1 FROM landfall_deliveries WHERE webhook = $1 AND due_at > $3 AND due_at < $4)";
        sqlx::query_scalar(sql)
            .bind(self.receiver)
            .bind(micros(self.now))
            .bind(later(self.now, LONGEST_WAIT))
            .bind(DEAD)
            .fetch_one(connection)
            .await
    }

    /// Takes the deliveries that have been due longest; they are due again after the lease.
    async fn take(&self, connection: &mut PgConnection) -> Result<Vec<Outgoing>, sqlx::Error> {
        self.pull_forward(connection).await?;
        let sql = "SELECT event FROM landfall_deliveries WHERE webhook = $1 AND due_at <= $2 ORDER BY due_at, event \
                   LIMIT $3 FOR UPDATE SKIP LOCKED";
        let events: Vec<i64> = sqlx::query_scalar(sql)
            .bind(self.receiver)
            .bind(micros(self.now))
            .bind(i64::try_from(self.limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let sql = "SELECT id, at, kind, reason, account, request_id, tags, attempts FROM landfall_deliveries \
                   JOIN landfall_outbox ON id = event WHERE webhook = $1 AND event = ANY($2) ORDER BY due_at, event";
        let rows: Vec<OutboxRow> =
            sqlx::query_as(sql).bind(self.receiver).bind(&events).fetch_all(&mut *connection).await?;
        let sql = "UPDATE landfall_deliveries SET attempts = attempts + 1, due_at = $1 \
                   WHERE webhook = $2 AND event = ANY($3)";
        let query = sqlx::query(sql).bind(later(self.now, self.lease)).bind(self.receiver).bind(&events);
        query.execute(connection).await?;
        rows.into_iter().map(outgoing).collect()
    }

    /// Makes deliveries due that a clock, set back since, had scheduled too far in the future.
    async fn pull_forward(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = "UPDATE landfall_deliveries SET due_at = $1 WHERE webhook = $2 AND due_at > $3 AND due_at < $4";
        sqlx::query(sql)
            .bind(micros(self.now))
            .bind(self.receiver)
            .bind(later(self.now, LONGEST_WAIT))
            .bind(DEAD)
            .execute(connection)
            .await
            .map(|_| ())
    }
}

/// Records the state of a delivery. When the last delivery is accepted, the event is removed.
async fn sent(connection: &mut PgConnection, receiver: &str, id: i64, state: DeliveryState) -> Result<(), sqlx::Error> {
    if let Some(due_at) = due_at(state) {
        let sql = "UPDATE landfall_deliveries SET due_at = $1 WHERE event = $2 AND webhook = $3";
        return sqlx::query(sql).bind(due_at).bind(id).bind(receiver).execute(connection).await.map(|_| ());
    }
    // one receiver at a time, so that the last one knows that it is the last
    sqlx::query("SELECT id FROM landfall_outbox WHERE id = $1 FOR UPDATE").bind(id).execute(&mut *connection).await?;
    let sql = "DELETE FROM landfall_deliveries WHERE event = $1 AND webhook = $2";
    sqlx::query(sql).bind(id).bind(receiver).execute(&mut *connection).await?;
    let sql = "DELETE FROM landfall_outbox WHERE id = $1 AND routed \
               AND NOT EXISTS (SELECT 1 FROM landfall_deliveries WHERE event = $1)";
    sqlx::query(sql).bind(id).execute(connection).await.map(|_| ())
}

impl Outbox for PostgresLedger {
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, u64)>, PortError>> {
        let deadline = Instant::now() + PATIENCE;
        Box::pin(self.database.write("keep_receivers", deadline, receivers, |connection, receivers| {
            Box::pin(keep_receivers(connection, receivers))
        }))
    }

    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<usize, PortError>> {
        Box::pin(async move {
            let deadline = Instant::now() + PATIENCE;
            let new = self.database.read("route", deadline, (), |connection, ()| Box::pin(has_new(connection)));
            if !new.await? {
                return Ok(0);
            }
            let data = (subscriptions, now, limit);
            let routed = self.database.write("route", deadline, data, |connection, (subscriptions, now, limit)| {
                Box::pin(route(connection, subscriptions, *now, *limit))
            });
            routed.await
        })
    }

    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>> {
        let queue = Queue { receiver, now, lease, limit };
        Box::pin(async move {
            let deadline = Instant::now() + PATIENCE;
            let is_due =
                self.database.read("due", deadline, queue, |connection, queue| Box::pin(queue.is_due(connection)));
            if !is_due.await? {
                return Ok(Vec::new());
            }
            let taken =
                self.database.write("due", deadline, queue, |connection, queue| Box::pin(queue.take(connection)));
            taken.await
        })
    }

    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> BoxFuture<'a, Result<(), PortError>> {
        let data = (receiver, id, state);
        let deadline = Instant::now() + PATIENCE;
        Box::pin(self.database.write("sent", deadline, data, |connection, (receiver, id, state)| {
            Box::pin(sent(connection, receiver, *id, *state))
        }))
    }
}
