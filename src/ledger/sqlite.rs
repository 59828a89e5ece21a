//! The ledger in one SQLite file, which several processes may share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::audit::{AuditFilter, AuditHead, AuditRecord, AuditReport};
use super::report::{EntryFilter, EntryPage, EntryReport, Summary};
use super::{attempts, audit, entries, outbox, report, schema};
use crate::migrate::{
    Attempt, Claim, ClaimAnswer, Decision, DeliveryState, Entry, Event, Finish, Finished, Keyring, Ledger, LegacyKey,
    Outgoing, Pending, PortError, Reserved, Subscription,
};
use crate::sqlite::{Batch, Database, WriterFigures};

/// The name of the ledger in errors and metrics.
const NAME: &str = "ledger";

/// The ledger in an SQLite file.
///
/// Every write is on the disk when its future is ready; writes of concurrent logins share a commit. An I/O error, a full disk
/// or a lock that nobody releases is an error, never an answer that lets somebody in.
#[derive(Clone)]
pub struct SqliteLedger {
    pub(super) database: Database,
    pub(super) keyring: Arc<Keyring>,
}

impl fmt::Debug for SqliteLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteLedger").finish_non_exhaustive()
    }
}

impl SqliteLedger {
    /// Opens the ledger at a path or `sqlite:` address, and makes it when it is missing.
    ///
    /// # Errors
    /// As [`Database::open`]; and when the key is not the one that the ledger was made with, or the head of the audit was
    /// changed.
    pub async fn open(at: &str, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        let ledger = Self::inspect(at, keyring).await?;
        let keyring = Arc::clone(&ledger.keyring);
        ledger
            .write("open", move |connection| {
                Box::pin(async move {
                    audit::found(connection, &keyring).await?;
                    audit::head(connection, &keyring).await.map(|_| ())
                })
            })
            .await?;
        Ok(ledger)
    }

    /// Opens the ledger without a look at its audit, for [`verify`](Self::verify). A ledger whose head was changed appends
    /// nothing, however it was opened.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn inspect(at: &str, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        let database = Database::open(at, NAME, schema::MIGRATIONS).await?;
        Ok(Self { database, keyring })
    }

    /// How many writes there were, in how many commits, and how many wait.
    #[must_use]
    pub fn figures(&self) -> WriterFigures {
        self.database.writer().figures()
    }

    /// Follows the audit from its first row to its head.
    ///
    /// # Errors
    /// When the file cannot be read. A break is a part of the report.
    pub async fn verify(&self) -> Result<AuditReport, PortError> {
        self.verify_with(&[]).await
    }

    /// Follows the audit, and proves that heads that were kept elsewhere are still part of it.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_with(&self, anchors: &[AuditHead]) -> Result<AuditReport, PortError> {
        let (keyring, anchors) = (Arc::clone(&self.keyring), anchors.to_vec());
        self.read("verify", move |connection| {
            Box::pin(async move { audit::verify(connection, &keyring, &anchors).await })
        })
        .await
    }

    /// The head of the audit now.
    ///
    /// # Errors
    /// When it cannot be read, or its tag does not prove it.
    pub async fn audit_head(&self) -> Result<AuditHead, PortError> {
        let keyring = Arc::clone(&self.keyring);
        self.read("head", move |connection| Box::pin(async move { audit::head(connection, &keyring).await })).await
    }

    /// Rows of the audit that fit, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read, or a row is none of ours.
    pub async fn audit(&self, filter: AuditFilter, limit: usize) -> Result<Vec<AuditRecord>, PortError> {
        self.read("audit", move |connection| Box::pin(async move { audit::page(connection, &filter, limit).await }))
            .await
    }

    /// How the migration stands.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn summary(&self, now: Timestamp) -> Result<Summary, PortError> {
        self.read("summary", move |connection| Box::pin(report::summary(connection, now))).await
    }

    /// Entries that fit, in the order of source and legacy id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn entries(&self, filter: EntryFilter, page: EntryPage) -> Result<Vec<EntryReport>, PortError> {
        self.read("entries", move |connection| {
            Box::pin(async move { report::entries(connection, &filter, &page).await })
        })
        .await
    }

    pub(super) async fn write<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Pending<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        self.database.writer().write(operation, job).await
    }

    pub(super) async fn read<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Pending<'c, Result<T, sqlx::Error>>,
    {
        self.database.reader().read(operation, job).await
    }
}

/// Appends a decision with its events, and takes back the attempts that were no failures. `batch` may have begun with
/// something else.
async fn record(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    mut batch: Batch,
    decision: &Decision,
    events: &[Event],
) -> Result<(), sqlx::Error> {
    let before = audit::head(connection, keyring).await?;
    audit::append(&mut batch, keyring, &before, decision)?;
    attempts::settle(&mut batch, &decision.settled);
    outbox::add(&mut batch, events);
    batch.execute(connection).await
}

impl Ledger for SqliteLedger {
    fn would_admit<'a>(&'a self, attempt: &'a Attempt) -> Pending<'a, Result<Reserved, PortError>> {
        let attempt = attempt.clone();
        Box::pin(self.read("would_admit", move |connection| {
            Box::pin(async move { attempts::would_admit(connection, &attempt).await })
        }))
    }

    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> Pending<'a, Result<Reserved, PortError>> {
        let attempt = attempt.clone();
        Box::pin(
            self.write("reserve", move |connection| {
                Box::pin(async move { attempts::reserve(connection, &attempt).await })
            }),
        )
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> Pending<'a, Result<ClaimAnswer, PortError>> {
        let (customer, claim) = (self.keyring.customer(&claim.key), claim.clone());
        Box::pin(self.write("claim", move |connection| {
            Box::pin(async move { entries::claim(connection, &customer, &claim).await })
        }))
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> Pending<'a, Result<Finished, PortError>> {
        let (keyring, finish) = (Arc::clone(&self.keyring), finish.clone());
        Box::pin(self.write("finish", move |connection| {
            Box::pin(async move {
                let finished = entries::finish(connection, &finish).await?;
                if finished == Finished::Done {
                    record(connection, &keyring, Batch::default(), &finish.decision, &finish.events).await?;
                }
                Ok(finished)
            })
        }))
    }

    fn abandon<'a>(&'a self, key: &'a LegacyKey, token: u64) -> Pending<'a, Result<(), PortError>> {
        let key = key.clone();
        Box::pin(self.write("abandon", move |connection| {
            Box::pin(async move { entries::abandon(connection, &key, token).await })
        }))
    }

    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> Pending<'a, Result<(), PortError>> {
        let (keyring, decision, events) = (Arc::clone(&self.keyring), decision.clone(), events.to_vec());
        Box::pin(self.write("decide", move |connection| {
            Box::pin(async move {
                let mut batch = Batch::default();
                if let Some((account, Some(external))) = &decision.account {
                    entries::settle(&mut batch, external, account, decision.at);
                }
                record(connection, &keyring, batch, &decision, &events).await
            })
        }))
    }

    fn bury<'a>(
        &'a self,
        key: &'a LegacyKey,
        logins: &'a [String],
        at: Timestamp,
    ) -> Pending<'a, Result<(), PortError>> {
        let (customer, key, logins) = (self.keyring.customer(key), key.clone(), logins.to_vec());
        Box::pin(self.write("bury", move |connection| {
            Box::pin(async move { entries::bury(connection, &key, &customer, &logins, at).await })
        }))
    }

    fn forget<'a>(&'a self, key: &'a LegacyKey) -> Pending<'a, Result<(), PortError>> {
        let key = key.clone();
        Box::pin(
            self.write("forget", move |connection| Box::pin(async move { entries::forget(connection, &key).await })),
        )
    }

    fn entry<'a>(&'a self, key: &'a LegacyKey) -> Pending<'a, Result<Option<Entry>, PortError>> {
        let key = key.clone();
        Box::pin(self.read("entry", move |connection| Box::pin(async move { entries::entry(connection, &key).await })))
    }

    fn unfinished<'a>(&'a self, now: Timestamp, limit: usize) -> Pending<'a, Result<Vec<Entry>, PortError>> {
        Box::pin(self.read("unfinished", move |connection| Box::pin(entries::unfinished(connection, now, limit))))
    }

    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> Pending<'a, Result<Vec<(String, u64)>, PortError>> {
        let receivers = receivers.to_vec();
        Box::pin(self.write("keep_receivers", move |connection| {
            Box::pin(async move { outbox::keep_receivers(connection, &receivers).await })
        }))
    }

    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> Pending<'a, Result<usize, PortError>> {
        let subscriptions = subscriptions.to_vec();
        Box::pin(async move {
            if !self.read("route", |connection| Box::pin(outbox::has_new(connection))).await? {
                return Ok(0);
            }
            self.write("route", move |connection| {
                Box::pin(async move { outbox::route(connection, &subscriptions, now, limit).await })
            })
            .await
        })
    }

    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Pending<'a, Result<Vec<Outgoing>, PortError>> {
        let queue = outbox::Queue { receiver: receiver.to_owned(), now };
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

    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> Pending<'a, Result<(), PortError>> {
        let receiver = receiver.to_owned();
        Box::pin(self.write("sent", move |connection| {
            Box::pin(async move { outbox::sent(connection, &receiver, id, state).await })
        }))
    }
}
