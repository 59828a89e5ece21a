//! A share of records, such as `2%`.

use std::fmt;
use std::str::FromStr;

/// A share above 0 % and up to 100 %: the percentage as it was written.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

/// What binary fractions are off by at most, in relation to a number.
const ROUNDING: f64 = 1e-12;

impl Share {
    /// Whether a part of a whole is more than this share.
    #[must_use]
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        part as f64 * 100.0 > self.0 * whole as f64 * (1.0 + ROUNDING)
    }

    /// Whether a number from 0 to 1 is within this share.
    #[must_use]
    pub fn takes(self, fraction: f64) -> bool {
        fraction * 100.0 < self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').map(str::trim_end);
        match number.and_then(|number| number.parse::<f64>().ok()) {
            Some(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self(percent)),
            _ => Err("write a share above 0% and up to 100%, such as 2% or 0.5%".to_owned()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        for (text, shown) in [("2%", "2%"), ("0.5 %", "0.5%"), ("100%", "100%"), ("0.07%", "0.07%")] {
            assert_eq!(text.parse::<Share>().map(|share| share.to_string()), Ok(shown.to_owned()));
        }
        for text in ["2", "", "%", "0%", "-1%", "100.1%", "nan%", "inf%", "1/2"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn exactly_the_share_does_not_exceed_it() {
        let share: Share = "2%".parse().unwrap();
        assert_eq!(
            [(1, 50), (2, 50), (2, 100), (3, 100), (0, 0)].map(|(p, w)| share.is_exceeded(p, w)),
            [false, true, false, true, false]
        );
        let share: Share = "0.29%".parse().unwrap();
        assert_eq!([29, 30].map(|part| share.is_exceeded(part, 10_000)), [false, true]);
    }
}
