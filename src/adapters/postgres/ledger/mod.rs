//! The ledger in a PostgreSQL database, for several instances on several hosts.
//!
//! What a file's lock did is done by keys and rows:
//!
//! * **Decisions** of a process that wait at the same time share a transaction ([`Recorder`](recorder)), at whose end the
//!   one row with the head of the audit is locked, for two statements and the commit. So the audit of all instances is one
//!   chain, and its lock is taken once for many decisions.
//! * **Claims** and undos of one customer take turns by the stripe of the customer, which also counts the tokens; burying a
//!   customer does, too.
//! * **Attempts** on one counter take turns by the stripe of the counter, so that failures and reservations never exceed
//!   its limit.
//! * **Events** are handed out with `FOR UPDATE SKIP LOCKED`, so that instances never wait for each other.
//! * **Logins** that the ledger keeps are locked by a claim in one order, so that a login belongs to one customer.
//! * **Observations** are rows that are locked in the order of their keys, before the head of the audit.
//! * **Limits** of remote systems are rows that are locked while calls are taken.
//! * **Signed calls** have their digest as key.

mod attempts;
mod audit;
mod binding;
mod entries;
mod legacy_use;
mod limits;
mod logins;
mod nonces;
mod observations;
mod outbox;
mod recorder;
mod records;
mod report;
mod reversal;
mod schema;
mod store;
mod undelivered;

#[cfg(test)]
mod edit_tests;

pub(super) use binding::create;
pub(super) use schema::SCHEMA;
pub(super) use store::NAME;
pub(in crate::adapters) use store::PostgresLedger;
