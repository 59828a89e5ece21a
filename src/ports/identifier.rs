//! Normalises what a customer types to sign in into its canonical form, once, at the edge.

use std::fmt;

use thiserror::Error;

use crate::engine::ops::{UsernameError, one_phone, one_username};

/// The kind of identifier, which determines how it is normalised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IdentifierKind {
    /// User names and email addresses alike: the profile UsernameCaseMapped of RFC 8265.
    #[default]
    Username,
    /// Email addresses: the local part as a user name, the domain in its ASCII form (RFC 5890).
    Email,
    /// Phone numbers in E.164, as the step `phone` writes them. Numbers without a country prefix are read as numbers of
    /// this region (ISO 3166-1); numbers with an extension are invalid.
    Phone {
        /// Two letters, such as `DE`; `None` accepts only numbers with a country prefix.
        region: Option<String>,
    },
}

/// An identifier as typed and in its canonical form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    typed: String,
    canonical: String,
}

/// Text that is not a valid identifier. Never contains the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// Empty, or empty after normalisation.
    #[error("the identifier is empty")]
    Empty,
    /// More than [`IdentifierProfile::MAX_BYTES`] bytes, before or after normalisation.
    #[error("the identifier is longer than {} bytes", IdentifierProfile::MAX_BYTES)]
    TooLong,
    /// Characters that the profile does not allow, or the wrong form.
    #[error("the identifier contains invalid characters or has the wrong form")]
    Shape,
    /// Normalising the result changes it again, so it has no canonical form.
    #[error("the identifier has no stable canonical form")]
    Unstable,
}

impl Identifier {
    /// The identifier as typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The canonical form.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

/// Never shows the identifier.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(***)")
    }
}

/// How identifiers are normalised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentifierProfile {
    /// The kind of identifier.
    pub kind: IdentifierKind,
}

impl IdentifierProfile {
    /// The longest identifier, in bytes. Stops megabytes from being normalised and hashed; an email address has at most
    /// 254 characters (RFC 5321), and user names are shorter.
    pub const MAX_BYTES: usize = 512;

    /// Returns the canonical form of what was typed. It equals the result of the step `username`, so that a name
    /// written by the rules is found again. Leading and trailing spaces (U+0020) are ignored. Every other invisible
    /// character makes the identifier invalid instead of being removed, because two names must not silently become one.
    ///
    /// # Errors
    /// [`IdentifierError`].
    ///
    /// ```
    /// use landfall::ports::IdentifierProfile;
    /// let profile = IdentifierProfile::default();
    /// assert_eq!(profile.canonical(" Ada@Example.ORG ")?.canonical(), "ada@example.org");
    /// # Ok::<(), landfall::ports::IdentifierError>(())
    /// ```
    pub fn canonical(&self, typed: &str) -> Result<Identifier, IdentifierError> {
        if typed.len() > Self::MAX_BYTES {
            return Err(IdentifierError::TooLong);
        }
        let canonical = self.map(typed.trim_matches(' '))?;
        if canonical.len() > Self::MAX_BYTES {
            return Err(IdentifierError::TooLong);
        }
        // INVARIANT: normalising a canonical form does not change it, or two accounts could share a name.
        if self.map(&canonical)? != canonical {
            return Err(IdentifierError::Unstable);
        }
        Ok(Identifier { typed: typed.to_owned(), canonical })
    }

    fn map(&self, text: &str) -> Result<String, IdentifierError> {
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        match &self.kind {
            IdentifierKind::Username => username(text),
            IdentifierKind::Email => email(text),
            IdentifierKind::Phone { region } => phone(text, region.as_deref()),
        }
    }
}

/// A user name. PRECIS allows joiners in some scripts (RFC 5892, CONTEXTJ); they are invalid here because they are
/// invisible.
fn username(text: &str) -> Result<String, IdentifierError> {
    if text.contains(['\u{200c}', '\u{200d}']) {
        return Err(IdentifierError::Shape);
    }
    let name = one_username(text).map_err(|error| match error {
        UsernameError::TooLong => IdentifierError::TooLong,
        UsernameError::NotAllowed => IdentifierError::Shape,
        UsernameError::Unstable => IdentifierError::Unstable,
    })?;
    Ok(name.into_owned())
}

/// The full-width at sign that East Asian input methods type.
const FULL_WIDTH_AT: char = '\u{ff20}';

fn email(text: &str) -> Result<String, IdentifierError> {
    let text = text.replace(FULL_WIDTH_AT, "@");
    let (local, domain) = text.split_once('@').ok_or(IdentifierError::Shape)?;
    let domain = idna::domain_to_ascii_strict(domain).map_err(|_| IdentifierError::Shape)?;
    if local.is_empty() || domain.is_empty() {
        return Err(IdentifierError::Shape);
    }
    Ok(format!("{}@{domain}", username(local)?))
}

fn phone(text: &str, region: Option<&str>) -> Result<String, IdentifierError> {
    one_phone(text, region).map_err(|_| IdentifierError::Shape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    fn profile(kind: IdentifierKind) -> IdentifierProfile {
        IdentifierProfile { kind }
    }

    fn profiles() -> [IdentifierProfile; 3] {
        let phone = IdentifierKind::Phone { region: Some("DE".into()) };
        [profile(IdentifierKind::Username), profile(IdentifierKind::Email), profile(phone)]
    }

    fn one(kind: IdentifierKind, typed: &str) -> Result<String, IdentifierError> {
        profile(kind).canonical(typed).map(|identifier| identifier.canonical().to_owned())
    }

    #[test]
    fn user_names() {
        let cases = [
            ("Ada.Lovelace", Ok("ada.lovelace")),
            (" ada ", Ok("ada")),
            ("Ada+Shop@Example.ORG", Ok("ada+shop@example.org")),
            ("ＡＤＡ", Ok("ada")),
            ("Ju\u{308}rgen", Ok("jürgen")),
            ("\u{212a}elvin", Ok("kelvin")),
            ("Straße", Ok("straße")),
            ("", Err(IdentifierError::Empty)),
            ("   ", Err(IdentifierError::Empty)),
            ("ada lovelace", Err(IdentifierError::Shape)),
            ("ada\u{200b}", Err(IdentifierError::Shape)),
            ("ada\u{200d}", Err(IdentifierError::Shape)),
            ("\u{feff}ada", Err(IdentifierError::Shape)),
            ("ada\u{202e}", Err(IdentifierError::Shape)),
            ("ada\u{2066}", Err(IdentifierError::Shape)),
            ("ada\n", Err(IdentifierError::Shape)),
            ("\tada", Err(IdentifierError::Shape)),
            ("\u{3000}ada", Err(IdentifierError::Shape)),
            ("\u{a0}ada", Err(IdentifierError::Shape)),
            ("ada\0", Err(IdentifierError::Shape)),
        ];
        for (typed, want) in cases {
            assert_eq!(one(IdentifierKind::Username, typed).as_deref(), want.as_ref().copied(), "{typed:?}");
        }
        assert_eq!(one(IdentifierKind::Username, &"a".repeat(513)), Err(IdentifierError::TooLong));
    }

    #[test]
    fn mail_addresses() {
        let cases = [
            ("Ada+Shop@Example.ORG", Some("ada+shop@example.org")),
            ("a.d.a@Bücher.example", Some("a.d.a@xn--bcher-kva.example")),
            ("ada@xn--bcher-kva.example", Some("ada@xn--bcher-kva.example")),
            ("ａｄａ＠ｅｘａｍｐｌｅ.org", Some("ada@example.org")),
            ("ada", None),
            ("@example.org", None),
            ("ada@", None),
            ("ada@b@example.org", None),
            ("ada love@example.org", None),
            ("ada@exa mple.org", None),
        ];
        for (typed, want) in cases {
            assert_eq!(one(IdentifierKind::Email, typed).ok().as_deref(), want, "{typed}");
        }
    }

    #[test]
    fn phones() {
        for (region, typed, want) in [
            (Some("DE"), " 030 901820", Some("+4930901820")),
            (Some("DE"), "+49 (0)30 901820", Some("+4930901820")),
            (Some("de"), "+1 202 555 0143", Some("+12025550143")),
            (None, "+1 202 555 0143", Some("+12025550143")),
            (None, "202 555 0143", None),
            (Some("XX"), "202 555 0143", None),
            (Some("US"), "202-555-0143 x56", None),
            (Some("US"), "ada", None),
        ] {
            let kind = IdentifierKind::Phone { region: region.map(Into::into) };
            assert_eq!(one(kind, typed).ok().as_deref(), want, "{region:?} {typed}");
        }
    }

    #[test]
    fn confusable_letters_stay_distinct() {
        let names = ["mike", "mıke", "straße", "strasse", "admin", "\u{430}dmin", "ﬁ"];
        let spellings: Vec<_> = names.iter().filter_map(|name| one(IdentifierKind::Username, name).ok()).collect();
        let apart: std::collections::BTreeSet<_> = spellings.iter().collect();
        assert_eq!((apart.len(), spellings.len()), (6, 6), "the ligature is invalid: {spellings:?}");
    }

    #[test]
    fn many_spellings_have_one_canonical_form() {
        let name = "jérôme.ångström+shop@example.org";
        let wide = |c: char| u32::from(c).checked_add(0xfee0).filter(|_| c.is_ascii_graphic()).and_then(char::from_u32);
        let spellings = (0..1_000_usize).map(|seed| {
            let bit = |at: usize| seed.wrapping_mul(0x9e37_79b9).rotate_right(u32::try_from(at % 31).unwrap()) & 1 == 1;
            let changed = name.chars().enumerate().flat_map(|(at, c)| {
                let c = if bit(at) { c.to_uppercase().next().unwrap() } else { c };
                let c = if bit(at + 7) { wide(c).unwrap_or(c) } else { c };
                if bit(at + 13) { c.to_string().nfd().collect::<Vec<_>>() } else { vec![c] }
            });
            let changed: String = changed.collect();
            format!("{}{changed}{}", " ".repeat(seed % 3), " ".repeat(seed % 4))
        });
        let spellings: std::collections::BTreeSet<String> = spellings.collect();
        assert!(spellings.len() > 900, "{}", spellings.len());
        for spelling in spellings {
            assert_eq!(one(IdentifierKind::Username, &spelling).as_deref(), Ok(name), "{spelling}");
        }
    }

    #[test]
    fn every_prefix_and_suffix_character_is_invalid_or_stable() {
        let profile = IdentifierProfile::default();
        let mut admitted = 0;
        for c in '\0'..=char::MAX {
            for typed in [format!("{c}ada"), format!("ada{c}")] {
                let Ok(once) = profile.canonical(&typed) else { continue };
                admitted += 1;
                assert_eq!(
                    profile.canonical(once.canonical()).map(|twice| twice.canonical),
                    Ok(once.canonical),
                    "{c:?}"
                );
            }
        }
        assert!(admitted > 100_000, "{admitted}");
    }

    proptest! {
        #[test]
        fn canonical_forms_are_stable(text in "[\\PC@+. \u{0}-\u{ff}]{0,16}(@[a-zA-ZüÜßＡ.\\-]{1,12})?") {
            for profile in profiles() {
                if let Ok(once) = profile.canonical(&text) {
                    prop_assert_eq!(profile.canonical(once.canonical()).map(|twice| twice.canonical), Ok(once.canonical));
                }
            }
        }

        #[test]
        fn any_text_is_handled(text in any::<String>()) {
            for profile in profiles() {
                if let Ok(once) = profile.canonical(&text) {
                    prop_assert!(!once.canonical().is_empty());
                    prop_assert_eq!(profile.canonical(once.canonical()).map(|twice| twice.canonical), Ok(once.canonical));
                }
            }
        }
    }
}
