//! The rule language as written: YAML read with the place of every node.

mod format;
mod node;
mod yaml;

pub use format::{FormatError, SECTIONS, format};
pub use node::{Entry, Node, NodeKind, Scalar, ScalarStyle};
pub use yaml::{MAX_ALIASED_NODES, MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, read};
