//! The rule language as written: YAML read with the place of every node.
#![doc = include_str!("../../docs/rules.md")]

pub mod body;
pub mod condition;
pub mod expr;
pub mod fields;
pub mod foreign;
mod format;
mod lower;
mod misnamed;
mod node;
mod path_help;
mod path_lint;
mod records_path;
pub mod reference;
pub mod syntax;
mod yaml;

pub use condition::read as read_condition;
pub use format::{FormatError, format};
pub use lower::{CREDENTIAL_PARTS, KEYS, START_KEYS, rule_file};
pub use node::{Entry, Node, NodeKind, Scalar, ScalarStyle};
pub use records_path::RecordsPath;
pub use yaml::{
    MAX_ALIASED_BYTES, MAX_ALIASED_NODES, MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, aliases_are_bounded, read, read_rules,
};
