//! A set of kinds of values: what a claim takes, what a step gives.

use std::fmt;
use std::ops::BitOr;

use crate::model::Kind;

/// A set of [`Kind`]s in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KindSet(u16);

const ALL: [Kind; 9] = [
    Kind::Missing,
    Kind::Null,
    Kind::Boolean,
    Kind::Integer,
    Kind::Number,
    Kind::Text,
    Kind::Bytes,
    Kind::List,
    Kind::Object,
];

impl KindSet {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Booleans.
    pub const BOOLEAN: Self = Self::of(&[Kind::Boolean]);
    /// Whole numbers, written as 64 bits or as digits.
    pub const NUMBER: Self = Self::of(&[Kind::Integer, Kind::Number]);
    /// Text.
    pub const TEXT: Self = Self::of(&[Kind::Text]);
    /// Lists.
    pub const LIST: Self = Self::of(&[Kind::List]);
    /// Objects.
    pub const OBJECT: Self = Self::of(&[Kind::Object]);
    /// The kinds that JSON has: all but nothing and bytes.
    pub const JSON: Self =
        Self::of(&[Kind::Null, Kind::Boolean, Kind::Integer, Kind::Number, Kind::Text, Kind::List, Kind::Object]);

    /// The set of the given kinds.
    #[must_use]
    pub const fn of(kinds: &[Kind]) -> Self {
        let mut bits = 0;
        let mut rest = kinds;
        while let [first, others @ ..] = rest {
            bits |= 1 << (*first as u16);
            rest = others;
        }
        Self(bits)
    }

    /// Whether the kind is in the set.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << (kind as u16)) != 0
    }

    /// Whether the sets share a kind.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is no kind in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds, in the order of [`Kind`].
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl BitOr for KindSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<Kind> for KindSet {
    fn from(kind: Kind) -> Self {
        Self::of(&[kind])
    }
}

/// `text`, `text or list`; integers are not named beside numbers.
impl fmt::Display for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = if self.contains(Kind::Number) { self.without(Kind::Integer.into()) } else { *self };
        if named.is_empty() {
            return f.write_str("no value");
        }
        for (at, kind) in named.iter().enumerate() {
            write!(f, "{}{kind}", if at == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        for kind in ALL {
            assert!(KindSet::from(kind).contains(kind));
            assert_eq!(KindSet::from(kind).iter().collect::<Vec<_>>(), [kind]);
        }
        assert!(!KindSet::JSON.contains(Kind::Bytes) && !KindSet::JSON.contains(Kind::Missing));
        assert!((KindSet::TEXT | KindSet::LIST).meets(KindSet::LIST));
        assert!(!KindSet::TEXT.meets(KindSet::NUMBER));
        assert!(KindSet::TEXT.and(KindSet::LIST).is_empty());
    }

    #[test]
    fn reads_aloud() {
        assert_eq!((KindSet::TEXT | KindSet::LIST).to_string(), "text or list");
        assert_eq!(KindSet::NUMBER.to_string(), "number");
        assert_eq!(KindSet::NONE.to_string(), "no value");
    }
}
