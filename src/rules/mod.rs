//! The rule language as written: YAML read with the place of every node.

mod node;

pub use node::{Entry, Node, NodeKind, Scalar, ScalarStyle};
