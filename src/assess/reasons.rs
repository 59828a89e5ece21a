//! Reasons, how often each occurred, and in which records first.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::document::{MAX_NUMBERS, Reason};
use super::names::reason::VARIOUS;

/// How many different reasons are told apart. Stops records with invented keys from filling the memory; rules have a few dozen
/// reasons. If there are more, all are one reason, so that the result does not depend on the order of the records.
const MAX_REASONS: usize = 1000;

/// The first records with something, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The number of records.
    pub count: u64,
    /// The numbers of the first ones, ascending.
    pub numbers: Vec<u64>,
}

impl Seen {
    /// Notes a record.
    pub(super) fn note(&mut self, number: u64) {
        self.count += 1;
        self.first(number);
    }

    /// Notes a record that is counted elsewhere, or that was noted before.
    pub(super) fn first(&mut self, number: u64) {
        if self.numbers.len() == MAX_NUMBERS && self.numbers.last().is_some_and(|last| *last <= number) {
            return;
        }
        if let Err(at) = self.numbers.binary_search(&number) {
            self.numbers.insert(at, number);
            self.numbers.truncate(MAX_NUMBERS);
        }
    }

    /// Adds the records of another part, whose numbers begin behind `offset`.
    pub(super) fn merge(&mut self, other: Self, offset: u64) {
        self.count += other.count;
        other.numbers.into_iter().for_each(|number| self.first(number.saturating_add(offset)));
    }
}

/// Records by reason.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Reasons(FxHashMap<String, Seen>);

impl Reasons {
    /// Notes a reason of a record.
    pub(super) fn note(&mut self, reason: &str, number: u64) {
        match self.0.get_mut(reason) {
            Some(seen) => seen.note(number),
            None => self.add(reason.to_owned(), Seen { count: 1, numbers: vec![number] }, 0),
        }
    }

    fn add(&mut self, reason: String, seen: Seen, offset: u64) {
        let is_various = self.0.contains_key(VARIOUS);
        let reason = if is_various { VARIOUS.to_owned() } else { reason };
        self.0.entry(reason).or_default().merge(seen, offset);
        if self.0.len() > MAX_REASONS {
            let all = std::mem::take(&mut self.0);
            let various = self.0.entry(VARIOUS.to_owned()).or_default();
            all.into_values().for_each(|seen| various.merge(seen, 0));
        }
    }

    /// Adds the reasons of another part, whose numbers begin behind `offset`.
    pub(super) fn merge(&mut self, other: Self, offset: u64) {
        other.0.into_iter().for_each(|(reason, seen)| self.add(reason, seen, offset));
    }

    /// The reasons, the most frequent first.
    pub(super) fn sorted(&self) -> Vec<Reason> {
        let reason = |(reason, seen): (&String, &Seen)| Reason {
            reason: reason.clone(),
            count: seen.count,
            numbers: seen.numbers.clone(),
        };
        let mut all: Vec<Reason> = self.0.iter().map(reason).collect();
        all.sort_unstable_by(|one, other| other.count.cmp(&one.count).then_with(|| one.reason.cmp(&other.reason)));
        all
    }

    /// Every reason with its records, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Seen)> {
        self.0.iter().map(|(reason, seen)| (reason.as_str(), seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_records_are_kept_whatever_the_order() {
        let mut seen = Seen::default();
        (1..=100).rev().for_each(|number| seen.note(number));
        let mut other = Seen::default();
        (1..=50).for_each(|number| other.note(number));
        let mut rest = Seen::default();
        (1..=50).for_each(|number| rest.note(number));
        other.merge(rest, 50);
        assert_eq!(seen, other);
        assert_eq!((seen.count, seen.numbers), (100, (1..=20).collect()));
    }

    #[test]
    fn too_many_reasons_are_one() {
        let mut reasons = Reasons::default();
        (0..1500_u64).for_each(|number| reasons.note(&format!("reason {number}"), number));
        let mut other = Reasons::default();
        (0..1500_u64).rev().for_each(|number| other.note(&format!("reason {number}"), number));
        assert_eq!(reasons.sorted(), other.sorted());
        let wanted = Reason { reason: VARIOUS.to_owned(), count: 1500, numbers: (0..20).collect() };
        assert_eq!(reasons.sorted(), [wanted]);
    }

    #[test]
    fn the_most_frequent_reason_is_first() {
        let mut reasons = Reasons::default();
        for (number, reason) in [(3, "b"), (1, "a"), (2, "b")] {
            reasons.note(reason, number);
        }
        let names: Vec<String> = reasons.sorted().into_iter().map(|reason| reason.reason).collect();
        assert_eq!(names, ["b", "a"]);
    }
}
