//! The collation `landfall`: texts are equal if they are spellings of the same identifier.
//!
//! SQLite's `lower` and `NOCASE` handle only ASCII letters, and SQLite does not normalise Unicode. A customer stored as
//! `ÄNNE`, with a trailing space or in decomposed letters, would not be found, and somebody else could take the name.

use std::cmp::Ordering;

use crate::ports::{IdentifierKind, IdentifierProfile};

/// Its name in queries.
pub(super) const NAME: &str = "landfall";

/// The order of two texts: identifiers by their canonical form, followed by all other texts, unchanged.
pub(super) fn compare(profile: &IdentifierProfile, one: &str, other: &str) -> Ordering {
    if profile.kind == IdentifierKind::Username
        && let (Some(one), Some(other)) = (plain(one), plain(other))
    {
        return lowered(one).cmp(lowered(other));
    }
    key(profile, one).cmp(&key(profile, other))
}

/// The sort key of a text.
fn key(profile: &IdentifierProfile, text: &str) -> (u8, String) {
    match profile.canonical(text) {
        Ok(identifier) => (0, identifier.canonical().to_owned()),
        Err(_) => (1, text.to_owned()),
    }
}

/// A user name that is pure ASCII, as nearly all are, so that its canonical form needs no Unicode tables. `None` for
/// anything else.
fn plain(text: &str) -> Option<&[u8]> {
    let name = text.trim_matches(' ');
    let is_plain = !name.is_empty()
        && text.len() <= IdentifierProfile::MAX_BYTES
        && name.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then_some(name.as_bytes())
}

fn lowered(name: &[u8]) -> impl Iterator<Item = u8> + '_ {
    name.iter().map(u8::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 14] = [
        "ada",
        " ADA ",
        "Ada",
        "adb",
        "ÄNNE",
        "a\u{308}nne",
        "änne ",
        "straße",
        "strasse",
        "two words",
        "Two words",
        "",
        "a@b.example",
        "A@B.example",
    ];

    #[test]
    fn the_fast_path_gives_the_same_order() {
        let profile = IdentifierProfile::default();
        for one in TEXTS {
            for other in TEXTS {
                let long = key(&profile, one).cmp(&key(&profile, other));
                assert_eq!(compare(&profile, one, other), long, "{one:?} {other:?}");
            }
        }
        for one in (0..=0x7f_u8).map(char::from) {
            let (one, other) = (format!("a{one}"), "aM".to_owned());
            let long = key(&profile, &one).cmp(&key(&profile, &other));
            assert_eq!(compare(&profile, &one, &other), long, "{one:?}");
        }
    }

    #[test]
    fn spellings_are_equal_and_confusables_are_not() {
        let profile = IdentifierProfile::default();
        for (one, other, equal) in [
            ("ÄNNE", "a\u{308}nne", true),
            ("ada ", "ADA", true),
            ("straße", "strasse", false),
            ("mıke", "mike", false),
            ("two words", "Two words", false),
        ] {
            assert_eq!(compare(&profile, one, other) == Ordering::Equal, equal, "{one} {other}");
        }
    }
}
