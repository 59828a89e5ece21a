//! Lookup tables from legacy words to target words, built once when the rules are read.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::operand::Operand;

/// A lookup table.
#[derive(Debug)]
pub struct Lookup {
    /// Its name.
    pub name: String,
    /// The index of the lookup in the plan, for coverage.
    pub number: usize,
    /// The keys in file order, with their values.
    pub entries: Vec<(Box<str>, Operand)>,
    index: FxHashMap<Box<str>, usize>,
}

/// A lookup shared by the steps that use it.
pub type LookupRef = Arc<Lookup>;

impl Lookup {
    /// A table; the keys are unique.
    #[must_use]
    pub fn new(name: String, number: usize, entries: Vec<(Box<str>, Operand)>) -> Self {
        let index = entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
        Self { name, number, entries, index }
    }

    /// The index and value of the entry with a key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<(usize, &Operand)> {
        let at = *self.index.get(key)?;
        self.entries.get(at).map(|(_, value)| (at, value))
    }
}
