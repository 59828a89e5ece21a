//! What checks of stored passwords cost on this machine, for reports.

use std::time::Duration;

use super::calibration::{Admission, MostExpensive, Speed, TimeSettings, store_time};
use crate::password::Cost;
use crate::password::store::StoreParameters;

/// The speed of this machine, and what a login can afford on it.
#[derive(Debug)]
pub struct Measured {
    speed: Speed,
    admission: Admission,
}

impl Measured {
    /// Measures one hash of the account store; the families of stored hashes are measured when they are first asked for, each
    /// in a few milliseconds.
    #[must_use]
    pub fn new(most_expensive: MostExpensive, store: StoreParameters, settings: TimeSettings) -> Self {
        let speed = Speed::default();
        let admission = Admission::new(most_expensive, store_time(store), settings, &speed);
        Self { speed, admission }
    }

    /// How long a check of this cost takes.
    #[must_use]
    pub fn check(&self, cost: &Cost) -> Duration {
        self.speed.estimate(cost)
    }

    /// What a login can afford.
    #[must_use]
    pub fn admission(&self) -> Admission {
        self.admission
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dearer_hashes_take_longer_than_a_login_may() {
        let times = TimeSettings { deadline: Duration::from_millis(1500), longest_check: None };
        let measured = Measured::new(MostExpensive::Named, StoreParameters::default(), times);
        let longest = measured.admission().longest_check;
        assert!(measured.check(&Cost::Bcrypt(4)) < longest && measured.check(&Cost::Bcrypt(20)) > longest);
    }
}
