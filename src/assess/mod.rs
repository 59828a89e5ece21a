//! Assessment of an export before the first login: what its fields contain, what the rules make of every record, which
//! identifiers occur twice, which passwords can be verified, and who will migrate.
//!
//! [`Assessment`] is the document that all renderings and comparisons read.

mod document;
pub mod html;

pub use document::*;
