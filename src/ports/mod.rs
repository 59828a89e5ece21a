//! The ports of a login: what it asks of the world, and the types it speaks in.
//!
//! A port is a trait: [`Source`], [`Verifier`], [`Target`], [`Ledger`], [`Nonces`], [`Hooks`] and [`Clock`]. Adapters
//! implement them, guards wrap them, and the login knows nothing else. Every failure is a [`PortError`], whose kind says
//! what it means for a login; an answer that is not certain is always an error.

mod account;
mod call;
mod capabilities;
mod claim;
mod clock;
mod counter;
mod customer;
mod decision;
mod delivery;
mod error;
mod event;
mod hooks;
mod identifier;
mod keyring;
mod ledger;
mod nonces;
mod record;
mod refusal;
mod reversal;
mod source;
mod target;
mod verifier;
mod work;

pub use account::{
    AccountState, Authenticated, Authentication, Conflict, Created, Deleted, Deletion, Found, NewAccount,
    PasswordChange, StoreId, StoredAccount, TargetId,
};
pub use call::Call;
pub use capabilities::{Capabilities, Creation, PasswordCheck, Support};
pub use claim::{Abandon, Claim, ClaimAnswer, Entry, EntryState, Finish, Finished, Grant, Left};
pub use clock::{Clock, SystemClock};
pub use counter::{Attempt, Counter, Reservation, Reserved, Room, Settled};
pub use customer::{ExternalId, LegacyKey};
pub use decision::{Decision, DecisionOutcome, DecisionReason, Operation};
pub use delivery::{DeliveryState, Subscription};
pub use error::{BoxFuture, PortError, PortErrorKind};
pub use event::{Event, EventKind, Outgoing};
pub(crate) use hooks::SharedHooks;
pub use hooks::{HookAnswer, HookError, HookInput, HookPoint, Hooks, NoHooks};
pub use identifier::{Identifier, IdentifierError, IdentifierKind, IdentifierProfile};
pub use keyring::{Keyring, KeyringError};
pub use ledger::Ledger;
pub use nonces::{Fresh, Nonce, Nonces};
pub use record::Record;
pub use refusal::Refusal;
pub use reversal::{Buried, Restore, Undo, UndoAnswer, UndoEnd};
pub use source::{Coverage, Source};
pub use target::Target;
pub use verifier::{Presented, Verification, Verifier};
pub use work::Work;
