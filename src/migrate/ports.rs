//! The five ports of a login and the nouns they speak in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::claim::{Abandon, Claim, ClaimAnswer, Entry, Finish, Finished};
use super::counter::{Attempt, Counter, Reserved, Room};
use super::decision::Decision;
use super::delivery::{DeliveryState, Subscription};
use super::event::{Event, Outgoing};
use super::identifier::Identifier;
use super::port::{BoxFuture, PortError};
use super::reversal::{Buried, Restore, Undo, UndoAnswer, UndoEnd};
use crate::model::Password;
use crate::password::{Credential, Verdict};

/// The text of one legacy record: one JSON object.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    json: String,
}

impl Record {
    /// A record from its JSON text.
    #[must_use]
    pub fn new(json: String) -> Self {
        Self { json }
    }

    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// Never shows values.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.json.len())
    }
}

/// Who a customer is for ever: the source and the id in it. Never a mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegacyKey {
    /// The source's name in the settings.
    pub source: String,
    /// The record's id in that source, as the rules' `identify` reads it.
    pub id: String,
}

/// The name under which we create an account at the target: the same for every attempt of the same customer, and not to be
/// guessed without our key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternalId(pub String);

/// The id that a target gave an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(pub String);

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a source knows all of its customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// It does: whom it does not find is none of them.
    Whole,
    /// Some of its records cannot be read, and nobody can tell whose they are.
    Partial,
}

/// Where legacy records come from.
pub trait Source: Send + Sync {
    /// Its name in the settings.
    fn name(&self) -> &str;

    /// Whether it knows all of its customers. Asked before an identifier is called free, and never at a login: whoever is
    /// not found has not verified anything.
    fn coverage(&self) -> Coverage {
        Coverage::Whole
    }

    /// The one record of this customer, or none.
    ///
    /// An outage, a timeout, an answer that is no record, or more than one record is an error, never "none". The caller
    /// bounds the time; an adapter that can pass the deadline on does so.
    fn fetch<'a>(
        &'a self,
        identifier: &'a Identifier,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>>;
}

/// What a verifier may look at.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// What the customer typed.
    pub identifier: &'a Identifier,
    /// The customer's record.
    pub record: &'a Record,
    /// The stored credential, as the rules read it from the record.
    pub credential: Option<&'a Credential>,
    /// The password the customer typed.
    pub password: &'a Arc<Password>,
    /// When the answer is no longer wanted.
    pub deadline: Instant,
    /// Where the time is noted that computing took.
    pub spent: &'a Spent,
}

/// How long the hash of one login was computed, without the time it waited for its turn.
#[derive(Debug, Default)]
pub struct Spent(AtomicU64);

impl Spent {
    /// Notes time.
    pub fn add(&self, took: Duration) {
        self.0.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// What verifies a presented password against the legacy system.
pub trait Verifier: Send + Sync {
    /// Its name in logs and the ledger.
    fn name(&self) -> &str;

    /// Verifies the password. It is never called twice for one login: legacy systems count wrong passwords.
    fn verify<'a>(&'a self, presented: Presented<'a>) -> BoxFuture<'a, Result<Verdict, PortError>>;
}

/// What state an account at the target is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The customer may sign in.
    Active,
    /// Made without proof, by the forgot-password operation: it has no password and cannot sign in until one is set.
    Pending,
    /// Closed at the target.
    Disabled,
}

impl AccountState {
    /// The name in stores and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Disabled => "disabled",
        }
    }

    /// The state of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Pending, Self::Disabled].into_iter().find(|state| state.name() == name)
    }
}

/// An account that the target knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: TargetId,
    /// The name under which we made it; none when somebody else did.
    pub external_id: Option<ExternalId>,
    /// Its state.
    pub state: AccountState,
}

impl Found {
    /// Whose attempts are counted: the external id, so that counters follow the customer across the migration, or the id of an
    /// account that somebody else made.
    pub(super) fn customer(&self) -> &str {
        self.external_id.as_ref().map_or(&self.id.0, |external| &external.0)
    }
}

/// Whether the customer must choose a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// No.
    Optional,
    /// Yes, before anything else.
    Required,
}

/// What a target says of a presented password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// It is the account's password.
    Verified(PasswordChange),
    /// It is another one.
    Mismatch,
    /// There is no such account any more. The adapter has done the work of a check all the same.
    Gone,
    /// The account has no password, or may not sign in. The adapter has done the work of a check all the same.
    Unusable,
}

/// An account to be created.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// The name under which it is created.
    pub external_id: &'a ExternalId,
    /// Whose it is.
    pub legacy: &'a LegacyKey,
    /// What the customer may type to sign in, canonical, without doubles.
    pub logins: &'a [String],
    /// The claims: the JSON text of an account that keeps the target schema.
    pub claims: &'a str,
    /// The verified password; none makes a pending account.
    pub password: Option<&'a Arc<Password>>,
    /// Whether the password must be changed.
    pub change: PasswordChange,
    /// The hash of the rules that made the claims.
    pub rules: &'a str,
    /// Now.
    pub at: Timestamp,
    /// When the answer is no longer wanted.
    pub deadline: Instant,
    /// When the claim ends: from then on somebody else may create the account, so nothing may be written any more. An adapter
    /// that writes in transactions looks at it inside of the transaction.
    pub until: Instant,
}

/// Never shows values.
impl fmt::Debug for NewAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("external_id", self.external_id).finish_non_exhaustive()
    }
}

/// What stands in the way of a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another account has one of the logins.
    Login,
    /// Another account was made for the same legacy customer under another name.
    Legacy,
    /// The account was deleted for good: nobody creates it again.
    Deleted,
}

/// What came of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The account is there now and durable; a pending one of the same external id was completed.
    New(TargetId),
    /// It was there already, under our external id, with a password of its own.
    Exists(TargetId),
    /// It cannot be made; nothing was written.
    Conflict(Conflict),
}

/// An account as the target holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// Its id.
    pub id: TargetId,
    /// Its state.
    pub state: AccountState,
    /// Whose it was, when we made it.
    pub legacy: Option<LegacyKey>,
    /// What the customer may type, canonical.
    pub logins: Vec<String>,
    /// The claims as JSON text.
    pub claims: String,
    /// The hash of the rules that made it.
    pub rules: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody last changed it: claims, password or state.
    pub changed_at: Timestamp,
    /// Whether the password must be changed at the next sign-in.
    pub change: PasswordChange,
}

/// Never shows values.
impl fmt::Debug for StoredAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredAccount").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// How an account is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// For good: no account is created under its external id any more, not even by a creation that is on its way.
    ForGood,
    /// Only when nobody has changed it since it was made or completed, and not after this moment: from then on somebody else
    /// may have made it anew.
    Unchanged {
        /// When the undo's lease ends.
        until: Instant,
    },
}

/// What came of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// The account was there and is gone.
    Yes,
    /// Somebody has changed the account, so it stays.
    Changed,
    /// There is no such account.
    Missing,
}

/// Which account store it is: 32 hex digits, made at random together with the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreId(pub String);

/// Where accounts are stored. Writes are durable when their future is ready.
pub trait Target: Send + Sync {
    /// Its name in the settings.
    fn name(&self) -> &str;

    /// The account that this customer signs in to.
    fn find<'a>(&'a self, identifier: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>>;

    /// The account that we made under this name.
    fn find_external<'a>(&'a self, external: &'a ExternalId) -> BoxFuture<'a, Result<Option<Found>, PortError>>;

    /// Checks a password with exactly one hash of the target's cost, whatever the answer. An outdated hash of a right
    /// password is replaced.
    fn authenticate<'a>(
        &'a self,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Authentication, PortError>>;

    /// Creates an account, or completes the pending one of the same external id.
    fn create<'a>(&'a self, account: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>>;

    /// Sets a password; a pending account becomes active. The id when there is such an account.
    fn set_password<'a>(
        &'a self,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>>;

    /// The account that we made under this name, in order with every write: no write that has begun before can change the
    /// answer afterwards. For recovery, which must not give up what somebody is about to create.
    fn find_created<'a>(&'a self, external: &'a ExternalId) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        self.find_external(external)
    }

    /// Deletes an account.
    fn delete<'a>(&'a self, id: &'a TargetId, how: Deletion) -> BoxFuture<'a, Result<Deleted, PortError>>;

    /// Lets an account that was deleted for good be created again.
    fn reopen<'a>(&'a self, external: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>>;

    /// Whether it can be read and written now, and which one it is: an identity that was made at random together with it and
    /// never changes. None when it has no such identity.
    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>>;

    /// One account.
    fn read<'a>(&'a self, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>>;

    /// Accounts in the order of their ids, at most `limit`, beginning after `after`.
    fn list<'a>(
        &'a self,
        after: Option<&'a TargetId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>>;
}

/// What happened to whom, durable: the migration of every customer, the attempts, the audit, and the events to be sent.
pub trait Ledger: Send + Sync {
    /// Whether a counter admits another failure now. Nothing is counted.
    fn would_admit<'a>(&'a self, counter: &'a Counter, at: Timestamp) -> BoxFuture<'a, Result<Room, PortError>>;

    /// Puts an attempt in flight, durable before it returns.
    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Reserved, PortError>>;

    /// Claims a customer whose password is verified: `claimed`, `verified` and `creating` become durable together.
    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<ClaimAnswer, PortError>>;

    /// Ends a claim: `created` and `done`, the decision and the events become durable together.
    fn finish<'a>(&'a self, finish: &'a Finish) -> BoxFuture<'a, Result<Finished, PortError>>;

    /// Gives a claim up: nothing was created.
    fn abandon<'a>(&'a self, abandon: &'a Abandon) -> BoxFuture<'a, Result<(), PortError>>;

    /// Appends a decision to the audit, with its events. A sign-in with the password of a pending account, and a password
    /// that was set, activate the account's entry.
    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> BoxFuture<'a, Result<(), PortError>>;

    /// Marks a customer as deleted for good: neither the key nor the logins migrate again. `logins` are keyed digests.
    fn bury<'a>(
        &'a self,
        key: &'a LegacyKey,
        logins: &'a [String],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), PortError>>;

    /// Begins to undo a migration: until its lease ends nobody else claims the customer.
    fn undo<'a>(&'a self, undo: &'a Undo) -> BoxFuture<'a, Result<UndoAnswer, PortError>>;

    /// Ends an undo: the entry is forgotten with the decision, or it stands as before.
    fn end_undo<'a>(&'a self, end: &'a UndoEnd) -> BoxFuture<'a, Result<Finished, PortError>>;

    /// Who is buried under a login; `subject` is its keyed digest.
    fn buried<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Buried>, PortError>>;

    /// Lifts the tombstones of a customer, with the decision.
    fn restore<'a>(&'a self, restore: &'a Restore) -> BoxFuture<'a, Result<(), PortError>>;

    /// What the ledger knows of a customer.
    fn entry<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<Option<Entry>, PortError>>;

    /// Entries that somebody was at work on, creating, undoing, or creating while they were buried, and whose lease has passed,
    /// oldest first. A lease that ends later than twice `lease` from now was written by a clock that has jumped, and has passed
    /// too.
    fn unfinished<'a>(
        &'a self,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, PortError>>;

    /// A buried customer's creation has ended, whatever came of it: nothing is left to look for.
    fn settle_buried<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<(), PortError>>;

    /// The account store that the ledger belongs to; none before it is bound to one.
    fn store(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>>;

    /// Binds the ledger to an account store, unless it is bound already; the one that it is bound to.
    fn bind<'a>(&'a self, store: &'a StoreId) -> BoxFuture<'a, Result<StoreId, PortError>>;

    /// The external id of the customer who was migrated last, to recognise the account store of an older ledger by.
    fn last_migrated(&self) -> BoxFuture<'_, Result<Option<ExternalId>, PortError>>;

    /// Whether it can be written now: writes something, durably.
    fn ping(&self) -> BoxFuture<'_, Result<(), PortError>>;

    /// Drops what was still to be sent to receivers that are not named here. How many deliveries were dropped, by receiver.
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, u64)>, PortError>>;

    /// Queues new events, oldest first, for every receiver that wants their kind; events that nobody wants are removed.
    /// How many events were new, at most `limit`.
    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<usize, PortError>>;

    /// Events that are due at one receiver, the longest due first; each is given out again only after `lease`.
    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>>;

    /// Keeps what came of an event at one receiver. An event leaves the outbox when all of its receivers have accepted it.
    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> BoxFuture<'a, Result<(), PortError>>;
}

/// The wall clock, for stamps. Deadlines use the monotonic clock.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The clock of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
