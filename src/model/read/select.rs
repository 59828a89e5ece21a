//! Reads only the wanted parts of a record; everything else is skipped during parsing.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::seed::{Cx, KeySeed, Keys, Mode, Seed};
use super::{ReadError, RecordPath};
use crate::model::Value;

/// The wanted parts of a record, as a tree of member names.
pub trait Selection: Copy {
    /// Whether the whole value at this place is wanted.
    fn is_whole(self) -> bool;

    /// The wanted place inside a member, and its number among the wanted members of the object; `None` if no part of
    /// the member is wanted.
    fn member(self, key: &str) -> Option<(usize, Self)>;
}

/// Reads the wanted parts inside one place, and passes each to `take`.
pub(super) struct Selector<'c, 'a, S, F> {
    pub cx: &'c Cx<'a>,
    pub depth: usize,
    pub selection: S,
    pub take: &'c F,
}

impl<'a, S: Selection, F: Fn(S, Value<'a>)> Selector<'_, 'a, S, F> {
    fn below(&self, selection: S, depth: usize) -> Self {
        Self { cx: self.cx, depth, selection, take: self.take }
    }
}

impl<'a, S: Selection, F: Fn(S, Value<'a>)> DeserializeSeed<'a> for Selector<'_, 'a, S, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.selection.is_whole() {
            let value = Seed::inside(self.cx, self.depth).deserialize(deserializer)?;
            (self.take)(self.selection, value);
            return Ok(());
        }
        match self.cx.mode() {
            Mode::Quick => deserializer.deserialize_any(self),
            Mode::Exact => {
                let raw = <&'a RawValue>::deserialize(deserializer)?.get();
                let cx = self.cx;
                let mut inner = serde_json::Deserializer::from_str(raw);
                inner.deserialize_any(self).map_err(|error| cx.syntax_failure(&error, raw))
            }
        }
    }
}

impl<'a, S: Selection, F: Fn(S, Value<'a>)> Visitor<'a> for Selector<'_, 'a, S, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        while access.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        let cx = self.cx;
        let depth = cx.deeper(self.depth)?;
        let mut keys = Keys::open(cx);
        while let Some(key) = access.next_key_seed(KeySeed::new(cx))? {
            let member = self.selection.member(key);
            if keys.repeats_wanted(member.map(|(number, _)| number), key, cx) {
                let mut error = ReadError::DuplicateKey { path: RecordPath::default() };
                error.inside(key);
                return Err(cx.fail(error));
            }
            match member {
                None => {
                    access.next_value::<IgnoredAny>()?;
                }
                Some((_, selection)) => access
                    .next_value_seed(self.below(selection, depth))
                    .inspect_err(|_| cx.inside(|| key.to_owned()))?,
            }
        }
        keys.close(cx);
        Ok(())
    }
}
