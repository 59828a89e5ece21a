//! The login that finds, verifies, maps and stores an account exactly once, and the ports it uses.
//!
//! [`Migrator::login`] is the whole migration in one readable function. Everything that touches the outside world is
//! behind a port ([`crate::ports`]). Verification comes before mapping, and
//! both come before any write.

mod addressee;
mod admin;
mod admission;
mod allowance;
mod attempts;
mod binding;
mod close;
mod context;
mod create;
mod decision;
mod ending;
mod equalise;
mod hook;
mod identity;
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
mod sign_in;
mod step;
mod visit;

pub use admin::{AccountAdmin, Restored, Undone};
pub use allowance::{Allowance, AttemptSettings};
pub use attempts::Challenge;
pub use binding::{bind_store, check_store};
pub use identity::refused_at_login;
pub use login::{Answer, Login, Migrator, MigratorParts, MigratorSettings};
pub use operations::{ResetAnswer, SignupAnswer};
pub use outcome::{Outcome, Refusal};
pub use rules::{LiveRules, RuleSet, RuleSetError};
pub use step::{ClaimResult, CreateResult, FailureKind, HookResult, Known, Observer, Silent, Step};
