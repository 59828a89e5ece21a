//! What is wrong with the body of a caller's request: the member and the place of the mistake, in words that contain nothing
//! of the body, which may have a password in it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A member of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    name: &'static str,
    kind: Kind,
    presence: Presence,
}

impl Member {
    /// Text that must be there.
    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, presence: Presence::Required }
    }

    /// Text that may be missing or null.
    pub(super) const fn optional_text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, presence: Presence::Nullable }
    }

    /// True or false, or missing.
    pub(super) const fn optional_flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag, presence: Presence::Optional }
    }
}

/// Whether a member must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
    /// It may also be null.
    Nullable,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Flag,
    Null,
    Other,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            _ => "text",
        }
    }
}

/// A request body with the members that it may have.
pub(super) trait Members {
    /// All of them.
    const MEMBERS: &'static [Member];
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    NotAnObject,
    Syntax,
    EndsEarly,
    Missing,
    Repeated,
    Unknown(&'static [Member]),
    Kind(Kind),
    NewPassword,
}

/// A mistake in a request body. It contains nothing of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mistake {
    what: What,
    member: Option<&'static str>,
    /// The line and the column in bytes, both from 1, where it was noticed.
    place: Option<(usize, usize)>,
}

impl Mistake {
    /// A new password that no account can have.
    pub(super) const NEW_PASSWORD: Self = Self { what: What::NewPassword, member: Some("password"), place: None };

    /// The mistake in a body that could not be read.
    pub(super) fn of<T: Members>(body: &[u8], error: &serde_json::Error) -> Self {
        let place = Some((error.line(), error.column())).filter(|(line, _)| *line > 0);
        let at = |what, member| Self { what, member, place };
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Self { place: None, ..at(What::NotAnObject, None) };
        }
        match error.classify() {
            serde_json::error::Category::Eof => at(What::EndsEarly, None),
            serde_json::error::Category::Data => match serde_json::from_slice::<Written>(body) {
                Ok(Written(members)) => {
                    let (what, member) = first_wrong(T::MEMBERS, &members);
                    at(what, member)
                }
                // the body is not even JSON after its first wrong member
                Err(later) => at(if later.is_eof() { What::EndsEarly } else { What::Syntax }, None),
            },
            _ => at(What::Syntax, None),
        }
    }

    /// The name of the member, if it is one of the route's.
    pub(super) fn member(self) -> Option<&'static str> {
        self.member
    }

    /// The line and the column, from 1.
    pub(super) fn place(self) -> Option<(usize, usize)> {
        self.place
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.member.unwrap_or_default();
        match self.what {
            What::NotAnObject => f.write_str("the body is not a JSON object"),
            What::Syntax => f.write_str("the body is not valid JSON"),
            What::EndsEarly => f.write_str("the body ends before its JSON does"),
            What::Missing => write!(f, "`{name}` is missing"),
            What::Repeated => write!(f, "`{name}` appears twice"),
            What::Kind(kind) => write!(f, "`{name}` must be {}", kind.words()),
            What::NewPassword => write!(f, "`{name}` must have 1 to 1024 bytes and no NUL"),
            What::Unknown(members) => {
                let names: Vec<String> = members.iter().map(|member| format!("`{}`", member.name)).collect();
                write!(f, "the body has a member that this route does not know; it knows {}", names.join(", "))
            }
        }
    }
}

/// The first mistake in the order of the text.
fn first_wrong(known: &'static [Member], written: &[(String, Kind)]) -> (What, Option<&'static str>) {
    for (at, (key, kind)) in written.iter().enumerate() {
        let Some(member) = known.iter().find(|member| member.name == key) else { return (What::Unknown(known), None) };
        if written.iter().take(at).any(|(before, _)| before == key) {
            return (What::Repeated, Some(member.name));
        }
        let fits = *kind == member.kind || (*kind == Kind::Null && member.presence == Presence::Nullable);
        if !fits {
            return (What::Kind(member.kind), Some(member.name));
        }
    }
    let is_missing =
        |member: &&Member| member.presence == Presence::Required && !written.iter().any(|(key, _)| key == member.name);
    match known.iter().find(is_missing) {
        Some(member) => (What::Missing, Some(member.name)),
        // text that is no Unicode, such as half of a surrogate pair
        None => (What::Syntax, None),
    }
}

/// The members of a JSON object as they are written, without their values.
struct Written(Vec<(String, Kind)>);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl<'de> Visitor<'de> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Written(members))
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

/// Reads what a value is, and forgets the value.
struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, _: &str) -> Result<Kind, E> {
        Ok(Kind::Text)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Kind, E> {
        Ok(Kind::Flag)
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
        Ok(Kind::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Kind, E> {
        Ok(Kind::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Kind::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Kind::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Body {
        identifier: String,
        #[serde(default)]
        flag: bool,
        #[serde(default)]
        tenant: Option<String>,
    }

    impl Members for Body {
        const MEMBERS: &'static [Member] =
            &[Member::text("identifier"), Member::optional_flag("flag"), Member::optional_text("tenant")];
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_nothing_of_the_body() {
        let knows = "the body has a member that this route does not know; it knows `identifier`, `flag`, `tenant`";
        for (body, words, member, place) in [
            ("", "the body is not a JSON object", None, None),
            ("\"hunter2\"", "the body is not a JSON object", None, None),
            ("{", "the body ends before its JSON does", None, Some((1, 1))),
            ("{\"identifier\":\n \"hunter2\"", "the body ends before its JSON does", None, Some((2, 10))),
            ("{\"identifier\": hunter2}", "the body is not valid JSON", None, Some((1, 16))),
            ("{\"identifier\":\"hunter2\"} x", "the body is not valid JSON", None, Some((1, 26))),
            ("{}", "`identifier` is missing", Some("identifier"), Some((1, 2))),
            ("{\n\"flag\":\"hunter2\"}", "`flag` must be true or false", Some("flag"), Some((2, 16))),
            ("{\"identifier\":[\"hunter2\"]}", "`identifier` must be text", Some("identifier"), Some((1, 14))),
            ("{\"identifier\":null}", "`identifier` must be text", Some("identifier"), Some((1, 18))),
            ("{\"flag\":null,\"identifier\":\"a\"}", "`flag` must be true or false", Some("flag"), Some((1, 12))),
            ("{\"hunter2\":1,\"flag\":1}", knows, None, Some((1, 10))),
            (
                "{\"identifier\":\"a\",\"identifier\":\"hunter2\"}",
                "`identifier` appears twice",
                Some("identifier"),
                Some((1, 30)),
            ),
            ("{\"tenant\":3,\"identifier\":", "the body ends before its JSON does", None, Some((1, 11))),
        ] {
            let error = serde_json::from_slice::<Body>(body.as_bytes()).unwrap_err();
            let mistake = Mistake::of::<Body>(body.as_bytes(), &error);
            assert_eq!(
                (mistake.to_string().as_str(), mistake.member(), mistake.place()),
                (words, member, place),
                "{body}"
            );
            assert!(!format!("{mistake:?} {mistake}").contains("hunter2"), "{body}");
        }
    }
}
