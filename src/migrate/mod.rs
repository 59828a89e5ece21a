//! The login: finds, verifies, maps and stores an account, exactly once.
//!
//! A [`Migrator`] signs customers in ([`Migrator::login`]). Verification comes before mapping, and both come before any
//! write. Everything that touches the outside world is behind a port ([`crate::ports`]); the adapters of this crate are
//! in [`crate::adapters`], and a program may bring its own.
//!
//! # In your own program
//!
//! `examples/embed.rs` in the repository does all of this:
//!
//! 1. Compile the rules ([`compile`](fn@crate::engine::compile)) and wrap them in a [`RuleSet`]. It refuses rules without
//!    `identify` or `credential`.
//! 2. Make one [`Hasher`](crate::hashing::Hasher) and give it to the target, the verifier and the migrator. Calibrate it
//!    ([`Hasher::calibrate`](crate::hashing::Hasher::calibrate)), or the time of a refusal shows which customers exist.
//! 3. Open the account store and the ledger, and bind them to each other ([`bind_store`]): a ledger must not be used with
//!    another store. Keep the key of the ledger ([`Keyring`](crate::ports::Keyring)); with a different key nobody who was
//!    migrated is recognised.
//! 4. Wrap what is not on this machine in guards ([`crate::guard`]).
//! 5. Build the [`Migrator`]. Call [`Migrator::recover`] at the start, and it and [`Migrator::watch`] once a second.
//! 6. Run each login as a task of its own, so that a creation that has begun is completed if the caller hangs up.
//!
//! What to answer: [`Outcome::is_success`] signs the customer in. [`Outcome::is_temporary`] is an outage, 503 over HTTP,
//! with the time of [`Answer::retry_after`]. Everything else is the same refusal, 401, for every reason: the outcome is
//! for the operator, not for the customer.

mod addressee;
mod admin;
mod admission;
mod allowance;
mod attempts;
mod binding;
mod bulk;
mod close;
mod context;
mod create;
mod decision;
mod ending;
mod equalise;
mod handover;
mod hook;
mod identity;
mod known_account;
mod locks;
mod login;
mod logins;
mod mapping;
mod network;
mod operations;
mod outcome;
mod over_limit;
mod recovery;
mod rules;
mod sample;
mod sign_in;
mod step;
mod systems;
mod verifiers;
mod verify;
mod visit;
mod write_back;

pub use admin::{AccountAdmin, Restored, Undone};
pub use allowance::{Allowance, AttemptSettings};
pub use attempts::Challenge;
pub use binding::{bind_store, check_store};
pub use bulk::{
    Bulk, BulkAccount, BulkEvents, BulkMode, BulkOutcome, BulkSettings, KnownCustomer, RecordLogins, SharedLogins,
};
pub use handover::{Customer, Handover, Profile, ProfileAnswer, Profiles, Writer};
#[doc(hidden)]
pub use identity::{logins as canonical_logins, refused_at_login};
pub use login::{Answer, Login, Migrator, MigratorParts, MigratorSettings};
#[doc(hidden)]
pub use mapping::{Standing, standing};
pub use operations::{ProvisionAnswer, ResetAnswer, SignupAnswer};
pub use outcome::{Outcome, Refusal};
pub use rules::{LiveRules, RuleSet, RuleSetError};
pub use sample::{Sample, Sampler};
pub use step::{ClaimResult, CreateResult, FailureKind, HookResult, Known, Observer, Silent, Step};
pub use systems::{AfterMismatch, LegacySystem};
pub use verifiers::{UnknownVerifier, Verifiers};
pub use write_back::KeptValues;
