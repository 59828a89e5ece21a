//! Which working values others depend on, so that an account gets the warnings of the failed working values it uses.

use std::collections::BTreeSet;

use crate::engine::plan::SplitPlan;

/// What each working value reads, by registers.
#[derive(Debug, Default)]
pub(super) struct MadeOf(Vec<(usize, BTreeSet<usize>)>);

impl MadeOf {
    pub fn add(&mut self, register: usize, reads: &BTreeSet<usize>) {
        self.0.push((register, reads.clone()));
    }

    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Completes the split with the dependencies of its working values; `elsewhere` are those that conditions and
    /// `identify` read.
    pub fn finish(&self, split: SplitPlan, elsewhere: &BTreeSet<usize>) -> SplitPlan {
        let made_of: Vec<(usize, Vec<usize>)> =
            self.0.iter().map(|(register, _)| (*register, self.all_of(*register).into_iter().collect())).collect();
        let mut split = SplitPlan { made_of, ..split };
        let mut shared: Vec<usize> = elsewhere.iter().chain(&split.rule.made_of).copied().collect();
        split.complete(&mut shared);
        split.shared = shared;
        split
    }

    /// The working values that one depends on, including itself.
    fn all_of(&self, register: usize) -> BTreeSet<usize> {
        let (mut all, mut open) = (BTreeSet::new(), vec![register]);
        while let Some(register) = open.pop() {
            let reads = self.0.iter().find(|(known, _)| *known == register).map(|(_, reads)| reads);
            if let Some(reads) = reads.filter(|_| all.insert(register)) {
                open.extend(reads);
            }
        }
        all
    }
}

impl SplitPlan {
    /// Adds the dependencies of working values to a set of registers; registers of anything else are removed.
    pub(super) fn complete(&self, registers: &mut Vec<usize>) {
        let of = |register: &usize| self.made_of.iter().find(|(known, _)| known == register).map(|(_, all)| all);
        let all: BTreeSet<usize> = registers.iter().filter_map(of).flatten().copied().collect();
        *registers = all.into_iter().collect();
    }
}
