//! Legacy systems that are told of the customers who were migrated from them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::receiver::{Delivered, Receiver};
use crate::metrics::table::WRITE_BACKS;
use crate::ports::{
    BoxFuture, Call, Clock, Entry, EntryState, EventKind, Ledger, LegacyWriter, MigratedCustomer, Outgoing, PortError,
    PortErrorKind, Subscription, Written,
};

/// How many customers one legacy system is told of concurrently. Nobody waits for it, and the system still serves others.
const IN_FLIGHT: usize = 4;

/// The longest time that telling a legacy system of one customer may take. Shorter than the lease of a queue.
pub const LONGEST_WRITE: Duration = Duration::from_secs(30);

/// The name of a legacy system among the receivers of events.
#[must_use]
pub fn write_back_receiver(source: &str) -> String {
    format!("write_back:{source}")
}

/// When and how often a legacy system is told of a customer.
#[derive(Debug, Clone, Copy)]
pub struct WriteBackPolicy {
    /// How long after the migration.
    pub after: Duration,
    /// Whether nothing is written, and the write is only rehearsed.
    pub dry_run: bool,
    /// How often it is tried while the system is down.
    pub attempts: u32,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// A legacy system that is told of migrated customers.
///
/// Before each write the ledger is asked whether the customer still is migrated to the account of the event: a migration that
/// was undone, or an account that was deleted, is not written back.
pub struct WriteBack {
    subscription: Subscription,
    source: String,
    writer: Arc<dyn LegacyWriter>,
    ledger: Arc<dyn Ledger>,
    policy: WriteBackPolicy,
}

impl fmt::Debug for WriteBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBack").field("source", &self.source).field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// What the ledger says of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Migrated to the account of the event.
    Migrated,
    /// An undo is in progress.
    Undecided,
    /// Undone, deleted, or migrated anew.
    Over,
}

impl WriteBack {
    /// Tells a system of the customers of a source.
    #[must_use]
    pub fn new(source: &str, writer: Arc<dyn LegacyWriter>, ledger: Arc<dyn Ledger>, policy: WriteBackPolicy) -> Self {
        let subscription = Subscription {
            source: Some(source.to_owned()),
            after: policy.after,
            ..Subscription::new(write_back_receiver(source), &[EventKind::WriteBack])
        };
        Self { subscription, source: source.to_owned(), writer, ledger, policy }
    }

    async fn tell(&self, outgoing: &Outgoing) -> Result<(&'static str, Delivered), PortError> {
        let Some(customer) = &outgoing.event.customer else {
            return Ok(("refused", Delivered::Refused("the event names no customer".to_owned())));
        };
        match self.standing(outgoing, customer).await? {
            Standing::Over => return Ok(("cancelled", Delivered::Accepted)),
            Standing::Undecided => {
                let why = "the migration is being undone".to_owned();
                return Ok(("retried", Delivered::Failed(why)));
            }
            Standing::Migrated => {}
        }
        let id = format!("wb_{}_{}", outgoing.id, outgoing.event.at.as_millisecond());
        let call = Call { deadline: Instant::now() + self.policy.timeout.min(LONGEST_WRITE), request_id: &id };
        let late =
            || PortError::new(PortErrorKind::Unavailable, &self.source, "write_back").because("it took too long");
        if self.policy.dry_run {
            timeout_at(call.deadline, self.writer.rehearse(call, customer)).await.map_err(|_| late())??;
            return Ok(("rehearsed", Delivered::Rehearsed));
        }
        let written = timeout_at(call.deadline, self.writer.write(call, customer)).await;
        match written.map_err(|_| late())?? {
            Written::Done => Ok(("written", Delivered::Accepted)),
            Written::Gone => Ok(("gone", Delivered::Accepted)),
        }
    }

    async fn standing(&self, outgoing: &Outgoing, customer: &MigratedCustomer) -> Result<Standing, PortError> {
        let entry = self.ledger.entry(&customer.key).await?;
        let same = |entry: &Entry| entry.account == outgoing.event.account;
        Ok(match entry {
            Some(entry) if same(&entry) && entry.state == EntryState::Done => Standing::Migrated,
            Some(entry) if same(&entry) && entry.state == EntryState::Undoing => Standing::Undecided,
            _ => Standing::Over,
        })
    }
}

impl Receiver for WriteBack {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn in_flight(&self) -> usize {
        IN_FLIGHT
    }

    fn attempts(&self) -> u32 {
        self.policy.attempts
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing, _: &'a dyn Clock) -> BoxFuture<'a, Delivered> {
        Box::pin(async move {
            let (source, id) = (&self.source, outgoing.id);
            let (result, delivered) = self.tell(outgoing).await.unwrap_or_else(|error| {
                tracing::warn!(source, id, %error, "a legacy system was not told of a migrated customer");
                let why = format!("{}: {}", error.kind().name(), error.detail());
                match error.is_temporary() {
                    true => ("retried", Delivered::Failed(why)),
                    false => ("refused", Delivered::Refused(why)),
                }
            });
            tracing::debug!(source, id, result, "write-back");
            WRITE_BACKS.add([source.clone().into(), result.into()], 1);
            delivered
        })
    }

    fn gave_up(&self, outgoing: &Outgoing, why: &str) {
        let (source, id) = (&self.source, outgoing.id);
        tracing::error!(
            source,
            id,
            why,
            "gave up telling a legacy system of a migrated customer; see `landfall write-back list`, and repeat it with `landfall write-back retry`"
        );
        WRITE_BACKS.add([source.clone().into(), "failed".into()], 1);
    }
}

#[cfg(test)]
mod tests;
