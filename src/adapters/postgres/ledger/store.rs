//! The ledger in a PostgreSQL database.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::entries::Claiming;
use super::nonces::Memory;
use super::recorder::Recorder;
use super::records::Record;
use super::{SCHEMA, attempts, audit, binding, entries, logins, reversal};
use crate::adapters::postgres::database::{Absent, Database, PATIENCE, prepare};
use crate::ports::{
    Abandon, Attempt, BoxFuture, Buried, Claim, ClaimAnswer, Counter, Decision, Entry, Event, ExternalId, Finish,
    Finished, Keyring, Ledger, LegacyKey, Owner, PortError, PortErrorKind, Reserved, Restore, Room, StoreId, TargetId,
    Undo, UndoAnswer, UndoEnd,
};
use crate::random;

/// The name of the ledger in errors and metrics.
pub(in crate::adapters::postgres) const NAME: &str = "ledger";

/// The ledger in a database that several instances share. Cheap to clone.
///
/// Every write is durable when its future resolves. An outage, a lock that is never released, or a commit whose outcome
/// cannot be found out is an error, never an answer that lets anybody sign in.
#[derive(Clone)]
pub(in crate::adapters) struct PostgresLedger {
    pub(super) database: Database,
    pub(super) keyring: Arc<Keyring>,
    pub(super) memory: Memory,
    recorder: Recorder,
    /// The identity of the ledger at the first ping.
    identity: Arc<OnceLock<String>>,
}

impl fmt::Debug for PostgresLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLedger").finish_non_exhaustive()
    }
}

impl PostgresLedger {
    /// Opens the ledger of an address, and creates its tables if they are missing. Files in the address are relative to the
    /// folder. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the database cannot be used, if the key differs from the one that the ledger was created with, or if the head of
    /// the audit was changed.
    pub async fn open(url: &str, folder: &Path, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        let ledger = Self::with(url, folder, keyring, Absent::Create).await?;
        let data = (&*ledger.keyring, random_id("open")?);
        let created = ledger.database.write("open", soon(), data, |connection, (keyring, identity)| {
            Box::pin(async move {
                binding::create(connection, identity).await?;
                audit::create(connection, keyring).await
            })
        });
        created.await?;
        ledger.verified_head().await
    }

    /// Like [`open`](Self::open), but does not create the ledger: a missing one is an error.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_existing(url: &str, folder: &Path, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        Self::inspect(url, folder, keyring).await?.verified_head().await
    }

    /// Opens an existing ledger without checking its audit, for [`verify`](crate::ports::Reports::verify). A ledger whose
    /// head was changed appends nothing, however it was opened.
    ///
    /// # Errors
    /// If the database cannot be used, or has no ledger.
    pub async fn inspect(url: &str, folder: &Path, keyring: Arc<Keyring>) -> Result<Self, PortError> {
        Self::with(url, folder, keyring, Absent::Refuse).await
    }

    async fn with(url: &str, folder: &Path, keyring: Arc<Keyring>, absent: Absent) -> Result<Self, PortError> {
        let database = Database::new(NAME, url, folder)?;
        prepare(&database, &SCHEMA, absent).await?;
        let recorder = Recorder::start(database.clone(), Arc::clone(&keyring));
        Ok(Self { database, keyring, memory: Memory::default(), recorder, identity: Arc::default() })
    }

    /// The ledger, if its key and the head of its audit are valid.
    async fn verified_head(self) -> Result<Self, PortError> {
        let head = self
            .database
            .read("open", soon(), &*self.keyring, |connection, keyring| Box::pin(audit::head(connection, keyring)));
        head.await?;
        Ok(self)
    }
}

/// When a call ends that no guard ends earlier.
pub(super) fn soon() -> Instant {
    Instant::now() + PATIENCE
}

/// An id for one write.
fn random_id(operation: &'static str) -> Result<String, PortError> {
    random::id().map_err(|error| no_random_numbers(operation, error))
}

fn no_random_numbers(operation: &'static str, error: std::io::Error) -> PortError {
    PortError::new(PortErrorKind::Unavailable, NAME, operation)
        .because("the system provides no random numbers")
        .caused_by(error)
}

impl Ledger for PostgresLedger {
    fn would_admit<'a>(&'a self, counter: &'a Counter, at: Timestamp) -> BoxFuture<'a, Result<Room, PortError>> {
        Box::pin(self.database.read("would_admit", soon(), (counter, at), |connection, (counter, at)| {
            Box::pin(attempts::would_admit(connection, counter, *at))
        }))
    }

    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Reserved, PortError>> {
        Box::pin(async move {
            let token = random::bytes().map_err(|error| no_random_numbers("reserve", error))?;
            let data = (attempt, i64::from_be_bytes(token));
            let reserved = self.database.write("reserve", soon(), data, |connection, (attempt, token)| {
                Box::pin(attempts::reserve(connection, attempt, *token))
            });
            reserved.await
        })
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<ClaimAnswer, PortError>> {
        Box::pin(async move {
            let customer = self.keyring.customer(&claim.key);
            let claiming = Claiming { claim, customer, grant: random_id("claim")? };
            let claimed = self
                .database
                .write("claim", soon(), claiming, |connection, claiming| Box::pin(claiming.claim(connection)));
            claimed.await
        })
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> BoxFuture<'a, Result<Finished, PortError>> {
        Box::pin(self.recorder.record("finish", Record::Finish(finish.clone())))
    }

    fn abandon<'a>(&'a self, abandon: &'a Abandon) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(
            self.database.write("abandon", soon(), abandon, |connection, abandon| {
                Box::pin(entries::abandon(connection, abandon))
            }),
        )
    }

    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> BoxFuture<'a, Result<(), PortError>> {
        let record = Record::Decide { decision: decision.clone(), events: events.to_vec() };
        Box::pin(async move { self.recorder.record("decide", record).await.map(|_| ()) })
    }

    fn bury<'a>(
        &'a self,
        key: &'a LegacyKey,
        logins: &'a [String],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let data = (key, self.keyring.customer(key), logins, at);
        Box::pin(self.database.write("bury", soon(), data, |connection, (key, customer, logins, at)| {
            Box::pin(reversal::bury(connection, key, customer, logins, *at))
        }))
    }

    fn undo<'a>(&'a self, undo: &'a Undo) -> BoxFuture<'a, Result<UndoAnswer, PortError>> {
        Box::pin(async move {
            let data = (undo, self.keyring.customer(&undo.key), random_id("undo")?);
            let begun = self.database.write("undo", soon(), data, |connection, (undo, customer, grant)| {
                Box::pin(reversal::undo(connection, undo, customer, grant))
            });
            begun.await
        })
    }

    fn end_undo<'a>(&'a self, end: &'a UndoEnd) -> BoxFuture<'a, Result<Finished, PortError>> {
        Box::pin(async move {
            match end {
                UndoEnd::Keep { key, token } => {
                    let kept = self.database.write("end_undo", soon(), (key, *token), |connection, (key, token)| {
                        Box::pin(reversal::keep(connection, key, *token))
                    });
                    kept.await
                }
                UndoEnd::Forget { key, token, decision } => {
                    let (key, decision) = (key.clone(), decision.clone());
                    self.recorder.record("end_undo", Record::Forget { key, token: *token, decision }).await
                }
            }
        })
    }

    fn buried<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Buried>, PortError>> {
        Box::pin(
            self.database
                .read("buried", soon(), subject, |connection, subject| Box::pin(reversal::buried(connection, subject))),
        )
    }

    fn restore<'a>(&'a self, restore: &'a Restore) -> BoxFuture<'a, Result<(), PortError>> {
        let record = Record::Restore(restore.clone());
        Box::pin(async move { self.recorder.record("restore", record).await.map(|_| ()) })
    }

    fn entry<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<Option<Entry>, PortError>> {
        Box::pin(self.database.read("entry", soon(), key, |connection, key| Box::pin(entries::entry(connection, key))))
    }

    fn migrated<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Entry>, PortError>> {
        Box::pin(
            self.database.read("migrated", soon(), subject, |connection, subject| {
                Box::pin(logins::migrated(connection, subject))
            }),
        )
    }

    fn owner<'a>(&'a self, account: &'a TargetId) -> BoxFuture<'a, Result<Option<Owner>, PortError>> {
        Box::pin(
            self.database
                .read("owner", soon(), account, |connection, account| Box::pin(logins::owner(connection, account))),
        )
    }

    fn unfinished<'a>(
        &'a self,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, PortError>> {
        let data = (now, lease, limit);
        Box::pin(self.database.read("unfinished", soon(), data, |connection, (now, lease, limit)| {
            Box::pin(entries::unfinished(connection, *now, *lease, *limit))
        }))
    }

    fn settle_buried<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(
            self.database.write("settle_buried", soon(), key, |connection, key| {
                Box::pin(reversal::settle_buried(connection, key))
            }),
        )
    }

    fn store(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(self.database.read("store", soon(), (), |connection, ()| Box::pin(binding::store(connection))))
    }

    fn bind<'a>(&'a self, store: &'a StoreId) -> BoxFuture<'a, Result<StoreId, PortError>> {
        Box::pin(
            self.database.write("bind", soon(), store, |connection, store| Box::pin(binding::bind(connection, store))),
        )
    }

    fn last_migrated(&self) -> BoxFuture<'_, Result<Option<ExternalId>, PortError>> {
        let read = self
            .database
            .read("last_migrated", soon(), (), |connection, ()| Box::pin(entries::last_migrated(connection)));
        Box::pin(read)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async move {
            let identity =
                self.database.write("ping", soon(), (), |connection, ()| Box::pin(binding::ping(connection)));
            let identity = identity.await?;
            // Another database at the same address looks like the same ledger to everything but this check.
            if *self.identity.get_or_init(|| identity.clone()) == identity {
                return Ok(());
            }
            let error = PortError::new(PortErrorKind::Misconfigured, NAME, "ping");
            Err(error
                .because("the address leads to another ledger than at the start; restore it, or restart the service"))
        })
    }
}
