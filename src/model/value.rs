//! A value of a record or an account: a small `Copy` view of the record's text, the plan, or the arena of one run.

use std::fmt;

use bumpalo::Bump;

/// One value. Text, lists and objects are borrowed, so a value is three words and cheap to copy.
///
/// Numbers that fit are [`Value::Int`]; every other number is [`Value::Decimal`], with its text as written, so that
/// neither a 21-digit id nor the last digit of a timestamp is lost.
#[derive(Clone, Copy, Default)]
pub enum Value<'a> {
    /// The field does not exist.
    #[default]
    Missing,
    /// An explicit `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other JSON number, as written.
    Decimal(&'a str),
    /// Text.
    Text(&'a str),
    /// Bytes that are not known to be text: a decoded base64 value, a binary LDAP attribute.
    Bytes(&'a [u8]),
    /// A list.
    List(&'a [Value<'a>]),
    /// Members in the order of the source; keys are unique.
    Object(&'a [(&'a str, Value<'a>)]),
}

/// The kind of a value, for messages: errors contain kinds, never values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// [`Value::Missing`]
    Missing,
    /// [`Value::Null`]
    Null,
    /// [`Value::Bool`]
    Boolean,
    /// [`Value::Int`]
    Integer,
    /// [`Value::Decimal`]
    Number,
    /// [`Value::Text`]
    Text,
    /// [`Value::Bytes`]
    Bytes,
    /// [`Value::List`]
    List,
    /// [`Value::Object`]
    Object,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Missing,
        Self::Null,
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::Text,
        Self::Bytes,
        Self::List,
        Self::Object,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "nothing",
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::List => "list",
            Self::Object => "object",
        })
    }
}

impl<'a> Value<'a> {
    /// The kind, for messages.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Missing => Kind::Missing,
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Boolean,
            Self::Int(_) => Kind::Integer,
            Self::Decimal(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::List(_) => Kind::List,
            Self::Object(_) => Kind::Object,
        }
    }

    /// Whether the value is neither missing nor null.
    #[must_use]
    pub fn is_present(self) -> bool {
        !matches!(self, Self::Missing | Self::Null)
    }

    /// Whether the value is missing, null, `""`, `[]` or `{}`.
    #[must_use]
    pub fn is_empty(self) -> bool {
        match self {
            Self::Missing | Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.is_empty(),
            Self::Bool(_) | Self::Int(_) | Self::Decimal(_) => false,
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(self) -> Option<&'a [(&'a str, Value<'a>)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    #[must_use]
    pub fn as_list(self) -> Option<&'a [Value<'a>]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The member of an object; [`Value::Missing`] for anything else.
    #[must_use]
    pub fn member(self, key: &str) -> Value<'a> {
        self.as_object()
            .and_then(|members| members.iter().find(|(name, _)| *name == key))
            .map_or(Value::Missing, |(_, value)| *value)
    }

    /// The element of a list, counted from the end if negative; [`Value::Missing`] for anything else.
    #[must_use]
    pub fn element(self, index: i64) -> Value<'a> {
        let Self::List(items) = self else { return Value::Missing };
        let at = if index < 0 { i64::try_from(items.len()).map_or(-1, |len| len + index) } else { index };
        usize::try_from(at).ok().and_then(|at| items.get(at)).copied().unwrap_or_default()
    }

    /// A scalar as text: text unchanged, numbers as written, booleans as `true` and `false`; `None` for other kinds.
    #[must_use]
    pub fn scalar_text(self, arena: &'a Bump) -> Option<&'a str> {
        match self {
            Self::Text(text) | Self::Decimal(text) => Some(text),
            Self::Int(number) => Some(arena.alloc_str(itoa::Buffer::new().format(number))),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            _ => None,
        }
    }
}

impl fmt::Debug for Value<'_> {
    /// Shows the kind only: records contain personal data, and debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.kind())
    }
}
