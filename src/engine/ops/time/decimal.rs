//! Exact parsing of numbers of time units: a float would lose the microseconds of `1571044331.274123`.

use super::scan::Scanner;

/// More digits than any time needs.
const MAX_DIGITS: usize = 64;

/// The number times ten to the power of `scale`, truncated towards zero. Reads `-12`, `12.5` and `1.25E9`; `None` if the
/// text is not such a number or too large.
pub fn scaled(text: &str, scale: i32) -> Option<i128> {
    let mut scanner = Scanner::new(text);
    let negative = scanner.eat_one(&['-', '+']) == Some('-');
    let whole = scanner.digits(1, MAX_DIGITS)?;
    let fraction = if scanner.eat(".") { scanner.digits(1, MAX_DIGITS)? } else { "" };
    let exponent = if scanner.eat_any_case("e") { exponent(&mut scanner)? } else { 0 };
    if !scanner.is_done() {
        return None;
    }
    let digits = whole.bytes().chain(fraction.bytes());
    // the number of digits before the shifted decimal point
    let kept = i32::try_from(whole.len()).ok()? + exponent + scale;
    let digits = (0..kept).zip(digits.chain(std::iter::repeat(b'0'))).map(|(_, digit)| digit - b'0');
    let size = if kept <= SHORT_DIGITS { Some(short(digits)) } else { long(digits) }?;
    Some(if negative { -size } else { size })
}

/// This many digits always fit in 64 bits, where arithmetic is cheap.
const SHORT_DIGITS: i32 = 19;

fn short(digits: impl Iterator<Item = u8>) -> i128 {
    digits.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit)).into()
}

fn long(digits: impl Iterator<Item = u8>) -> Option<i128> {
    let mut sum: i128 = 0;
    for (at, digit) in digits.enumerate() {
        if at > 200 {
            return None;
        }
        sum = sum.checked_mul(10)?.checked_add(digit.into())?;
    }
    Some(sum)
}

fn exponent(scanner: &mut Scanner<'_>) -> Option<i32> {
    let negative = scanner.eat_one(&['-', '+']) == Some('-');
    let size: i32 = scanner.number(1, 3)?;
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_counts() {
        for (text, scale, wanted) in [
            ("1571044331.274", 9, Some(1_571_044_331_274_000_000)),
            ("1571044331.2740001678", 9, Some(1_571_044_331_274_000_167)),
            ("-0.5", 9, Some(-500_000_000)),
            ("1.571044331274E9", 3, Some(1_571_044_331_274)),
            ("15e-1", 0, Some(1)),
            ("1e-400", 9, Some(0)),
            ("0e999", 9, None),
            ("1e999", 9, None),
            ("99999999999999999999999999999999999999999", 9, None),
            ("1.", 0, None),
            ("", 0, None),
            ("1 ", 0, None),
        ] {
            assert_eq!(scaled(text, scale), wanted, "{text}");
        }
    }
}
