//! The ports of a login: the traits of sources, verifiers, targets and ledgers, and the types they speak in.
//!
//! A port is a trait: [`Source`], [`Verifier`], [`Target`], [`Ledger`], [`Hooks`] and [`Clock`]. Adapters implement
//! them, guards wrap them, and the login knows nothing else. A ledger has five ports more, for what surrounds a login:
//! [`Outbox`], [`Nonces`], [`SharedLimits`], [`Observations`] and [`Reports`]; [`OpenLedger`] holds all six. A [`LegacyWriter`] is told of migrated customers
//! afterwards. Every failure is a [`PortError`], whose kind says
//! what it means for a login; an answer that is not certain is always an error.

mod account;
mod audit_head;
mod audit_record;
mod audit_report;
mod call;
mod capabilities;
mod claim;
mod clock;
mod counter;
mod customer;
mod decision;
mod delivery;
mod entry_report;
mod error;
mod event;
mod hooks;
mod identifier;
mod keyring;
mod ledger;
mod legacy_use;
mod nonces;
mod observations;
mod open_ledger;
mod outbox;
mod record;
mod refusal;
mod reports;
mod reversal;
mod segment;
mod shared_limits;
mod source;
mod summary;
mod target;
mod verifier;
mod work;
mod write_back;

pub use account::{
    AccountState, Authenticated, Authentication, Conflict, Created, Deleted, Deletion, Found, NewAccount,
    PasswordChange, SinceMigration, StoreId, StoredAccount, TargetId,
};
pub use audit_head::{AuditHead, AuditHeadError};
pub use audit_record::{AuditFilter, AuditRecord};
pub use audit_report::{AuditBreak, AuditFault, AuditReport};
pub use call::Call;
pub use capabilities::{AccountLookup, Capabilities, Creation, PasswordCheck, Support};
pub use claim::{Abandon, Claim, ClaimAnswer, Entry, EntryState, Finish, Finished, Grant, Left, Owner};
pub use clock::{Clock, SystemClock};
pub use counter::{Attempt, Counter, Reservation, Reserved, Room, Settled};
pub use customer::{ExternalId, LegacyKey};
pub use decision::{Decision, DecisionOutcome, DecisionReason, Operation};
pub use delivery::{DeliveryState, Subscription, Undelivered};
pub use entry_report::{EntryFilter, EntryPage, EntryReport};
pub use error::{BoxFuture, PortError, PortErrorKind};
pub use event::{Event, EventKind, Outgoing};
pub(crate) use hooks::SharedHooks;
pub use hooks::{HookAnswer, HookError, HookInput, HookPoint, Hooks, NoHooks};
pub use identifier::{Identifier, IdentifierError, IdentifierKind, IdentifierProfile};
pub use keyring::{Keyring, KeyringError};
pub use ledger::Ledger;
pub use legacy_use::{LegacyUse, Stuck, SystemUse};
pub use nonces::{Fresh, Nonce, Nonces};
pub use observations::{Observation, ObservationKey, ObservationKind, Observations, Observed};
pub use open_ledger::OpenLedger;
pub use outbox::Outbox;
pub use record::Record;
pub use refusal::Refusal;
pub use reports::Reports;
pub use reversal::{Buried, Restore, Undo, UndoAnswer, UndoEnd};
pub use segment::{ExportError, SegmentReport};
pub use shared_limits::{RateLimit, SharedLimits, Taken};
pub use source::{Coverage, Members, Source};
pub use summary::{OutcomeCount, Summary};
pub use target::Target;
pub use verifier::{Presented, Verification, Verifier};
pub use work::Work;
pub use write_back::{LegacyWriter, MigratedCustomer, Written};
