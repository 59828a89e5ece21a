//! Events to be sent, and their receivers. Instances hand out different events: each skips rows that another one locks.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::time::Instant;

use super::store::PostgresLedger;
use super::undelivered;
use crate::adapters::ledgers::{DEAD, Ended, OutboxRow, ended, later, latest_due, length, micros, outgoing, unsigned};
use crate::adapters::postgres::database::PATIENCE;
use crate::ports::{BoxFuture, DeliveryState, EventKind, Outbox, Outgoing, PortError, Subscription, Undelivered};

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

/// An event without receivers: id, at, kind, source.
type NewEvent = (i64, i64, String, Option<String>);

/// The deliveries of new events, column by column.
#[derive(Default)]
struct Deliveries<'s> {
    events: Vec<i64>,
    webhooks: Vec<&'s str>,
    due_at: Vec<i64>,
}

impl<'s> Deliveries<'s> {
    fn of(new: &[NewEvent], subscriptions: &'s [Subscription], now: Timestamp) -> Self {
        let mut deliveries = Self::default();
        for event in new {
            for subscription in subscriptions.iter().filter(|subscription| receives(subscription, event)) {
                deliveries.events.push(event.0);
                deliveries.webhooks.push(&subscription.receiver);
                deliveries.due_at.push(event.1.min(micros(now)).saturating_add(length(subscription.after)));
            }
        }
        deliveries
    }
}

/// Whether a receiver is subscribed to an event.
fn receives(subscription: &Subscription, (_, _, kind, source): &NewEvent) -> bool {
    subscription.kinds.iter().any(|wanted| wanted.name() == kind)
        && (subscription.source.is_none() || subscription.source == *source)
}

/// Creates the deliveries of new events; events that no receiver is subscribed to are removed. Returns the number of
/// new events.
async fn route(
    connection: &mut PgConnection,
    subscriptions: &[Subscription],
    now: Timestamp,
    limit: usize,
) -> Result<usize, sqlx::Error> {
    let sql = "SELECT id, at, kind, source FROM landfall_outbox WHERE NOT routed ORDER BY id LIMIT $1 \
               FOR UPDATE SKIP LOCKED";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let new: Vec<NewEvent> = sqlx::query_as(sql).bind(limit).fetch_all(&mut *connection).await?;
    if new.is_empty() {
        return Ok(0);
    }
    let deliveries = Deliveries::of(&new, subscriptions, now);
    let routed: BTreeSet<i64> = deliveries.events.iter().copied().collect();
    let unwanted: Vec<i64> = new.iter().map(|(id, ..)| *id).filter(|id| !routed.contains(id)).collect();
    let sql = "INSERT INTO landfall_deliveries (event, webhook, due_at, attempts, why) \
               SELECT d.*, 0, '' FROM unnest($1, $2, $3) AS d (event, webhook, due_at)";
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
    /// How long after an event the receiver is told of it.
    after: Duration,
    now: Timestamp,
    lease: Duration,
    limit: usize,
}

impl Queue<'_> {
    /// No delivery is due later, unless it is dead.
    fn latest(&self) -> i64 {
        latest_due(self.now, self.after)
    }

    /// Whether anything is due, so that an idle queue costs no write.
    async fn is_due(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM landfall_deliveries WHERE webhook = $1 AND due_at <= $2) \
                   OR EXISTS (SELECT 1 FROM landfall_deliveries WHERE webhook = $1 AND due_at > $3 AND due_at < $4)";
        sqlx::query_scalar(sql)
            .bind(self.receiver)
            .bind(micros(self.now))
            .bind(self.latest())
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
        let sql = "SELECT id, at, kind, reason, account, request_id, tags, source, legacy_id, kept, attempts \
                   FROM landfall_deliveries JOIN landfall_outbox ON id = event WHERE webhook = $1 AND event = ANY($2) ORDER BY due_at, event";
        let rows: Vec<OutboxRow> =
            sqlx::query_as(sql).bind(self.receiver).bind(&events).fetch_all(&mut *connection).await?;
        let sql = "UPDATE landfall_deliveries SET attempts = attempts + 1, due_at = $1 \
                   WHERE webhook = $2 AND event = ANY($3)";
        let query = sqlx::query(sql).bind(later(self.now, self.lease)).bind(self.receiver).bind(&events);
        query.execute(connection).await?;
        rows.into_iter().map(outgoing).collect()
    }

    /// Schedules deliveries again that a clock, set back since, had scheduled too far in the future.
    async fn pull_forward(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = "UPDATE landfall_deliveries SET \
                   due_at = COALESCE((SELECT LEAST(at, $1) FROM landfall_outbox WHERE id = event), 0) + $2 \
                   WHERE webhook = $3 AND due_at > $4 AND due_at < $5";
        sqlx::query(sql)
            .bind(micros(self.now))
            .bind(length(self.after))
            .bind(self.receiver)
            .bind(self.latest())
            .bind(DEAD)
            .execute(connection)
            .await
            .map(|_| ())
    }
}

/// Records the state of a delivery. When the last delivery is accepted, the event is removed.
async fn sent(connection: &mut PgConnection, receiver: &str, id: i64, state: &Ended) -> Result<(), sqlx::Error> {
    if let Some((due_at, why)) = state {
        let sql = "UPDATE landfall_deliveries SET due_at = $1, why = $2 WHERE event = $3 AND webhook = $4";
        return sqlx::query(sql).bind(due_at).bind(why).bind(id).bind(receiver).execute(connection).await.map(|_| ());
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
        receiver: &'a Subscription,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>> {
        let queue = Queue { receiver: &receiver.receiver, after: receiver.after, now, lease, limit };
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

    fn sent<'a>(
        &'a self,
        receiver: &'a str,
        id: i64,
        state: DeliveryState<'a>,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let data = (receiver, id, ended(state));
        let deadline = Instant::now() + PATIENCE;
        Box::pin(self.database.write("sent", deadline, data, |connection, (receiver, id, state)| {
            Box::pin(sent(connection, receiver, *id, state))
        }))
    }

    fn undelivered<'a>(
        &'a self,
        kind: EventKind,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Undelivered>, PortError>> {
        let (deadline, data) = (Instant::now() + PATIENCE, (kind, after, limit));
        Box::pin(self.database.read("undelivered", deadline, data, |connection, (kind, after, limit)| {
            Box::pin(undelivered::list(connection, *kind, *after, *limit))
        }))
    }

    fn send_again<'a>(
        &'a self,
        kind: EventKind,
        id: Option<i64>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, PortError>> {
        let (deadline, data) = (Instant::now() + PATIENCE, (kind, id, now));
        Box::pin(self.database.write("send_again", deadline, data, |connection, (kind, id, now)| {
            Box::pin(undelivered::send_again(connection, *kind, *id, *now))
        }))
    }
}
