//! The rule language: its reference, the limits of rule files, and the formatter.
//!
//! Programs compile rules with [`compile`](fn@crate::engine::compile); what this module reads for it is not shown here.
//!
#![doc = include_str!("../../docs/rules.md")]

#[doc(hidden)]
pub mod body;
#[doc(hidden)]
pub mod condition;
#[doc(hidden)]
pub mod expr;
#[doc(hidden)]
pub mod fields;
#[doc(hidden)]
pub mod foreign;
mod format;
mod lower;
mod misnamed;
mod node;
mod path_help;
mod path_lint;
mod records_path;
#[doc(hidden)]
pub mod reference;
#[doc(hidden)]
pub mod syntax;
mod yaml;

#[doc(hidden)]
pub use condition::read as read_condition;
pub use format::{FormatError, format};
#[doc(hidden)]
pub use lower::{CREDENTIAL_PARTS, KEYS, START_KEYS, rule_file};
#[doc(hidden)]
pub use node::{Entry, Node, NodeKind, Scalar, ScalarStyle};
#[doc(hidden)]
pub use records_path::RecordsPath;
pub use yaml::{MAX_ALIASED_BYTES, MAX_ALIASED_NODES, MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES};
#[doc(hidden)]
pub use yaml::{aliases_are_bounded, read, read_rules};
