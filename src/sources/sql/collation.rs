//! The collation `landfall`: texts are equal when they are one identifier, however they are spelled.
//!
//! SQLite's `lower` and `NOCASE` know only ASCII letters, and nothing in it knows normal forms. A customer who is stored as
//! `ÄNNE`, with a blank behind the name or in decomposed letters would be a stranger, whose name anybody else may take.

use std::cmp::Ordering;

use crate::migrate::{IdentifierKind, IdentifierProfile};

/// Its name in queries.
pub(super) const NAME: &str = "landfall";

/// The order of two texts: identifiers by their one spelling, and behind them what is no identifier, as it is.
pub(super) fn compare(profile: &IdentifierProfile, one: &str, other: &str) -> Ordering {
    if profile.kind == IdentifierKind::Username
        && let (Some(one), Some(other)) = (plain(one), plain(other))
    {
        return lowered(one).cmp(lowered(other));
    }
    key(profile, one).cmp(&key(profile, other))
}

/// What a text is ordered by.
fn key(profile: &IdentifierProfile, text: &str) -> (u8, String) {
    match profile.canonical(text) {
        Ok(identifier) => (0, identifier.canonical().to_owned()),
        Err(_) => (1, text.to_owned()),
    }
}

/// A user name of ASCII alone: nearly all are, and their one spelling needs no table. None when it is anything else.
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
    fn the_short_way_gives_the_order_of_the_long_one() {
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
    fn spellings_are_equal_and_look_alikes_are_not() {
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
