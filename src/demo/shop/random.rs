//! Deterministic pseudo-random numbers: SplitMix64 (Steele, Lea and Flood 2014).

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// A stream with a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound; 0 for the bound 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// One of the elements; the default of the type if there are none.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = self.below(u64::try_from(from.len()).unwrap_or(0));
        usize::try_from(at).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
    }

    /// Sixteen bytes, for a salt.
    pub(super) fn salt(&mut self) -> [u8; 16] {
        let mut salt = [0; 16];
        let (low, high) = (self.next().to_le_bytes(), self.next().to_le_bytes());
        for (byte, value) in salt.iter_mut().zip(low.into_iter().chain(high)) {
            *byte = value;
        }
        salt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let stream = |seed| (0..4).scan(Random::new(seed), |random, _| Some(random.next())).collect::<Vec<_>>();
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
        // the first output of the reference implementation for seed 0
        assert_eq!(stream(0).first(), Some(&0xe220_a839_7b1d_cdaf));
    }

    #[test]
    fn picking_from_nothing_does_not_panic() {
        assert_eq!(Random::new(1).pick::<&str>(&[]), "");
        assert!(Random::new(1).below(3) < 3);
    }
}
