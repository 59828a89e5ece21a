//! A share of records, such as `2%`.

use std::fmt;
use std::str::FromStr;

use super::CommandError;

/// A share from 0 % to 100 %: the percentage as it was written.
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

    /// Whether it is 0 %.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self.0 == 0.0
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
            Some(percent) if (0.0..=100.0).contains(&percent) => Ok(Self(percent.abs())),
            _ => Err("write a share from 0% to 100%, such as 2% or 0.5%".to_owned()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// The error of a run whose share cannot be judged: of no records, every share is right.
#[must_use]
pub fn no_records() -> CommandError {
    CommandError::new("there are no records, so `--fail-over` cannot be judged").help(
        "check that the export is complete and that `--records` names the list of the records, or omit `--fail-over`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        for (text, shown) in
            [("2%", "2%"), ("0.5 %", "0.5%"), ("100%", "100%"), ("0.07%", "0.07%"), ("0%", "0%"), ("-0%", "0%")]
        {
            assert_eq!(text.parse::<Share>().map(|share| share.to_string()), Ok(shown.to_owned()));
        }
        for text in ["2", "", "%", "-1%", "100.1%", "nan%", "inf%", "1/2"] {
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
        let nothing: Share = "0%".parse().unwrap();
        assert_eq!([(0, 0), (0, 50), (1, 50)].map(|(p, w)| nothing.is_exceeded(p, w)), [false, false, true]);
        let share: Share = "0.29%".parse().unwrap();
        assert_eq!([29, 30].map(|part| share.is_exceeded(part, 10_000)), [false, true]);
    }
}
