//! The engine: compiles rules into a plan, which turns records into accounts.
//!
//! [`compile`](fn@compile) reads rules and reports every mistake in them. [`Plan::run`] runs them over one record and
//! gives an [`Outcome`] for each account: the account, a denial, or the reasons why the record is invalid. The page of
//! the [crate] has an example.
//!
//! It is pure: no network, disk, clock, environment or randomness. The same record, parameters and facts give the same
//! result. Whatever comes from outside is passed in: other files by a [`Loader`], the time and the tenant as [`Facts`].
//! A record is JSON text and may come from anybody: its size, and the work of every step, is limited.

mod by_param;
#[doc(hidden)]
pub mod capture;
#[doc(hidden)]
pub mod compile;
#[doc(hidden)]
pub mod condition;
#[doc(hidden)]
pub mod context;
mod digest_part;
pub(crate) mod late;
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod lookup;
#[doc(hidden)]
pub mod op;
#[doc(hidden)]
pub mod operand;
#[doc(hidden)]
pub mod ops;
#[doc(hidden)]
pub mod outcome;
mod output;
#[doc(hidden)]
pub mod path;
#[doc(hidden)]
pub mod places;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod possible;
#[doc(hidden)]
pub mod probe;
mod query;
#[doc(hidden)]
pub mod run;
mod scheme;
#[doc(hidden)]
pub mod script;
#[doc(hidden)]
pub mod steps;
#[doc(hidden)]
pub mod trace;
mod unread;

pub use bumpalo::Bump;
pub use compile::{Loaded, Loader, NoFiles, compile};
pub use outcome::{Customer, Identity, Made, Outcome, Reason};
pub use plan::{ParamPlan, Plan};
pub use probe::{Probe, Silent};
pub use run::{Facts, Run, Settings};
