//! Sets of kinds: what a step accepts and returns, checked when rules are loaded.

use std::fmt;

use super::{Kind, Value};

/// A set of [`Kind`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kinds(u16);

impl Kinds {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Missing and null.
    pub const NOTHING: Self = Self(0b11);
    /// Booleans.
    pub const BOOLEAN: Self = Self(1 << 2);
    /// Whole numbers of 64 bits.
    pub const INTEGER: Self = Self(1 << 3);
    /// All numbers.
    pub const NUMBER: Self = Self(1 << 3 | 1 << 4);
    /// Text.
    pub const TEXT: Self = Self(1 << 5);
    /// Bytes.
    pub const BYTES: Self = Self(1 << 6);
    /// Lists.
    pub const LIST: Self = Self(1 << 7);
    /// Objects.
    pub const OBJECT: Self = Self(1 << 8);
    /// The input of text steps: text, and numbers as text.
    pub const TEXTUAL: Self = Self(1 << 3 | 1 << 4 | 1 << 5);
    /// Text, numbers and booleans.
    pub const SCALAR: Self = Self(1 << 2 | 1 << 3 | 1 << 4 | 1 << 5);
    /// Every kind except missing and null.
    pub const ANY: Self = Self(0b1_1111_1100);

    /// The kinds of JSON: all except missing and bytes.
    pub const JSON: Self = Self(0b1_1011_1110);

    /// The set of one kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        Self(match kind {
            Kind::Missing => 1,
            Kind::Null => 1 << 1,
            Kind::Boolean => 1 << 2,
            Kind::Integer => 1 << 3,
            Kind::Number => 1 << 4,
            Kind::Text => 1 << 5,
            Kind::Bytes => 1 << 6,
            Kind::List => 1 << 7,
            Kind::Object => 1 << 8,
        })
    }

    /// The union of both sets.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The intersection of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the sets share a kind.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every kind of the other set is in this one.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the kind is in the set.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.meets(Self::of(kind))
    }

    /// Whether the value's kind is in the set.
    #[must_use]
    pub fn has(self, value: Value<'_>) -> bool {
        self.meets(Self::of(value.kind()))
    }
}

/// `text`, `text or list`, `any value`; integers are not listed beside numbers.
impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.covers(Self::ANY) {
            return f.write_str("any value");
        }
        let named = if self.contains(Kind::Number) { self.without(Self::INTEGER) } else { *self };
        let mut kinds = Kind::ALL.into_iter().filter(|kind| named.contains(*kind));
        match kinds.next() {
            None => f.write_str("no value"),
            Some(first) => {
                write!(f, "{first}")?;
                kinds.try_for_each(|kind| write!(f, " or {kind}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_kinds() {
        for kind in Kind::ALL {
            assert!(Kinds::of(kind).contains(kind));
            assert_eq!(Kind::ALL.into_iter().filter(|other| Kinds::of(kind).contains(*other)).count(), 1);
        }
        assert!(!Kinds::JSON.contains(Kind::Bytes) && !Kinds::JSON.contains(Kind::Missing));
        assert!(Kinds::JSON.covers(Kinds::SCALAR.or(Kinds::LIST).or(Kinds::OBJECT)));
        assert!(Kinds::TEXT.or(Kinds::LIST).meets(Kinds::LIST));
        assert!(!Kinds::TEXT.meets(Kinds::NUMBER));
        assert!(Kinds::TEXT.and(Kinds::LIST).is_empty());
    }

    #[test]
    fn sets_are_displayed_as_alternatives() {
        assert_eq!(Kinds::TEXT.or(Kinds::LIST).to_string(), "text or list");
        assert_eq!(Kinds::NUMBER.to_string(), "number");
        assert_eq!(Kinds::INTEGER.to_string(), "integer");
        assert_eq!(Kinds::ANY.to_string(), "any value");
        assert_eq!(Kinds::NONE.to_string(), "no value");
    }
}
