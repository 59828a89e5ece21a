//! How often each value of a field occurs, exactly, as long as there are few.
//!
//! A table that holds all values is kept until it exceeds a bound, and is then dropped as a whole. Whether it exceeds the
//! bound depends only on the values and not on their order, so that parts of an export give the same result as the whole.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::document::ValueCount;

/// The bounds of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Different values. Stops ids and addresses from filling the memory; a list of countries or cities fits.
    pub values: usize,
    /// Bytes of all different values. Stops long texts.
    pub bytes: usize,
}

/// The bounds of values.
pub(super) const VALUES: Bounds = Bounds { values: 2000, bytes: 48 * 1024 };
/// The bounds of patterns.
pub(super) const PATTERNS: Bounds = Bounds { values: 500, bytes: 16 * 1024 };

/// How many values of a field are shown.
const SHOWN: usize = 20;

/// Counts by value; `None` once there were too many.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Table {
    counts: FxHashMap<Box<str>, u64>,
    bytes: usize,
    is_full: bool,
}

impl Table {
    /// Whether values are still counted.
    pub(super) fn is_open(&self) -> bool {
        !self.is_full
    }

    /// Drops all values, for good.
    pub(super) fn close(&mut self) {
        *self = Self { is_full: true, ..Self::default() };
    }

    /// Counts a value.
    pub(super) fn count(&mut self, value: &str, times: u64, bounds: Bounds) {
        if self.is_full {
            return;
        }
        if let Some(count) = self.counts.get_mut(value) {
            *count += times;
            return;
        }
        self.bytes += value.len();
        if self.counts.len() == bounds.values || self.bytes > bounds.bytes {
            self.close();
            return;
        }
        self.counts.insert(value.into(), times);
    }

    /// Adds the counts of another table.
    pub(super) fn merge(&mut self, other: Self, bounds: Bounds) {
        if other.is_full {
            self.close();
        }
        other.counts.into_iter().for_each(|(value, times)| self.count(&value, times, bounds));
    }

    /// The number of different values, if they were all counted.
    pub(super) fn distinct(&self) -> Option<u64> {
        (!self.is_full).then_some(self.counts.len() as u64)
    }

    /// The most frequent values that occur at least so often, the most frequent first.
    pub(super) fn most_frequent(&self, at_least: u64, shown: impl Fn(&str) -> String) -> Vec<ValueCount> {
        let mut all: Vec<(&str, u64)> = self
            .counts
            .iter()
            .map(|(value, count)| (&**value, *count))
            .filter(|(_, count)| *count >= at_least)
            .collect();
        all.sort_unstable_by(|(value, count), (other, others)| others.cmp(count).then(value.cmp(other)));
        all.truncate(SHOWN);
        all.into_iter().map(|(value, count)| ValueCount { value: shown(value), count }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Bounds = Bounds { values: 3, bytes: 10 };

    fn table(values: &[&str]) -> Table {
        let mut table = Table::default();
        values.iter().for_each(|value| table.count(value, 1, FEW));
        table
    }

    fn shown(table: &Table, at_least: u64) -> Vec<(String, u64)> {
        table.most_frequent(at_least, str::to_owned).into_iter().map(|shown| (shown.value, shown.count)).collect()
    }

    #[test]
    fn the_most_frequent_values_come_first() {
        let table = table(&["b", "a", "b", "c", "a"]);
        let wanted = [("a", 2), ("b", 2), ("c", 1)].map(|(value, count)| (value.to_owned(), count));
        assert_eq!((shown(&table, 1), table.distinct()), (wanted.to_vec(), Some(3)));
        assert_eq!(shown(&table, 2).len(), 2);
    }

    #[test]
    fn a_table_is_dropped_as_a_whole_whatever_the_order() {
        for values in [["a", "b", "c", "d"], ["d", "c", "b", "a"], ["0123456", "0123", "a", "b"]] {
            for split in 0..=4 {
                let (one, other) = values.split_at(split);
                let mut merged = table(one);
                merged.merge(table(other), FEW);
                assert_eq!((merged.distinct(), shown(&merged, 1)), (None, Vec::new()), "{values:?} {split}");
            }
        }
        let mut merged = table(&["a", "b"]);
        merged.merge(table(&["b", "c"]), FEW);
        assert_eq!(merged.distinct(), Some(3));
    }
}
