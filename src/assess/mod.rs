//! Assessment of an export before the first login: what its fields contain, what the rules make of every record, which
//! identifiers occur twice, which passwords can be verified, and who will migrate.
//!
//! [`Assessment`] is the document that all renderings and comparisons read. An assessment in progress is [`Assessing`]: each
//! thread has a [`Worker`] that counts records, and what they found is [`Collected`], which may be a part of an export. All
//! counts can be added in any order, so that threads, processes and files give the same document as one run.

mod claims;
mod class;
mod collect;
mod credential;
mod diff;
mod document;
mod duplicates;
mod entry;
mod findings;
mod finish;
mod forecast;
pub mod html;
mod names;
mod pairs;
mod part;
mod partial;
mod profile;
mod reasons;
mod record;
mod secret;
mod sorter;
mod stats;
mod table;
mod text;
mod threshold;
mod watch;

pub use collect::{Assessing, Batch, Collected, MergeError, Rows, Rules, Worker};
pub use diff::{Change, diff, name as duplicates_name};
pub use document::*;
pub use finish::Options;
pub use names::Names;
pub use partial::PartialError;
pub use threshold::{Exceeded, Threshold, Unknown};

#[cfg(test)]
mod tests;
