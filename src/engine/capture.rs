//! Which parts of a record the rules read: a tree of the wanted paths, each leaf a register.

use rustc_hash::FxHashMap;

use super::context::Cx;
use crate::model::Value;
use crate::model::read::{ReadError, ReadLimits, Selection, select};

/// The wanted paths of a record, as a tree of member names.
#[derive(Debug, Default)]
pub struct Trie {
    /// The register of the value at this place, when a rule reads it as a whole.
    register: Option<usize>,
    /// Whether the place is read or ignored as a whole, so that nothing below it is unread.
    known: bool,
    members: Vec<(Box<str>, Trie)>,
    index: FxHashMap<Box<str>, usize>,
}

/// From how many members on they are found by hash and not one by one.
const INDEXED_MEMBERS: usize = 8;

impl Selection for &Trie {
    fn is_whole(self) -> bool {
        self.register.is_some()
    }

    fn member(self, key: &str) -> Option<Self> {
        self.child(key)
    }
}

impl Trie {
    /// Marks a path as read into a register.
    pub fn read(&mut self, path: &[String], register: usize) {
        let node = self.node(path);
        node.register = Some(register);
        node.known = true;
    }

    /// Marks a path as deliberately left behind.
    pub fn ignore(&mut self, path: &[String]) {
        self.node(path).known = true;
    }

    fn node(&mut self, path: &[String]) -> &mut Self {
        let Some((name, rest)) = path.split_first() else { return self };
        let at = self.members.iter().position(|(have, _)| **have == **name).unwrap_or_else(|| {
            let at = self.members.len();
            self.index.insert(name.as_str().into(), at);
            self.members.push((name.as_str().into(), Self::default()));
            at
        });
        #[expect(clippy::indexing_slicing, reason = "the position was found or made one line above")]
        self.members[at].1.node(rest)
    }

    /// The register of the nearest place on the way to a path that is read as a whole, and how many names lead to it.
    #[must_use]
    pub fn covering(&self, path: &[String]) -> Option<(usize, usize)> {
        self.register.map(|register| (register, 0)).or_else(|| {
            let (name, rest) = path.split_first()?;
            let child = self.child(name)?;
            child.covering(rest).map(|(register, depth)| (register, depth + 1))
        })
    }

    fn child(&self, key: &str) -> Option<&Self> {
        let at = if self.members.len() < INDEXED_MEMBERS {
            self.members.iter().position(|(name, _)| **name == *key)?
        } else {
            *self.index.get(key)?
        };
        self.members.get(at).map(|(_, child)| child)
    }

    /// Reads the wanted values of a record into their registers, and skips the rest.
    ///
    /// # Errors
    /// Why the text is not a record.
    pub fn read_record<'a>(&self, json: &'a str, limits: &ReadLimits, cx: &Cx<'a>) -> Result<(), ReadError> {
        select(json, cx.arena, limits, self, |place, value| {
            if let Some(register) = place.register {
                cx.set(register, value);
            }
        })
    }

    /// Puts the wanted values of a record into their registers.
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

    /// The fields of a record that no rule reads or ignores, as paths; fields without a value do not count.
    pub fn unread(&self, record: Value<'_>, path: &str, found: &mut Vec<String>) {
        if self.known || record.is_empty() {
            return;
        }
        let Some(members) = record.as_object().filter(|_| !self.members.is_empty()) else {
            found.push(path.to_owned());
            return;
        };
        for (key, value) in members {
            let path = member_path(path, key);
            match self.child(key) {
                Some(child) => child.unread(*value, &path, found),
                None if value.is_empty() => {}
                None => found.push(path),
            }
        }
    }
}

/// The path of a member, with brackets where the name needs them (RFC 9535, section 2.7).
#[must_use]
pub fn member_path(path: &str, key: &str) -> String {
    let is_plain = key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_plain {
        format!("{path}.{key}")
    } else {
        format!("{path}['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}
