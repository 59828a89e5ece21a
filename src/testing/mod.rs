//! Rule tests: records with their expected outcomes, and how much of the rules they cover.
#![doc = include_str!("../../docs/rule-tests.md")]

mod account;
mod case;
mod change;
pub mod coverage;
mod credential;
mod file;
mod judge;
mod names;
mod records;
pub mod report;
mod run;
mod shelf;
mod snapshot;
mod vacuous;
mod want;

pub use case::{Case, cases};
pub use credential::verify_password;
pub use file::{TestFile, inline, rules_of, test_file};
pub use judge::{Failure, Shown};
pub use names::check as check_names;
pub use run::{JudgeLogin, Options, Status, Tested, run_case, run_examples};
pub use shelf::Shelf;

#[cfg(test)]
mod tests;
