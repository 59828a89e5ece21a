//! In how many records each value of a field is, exactly, as long as there are few values.
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
    counts: FxHashMap<Box<str>, Times>,
    bytes: usize,
    is_full: bool,
}

/// The records that have a value.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Times {
    records: u64,
    /// The number of the last one, so that a record with a list of equal values counts once.
    #[serde(skip)]
    last: u64,
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

    /// Counts a value of a record, by the number of the record.
    pub(super) fn count(&mut self, value: &str, number: u64, bounds: Bounds) {
        if let Some(times) = self.counts.get_mut(value) {
            times.records += u64::from(times.last != number);
            times.last = number;
            return;
        }
        self.insert(value, Times { records: 1, last: number }, bounds);
    }

    fn insert(&mut self, value: &str, times: Times, bounds: Bounds) {
        if self.is_full {
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
        for (value, times) in other.counts {
            match self.counts.get_mut(&value) {
                Some(own) => own.records += times.records,
                None => self.insert(&value, times, bounds),
            }
        }
    }

    /// The number of different values, if they were all counted.
    pub(super) fn distinct(&self) -> Option<u64> {
        (!self.is_full).then_some(self.counts.len() as u64)
    }

    /// The most frequent values of at least so many records, the most frequent first.
    pub(super) fn most_frequent(&self, at_least: u64, shown: impl Fn(&str) -> String) -> Vec<ValueCount> {
        let mut all: Vec<(&str, u64)> = self
            .counts
            .iter()
            .map(|(value, times)| (&**value, times.records))
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
        (1..).zip(values).for_each(|(number, value)| table.count(value, number, FEW));
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
    fn a_record_with_equal_values_counts_once() {
        let mut table = Table::default();
        for (number, value) in [(1, "a"), (1, "b"), (1, "a"), (2, "a")] {
            table.count(value, number, FEW);
        }
        assert_eq!(shown(&table, 1), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
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
