//! One customer, safely across: the login that finds, verifies, maps and stores an account, and the ports it stands on.
//!
//! [`Migrator::login`] is the whole migration in one readable function. Everything that touches the world is behind a port:
//! [`Source`], [`Verifier`], [`Target`], [`Ledger`], [`Clock`]. Proof comes before transformation, and both before any write.

mod addressee;
mod admin;
mod allowance;
mod attempts;
mod binding;
mod calibration;
mod claim;
mod counter;
mod create;
mod decision;
mod delivery;
mod event;
mod hasher;
mod hooks;
mod identifier;
mod keyring;
mod locks;
mod login;
mod logins;
mod mapping;
mod network;
mod nonces;
mod operations;
mod outcome;
mod over_limit;
mod port;
mod ports;
mod recovery;
mod reversal;
mod rules;
mod sign_in;
mod step;
mod visit;

pub use admin::{AccountAdmin, Restored, Undone};
pub use allowance::{Allowance, AttemptSettings};
pub use attempts::Challenge;
pub use binding::{bind_store, check_store};
pub use calibration::{Admission, Dearest, TimeSettings};
pub use claim::{Abandon, Claim, ClaimAnswer, Entry, EntryState, Finish, Finished, Grant, Left};
pub use counter::{Attempt, Counter, Reservation, Reserved, Room, Settled};
pub use decision::{Decision, Operation};
pub use delivery::{DeliveryState, Subscription};
pub use event::{Event, EventKind, Outgoing};
pub use hasher::{HashCalls, Hasher};
pub use hooks::{HookAnswer, HookError, HookInput, HookPoint, Hooks, NoHooks};
pub use identifier::{Identifier, IdentifierError, IdentifierKind, IdentifierProfile};
pub use keyring::{Keyring, KeyringError};
pub use login::{Answer, Login, Migrator, MigratorParts, MigratorSettings};
pub use nonces::{Fresh, Nonce, Nonces};
pub use operations::{ResetAnswer, SignupAnswer};
pub use outcome::{Outcome, Refusal};
pub use port::{BoxFuture, PortError, PortErrorKind};
pub use ports::{
    AccountState, Authentication, Clock, Conflict, Coverage, Created, Deleted, Deletion, ExternalId, Found, Ledger,
    LegacyKey, NewAccount, PasswordChange, Presented, Record, Source, Spent, StoreId, StoredAccount, SystemClock,
    Target, TargetId, Verifier,
};
pub use reversal::{Buried, Restore, Undo, UndoAnswer, UndoEnd};
pub use rules::{LiveRules, RuleSet, RuleSetError};
pub use step::{Known, Observer, Silent, Step};
