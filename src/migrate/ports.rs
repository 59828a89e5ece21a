//! The five ports of a login and their types.

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

/// The text of one legacy record: a single JSON object.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    json: String,
}

impl Record {
    /// Creates a record from its JSON text.
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

/// The permanent identity of a customer: the source and the id in it. Never an email address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegacyKey {
    /// The name of the source in the settings.
    pub source: String,
    /// The id of the record in that source, as read by `identify` in the rules.
    pub id: String,
}

/// The name under which we create an account at the target. It is the same for every attempt of a customer and cannot
/// be guessed without our key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternalId(pub String);

/// The id that a target assigned to an account.
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
    /// Yes: an identifier that is not found belongs to no customer.
    Whole,
    /// No: some of its records cannot be read, so their customers are unknown.
    Partial,
}

/// Where legacy records come from.
pub trait Source: Send + Sync {
    /// The name of the source in the settings.
    fn name(&self) -> &str;

    /// Whether the source knows all of its customers. Checked before an identifier is reported as free, never at a
    /// login: a customer who is not found has not been verified anyway.
    fn coverage(&self) -> Coverage {
        Coverage::Whole
    }

    /// The one record of this customer, or `None`.
    ///
    /// An outage, a timeout, a response that is not a record, or more than one record is an error, never `None`. The
    /// caller enforces the time limit; an adapter that can pass on the deadline does so.
    fn fetch<'a>(
        &'a self,
        identifier: &'a Identifier,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>>;
}

/// The input of a verifier.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The identifier that the customer typed.
    pub identifier: &'a Identifier,
    /// The customer's record.
    pub record: &'a Record,
    /// The stored credential, as the rules read it from the record.
    pub credential: Option<&'a Credential>,
    /// The password the customer typed.
    pub password: &'a Arc<Password>,
    /// When the answer is no longer needed.
    pub deadline: Instant,
    /// Collects the time spent computing.
    pub spent: &'a Spent,
}

/// How long the hash of one login took to compute, without the time it waited in the queue.
#[derive(Debug, Default)]
pub struct Spent(AtomicU64);

impl Spent {
    /// Adds computing time.
    pub fn add(&self, took: Duration) {
        self.0.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The total time.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Verifies a presented password against the legacy system.
pub trait Verifier: Send + Sync {
    /// The name of the verifier in logs and the ledger.
    fn name(&self) -> &str;

    /// Verifies the password. Never called twice for one login, because legacy systems count wrong passwords.
    fn verify<'a>(&'a self, presented: Presented<'a>) -> BoxFuture<'a, Result<Verdict, PortError>>;
}

/// The state of an account at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The customer may sign in.
    Active,
    /// Created by the forgot-password operation without a verified password: it has no password and cannot sign in
    /// until one is set.
    Pending,
    /// Disabled at the target.
    Disabled,
}

impl AccountState {
    /// The name used in stores and responses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Disabled => "disabled",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Pending, Self::Disabled].into_iter().find(|state| state.name() == name)
    }
}

/// An account at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: TargetId,
    /// The name under which we created it; `None` if it was created by another system.
    pub external_id: Option<ExternalId>,
    /// Its state.
    pub state: AccountState,
}

impl Found {
    /// The key under which attempts are counted: the external id, so that counters follow the customer across the
    /// migration, or the account id if another system created the account.
    pub(super) fn customer(&self) -> &str {
        self.external_id.as_ref().map_or(&self.id.0, |external| &external.0)
    }
}

/// Whether the customer must choose a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// The customer may keep the password.
    Optional,
    /// The customer must choose a new password before anything else.
    Required,
}

/// The verdict of a target on a presented password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The password is correct.
    Verified(PasswordChange),
    /// The password is wrong.
    Mismatch,
    /// The account no longer exists. The adapter has computed a hash anyway.
    Gone,
    /// The account has no password or may not sign in. The adapter has computed a hash anyway.
    Unusable,
}

/// An account to be created.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// The name under which it is created.
    pub external_id: &'a ExternalId,
    /// The legacy customer it belongs to.
    pub legacy: &'a LegacyKey,
    /// The canonical logins, without duplicates.
    pub logins: &'a [String],
    /// The claims: the JSON text of an account that conforms to the target schema.
    pub claims: &'a str,
    /// The verified password; `None` creates a pending account.
    pub password: Option<&'a Arc<Password>>,
    /// Whether the password must be changed.
    pub change: PasswordChange,
    /// The hash of the rules that made the claims.
    pub rules: &'a str,
    /// The current time.
    pub at: Timestamp,
    /// When the answer is no longer needed.
    pub deadline: Instant,
    /// When the claim ends. Another process may create the account after that, so nothing may be written any more. An
    /// adapter that uses transactions checks this inside the transaction.
    pub until: Instant,
}

/// Never shows values.
impl fmt::Debug for NewAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("external_id", self.external_id).finish_non_exhaustive()
    }
}

/// Why an account cannot be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another account has one of the logins.
    Login,
    /// Another account was created for the same legacy customer under a different external id.
    Legacy,
    /// The account was permanently deleted and is never created again.
    Deleted,
}

/// The result of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The account now exists durably; a pending account with the same external id was completed.
    New(TargetId),
    /// The account already existed under our external id, with its own password.
    Exists(TargetId),
    /// The account cannot be created; nothing was written.
    Conflict(Conflict),
}

/// An account as stored at the target.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// Its id.
    pub id: TargetId,
    /// Its state.
    pub state: AccountState,
    /// The legacy customer it belongs to, if we created it.
    pub legacy: Option<LegacyKey>,
    /// The canonical logins.
    pub logins: Vec<String>,
    /// The claims as JSON text.
    pub claims: String,
    /// The hash of the rules that created it.
    pub rules: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its claims, password or state last changed.
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
    /// Permanently: no account can be created under its external id any more, not even by a creation already in
    /// progress.
    ForGood,
    /// Only if the account has not changed since it was created or completed, and only before `until`: after that
    /// another process may have created it again.
    Unchanged {
        /// When the undo's lease ends.
        until: Instant,
    },
}

/// The result of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// The account was deleted.
    Yes,
    /// The account has changed since it was created, so it stays.
    Changed,
    /// There is no such account.
    Missing,
}

/// The identity of an account store: 32 hexadecimal digits, generated at random when the store is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreId(pub String);

/// Where accounts are stored. Writes are durable once their future resolves.
pub trait Target: Send + Sync {
    /// The name of the target in the settings.
    fn name(&self) -> &str;

    /// The account that this identifier signs in to.
    fn find<'a>(&'a self, identifier: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>>;

    /// The account that we created under this external id.
    fn find_external<'a>(&'a self, external: &'a ExternalId) -> BoxFuture<'a, Result<Option<Found>, PortError>>;

    /// Checks a password with exactly one hash at the target's cost, whatever the result. If the password is correct
    /// and its hash is outdated, the hash is replaced.
    fn authenticate<'a>(
        &'a self,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Authentication, PortError>>;

    /// Creates an account, or completes the pending account with the same external id.
    fn create<'a>(&'a self, account: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>>;

    /// Sets a password; a pending account becomes active. Returns the id if the account exists.
    fn set_password<'a>(
        &'a self,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>>;

    /// The account that we created under this external id, ordered with all writes: no write that began earlier can
    /// change the answer afterwards. Used by recovery, which must not give up an account that is about to be created.
    fn find_created<'a>(&'a self, external: &'a ExternalId) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        self.find_external(external)
    }

    /// Deletes an account.
    fn delete<'a>(&'a self, id: &'a TargetId, how: Deletion) -> BoxFuture<'a, Result<Deleted, PortError>>;

    /// Allows an account that was permanently deleted to be created again.
    fn reopen<'a>(&'a self, external: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>>;

    /// Checks that the store can be read and written, and returns its identity, which was generated at random with the
    /// store and never changes. `None` if the store has no identity.
    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>>;

    /// Reads one account.
    fn read<'a>(&'a self, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>>;

    /// Up to `limit` accounts ordered by id, starting after `after`.
    fn list<'a>(
        &'a self,
        after: Option<&'a TargetId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>>;
}

/// The durable record of what happened to each customer: migrations, attempts, the audit, and events to be sent.
pub trait Ledger: Send + Sync {
    /// Whether a counter has room for another failure now. Counts nothing.
    fn would_admit<'a>(&'a self, counter: &'a Counter, at: Timestamp) -> BoxFuture<'a, Result<Room, PortError>>;

    /// Reserves an attempt, durably before it returns.
    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Reserved, PortError>>;

    /// Claims a customer whose password is verified: `claimed`, `verified` and `creating` become durable together.
    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<ClaimAnswer, PortError>>;

    /// Ends a claim: `created` and `done`, the decision and the events become durable together.
    fn finish<'a>(&'a self, finish: &'a Finish) -> BoxFuture<'a, Result<Finished, PortError>>;

    /// Gives up a claim under which nothing was created.
    fn abandon<'a>(&'a self, abandon: &'a Abandon) -> BoxFuture<'a, Result<(), PortError>>;

    /// Appends a decision and its events to the audit. Signing in to a pending account with its password, or setting a
    /// password, activates the account's entry.
    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> BoxFuture<'a, Result<(), PortError>>;

    /// Marks a customer as permanently deleted: neither the key nor the logins can migrate again. `logins` are keyed
    /// digests.
    fn bury<'a>(
        &'a self,
        key: &'a LegacyKey,
        logins: &'a [String],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), PortError>>;

    /// Begins to undo a migration. Nobody else can claim the customer until the lease ends.
    fn undo<'a>(&'a self, undo: &'a Undo) -> BoxFuture<'a, Result<UndoAnswer, PortError>>;

    /// Ends an undo: either the entry is removed together with the decision, or it stays as before.
    fn end_undo<'a>(&'a self, end: &'a UndoEnd) -> BoxFuture<'a, Result<Finished, PortError>>;

    /// The customer buried under a login; `subject` is the keyed digest of the login.
    fn buried<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Buried>, PortError>>;

    /// Removes the tombstones of a customer and records the decision.
    fn restore<'a>(&'a self, restore: &'a Restore) -> BoxFuture<'a, Result<(), PortError>>;

    /// The entry of a customer.
    fn entry<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<Option<Entry>, PortError>>;

    /// Entries that were creating, undoing, or buried during a creation, and whose lease has expired, oldest first. A
    /// lease that ends later than twice `lease` from now was written by a clock that jumped, and counts as expired.
    fn unfinished<'a>(
        &'a self,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, PortError>>;

    /// Notes that the creation of a buried customer has ended, so that recovery stops looking for its account.
    fn settle_buried<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<(), PortError>>;

    /// The account store that the ledger belongs to; `None` before it is bound to one.
    fn store(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>>;

    /// Binds the ledger to an account store unless it is already bound. Returns the store it is bound to.
    fn bind<'a>(&'a self, store: &'a StoreId) -> BoxFuture<'a, Result<StoreId, PortError>>;

    /// The external id of the last migrated customer, used to recognise the account store of an older ledger.
    fn last_migrated(&self) -> BoxFuture<'_, Result<Option<ExternalId>, PortError>>;

    /// Checks that the ledger can be written, by writing something durably.
    fn ping(&self) -> BoxFuture<'_, Result<(), PortError>>;

    /// Drops pending deliveries to receivers that are not listed. Returns the number dropped per receiver.
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, u64)>, PortError>>;

    /// Queues up to `limit` new events, oldest first, for every receiver subscribed to their kind; events without a
    /// receiver are removed. Returns the number of new events.
    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<usize, PortError>>;

    /// Events that are due at one receiver, longest overdue first. Each is handed out again only after `lease`.
    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>>;

    /// Records the state of an event at one receiver. An event leaves the outbox once all of its receivers have
    /// accepted it.
    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> BoxFuture<'a, Result<(), PortError>>;
}

/// The wall clock, for timestamps. Deadlines use the monotonic clock.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
