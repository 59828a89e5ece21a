//! The databases that a source can be, by the scheme of the address.

use super::SqlError;
use super::database::Kind;
use super::loose::loose_comparison;

/// One row for each database.
const DATABASES: &[&Kind] = &[
    &crate::adapters::sqlite::DATABASE,
    #[cfg(feature = "postgres")]
    &crate::adapters::postgres::DATABASE,
    #[cfg(feature = "mysql")]
    &crate::adapters::mysql::DATABASE,
];

/// The database of an address.
pub(super) fn of_url(url: &str) -> Result<&'static Kind, SqlError> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let known = DATABASES.iter().find(|kind| kind.schemes.contains(&scheme));
    known.copied().ok_or_else(|| SqlError::Scheme(examples()))
}

/// An example of an address of each database, for messages.
fn examples() -> String {
    let examples: Vec<String> = DATABASES.iter().map(|kind| format!("`{}`", kind.example)).collect();
    examples.join(", ")
}

/// The schemes that addresses can have.
#[must_use]
pub fn schemes() -> Vec<&'static str> {
    DATABASES.iter().flat_map(|kind| kind.schemes.iter().copied()).collect()
}

/// What in a query compares more loosely, or more strictly, than identifiers do, and how to compare instead. `None` for an
/// unknown database, too.
pub(super) fn is_loose(url: &str, query: &str) -> Option<(String, &'static str)> {
    let kind = of_url(url).ok()?;
    let (word, why) = loose_comparison(query, kind.dialect)?;
    Some((format!("`{}` {why}", word.trim_start_matches('*')), kind.dialect.advice))
}
