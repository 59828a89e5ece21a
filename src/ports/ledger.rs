//! The durable record of what happened to each customer.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Abandon, Attempt, BoxFuture, Buried, Claim, ClaimAnswer, Counter, Decision, Entry, Event, ExternalId, Finish,
    Finished, LegacyKey, Owner, PortError, Reserved, Restore, Room, StoreId, TargetId, Undo, UndoAnswer, UndoEnd,
};

/// The durable record of what happened to each customer: migrations, attempts, tombstones and decisions.
///
/// A decision and its events become durable together, so events are written here; [`Outbox`](super::Outbox) hands them
/// out. [`Reports`](super::Reports) serves operators.
///
/// No call takes a deadline. A call is bounded by the time limit of its guard and not by the deadline of a login,
/// because a decision must be recorded, and a claim ended, even when that deadline has passed.
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

    /// The customer who was migrated under a login that the ledger [keeps](Claim::lookup); `subject` is the keyed digest of
    /// the login. Only customers whose migration is complete are found.
    fn migrated<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Entry>, PortError>>;

    /// The customer whom an account belongs to, or belonged to before it was buried.
    fn owner<'a>(&'a self, account: &'a TargetId) -> BoxFuture<'a, Result<Option<Owner>, PortError>>;

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
}
