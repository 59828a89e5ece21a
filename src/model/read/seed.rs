//! The visitor that builds one value in the arena, and the shared state of one record.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{ReadError, ReadLimits, RecordPath};
use crate::model::Value;

/// How numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As numbers, by `serde_json`; the pass stops at the first number that is not an `i64`.
    Quick,
    /// As text: each value is first read as JSON text, then parsed.
    Exact,
}

/// The number of members and elements that are open at once in most records, so that their buffers are not reallocated.
const USUAL_MEMBERS: usize = 32;
const USUAL_ELEMENTS: usize = 16;

/// The number of members from which on keys are compared by hash instead of one by one.
const HASHED_KEYS: usize = 24;

/// The shared state of all seeds in one pass over one record.
pub struct Cx<'a> {
    text: &'a str,
    arena: &'a Bump,
    limits: ReadLimits,
    mode: Mode,
    values: Cell<usize>,
    inexact: Cell<bool>,
    failure: RefCell<Option<ReadError>>,
    // Members and elements of the objects and lists that are still open, innermost last, in one buffer for the whole
    // record.
    members: RefCell<ArenaVec<'a, (&'a str, Value<'a>)>>,
    elements: RefCell<ArenaVec<'a, Value<'a>>>,
}

impl<'a> Cx<'a> {
    /// Starts a pass over the text of a record.
    #[must_use]
    pub fn new(text: &'a str, arena: &'a Bump, limits: &ReadLimits, mode: Mode) -> Self {
        Self {
            text,
            arena,
            limits: ReadLimits { depth: limits.depth.min(ReadLimits::MAX_DEPTH), ..*limits },
            mode,
            values: Cell::new(0),
            inexact: Cell::new(false),
            failure: RefCell::new(None),
            members: RefCell::new(ArenaVec::with_capacity_in(USUAL_MEMBERS, arena)),
            elements: RefCell::new(ArenaVec::with_capacity_in(USUAL_ELEMENTS, arena)),
        }
    }

    /// Why the pass failed, if the reason was not JSON syntax.
    pub fn take_failure(&self) -> Option<ReadError> {
        self.failure.borrow_mut().take()
    }

    /// Whether a quick pass stopped at a number that it could not represent exactly.
    #[must_use]
    pub fn is_inexact(&self) -> bool {
        self.inexact.get()
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Records an error in a part of the text that was parsed separately.
    pub(super) fn syntax_failure<E: serde::de::Error>(&self, error: &serde_json::Error, part: &str) -> E {
        self.failure.borrow_mut().get_or_insert_with(|| syntax_error(error, part, self.text));
        E::custom("")
    }

    pub(super) fn push_member(&self, key: &'a str, value: Value<'a>) {
        self.members.borrow_mut().push((key, value));
    }

    pub(super) fn fail<E: serde::de::Error>(&self, error: ReadError) -> E {
        *self.failure.borrow_mut() = Some(error);
        E::custom("")
    }

    /// Records that a failure happened inside a member or element.
    pub(super) fn inside(&self, step: impl FnOnce() -> String) {
        if let Some(failure) = self.failure.borrow_mut().as_mut() {
            failure.inside(&step());
        }
    }

    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > self.limits.values {
            return Err(self.fail(ReadError::TooManyValues { limit: self.limits.values, path: RecordPath::default() }));
        }
        Ok(())
    }

    /// The depth inside a list or object at `depth`.
    pub(super) fn deeper<E: serde::de::Error>(&self, depth: usize) -> Result<usize, E> {
        if depth >= self.limits.depth {
            return Err(self.fail(ReadError::TooDeep { limit: self.limits.depth, path: RecordPath::default() }));
        }
        Ok(depth + 1)
    }
}

/// Reads one value of a record.
#[derive(Clone, Copy)]
pub struct Seed<'c, 'a> {
    cx: &'c Cx<'a>,
    depth: usize,
}

impl<'c, 'a> Seed<'c, 'a> {
    /// The seed of the whole record.
    #[must_use]
    pub fn new(cx: &'c Cx<'a>) -> Self {
        Self { cx, depth: 0 }
    }

    /// The seed of a value at a depth.
    #[must_use]
    pub(super) fn inside(cx: &'c Cx<'a>, depth: usize) -> Self {
        Self { cx, depth }
    }

    /// Reads a value from its own text, so that numbers keep their text.
    fn read_exactly<E: serde::de::Error>(self, raw: &'a str) -> Result<Value<'a>, E> {
        if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            self.cx.count()?;
            // "-0" is a distinct number in some systems, and `i64` would lose the sign.
            return Ok(match raw.parse::<i64>() {
                Ok(number) if raw != "-0" => Value::Int(number),
                _ => Value::Decimal(raw),
            });
        }
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        deserializer.deserialize_any(self).map_err(|error| self.cx.syntax_failure(&error, raw))
    }
}

impl<'a> DeserializeSeed<'a> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Value<'a>, D::Error> {
        match self.cx.mode {
            Mode::Quick => deserializer.deserialize_any(self),
            Mode::Exact => self.read_exactly(<&'a RawValue>::deserialize(deserializer)?.get()),
        }
    }
}

impl<'a> Visitor<'a> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value<'a>, E> {
        self.cx.count().map(|()| Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Value<'a>, E> {
        self.cx.count().map(|()| Value::Bool(flag))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value<'a>, E> {
        self.cx.count().map(|()| Value::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value<'a>, E> {
        self.cx.count()?;
        Ok(match i64::try_from(number) {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Decimal(bumpalo::format!(in self.cx.arena, "{}", number).into_bump_str()),
        })
    }

    fn visit_f64<E: serde::de::Error>(self, _rounded: f64) -> Result<Value<'a>, E> {
        self.cx.inexact.set(true);
        Err(E::custom(""))
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'a str) -> Result<Value<'a>, E> {
        self.cx.count().map(|()| Value::Text(text))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value<'a>, E> {
        self.cx.count().map(|()| Value::Text(self.cx.arena.alloc_str(text)))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut access: S) -> Result<Value<'a>, S::Error> {
        let cx = self.cx;
        cx.count()?;
        let depth = cx.deeper(self.depth)?;
        let start = cx.elements.borrow().len();
        loop {
            match access.next_element_seed(Seed { cx, depth }) {
                Ok(Some(element)) => cx.elements.borrow_mut().push(element),
                Ok(None) => break,
                Err(error) => {
                    cx.inside(|| format!("[{}]", cx.elements.borrow().len() - start));
                    return Err(error);
                }
            }
        }
        let mut elements = cx.elements.borrow_mut();
        let list = cx.arena.alloc_slice_copy(elements.get(start..).unwrap_or_default());
        elements.truncate(start);
        Ok(Value::List(list))
    }

    fn visit_map<M: MapAccess<'a>>(self, mut access: M) -> Result<Value<'a>, M::Error> {
        let cx = self.cx;
        cx.count()?;
        let depth = cx.deeper(self.depth)?;
        let mut keys = Keys::open(cx);
        while let Some(key) = access.next_key_seed(KeySeed { cx })? {
            if keys.repeats(key, cx) {
                let mut error = ReadError::DuplicateKey { path: RecordPath::default() };
                error.inside(key);
                return Err(cx.fail(error));
            }
            let value = access.next_value_seed(Seed { cx, depth }).inspect_err(|_| cx.inside(|| key.to_owned()))?;
            cx.push_member(key, value);
        }
        let mut members = cx.members.borrow_mut();
        let object = cx.arena.alloc_slice_copy(members.get(keys.start..).unwrap_or_default());
        members.truncate(keys.start);
        Ok(Value::Object(object))
    }
}

/// The keys of one object so far.
pub(super) struct Keys<'a> {
    start: usize,
    // Randomly keyed hashing, because customers can choose the keys if a record contains a free-form map.
    hashed: Option<HashSet<&'a str>>,
    // The wanted members found so far, one bit each.
    wanted: u64,
}

impl<'a> Keys<'a> {
    pub(super) fn open(cx: &Cx<'a>) -> Self {
        Self { start: cx.members.borrow().len(), hashed: None, wanted: 0 }
    }

    /// Removes the members of the object.
    pub(super) fn close(self, cx: &Cx<'a>) {
        cx.members.borrow_mut().truncate(self.start);
    }

    /// Records a key of an object of which only some members are wanted, and returns whether it is a duplicate. A
    /// wanted key is identified by its number, so that only the other keys are compared with each other.
    pub(super) fn repeats_wanted(&mut self, wanted: Option<usize>, key: &'a str, cx: &Cx<'a>) -> bool {
        if let Some(bit) = wanted.and_then(|number| 1_u64.checked_shl(u32::try_from(number).ok()?)) {
            let is_duplicate = self.wanted & bit != 0;
            self.wanted |= bit;
            return is_duplicate;
        }
        let repeats = self.repeats(key, cx);
        cx.push_member(key, Value::Missing);
        repeats
    }

    pub(super) fn repeats(&mut self, key: &'a str, cx: &Cx<'a>) -> bool {
        let members = cx.members.borrow();
        let seen = members.get(self.start..).unwrap_or_default();
        if seen.len() < HASHED_KEYS {
            return seen.iter().any(|(name, _)| *name == key);
        }
        !self.hashed.get_or_insert_with(|| seen.iter().map(|(name, _)| *name).collect()).insert(key)
    }
}

/// Reads one key.
#[derive(Clone, Copy)]
pub(super) struct KeySeed<'c, 'a> {
    cx: &'c Cx<'a>,
}

impl<'c, 'a> KeySeed<'c, 'a> {
    pub(super) fn new(cx: &'c Cx<'a>) -> Self {
        Self { cx }
    }
}

impl<'a> KeySeed<'_, 'a> {
    fn within_limit<E: serde::de::Error>(self, key: &str) -> Result<(), E> {
        let limit = self.cx.limits.key_bytes;
        if key.len() > limit {
            return Err(self.cx.fail(ReadError::LongKey { limit, path: RecordPath::default() }));
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for KeySeed<'_, 'a> {
    type Value = &'a str;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<&'a str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for KeySeed<'_, 'a> {
    type Value = &'a str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, key: &'a str) -> Result<&'a str, E> {
        self.within_limit(key).map(|()| key)
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<&'a str, E> {
        self.within_limit(key).map(|()| &*self.cx.arena.alloc_str(key))
    }
}

/// The error that `serde_json` found in `part`, with its position in the whole text.
pub(super) fn syntax_error(error: &serde_json::Error, part: &str, whole: &str) -> ReadError {
    let skipped = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    let before = whole.get(..skipped).unwrap_or("");
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    let indent = if error.line() <= 1 { before.len() - before.rfind('\n').map_or(0, |at| at + 1) } else { 0 };
    let message = error.to_string();
    let problem = message.rsplit_once(" at line ").map_or(message.as_str(), |(problem, _)| problem).to_owned();
    ReadError::Syntax { problem, line: error.line() + lines, column: error.column() + indent }
}
