//! The context of a step while it runs: the arena, the registers of the run, and the current element.

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;

use super::op::Failure;
use crate::model::{Kinds, Value};

/// The context of a step. It is small and `Copy`; a step that iterates over a list makes one for each element.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// Where new values live until the record is finished.
    pub arena: &'a Bump,
    /// Every named value of the run: slots of the record, parameters, working values, claims.
    pub(super) registers: &'a [Cell<Value<'a>>],
    /// `$item`
    pub(super) item: Value<'a>,
    /// `$index`
    pub(super) index: Value<'a>,
    /// `$key`
    pub(super) key: Value<'a>,
    /// Whether blank text counts as no value when it is read.
    pub(super) fold_blank: bool,
    /// Where lookups report which entry they used, if a probe needs it.
    pub(super) notes: Option<&'a RefCell<Vec<Note>>>,
}

/// What a step reports besides its result, for coverage and the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A lookup found an entry.
    LookupHit {
        /// The number of the lookup in the plan.
        lookup: usize,
        /// The number of the entry in the lookup.
        entry: usize,
    },
    /// A lookup found nothing.
    LookupMiss {
        /// The number of the lookup in the plan.
        lookup: usize,
    },
    /// A script ran.
    Script {
        /// The number of operations it took.
        operations: u64,
    },
}

impl<'a> Cx<'a> {
    /// A context without registers, for running a single step.
    #[must_use]
    pub fn bare(arena: &'a Bump) -> Self {
        Self {
            arena,
            registers: &[],
            item: Value::Missing,
            index: Value::Missing,
            key: Value::Missing,
            fold_blank: false,
            notes: None,
        }
    }

    /// The same context, on an element of a list.
    #[must_use]
    pub fn on_element(&self, item: Value<'a>, index: usize) -> Self {
        Self { item, index: Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), key: Value::Missing, ..*self }
    }

    /// The same context, on a member of an object.
    #[must_use]
    pub fn on_member(&self, key: &'a str, item: Value<'a>, index: usize) -> Self {
        Self { key: Value::Text(key), ..self.on_element(item, index) }
    }

    /// The text of a value that a text step reads: text as it is, numbers as written.
    ///
    /// # Errors
    /// For every other kind.
    pub fn text(&self, value: Value<'a>) -> Result<&'a str, Failure> {
        match value {
            Value::Text(text) | Value::Decimal(text) => Ok(text),
            Value::Int(_) => value.scalar_text(self.arena).ok_or_else(|| Failure::kind(Kinds::TEXT, value)),
            _ => Err(Failure::kind(Kinds::TEXT, value)),
        }
    }

    /// The text in lower case, by Unicode's language-independent mapping; borrowed if nothing changes.
    #[must_use]
    pub fn lowercase(&self, text: &'a str) -> &'a str {
        if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            return text;
        }
        if text.is_ascii() {
            let made = self.arena.alloc_str(text);
            made.make_ascii_lowercase();
            return made;
        }
        if text.chars().all(|c| c.to_lowercase().eq([c])) {
            return text;
        }
        // a final sigma depends on the rest of the word
        if text.contains('Σ') {
            return self.arena.alloc_str(&text.to_lowercase());
        }
        let mut made = ArenaString::with_capacity_in(text.len(), self.arena);
        made.extend(text.chars().flat_map(char::to_lowercase));
        made.into_bump_str()
    }

    /// Moves a new text into the arena.
    #[must_use]
    pub fn keep(&self, text: &str) -> Value<'a> {
        Value::Text(self.arena.alloc_str(text))
    }

    /// Moves new bytes into the arena.
    #[must_use]
    pub fn keep_bytes(&self, bytes: &[u8]) -> Value<'a> {
        Value::Bytes(self.arena.alloc_slice_copy(bytes))
    }

    /// Moves a new list into the arena.
    #[must_use]
    pub fn keep_list(&self, items: &[Value<'a>]) -> Value<'a> {
        Value::List(self.arena.alloc_slice_copy(items))
    }

    /// Moves a new object into the arena. Keys must be unique.
    #[must_use]
    pub fn keep_object(&self, members: &[(&'a str, Value<'a>)]) -> Value<'a> {
        Value::Object(self.arena.alloc_slice_copy(members))
    }

    /// Reports a note, if a probe needs it.
    pub fn note(&self, note: Note) {
        if let Some(notes) = self.notes {
            notes.borrow_mut().push(note);
        }
    }

    pub(super) fn register(&self, at: usize) -> Value<'a> {
        self.registers.get(at).map_or(Value::Missing, Cell::get)
    }

    pub(super) fn set(&self, at: usize, value: Value<'a>) {
        if let Some(register) = self.registers.get(at) {
            register.set(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lower_case_matches_the_standard_library(text in "[\\PCA-ZΣσςİÉǅ ]{0,12}") {
            let arena = Bump::new();
            let cx = Cx::bare(&arena);
            let text: &str = arena.alloc_str(&text);
            prop_assert_eq!(cx.lowercase(text), text.to_lowercase());
            let again = cx.lowercase(cx.lowercase(text));
            prop_assert!(again != text || std::ptr::eq(again, text), "text that does not change is not copied");
        }
    }
}
