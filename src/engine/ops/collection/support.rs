//! Code shared by the list and object steps: access to lists and objects, objects with unique keys, sets of values.

use std::hash::{Hash as _, Hasher as _};

use bumpalo::collections::Vec as ArenaVec;
use rustc_hash::{FxHashMap, FxHasher};

use crate::engine::condition::equal;
use crate::engine::context::Cx;
use crate::engine::limits::MAX_ELEMENTS;
use crate::engine::op::{Failure, Op};
use crate::model::{Kinds, Value};

/// Up to this many entries, a scan is faster than a hash table.
const SCANNED: usize = 16;

/// A step without arguments.
#[derive(Debug)]
pub(super) struct Plain(pub for<'a> fn(Value<'a>, &Cx<'a>) -> Result<Value<'a>, Failure>);

impl Op for Plain {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        (self.0)(input, cx)
    }
}

/// The elements of a list.
pub(super) fn elements(value: Value<'_>) -> Result<&[Value<'_>], Failure> {
    value.as_list().ok_or_else(|| Failure::kind(Kinds::LIST, value))
}

/// The members of an object.
pub(super) fn members<'a>(value: Value<'a>) -> Result<&'a [(&'a str, Value<'a>)], Failure> {
    value.as_object().ok_or_else(|| Failure::kind(Kinds::OBJECT, value))
}

/// Rejects a list or object that is longer than a step may return.
pub(super) fn check_length(length: usize) -> Result<(), Failure> {
    if length > MAX_ELEMENTS {
        return Err(Failure::new(format!("the result has more than {MAX_ELEMENTS} elements")));
    }
    Ok(())
}

/// The text of a scalar as a key; `None` for other kinds.
pub(super) fn key_text<'a>(value: Value<'a>, cx: &Cx<'a>) -> Option<&'a str> {
    value.scalar_text(cx.arena)
}

/// An object under construction: keys are unique and keep the position of their first use.
pub(super) struct Members<'a> {
    members: ArenaVec<'a, (&'a str, Value<'a>)>,
    index: FxHashMap<&'a str, usize>,
}

impl<'a> Members<'a> {
    /// An object without members.
    pub(super) fn new(cx: &Cx<'a>) -> Self {
        Self { members: ArenaVec::new_in(cx.arena), index: FxHashMap::default() }
    }

    /// An object with the members of another.
    pub(super) fn of(members: &'a [(&'a str, Value<'a>)], cx: &Cx<'a>) -> Self {
        let mut copy = Self::new(cx);
        for (key, value) in members {
            copy.set(key, *value);
        }
        copy
    }

    /// A mutable reference to the value of a key.
    pub(super) fn entry(&mut self, key: &str) -> Option<&mut Value<'a>> {
        let at = if self.members.len() <= SCANNED {
            self.members.iter().position(|(name, _)| *name == key)?
        } else {
            *self.index.get(key)?
        };
        self.members.get_mut(at).map(|(_, value)| value)
    }

    /// Sets a member; an existing key gets the new value.
    pub(super) fn set(&mut self, key: &'a str, value: Value<'a>) {
        if let Some(entry) = self.entry(key) {
            *entry = value;
            return;
        }
        self.members.push((key, value));
        match self.members.len() {
            ..=SCANNED => {}
            length if self.index.is_empty() => {
                self.index.reserve(2 * length);
                self.index.extend(self.members.iter().enumerate().map(|(at, (key, _))| (*key, at)));
            }
            length => {
                self.index.insert(key, length - 1);
            }
        }
    }

    /// The number of members.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The object.
    pub(super) fn finish(self) -> Value<'a> {
        Value::Object(self.members.into_bump_slice())
    }
}

/// A set of values, compared as in conditions: `1` and `"1"` are the same value.
pub(super) struct ValueSet<'a> {
    few: ArenaVec<'a, Value<'a>>,
    many: FxHashMap<u64, Vec<Value<'a>>>,
}

impl<'a> ValueSet<'a> {
    /// A set without values.
    pub(super) fn new(cx: &Cx<'a>) -> Self {
        Self { few: ArenaVec::new_in(cx.arena), many: FxHashMap::default() }
    }

    /// The set of these values.
    pub(super) fn of(values: &[Value<'a>], cx: &Cx<'a>) -> Self {
        let mut set = Self::new(cx);
        for value in values {
            set.insert(*value);
        }
        set
    }

    /// Whether the set has the value.
    pub(super) fn has(&self, value: Value<'_>) -> bool {
        if self.many.is_empty() {
            return self.few.iter().any(|have| equal(*have, value));
        }
        self.many.get(&fingerprint(value)).is_some_and(|same| same.iter().any(|have| equal(*have, value)))
    }

    /// Adds the value; returns false if it was already in the set.
    pub(super) fn insert(&mut self, value: Value<'a>) -> bool {
        if self.has(value) {
            return false;
        }
        if self.many.is_empty() && self.few.len() < SCANNED {
            self.few.push(value);
            return true;
        }
        for value in self.few.drain(..).chain([value]) {
            self.many.entry(fingerprint(value)).or_default().push(value);
        }
        true
    }
}

/// A hash that is the same for equal values.
fn fingerprint(value: Value<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    match value {
        Value::Missing | Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(true) => "true".hash(&mut hasher),
        Value::Bool(false) => "false".hash(&mut hasher),
        Value::Int(number) => number.to_string().as_str().hash(&mut hasher),
        Value::Decimal(text) | Value::Text(text) => text.hash(&mut hasher),
        Value::Bytes(bytes) => bytes.hash(&mut hasher),
        Value::List(items) => items.iter().for_each(|item| fingerprint(*item).hash(&mut hasher)),
        // the order of members does not matter
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                let mut member = FxHasher::default();
                (key, fingerprint(*value)).hash(&mut member);
                member.finish()
            })
            .fold(0_u64, u64::wrapping_add)
            .hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn keys_are_unique_below_and_above_the_scan_limit() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        for count in [3_i64, 16, 17, 18, 400] {
            let mut members = Members::new(&cx);
            for round in 0..2 {
                for number in 0..count {
                    let key = arena.alloc_str(&number.to_string());
                    members.set(key, Value::Int(number + round * 1000));
                }
            }
            assert_eq!(i64::try_from(members.len()).unwrap(), count);
            let object = members.finish();
            for number in 0..count {
                assert!(equal(object.member(&number.to_string()), Value::Int(number + 1000)));
            }
        }
    }

    #[test]
    fn sets_treat_equal_values_as_one() {
        let one = [("a", Value::Int(1)), ("b", Value::Null)];
        let other = [("b", Value::Missing), ("a", Value::Text("1"))];
        for filler in [0, 40] {
            let arena = Bump::new();
            let mut set = ValueSet::new(&Cx::bare(&arena));
            for number in 0..filler {
                assert!(set.insert(Value::Int(1000 + number)));
            }
            assert!(set.insert(Value::Int(1)));
            assert!(!set.insert(Value::Text("1")));
            assert!(set.insert(Value::Text("1.0")));
            assert!(set.insert(Value::Bool(true)));
            assert!(!set.insert(Value::Text("true")));
            assert!(set.insert(Value::Null));
            assert!(!set.insert(Value::Missing));
            assert!(set.insert(Value::Object(&one)));
            assert!(!set.insert(Value::Object(&other)));
            assert!(set.insert(Value::Bytes(b"1")));
            assert!(!set.has(Value::Int(2)));
        }
    }
}
