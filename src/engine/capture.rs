//! Reads the parts of a record that the rules need: a tree of paths, each leaf a register.

use std::num::NonZeroUsize;

use super::context::Cx;
use crate::model::Value;
use crate::model::read::{ReadError, ReadLimits, Selection, select};

/// The paths of a record that are read, as a tree of member names.
#[derive(Debug, Default)]
pub struct Trie {
    /// The register of the value at this place, if a rule reads it as a whole.
    register: Option<usize>,
    members: Vec<(Box<str>, Trie)>,
    index: Index,
}

/// Finds names by their length, first and last byte, which distinguishes nearly all names of one object. Then the
/// name itself is compared. The names come from the rules, so no record can cause collisions.
#[derive(Debug, Default)]
struct Index {
    /// A power of two of slots, each with the position of a name plus one, or zero.
    places: Vec<Option<NonZeroUsize>>,
}

impl Index {
    fn of(members: &[(Box<str>, Trie)]) -> Self {
        let mut places = vec![None; (members.len() * 4).next_power_of_two()];
        let mask = places.len() - 1;
        for (position, (name, _)) in members.iter().enumerate() {
            let mut at = mix(name) & mask;
            while places.get(at).is_some_and(Option::is_some) {
                at = (at + 1) & mask;
            }
            if let Some(place) = places.get_mut(at) {
                *place = NonZeroUsize::new(position + 1);
            }
        }
        Self { places }
    }

    #[inline]
    fn find(&self, key: &str, members: &[(Box<str>, Trie)]) -> Option<usize> {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = mix(key) & mask;
        loop {
            let position = (*self.places.get(at)?)?.get() - 1;
            if members.get(position).is_some_and(|(name, _)| is_same(name, key)) {
                return Some(position);
            }
            at = (at + 1) & mask;
        }
    }
}

/// Whether two names are equal. Most have up to 16 bytes, which are compared here in two words: a call costs more.
#[inline]
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<8>(), one.last_chunk::<8>()) {
        let is_at_ends = other.first_chunk() == Some(first) && other.last_chunk() == Some(last);
        return is_at_ends && (one.len() <= 16 || one == other);
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<4>(), one.last_chunk::<4>()) {
        return other.first_chunk() == Some(first) && other.last_chunk() == Some(last);
    }
    one.iter().eq(other)
}

fn mix(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    let mixed = bytes.len() ^ (usize::from(first) << 3) ^ (usize::from(last) << 8);
    mixed.wrapping_mul(0x9e37_79b1) >> 8
}

impl Selection for &Trie {
    fn is_whole(self) -> bool {
        self.register.is_some()
    }

    #[inline]
    fn member(self, key: &str) -> Option<(usize, Self)> {
        let at = self.index.find(key, &self.members)?;
        self.members.get(at).map(|(_, child)| (at, child))
    }
}

impl Trie {
    /// Marks a path as read into a register.
    pub fn read(&mut self, path: &[String], register: usize) {
        self.node(path).register = Some(register);
    }

    fn node(&mut self, path: &[String]) -> &mut Self {
        let Some((name, rest)) = path.split_first() else { return self };
        let at = self.members.iter().position(|(have, _)| **have == **name).unwrap_or_else(|| {
            let at = self.members.len();
            self.members.push((name.as_str().into(), Self::default()));
            self.index = Index::of(&self.members);
            at
        });
        #[expect(clippy::indexing_slicing, reason = "the position was found or made one line above")]
        self.members[at].1.node(rest)
    }

    /// The register of the nearest ancestor of a path that is read as a whole, and the number of names up to it.
    #[must_use]
    pub fn covering(&self, path: &[String]) -> Option<(usize, usize)> {
        self.register.map(|register| (register, 0)).or_else(|| {
            let (name, rest) = path.split_first()?;
            let child = self.child(name)?;
            child.covering(rest).map(|(register, depth)| (register, depth + 1))
        })
    }

    fn child(&self, key: &str) -> Option<&Self> {
        self.member(key).map(|(_, child)| child)
    }

    /// Reads the needed values of a record into their registers, and skips the rest.
    ///
    /// # Errors
    /// If the text is not a record.
    pub fn read_record<'a>(&self, json: &'a str, limits: &ReadLimits, cx: &Cx<'a>) -> Result<(), ReadError> {
        select(json, cx.arena, limits, self, |place, value| {
            if let Some(register) = place.register {
                cx.set(register, value);
            }
        })
    }

    /// Puts the needed values of a record into their registers.
    pub fn capture<'a>(&self, record: Value<'a>, cx: &Cx<'a>) {
        if let Some(register) = self.register {
            cx.set(register, record);
        }
        if self.members.is_empty() {
            return;
        }
        for (key, value) in record.as_object().unwrap_or_default() {
            if let Some(child) = self.child(key) {
                child.capture(*value, cx);
            }
        }
    }
}

/// The path of a member, with brackets if the name needs them (RFC 9535, section 2.7). What cannot be seen in a name is escaped, so
/// that a path in a report or on a terminal is only text.
#[must_use]
pub fn member_path(path: &str, key: &str) -> String {
    let is_plain = key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_plain {
        format!("{path}.{key}")
    } else {
        let mut quoted = format!("{path}['");
        for c in key.chars() {
            match c {
                '\\' | '\'' => quoted.extend(['\\', c]),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                // they are all in the basic plane
                c if is_invisible(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => quoted.push(c),
            }
        }
        quoted + "']"
    }
}

/// Whether a character is a control character, or changes the direction or the line of the text around it.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_only_text() {
        for (name, wanted) in [
            ("mail", "$.mail"),
            ("straße", "$.straße"),
            ("a b", "$['a b']"),
            ("it's", "$['it\\'s']"),
            ("a\u{1b}[2J\n", "$['a\\u001b[2J\\n']"),
            ("\u{202e}x", "$['\\u202ex']"),
        ] {
            assert_eq!(member_path("$", name), wanted);
        }
    }

    proptest! {
        #[test]
        fn only_known_names_are_found(names in prop::collection::btree_set("[ab]{0,4}", 0..40), key in "[abc]{0,4}") {
            let mut trie = Trie::default();
            for (register, name) in names.iter().enumerate() {
                trie.read(std::slice::from_ref(name), register);
            }
            for (register, name) in names.iter().enumerate() {
                prop_assert_eq!(trie.child(name).and_then(|child| child.register), Some(register));
            }
            prop_assert_eq!(trie.child(&key).is_some(), names.contains(&key));
        }

        #[test]
        fn names_are_equal_if_their_bytes_are(one in "[ab]{0,20}", at in 0usize..20) {
            prop_assert!(is_same(&one, &one.clone()));
            let mut other: Vec<char> = one.chars().collect();
            if let Some(c) = other.get_mut(at) {
                *c = 'é';
                prop_assert!(!is_same(&one, &other.iter().collect::<String>()));
                other[at] = 'c';
                prop_assert!(!is_same(&one, &other.iter().collect::<String>()));
            }
        }
    }
}
