//! The ledger in one SQLite file, which several processes can share.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{attempts, audit, binding, entries, logins, outbox, reversal, schema};
use crate::adapters::ledgers::UncertainRows;
use crate::adapters::sqlite::{Batch, Database, WriterFigures};
use crate::ports::{
    Abandon, Attempt, BoxFuture, Buried, Claim, ClaimAnswer, Counter, Decision, Entry, Event, ExternalId, Finish,
    Finished, Keyring, Ledger, LegacyKey, Owner, PortError, PortErrorKind, Reserved, Restore, Room, StoreId, TargetId,
    Undo, UndoAnswer, UndoEnd,
};

/// The name of the ledger in errors and metrics.
pub(super) const NAME: &str = "ledger";

/// The ledger in an SQLite file.
///
/// Every write is on disk when its future resolves; writes of concurrent logins share a commit. An I/O error, a full
/// disk, or a lock that is never released is an error, never an answer that lets anybody sign in.
#[derive(Clone)]
pub struct SqliteLedger {
    pub(in crate::adapters) database: Database,
    pub(super) keyring: Arc<Keyring>,
    pub(super) uncertain: UncertainRows,
    /// The identity of the ledger at the first ping.
    identity: Arc<OnceLock<String>>,
}

impl fmt::Debug for SqliteLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteLedger").finish_non_exhaustive()
    }
}

impl SqliteLedger {
    /// Opens the ledger at a path or `sqlite:` address, and creates it if it is missing.
    ///
    /// # Errors
    /// Those of [`Database::open`]; also if the key differs from the one that the ledger was created with, or the head
    /// of the audit was changed.
    pub async fn open(at: &str, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        let database = Database::open(at, NAME, schema::MIGRATIONS).await?;
        Self { database, keyring, uncertain: UncertainRows::default(), identity: Arc::default() }.verified_head().await
    }

    /// Like [`open`](Self::open), but does not create the ledger: a missing one is an error.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_existing(at: &str, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        Self::inspect(at, keyring).await?.verified_head().await
    }

    /// The ledger, if its key and the head of its audit are valid.
    async fn verified_head(self) -> Result<Self, PortError> {
        let (ledger, keyring) = (self.clone(), Arc::clone(&self.keyring));
        ledger
            .write("open", move |connection| {
                Box::pin(async move {
                    audit::create(connection, &keyring).await?;
                    audit::head(connection, &keyring).await.map(|_| ())
                })
            })
            .await?;
        Ok(ledger)
    }

    /// Opens an existing ledger without checking its audit, for [`verify`](crate::ports::Reports::verify). A ledger whose head was
    /// changed appends nothing, however it was opened.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn inspect(at: &str, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        let database = Database::open_existing(at, NAME, schema::MIGRATIONS).await?;
        Ok(Self { database, keyring, uncertain: UncertainRows::default(), identity: Arc::default() })
    }

    /// The number of writes, commits, and waiting jobs.
    #[must_use]
    pub fn figures(&self) -> WriterFigures {
        self.database.writer().figures()
    }

    pub(super) async fn write<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        self.database.writer().write(operation, job).await
    }

    pub(super) async fn read<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        self.database.reader().read(operation, job).await
    }
}

/// Appends a decision with its events and the changes to attempts. `batch` may already contain other statements.
async fn record(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    mut batch: Batch,
    decision: &Decision,
    events: &[Event],
) -> Result<(), sqlx::Error> {
    let before = audit::head(connection, keyring).await?;
    audit::append(&mut batch, keyring, &before, decision)?;
    attempts::settle(&mut batch, &decision.settled, decision.at);
    outbox::add(&mut batch, events);
    batch.execute(connection).await
}

impl Ledger for SqliteLedger {
    fn would_admit<'a>(&'a self, counter: &'a Counter, at: Timestamp) -> BoxFuture<'a, Result<Room, PortError>> {
        let counter = counter.clone();
        Box::pin(self.read("would_admit", move |connection| {
            Box::pin(async move { attempts::would_admit(connection, &counter, at).await })
        }))
    }

    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Reserved, PortError>> {
        let attempt = attempt.clone();
        Box::pin(
            self.write("reserve", move |connection| {
                Box::pin(async move { attempts::reserve(connection, &attempt).await })
            }),
        )
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<ClaimAnswer, PortError>> {
        let (customer, claim) = (self.keyring.customer(&claim.key), claim.clone());
        Box::pin(self.write("claim", move |connection| {
            Box::pin(async move { entries::claim(connection, &customer, &claim).await })
        }))
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> BoxFuture<'a, Result<Finished, PortError>> {
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

    fn abandon<'a>(&'a self, abandon: &'a Abandon) -> BoxFuture<'a, Result<(), PortError>> {
        let abandon = abandon.clone();
        Box::pin(
            self.write("abandon", move |connection| {
                Box::pin(async move { entries::abandon(connection, &abandon).await })
            }),
        )
    }

    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> BoxFuture<'a, Result<(), PortError>> {
        let (keyring, decision, events) = (Arc::clone(&self.keyring), decision.clone(), events.to_vec());
        Box::pin(self.write("decide", move |connection| {
            Box::pin(async move {
                let mut batch = Batch::default();
                entries::activate(&mut batch, &decision);
                record(connection, &keyring, batch, &decision, &events).await
            })
        }))
    }

    fn bury<'a>(
        &'a self,
        key: &'a LegacyKey,
        logins: &'a [String],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let (customer, key, logins) = (self.keyring.customer(key), key.clone(), logins.to_vec());
        Box::pin(self.write("bury", move |connection| {
            Box::pin(async move { reversal::bury(connection, &key, &customer, &logins, at).await })
        }))
    }

    fn undo<'a>(&'a self, undo: &'a Undo) -> BoxFuture<'a, Result<UndoAnswer, PortError>> {
        let undo = undo.clone();
        Box::pin(self.write("undo", move |connection| Box::pin(async move { reversal::undo(connection, &undo).await })))
    }

    fn end_undo<'a>(&'a self, end: &'a UndoEnd) -> BoxFuture<'a, Result<Finished, PortError>> {
        let (keyring, end) = (Arc::clone(&self.keyring), end.clone());
        Box::pin(self.write("end_undo", move |connection| {
            Box::pin(async move {
                let (key, token, decision) = match &end {
                    UndoEnd::Keep { key, token } => return reversal::keep(connection, key, *token).await,
                    UndoEnd::Forget { key, token, decision } => (key, *token, decision),
                };
                let ended = reversal::forget(connection, key, token).await?;
                if ended == Finished::Done {
                    record(connection, &keyring, Batch::default(), decision, &[]).await?;
                }
                Ok(ended)
            })
        }))
    }

    fn buried<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Buried>, PortError>> {
        let subject = subject.to_owned();
        Box::pin(
            self.read("buried", move |connection| {
                Box::pin(async move { reversal::buried(connection, &subject).await })
            }),
        )
    }

    fn restore<'a>(&'a self, restore: &'a Restore) -> BoxFuture<'a, Result<(), PortError>> {
        let (keyring, restore) = (Arc::clone(&self.keyring), restore.clone());
        Box::pin(self.write("restore", move |connection| {
            Box::pin(async move {
                reversal::restore(connection, &restore).await?;
                record(connection, &keyring, Batch::default(), &restore.decision, &[]).await
            })
        }))
    }

    fn entry<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<Option<Entry>, PortError>> {
        let key = key.clone();
        Box::pin(self.read("entry", move |connection| Box::pin(async move { entries::entry(connection, &key).await })))
    }

    fn migrated<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Entry>, PortError>> {
        let subject = subject.to_owned();
        Box::pin(
            self.read("migrated", move |connection| {
                Box::pin(async move { logins::migrated(connection, &subject).await })
            }),
        )
    }

    fn owner<'a>(&'a self, account: &'a TargetId) -> BoxFuture<'a, Result<Option<Owner>, PortError>> {
        let account = account.clone();
        Box::pin(
            self.read("owner", move |connection| Box::pin(async move { logins::owner(connection, &account).await })),
        )
    }

    fn unfinished<'a>(
        &'a self,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, PortError>> {
        Box::pin(
            self.read("unfinished", move |connection| Box::pin(entries::unfinished(connection, now, lease, limit))),
        )
    }

    fn settle_buried<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<(), PortError>> {
        let key = key.clone();
        Box::pin(self.write("settle_buried", move |connection| {
            Box::pin(async move { reversal::settle_buried(connection, &key).await })
        }))
    }

    fn store(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(self.read("store", |connection| Box::pin(binding::store(connection))))
    }

    fn bind<'a>(&'a self, store: &'a StoreId) -> BoxFuture<'a, Result<StoreId, PortError>> {
        let store = store.clone();
        Box::pin(self.write("bind", move |connection| Box::pin(async move { binding::bind(connection, &store).await })))
    }

    fn last_migrated(&self) -> BoxFuture<'_, Result<Option<ExternalId>, PortError>> {
        Box::pin(self.read("last_migrated", |connection| Box::pin(entries::last_migrated(connection))))
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async move {
            let identity = self.write("ping", |connection| Box::pin(binding::ping(connection))).await?;
            // A different ledger copied over this file in place looks like the same file to everything but this check.
            if *self.identity.get_or_init(|| identity.clone()) == identity {
                return Ok(());
            }
            let error = PortError::new(PortErrorKind::Misconfigured, NAME, "ping");
            Err(error.because("the ledger file was replaced by another ledger; restore it and restart the service"))
        })
    }
}
