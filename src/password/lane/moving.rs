//! A ratio of two sums over the recent past.

/// The ratio of two sums. When enough was added, both are halved, so that the recent past counts most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MovingRatio {
    above: f64,
    below: f64,
    span: f64,
}

impl MovingRatio {
    /// A ratio that is `prior` at first, with the weight of an eighth of the `span`: the amount below the line that is
    /// remembered.
    pub(crate) fn new(prior: f64, span: f64) -> Self {
        let below = span / 8.0;
        Self { above: prior * below, below, span }
    }

    /// Adds to both sums.
    pub(crate) fn add(&mut self, above: f64, below: f64) {
        self.above += above;
        self.below += below;
        if self.below > self.span {
            self.above /= 2.0;
            self.below /= 2.0;
        }
    }

    /// The ratio.
    pub(crate) fn get(&self) -> f64 {
        self.above / self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recent_past_replaces_what_was_assumed() {
        let mut ratio = MovingRatio::new(10.0, 64.0);
        assert!((ratio.get() - 10.0).abs() < 1e-9);
        for _ in 0..8 {
            ratio.add(2.0, 1.0);
        }
        assert!((ratio.get() - 6.0).abs() < 1e-9, "an eighth of the span weighs as much as the assumption");
        for _ in 0..500 {
            ratio.add(2.0, 1.0);
        }
        assert!((ratio.get() - 2.0).abs() < 0.01);
        for _ in 0..500 {
            ratio.add(5.0, 1.0);
        }
        assert!((ratio.get() - 5.0).abs() < 0.01);
    }
}
