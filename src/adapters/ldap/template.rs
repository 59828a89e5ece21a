//! Search filters and distinguished names with placeholders. A value enters only where a value stands, escaped for there.

use std::fmt::Write as _;

use ldap3::asn1::{ASNTag as _, PL, StructureTag};
use ldap3::parse_filter;
use thiserror::Error;

/// Where a template is used, and so how its values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A search filter (RFC 4515).
    Filter,
    /// A distinguished name (RFC 4514).
    Dn,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Dn => "dn",
        }
    }
}

/// Why a template is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A brace without its partner, or an empty placeholder.
    #[error("a placeholder is not closed, or `{{` or `}}` stands alone")]
    Brace,
    /// A placeholder of another place.
    #[error("`{{{0}:…}}` cannot be used here; use `{{{1}:…}}`")]
    Kind(String, &'static str),
    /// A name that has no value here.
    #[error("the placeholder `{0}` is unknown here")]
    Name(String),
    /// A placeholder that does not stand for a value.
    #[error("a placeholder stands where no value can be")]
    Position,
    /// The filter cannot be parsed.
    #[error("the search filter cannot be parsed")]
    Filter,
}

impl TemplateError {
    /// What to do.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Brace => r"write braces that are meant literally as `\7b` and `\7d`",
            Self::Kind(..) => "filters and names are escaped in different ways, so each has placeholders of its own",
            Self::Name(_) => {
                "known are `identifier` and `typed`; a search for groups has `dn` and attributes of the entry"
            }
            Self::Position => {
                "put it behind `=`, such as `(uid={filter:identifier})` or `uid={dn:identifier},ou=people`"
            }
            Self::Filter => "a filter looks like `(&(objectClass=person)(uid={filter:identifier}))`, see RFC 4515",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Value(String),
}

/// A checked template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    place: Place,
    parts: Vec<Part>,
}

/// Stands for each value when the positions are checked.
const MARK: &str = "landfallvalue";

impl Template {
    /// Parses a template whose placeholders have these names.
    pub fn parse(text: &str, place: Place, is_known: impl Fn(&str) -> bool) -> Result<Self, TemplateError> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (inside, behind) = after.split_once('}').ok_or(TemplateError::Brace)?;
            let (kind, name) = inside.split_once(':').ok_or(TemplateError::Brace)?;
            if kind != place.name() {
                return Err(TemplateError::Kind(kind.to_owned(), place.name()));
            }
            if !is_known(name) {
                return Err(TemplateError::Name(name.to_owned()));
            }
            parts.extend([Part::Literal(before.to_owned()), Part::Value(name.to_owned())]);
            rest = behind;
        }
        parts.push(Part::Literal(rest.to_owned()));
        let template = Self { place, parts };
        let stray = |part: &Part| matches!(part, Part::Literal(text) if text.contains(['{', '}']));
        if template.parts.iter().any(stray) {
            return Err(TemplateError::Brace);
        }
        template.check()?;
        Ok(template)
    }

    fn check(&self) -> Result<(), TemplateError> {
        match self.place {
            Place::Filter => {
                let filter = self.fill(|_| Some(MARK.into())).unwrap_or_default();
                let parsed = parse_filter(&filter).map_err(|()| TemplateError::Filter)?.into_structure();
                let count = self.names().count();
                (values(&parsed) == count).then_some(()).ok_or(TemplateError::Position)
            }
            Place::Dn => {
                let mut before = String::new();
                for part in &self.parts {
                    match part {
                        Part::Literal(text) => before.push_str(text),
                        Part::Value(_) if is_in_value(&before) => before.push('x'),
                        Part::Value(_) => return Err(TemplateError::Position),
                    }
                }
                Ok(())
            }
        }
    }

    /// The names of the placeholders.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The text with values; `None` if a value is missing.
    pub fn fill(&self, value_of: impl Fn(&str) -> Option<Vec<u8>>) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Value(name) => escape(&value_of(name)?, &mut text),
            }
        }
        Some(text)
    }

    /// What follows the first comma behind the last placeholder: the constant end of a name.
    pub fn constant_end(&self) -> Option<&str> {
        match (self.names().next(), self.parts.last()) {
            (Some(_), Some(Part::Literal(end))) => end.split_once(',').map(|(_, end)| end),
            _ => None,
        }
    }
}

/// Both standards accept every byte as a backslash and two hexadecimal digits, so all but the plainest are written so:
/// what is special depends on the place, on the position, and on the server.
fn escape(value: &[u8], into: &mut String) {
    for &byte in value {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'.' | b'-' | b'_') {
            into.push(char::from(byte));
        } else {
            // writing to a text cannot fail
            let _ = write!(into, "\\{byte:02x}");
        }
    }
}

/// How many marks stand in values of assertions.
fn values(tag: &StructureTag) -> usize {
    let is_marked = |tag: &StructureTag| match &tag.payload {
        PL::P(bytes) => String::from_utf8_lossy(bytes).matches(MARK).count(),
        PL::C(_) => 0,
    };
    match (&tag.payload, tag.id) {
        (PL::C(parts), 0..=2) => parts.iter().map(values).sum(),
        (PL::C(parts), 3 | 5 | 6 | 8) => parts.iter().skip(1).map(is_marked).sum(),
        (PL::C(parts), 4) => parts.iter().skip(1).flat_map(inner).map(is_marked).sum(),
        (PL::C(parts), 9) => parts.iter().filter(|part| part.id == 3).map(is_marked).sum(),
        _ => 0,
    }
}

fn inner(tag: &StructureTag) -> &[StructureTag] {
    match &tag.payload {
        PL::C(parts) => parts,
        PL::P(_) => &[],
    }
}

/// Whether what follows this beginning of a name is a value.
fn is_in_value(before: &str) -> bool {
    let (mut last, mut is_escaped) = (',', false);
    for letter in before.chars() {
        if !is_escaped && matches!(letter, ',' | '+' | ';' | '=') {
            last = letter;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    last == '='
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> bool {
        matches!(name, "identifier" | "typed")
    }

    fn filter(text: &str) -> Result<Template, TemplateError> {
        Template::parse(text, Place::Filter, known)
    }

    #[test]
    fn placeholders_stand_only_for_values() {
        for text in [
            "(uid={filter:identifier})",
            "(&(objectClass=person)(|(uid={filter:identifier})(mail={filter:typed})))",
            "(cn=a*{filter:identifier})",
            "(member:1.2.840.113556.1.4.1941:={filter:identifier})",
            "(!(uid={filter:identifier}))",
        ] {
            assert!(filter(text).is_ok(), "{text}");
        }
        for (text, error) in [
            ("({filter:identifier}=a)", TemplateError::Position),
            ("(uid={dn:identifier})", TemplateError::Kind("dn".to_owned(), "filter")),
            ("(uid={filter:password})", TemplateError::Name("password".to_owned())),
            ("(uid={filter:identifier}", TemplateError::Filter),
            ("{filter:identifier}", TemplateError::Filter),
            ("(uid={identifier})", TemplateError::Brace),
            ("(uid={filter:identifier)", TemplateError::Brace),
            ("(uid=a})", TemplateError::Brace),
        ] {
            assert_eq!(filter(text), Err(error), "{text}");
        }
        let dn = |text| Template::parse(text, Place::Dn, known);
        assert!(dn("uid={dn:identifier},ou=people,dc=example").is_ok());
        assert!(dn("ou=people,dc=example").is_ok());
        assert_eq!(dn("uid=a,{dn:identifier},dc=example"), Err(TemplateError::Position));
        assert_eq!(dn(r"uid\={dn:identifier}"), Err(TemplateError::Position));
    }

    /// The value of `(uid=VALUE)`, if the filter is exactly that.
    fn value(filter: &str) -> Option<Vec<u8>> {
        let tag = parse_filter(filter).ok()?.into_structure();
        let parts = inner(&tag);
        let bytes = |tag: &StructureTag| match &tag.payload {
            PL::P(bytes) => Some(bytes.clone()),
            PL::C(_) => None,
        };
        match (tag.id, parts) {
            (3, [name, value]) if bytes(name)? == b"uid" => bytes(value),
            _ => None,
        }
    }

    #[test]
    fn ten_thousand_hostile_values_stay_one_value() {
        let template = filter("(uid={filter:identifier})").expect("a template");
        let pieces = ["*", "(", ")", "\\", "\\2a", ")(uid=*", "a", "ä", "\0", " ", ",", "=", "&", "|", "!", "🦀", "\n"];
        let mut state = 0x2545_f491_u32;
        for _ in 0..10_000 {
            let mut text = String::new();
            for _ in 0..(state % 9) {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                text.push_str(pieces[state as usize % pieces.len()]);
            }
            state = state.wrapping_mul(747_796_405).wrapping_add(1);
            let filled = template.fill(|_| Some(text.clone().into_bytes())).expect("a filter");
            assert_eq!(value(&filled), Some(text.clone().into_bytes()), "{text:?}");
        }
    }

    #[test]
    fn names_keep_their_structure() {
        let dn = Template::parse("uid={dn:identifier},ou=people", Place::Dn, known).expect("a template");
        let filled = dn.fill(|_| Some(b"a,ou=admins+\"x\0".to_vec()));
        assert_eq!(filled.as_deref(), Some(r"uid=a\2cou\3dadmins\2b\22x\00,ou=people"));
        assert_eq!(dn.constant_end(), Some("ou=people"));
    }
}
