//! Scans text from the front: digits, words, signs, offsets. All date parsers are built on it.

use jiff::tz::Offset;

/// The part of a text that is not read yet.
#[derive(Clone, Copy)]
pub struct Scanner<'t> {
    rest: &'t str,
}

impl<'t> Scanner<'t> {
    /// A scanner at the start of the text.
    pub fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    /// The text that is not read yet.
    pub fn rest(&self) -> &'t str {
        self.rest
    }

    /// Whether everything is read.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads this text if it is next.
    pub fn eat(&mut self, text: &str) -> bool {
        let rest = match *text.as_bytes() {
            // fast path: a single ASCII character
            [byte] => self.rest.as_bytes().first().filter(|first| **first == byte).and_then(|_| self.rest.get(1..)),
            _ => self.rest.strip_prefix(text),
        };
        match rest {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads this ASCII text in upper or lower case if it is next.
    pub fn eat_any_case(&mut self, text: &str) -> bool {
        match self.rest.split_at_checked(text.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(text) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads one of these characters if one is next.
    pub fn eat_one(&mut self, characters: &[char]) -> Option<char> {
        let first = self.rest.chars().next().filter(|c| characters.contains(c))?;
        self.rest = self.rest.strip_prefix(first)?;
        Some(first)
    }

    /// Skips whitespace; returns whether there was any.
    pub fn blanks(&mut self) -> bool {
        if self.rest.as_bytes().first().is_some_and(u8::is_ascii_graphic) {
            return false;
        }
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches([' ', '\t', '\u{a0}', '\u{202f}']);
        self.rest.len() < before
    }

    /// Reads characters as long as they match.
    pub fn take_while(&mut self, wanted: fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.split(end)
    }

    /// Reads a run of ASCII digits with at least `min` and at most `max` of them; more stay unread.
    pub fn digits(&mut self, min: usize, max: usize) -> Option<&'t str> {
        let count = self.rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
        (count >= min).then(|| self.split(count))
    }

    /// Reads a number of at least `min` and at most `max` ASCII digits; `max` is at most 18, so that the number fits in 64 bits.
    pub fn number<N: TryFrom<i64>>(&mut self, min: usize, max: usize) -> Option<N> {
        let digits = self.digits(min, max)?;
        N::try_from(digits.bytes().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))).ok()
    }

    /// Reads the digits of a fraction of a second as nanoseconds. Digits after the ninth are read and dropped.
    pub fn fraction(&mut self) -> Option<i32> {
        let digits = self.digits(1, 64)?;
        Some(digits.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |sum, b| sum * 10 + i32::from(b - b'0')))
    }

    /// Reads an offset: `Z`, `UTC`, `GMT`, `+02`, `+0200`, `+02:00`, `+02:00:00`, `GMT+0200`.
    pub fn offset(&mut self) -> Option<Offset> {
        let mut ahead = *self;
        let zero = ahead.eat_any_case("UTC") || ahead.eat_any_case("GMT") || ahead.eat_any_case("Z");
        let offset = match ahead.eat_one(&['+', '-', '\u{2212}']) {
            Some(sign) => ahead.offset_digits(sign != '+')?,
            None if zero => Offset::UTC,
            None => return None,
        };
        *self = ahead;
        Some(offset)
    }

    fn offset_digits(&mut self, negative: bool) -> Option<Offset> {
        let hours: i32 = self.number(2, 2).filter(|hours| *hours <= 23)?;
        let minutes = self.offset_part()?;
        let seconds = if minutes.is_some() { self.offset_part()? } else { None };
        let total = hours * 3600 + minutes.unwrap_or(0) * 60 + seconds.unwrap_or(0);
        Offset::from_seconds(if negative { -total } else { total }).ok()
    }

    /// Two digits with an optional colon before them; the outer `None` is an error, the inner one an absent part.
    fn offset_part(&mut self) -> Option<Option<i32>> {
        let colon = self.eat(":");
        match self.number(2, 2) {
            Some(part) => (part <= 59).then_some(Some(part)),
            None if colon => None,
            None => Some(None),
        }
    }

    fn split(&mut self, at: usize) -> &'t str {
        let (head, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_in_every_spelling() {
        for (text, seconds) in [
            ("Z", Some(0)),
            ("utc", Some(0)),
            ("+00", Some(0)),
            ("+0530", Some(19_800)),
            ("-05:00", Some(-18_000)),
            ("GMT+0200", Some(7_200)),
            ("+02:00:30", Some(7_230)),
            ("+24:00", None),
            ("+02:", None),
            ("+02:60", None),
            ("0200", None),
        ] {
            assert_eq!(Scanner::new(text).offset().map(Offset::seconds), seconds, "{text}");
        }
    }

    #[test]
    fn fractions_keep_nine_digits() {
        for (text, nanos) in [("5", 500_000_000), ("000000001", 1), ("1234567899", 123_456_789)] {
            assert_eq!(Scanner::new(text).fraction(), Some(nanos), "{text}");
        }
    }
}
