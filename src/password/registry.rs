//! What schemes there are: names, summaries, and how a text names its scheme.

use super::credential::Credential;
use super::schemes::SCHEMES;
use super::stored::Understood;

/// One scheme.
pub struct SchemeInfo {
    /// The name that rules use.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// One line about it.
    pub summary: &'static str,
    /// Beginnings that no other scheme has; empty when the text does not name its scheme.
    pub prefixes: &'static [&'static str],
    /// What tells the scheme when a prefix does not.
    pub(super) shape: Option<fn(&str) -> bool>,
    /// Reads a credential.
    pub(super) parse: fn(&Credential) -> Understood,
}

impl SchemeInfo {
    /// Whether a stored text alone tells this scheme.
    #[must_use]
    pub fn is_self_describing(&self) -> bool {
        !self.prefixes.is_empty() || self.shape.is_some()
    }

    /// Whether a text is one of this scheme.
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

/// All schemes, related ones together.
#[must_use]
pub fn schemes() -> &'static [SchemeInfo] {
    SCHEMES
}

/// The scheme of that name or alias; letter case and `_` for `-` do not matter.
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
    fn names_stand_once() {
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
