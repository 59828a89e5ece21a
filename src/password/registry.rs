//! The registry of schemes: names, summaries, and how their texts are recognized.

use super::credential::Credential;
use super::schemes::SCHEMES;
use super::stored::ParseResult;

/// One scheme.
pub struct SchemeInfo {
    /// The name that rules use.
    pub name: &'static str,
    /// Aliases.
    pub aliases: &'static [&'static str],
    /// A one-line description.
    pub summary: &'static str,
    /// Prefixes that only this scheme has; empty if the text does not reveal its scheme.
    pub prefixes: &'static [&'static str],
    /// Recognizes the scheme if a prefix is not enough.
    pub(super) shape: Option<fn(&str) -> bool>,
    /// Parses a credential.
    pub(super) parse: fn(&Credential) -> ParseResult,
}

impl SchemeInfo {
    /// Whether the scheme can be detected from its stored text.
    #[must_use]
    pub fn is_self_describing(&self) -> bool {
        !self.prefixes.is_empty() || self.shape.is_some()
    }

    /// Whether a text belongs to this scheme.
    #[must_use]
    pub fn claims(&self, text: &str) -> bool {
        self.prefixes.iter().any(|prefix| text.starts_with(prefix)) || self.shape.is_some_and(|shape| shape(text))
    }
}

impl std::fmt::Debug for SchemeInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All schemes, grouped by family.
#[must_use]
pub fn schemes() -> &'static [SchemeInfo] {
    SCHEMES
}

/// The scheme with that name or alias; letter case and `_` for `-` are ignored.
#[must_use]
pub fn find(name: &str) -> Option<&'static SchemeInfo> {
    SCHEMES
        .iter()
        .find(|info| is_same_name(info.name, name))
        .or_else(|| SCHEMES.iter().find(|info| info.aliases.iter().any(|alias| is_same_name(alias, name))))
}

fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> =
            SCHEMES.iter().flat_map(|info| info.aliases.iter().chain([&info.name])).copied().collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        for (name, found) in
            [("bcrypt", Some("bcrypt")), ("PBKDF2_PHC", Some("pbkdf2")), ("md5", Some("digest")), ("rot13", None)]
        {
            assert_eq!(find(name).map(|info| info.name), found, "{name}");
        }
    }

    #[test]
    fn no_prefix_hides_a_later_one() {
        let prefixes: Vec<(&str, &str)> =
            SCHEMES.iter().flat_map(|info| info.prefixes.iter().map(move |prefix| (*prefix, info.name))).collect();
        for (at, (earlier, name)) in prefixes.iter().enumerate() {
            for (later, other) in prefixes.iter().skip(at + 1) {
                assert!(!later.starts_with(earlier), "`{earlier}` of {name} hides `{later}` of {other}");
            }
        }
    }
}
