//! Decimal numbers of any size, with exact comparison and arithmetic.

use std::cmp::Ordering;

use crate::engine::op::Failure;
use crate::model::{Kinds, Value};

/// A decimal number: `0.d1d2d3… × 10^point`, without leading and trailing zeros; zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::ops) struct Exact {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Exact {
    /// Parses a number: sign, digits, fraction, exponent. Leading zeros and a plus sign are accepted.
    pub(in crate::engine::ops) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(parse_exponent(exponent)?)),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
        let digits = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        Some(Self { negative, digits, point }.normal())
    }

    /// The exact value of a whole number.
    pub(in crate::engine::ops) fn int(number: i64) -> Self {
        let digits: Vec<u8> = number.unsigned_abs().to_string().bytes().map(|b| b - b'0').collect();
        let point = i64::try_from(digits.len()).unwrap_or(0);
        Self { negative: number < 0, digits, point }.normal()
    }

    /// `coefficient × 10^-scale`
    pub(super) fn scaled(coefficient: i128, scale: u32) -> Self {
        let digits: Vec<u8> = coefficient.unsigned_abs().to_string().bytes().map(|b| b - b'0').collect();
        let point = i64::try_from(digits.len()).unwrap_or(0) - i64::from(scale);
        Self { negative: coefficient < 0, digits, point }.normal()
    }

    fn normal(mut self) -> Self {
        let zeros = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeros);
        self.point -= i64::try_from(zeros).unwrap_or(0);
        let kept = self.digits.len() - self.digits.iter().rev().take_while(|digit| **digit == 0).count();
        self.digits.truncate(kept);
        if self.digits.is_empty() { Self { negative: false, digits: Vec::new(), point: 0 } } else { self }
    }

    /// The number of digits after the decimal point.
    fn decimals(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap_or(i64::MAX).saturating_sub(self.point).max(0)
    }

    /// Whether there is no fraction.
    pub(in crate::engine::ops) fn is_whole(&self) -> bool {
        self.decimals() == 0
    }

    /// The whole number, if it is one and fits in 64 bits.
    pub(in crate::engine::ops) fn to_int(&self) -> Option<i64> {
        let (coefficient, scale) = self.to_scaled()?;
        if scale == 0 { i64::try_from(coefficient).ok() } else { None }
    }

    /// The coefficient and the number of decimals, if the coefficient fits in 128 bits.
    pub(super) fn to_scaled(&self) -> Option<(i128, u32)> {
        let scale = u32::try_from(self.decimals()).ok()?;
        let zeros = self.point.saturating_add(i64::from(scale)) - i64::try_from(self.digits.len()).ok()?;
        let shift = 10_i128.checked_pow(u32::try_from(zeros).ok()?)?;
        let digits =
            self.digits.iter().try_fold(0_i128, |sum, digit| sum.checked_mul(10)?.checked_add((*digit).into()))?;
        let size = digits.checked_mul(shift)?;
        Some((if self.negative { -size } else { size }, scale))
    }

    /// Rounds to a number of decimals, halves away from zero.
    pub(super) fn round(&self, decimals: u32) -> Self {
        if self.decimals() <= i64::from(decimals) {
            return self.clone();
        }
        let kept = self.point.saturating_add(i64::from(decimals));
        let Ok(kept) = usize::try_from(kept) else { return Self::int(0) };
        let up = self.digits.get(kept).is_some_and(|digit| *digit >= 5);
        let mut digits: Vec<u8> = std::iter::once(0).chain(self.digits.iter().copied().take(kept)).collect();
        if up {
            for digit in digits.iter_mut().rev() {
                *digit = (*digit + 1) % 10;
                if *digit != 0 {
                    break;
                }
            }
        }
        Self { negative: self.negative, digits, point: self.point + 1 }.normal()
    }

    /// The number in JSON notation without an exponent; `None` if that would take more than 400 characters.
    pub(super) fn to_text(&self) -> Option<String> {
        const LONGEST: i64 = 400;
        if self.point.abs() > LONGEST || self.decimals() > LONGEST {
            return None;
        }
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let digits: String = self.digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        let length = i64::try_from(digits.len()).ok()?;
        let padded = format!("{}{digits}{}", zeros(1 - self.point), zeros(self.point - length));
        let (whole, fraction) = padded.split_at_checked(usize::try_from(self.point.max(1)).ok()?)?;
        let sign = if self.negative { "-" } else { "" };
        Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
    }
}

fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) { None } else { text.parse().ok() }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| {
            if number.digits.is_empty() {
                0
            } else if number.negative {
                -1
            } else {
                1
            }
        };
        let size = || self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

/// The number that a value is, or that its text reads like; surrounding whitespace is ignored.
pub(in crate::engine::ops) fn number(value: Value<'_>) -> Result<Exact, Failure> {
    match value {
        Value::Int(number) => Ok(Exact::int(number)),
        Value::Decimal(text) | Value::Text(text) => {
            Exact::parse(text.trim()).ok_or_else(|| Failure::new("the text is not a number"))
        }
        _ => Err(Failure::kind(Kinds::TEXTUAL, value)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read() {
        for text in ["", "-", "+", ".5", "5.", "1e", "1e+", "1_0", "0x1", "NaN", "inf", "1 2", "--1", "1e99999999999"] {
            assert_eq!(Exact::parse(text), None, "{text}");
        }
        for (a, b) in [("0", "-0.00"), ("007", "7.0"), ("1e3", "1000"), ("0.00120", "12E-4"), ("+5", "5")] {
            assert_eq!(Exact::parse(a), Exact::parse(b), "{a} {b}");
        }
    }

    #[test]
    fn numbers_are_ordered() {
        let sorted =
            ["-1e400", "-10", "-1.5", "-1.25", "-1e-400", "0", "1e-400", "0.1", "0.11", "1", "9.99", "10", "1e400"];
        for (at, a) in sorted.iter().enumerate() {
            for (bt, b) in sorted.iter().enumerate() {
                assert_eq!(Exact::parse(a).unwrap().cmp(&Exact::parse(b).unwrap()), at.cmp(&bt), "{a} {b}");
            }
        }
    }

    #[test]
    fn numbers_are_rounded_and_written() {
        for (text, decimals, wanted) in [
            ("2.5", 0, "3"),
            ("-2.5", 0, "-3"),
            ("2.4999", 0, "2"),
            ("0.5", 0, "1"),
            ("0.05", 0, "0"),
            ("-0.4", 0, "0"),
            ("9.995", 2, "10"),
            ("1.005", 2, "1.01"),
            ("12.3456", 3, "12.346"),
            ("1200", 0, "1200"),
            ("1e-300", 5, "0"),
            ("0.00012", 9, "0.00012"),
            ("1.5e3", 0, "1500"),
        ] {
            assert_eq!(Exact::parse(text).unwrap().round(decimals).to_text().as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(Exact::parse("1e999").unwrap().to_text(), None);
    }

    proptest! {
        #[test]
        fn whole_numbers_round_trip(number: i64) {
            prop_assert_eq!(Exact::int(number).to_int(), Some(number));
            prop_assert_eq!(Exact::int(number).to_text(), Some(number.to_string()));
            prop_assert_eq!(Exact::parse(&number.to_string()), Some(Exact::int(number)));
        }

        #[test]
        fn order_matches_that_of_integers(a: i64, b: i64) {
            prop_assert_eq!(Exact::int(a).cmp(&Exact::int(b)), a.cmp(&b));
        }

        #[test]
        fn scaled_numbers_round_trip(coefficient in -1_000_000_000_000_i128..1_000_000_000_000, scale in 0_u32..20) {
            let number = Exact::scaled(coefficient, scale);
            let (again, fewer) = number.to_scaled().unwrap();
            prop_assert!(fewer <= scale);
            prop_assert_eq!(again * 10_i128.pow(scale - fewer), coefficient);
        }
    }
}
