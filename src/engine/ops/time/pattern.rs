//! Date formats: `strptime` directives, checked when the rules are read.
//!
//! jiff's own parser is not used, because it accepts `%Y` with fewer than four digits (so `14.03.12` would be the year 12)
//! and does not control the century of a two-digit year.

use std::ops::Range;

use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::TimeZone;

use super::iso::nonexistent_time;
use super::moment::{Read, UNIX_EPOCH, nonexistent_date};
use super::scan::Scanner;
use super::zone;
use crate::engine::op::Failure;

/// A compiled format.
#[derive(Debug)]
pub struct Pattern {
    pieces: Vec<Piece>,
    /// The first two-digit year that belongs to the 1900s: 69 in POSIX.
    pivot: i16,
    /// The zone of formats with a fixed zone.
    zone: Option<TimeZone>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(Box<str>),
    Blanks,
    Field(Field),
    /// A number with digits directly before or behind it: it has all its digits, since nothing else says where it ends.
    Packed(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Weekday,
    Hour,
    Hour12,
    Minute,
    Second,
    Fraction,
    DotFraction,
    Meridiem,
    Offset,
    ZoneName,
    Epoch,
}

impl Field {
    /// Whether it is nothing but digits.
    fn is_number(self) -> bool {
        !matches!(
            self,
            Self::MonthName | Self::Weekday | Self::DotFraction | Self::Meridiem | Self::Offset | Self::ZoneName
        )
    }
}

/// What is wrong with a format, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct PatternError {
    /// The invalid bytes of the format; `None` for the format as a whole.
    pub at: Option<Range<usize>>,
    /// One sentence.
    pub message: String,
    /// What to do, for known mistakes.
    pub help: Option<&'static str>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl Pattern {
    /// Compiles a format. `pivot` is the first two-digit year of the 1900s.
    pub fn compile(format: &str, pivot: i16) -> Result<Self, PatternError> {
        let mut pieces = Vec::new();
        let mut scanner = Scanner::new(format);
        while !scanner.is_done() {
            let start = format.len() - scanner.rest().len();
            if scanner.blanks() {
                pieces.push(Piece::Blanks);
            } else if scanner.eat("%") {
                directive(&mut scanner, &mut pieces).ok_or_else(|| {
                    let end = format.len() - scanner.rest().len();
                    let written = format.get(start..end).unwrap_or("%");
                    PatternError {
                        at: Some(start..end),
                        message: format!("`{written}` is not a directive of a date format"),
                        help: None,
                    }
                })?;
            } else {
                pieces.push(Piece::Literal(scanner.take_while(|c| c != '%' && !is_blank(c)).into()));
            }
        }
        let pattern = Self { pieces, pivot, zone: None };
        pattern.check()?;
        Ok(Self { pieces: packed(&pattern.pieces), ..pattern })
    }

    /// Whether the texts have a time of day.
    #[must_use]
    pub fn has_time(&self) -> bool {
        [Field::Hour, Field::Hour12, Field::Epoch].iter().any(|field| self.pieces.contains(&Piece::Field(*field)))
    }

    /// Whether the texts say their zone.
    #[must_use]
    pub fn has_zone(&self) -> bool {
        let fields = [Field::Offset, Field::ZoneName, Field::Epoch];
        self.zone.is_some() || fields.iter().any(|field| self.pieces.contains(&Piece::Field(*field)))
    }

    /// The same pattern for times that are always in UTC.
    pub fn in_utc(mut self) -> Self {
        self.zone = Some(TimeZone::UTC);
        self
    }

    fn check(&self) -> Result<(), PatternError> {
        let has = |field| self.pieces.contains(&Piece::Field(field));
        let wrong = |message: String, help| Err(PatternError { at: None, message, help });
        if let Some((what, help)) = self.twice() {
            return wrong(format!("the format contains {what} twice"), Some(help));
        }
        let day = has(Field::DayOfYear) || (has(Field::Day) && (has(Field::Month) || has(Field::MonthName)));
        let date = has(Field::Epoch) || (day && (has(Field::Year) || has(Field::ShortYear)));
        let hour = has(Field::Hour) || has(Field::Hour12) || has(Field::Epoch);
        if !date {
            let no_month = !has(Field::Month) && !has(Field::MonthName);
            let help = (has(Field::Minute) && no_month).then_some("`%m` is the month and `%M` the minute");
            return wrong("the format must contain a year, a month and a day".to_owned(), help);
        }
        if has(Field::Hour12) && !has(Field::Meridiem) {
            let help = "`%H` is the 24-hour hour; `%I` is the 12-hour hour and needs `%p`";
            return wrong("the format contains a 12-hour hour (`%I`) without `%p`".to_owned(), Some(help));
        }
        let smaller = [Field::Minute, Field::Second, Field::Fraction, Field::DotFraction, Field::Meridiem];
        if !hour && smaller.into_iter().any(has) {
            let help = "add the hour, `%H`; `%m` is the month and `%M` the minute";
            return wrong("the format contains parts of a time of day without the hour".to_owned(), Some(help));
        }
        Ok(())
    }

    /// The part of a time that the format contains more than once, and what was probably meant.
    fn twice(&self) -> Option<(&'static str, &'static str)> {
        const MONTH: &str = "`%m` is the month in digits, `%b` its name and `%M` the minute; `%D` is `%m/%d/%y`";
        let groups: [(&[Field], &str, &str); 8] = [
            (&[Field::Year, Field::ShortYear], "the year", "`%Y` has four digits and `%y` two; `%D` is `%m/%d/%y`"),
            (&[Field::Month, Field::MonthName], "the month", MONTH),
            (&[Field::Day], "the day", "`%d` is the day; `%D` is `%m/%d/%y` and `%F` is `%Y-%m-%d`"),
            (
                &[Field::Hour, Field::Hour12],
                "the hour",
                "`%H` is the 24-hour hour and `%I` the 12-hour hour; `%T` is `%H:%M:%S`",
            ),
            (&[Field::Minute], "the minute", MONTH),
            (&[Field::Second], "the second", "`%S` is the second; `%T` is `%H:%M:%S`"),
            (&[Field::Offset, Field::ZoneName], "the zone", "keep one of `%z` and `%Z`"),
            (
                &[Field::Epoch, Field::Day],
                "the day",
                "`%S` is the second; `%s` counts seconds since 1970 and must be used alone",
            ),
        ];
        let count = |group: &[Field]| {
            self.pieces.iter().filter(|piece| matches!(piece, Piece::Field(field) if group.contains(field))).count()
        };
        groups.into_iter().find(|(group, ..)| count(group) > 1).map(|(_, what, help)| (what, help))
    }

    /// Reads a text that matches this format completely.
    pub fn read(&self, text: &str) -> Result<Read, Failure> {
        let mut scanner = Scanner::new(text);
        let mut parts = Parts { zone: self.zone.clone(), ..Parts::default() };
        for piece in &self.pieces {
            let read = match piece {
                Piece::Literal(literal) => scanner.eat(literal).then_some(()),
                Piece::Blanks => scanner.blanks().then_some(()),
                Piece::Field(field) => parts.read(*field, false, &mut scanner, self.pivot),
                Piece::Packed(field) => parts.read(*field, true, &mut scanner, self.pivot),
            };
            read.ok_or_else(other_form)?;
        }
        if scanner.is_done() { parts.finish() } else { Err(other_form()) }
    }
}

/// The pieces, with the numbers marked that have no separator on one of their sides.
fn packed(pieces: &[Piece]) -> Vec<Piece> {
    let is_number = |piece: Option<&Piece>| matches!(piece, Some(Piece::Field(field)) if field.is_number());
    let at = |at: Option<usize>| at.and_then(|at| pieces.get(at));
    let mark = |(place, piece): (usize, &Piece)| match piece {
        Piece::Field(field)
            if field.is_number() && (is_number(at(place.checked_sub(1))) || is_number(at(place.checked_add(1)))) =>
        {
            Piece::Packed(*field)
        }
        other => other.clone(),
    };
    pieces.iter().enumerate().map(mark).collect()
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{202f}')
}

fn directive(scanner: &mut Scanner<'_>, pieces: &mut Vec<Piece>) -> Option<()> {
    let dotted = scanner.eat(".");
    let colon = !dotted && scanner.eat(":");
    let mut letter = [0; 4];
    let letter = &*scanner.rest().chars().next()?.encode_utf8(&mut letter);
    scanner.eat(letter);
    let mut combined = |format: &str| {
        pieces.extend(Pattern::compile_pieces(format));
        Some(())
    };
    let field = match (dotted, colon, letter) {
        (true, _, "f") => Field::DotFraction,
        (_, true, "z") => Field::Offset,
        (true, ..) | (_, true, _) => return None,
        (.., "Y") => Field::Year,
        (.., "y") => Field::ShortYear,
        (.., "m") => Field::Month,
        (.., "b" | "B" | "h") => Field::MonthName,
        (.., "d" | "e") => Field::Day,
        (.., "j") => Field::DayOfYear,
        (.., "a" | "A") => Field::Weekday,
        (.., "H" | "k") => Field::Hour,
        (.., "I" | "l") => Field::Hour12,
        (.., "M") => Field::Minute,
        (.., "S") => Field::Second,
        (.., "f") => Field::Fraction,
        (.., "p" | "P") => Field::Meridiem,
        (.., "z") => Field::Offset,
        (.., "Z") => Field::ZoneName,
        (.., "s") => Field::Epoch,
        (.., "F") => return combined("Y-m-d"),
        (.., "T") => return combined("H:M:S"),
        (.., "R") => return combined("H:M"),
        (.., "D") => return combined("m/d/y"),
        (.., "%") => {
            pieces.push(Piece::Literal("%".into()));
            return Some(());
        }
        (.., "n" | "t") => {
            pieces.push(Piece::Blanks);
            return Some(());
        }
        _ => return None,
    };
    pieces.push(Piece::Field(field));
    Some(())
}

impl Pattern {
    /// The pieces of a combined directive, given as the letters of its fields.
    fn compile_pieces(format: &str) -> impl Iterator<Item = Piece> {
        format.chars().map(|c| match c {
            'Y' => Piece::Field(Field::Year),
            'y' => Piece::Field(Field::ShortYear),
            'm' => Piece::Field(Field::Month),
            'd' => Piece::Field(Field::Day),
            'H' => Piece::Field(Field::Hour),
            'M' => Piece::Field(Field::Minute),
            'S' => Piece::Field(Field::Second),
            other => Piece::Literal(other.to_string().into()),
        })
    }
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    weekday: Option<Weekday>,
    hour: Option<i8>,
    minute: i8,
    second: i8,
    nano: i32,
    afternoon: Option<bool>,
    zone: Option<TimeZone>,
    epoch: Option<i64>,
}

impl Parts {
    fn read(&mut self, field: Field, packed: bool, scanner: &mut Scanner<'_>, pivot: i16) -> Option<()> {
        let two = if packed { 2 } else { 1 };
        match field {
            Field::Year => self.year = Some(scanner.number(4, 4)?),
            Field::ShortYear => self.year = Some(full_year(scanner.number(2, 2)?, pivot)),
            Field::Month => self.month = Some(scanner.number(two, 2)?),
            Field::MonthName => self.month = Some(month(scanner)?),
            Field::Day => {
                let padded = scanner.blanks(); // `%e` pads with a space
                self.day = Some(scanner.number(if padded { 1 } else { two }, 2)?);
            }
            Field::DayOfYear => self.day_of_year = Some(scanner.number(if packed { 3 } else { 1 }, 3)?),
            Field::Weekday => self.weekday = Some(weekday(scanner)?),
            Field::Hour => {
                let padded = scanner.blanks();
                self.hour = Some(scanner.number(if padded { 1 } else { two }, 2)?);
            }
            Field::Hour12 => {
                let padded = scanner.blanks();
                let digits = if padded { 1 } else { two };
                self.hour = Some(scanner.number(digits, 2).filter(|hour| (1..=12).contains(hour))?);
            }
            Field::Minute => self.minute = scanner.number(2, 2)?,
            Field::Second => self.second = scanner.number(2, 2)?,
            Field::Fraction => self.nano = scanner.fraction()?,
            Field::DotFraction => {
                if scanner.eat_one(&['.', ',']).is_some() {
                    self.nano = scanner.fraction()?;
                }
            }
            Field::Meridiem => self.afternoon = Some(meridiem(scanner)?),
            Field::Offset => self.zone = Some(TimeZone::fixed(scanner.offset()?)),
            Field::ZoneName => self.zone = Some(zone_name(scanner)?),
            Field::Epoch => self.epoch = Some(scanner.number(1, 18)?),
        }
        Some(())
    }

    fn finish(self) -> Result<Read, Failure> {
        if let Some(seconds) = self.epoch {
            let utc = UNIX_EPOCH.checked_add(jiff::SignedDuration::new(seconds, self.nano));
            let utc = utc.map_err(|_| zone::out_of_range())?;
            return Ok(Read { date: utc.date(), time: Some(utc.time()), zone: Some(TimeZone::UTC) });
        }
        let date = self.date().ok_or_else(nonexistent_date)?;
        if self.weekday.is_some_and(|weekday| weekday != ISOWeekDate::from_date(date).weekday()) {
            return Err(Failure::new("the day of the week does not match the date"));
        }
        let Some(hour) = self.hour else { return Ok(Read { date, time: None, zone: self.zone }) };
        let hour = match self.afternoon {
            Some(_) if !(1..=12).contains(&hour) => return Err(nonexistent_time()),
            Some(false) => hour % 12,
            Some(true) => hour % 12 + 12,
            None => hour,
        };
        let second = if self.second == 60 { 59 } else { self.second };
        let time = Time::new(hour, self.minute, second, self.nano).map_err(|_| nonexistent_time())?;
        Ok(Read { date, time: Some(time), zone: self.zone })
    }

    fn date(&self) -> Option<Date> {
        let year = self.year?;
        match self.day_of_year {
            None => Date::new(year, self.month?, self.day?).ok(),
            Some(day) => Date::new(year, 1, 1).ok()?.with().day_of_year(day).build().ok(),
        }
    }
}

fn full_year(short: i16, pivot: i16) -> i16 {
    if short < pivot { 2000 + short } else { 1900 + short }
}

/// An English month name, in full or its first three letters, in any case; RFC 850 and Java also write `Sept`.
fn month(scanner: &mut Scanner<'_>) -> Option<i8> {
    let word = scanner.take_while(|c| c.is_ascii_alphabetic());
    let at = MONTHS.iter().position(|name| is_name(word, name) || (*name == "september" && is_name(word, "sept")))?;
    i8::try_from(at + 1).ok()
}

fn weekday(scanner: &mut Scanner<'_>) -> Option<Weekday> {
    let word = scanner.take_while(|c| c.is_ascii_alphabetic());
    DAYS.iter().find(|(name, _)| is_name(word, name)).map(|(_, weekday)| *weekday)
}

fn is_name(word: &str, name: &str) -> bool {
    word.eq_ignore_ascii_case(name) || name.get(..3).is_some_and(|short| word.eq_ignore_ascii_case(short))
}

fn meridiem(scanner: &mut Scanner<'_>) -> Option<bool> {
    if scanner.eat_any_case("AM") || scanner.eat_any_case("A.M.") {
        return Some(false);
    }
    (scanner.eat_any_case("PM") || scanner.eat_any_case("P.M.")).then_some(true)
}

fn zone_name(scanner: &mut Scanner<'_>) -> Option<TimeZone> {
    zone::read(scanner.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-' | ':')))
}

fn other_form() -> Failure {
    Failure::new("the text does not match the format")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(format: &str, text: &str) -> Option<String> {
        let read = Pattern::compile(format, 69).unwrap().read(text).ok()?;
        let zone = read.zone.as_ref().and_then(|zone| zone.to_fixed_offset().ok()).map(|offset| offset.to_string());
        Some(format!("{}{}", read.local(), zone.unwrap_or_default()))
    }

    #[test]
    fn texts_are_read_by_format() {
        for (format, text, wanted) in [
            ("%d.%m.%Y", "31.01.2024", Some("2024-01-31T00:00:00")),
            ("%d.%m.%Y", "31.02.2024", None),
            ("%d.%m.%Y", "14.03.12", None),
            ("%Y-%m-%d", "1984-2-9", Some("1984-02-09T00:00:00")),
            ("%Y%m%d%H%M%S", "20240315102030", Some("2024-03-15T10:20:30")),
            ("%F %T%.f", "2024-03-15 10:20:30.120", Some("2024-03-15T10:20:30.12")),
            ("%F %T%.f", "2024-03-15 10:20:30", Some("2024-03-15T10:20:30")),
            ("%m/%d/%Y %I:%M:%S %p", "3/5/2024 12:05:00 AM", Some("2024-03-05T00:05:00")),
            ("%m/%d/%Y %I:%M %p", "3/5/2024 1:05 pm", Some("2024-03-05T13:05:00")),
            ("%m/%d/%Y %I:%M %p", "3/5/2024 13:05 pm", None),
            ("%a %b %d %Y %H:%M:%S %z", "Mon Oct 14 2019 09:12:11 GMT+0200", Some("2019-10-14T09:12:11+02")),
            ("%a %b %d %Y", "Tue Oct 14 2019", None),
            ("%Y-%j", "2024-366", Some("2024-12-31T00:00:00")),
            ("%Y-%j", "2023-366", None),
            ("%Y-%j", "2023-7", Some("2023-01-07T00:00:00")),
            ("%y%j", "23007", Some("2023-01-07T00:00:00")),
            ("%y%j", "237", None),
            ("%j%Y", "172023", None),
            ("%Y%m%d", "2024115", None),
            ("%Y%m%e", "202411 5", Some("2024-11-05T00:00:00")),
            ("%s", "1571044331", Some("2019-10-14T09:12:11+00")),
            ("%y%m%d", "690101", Some("1969-01-01T00:00:00")),
            ("%y%m%d", "680101", Some("2068-01-01T00:00:00")),
        ] {
            assert_eq!(read(format, text).as_deref(), wanted, "{format} {text}");
        }
    }

    #[test]
    fn invalid_formats_are_reported_with_their_range() {
        for (format, at) in [
            ("%Y-%m-%Q", Some(6..8)),
            ("%Y-%m-%", Some(6..7)),
            ("%d.%é", Some(3..6)),
            ("%Y-%m", None),
            ("%F %M", None),
            ("%F %I", None),
        ] {
            assert_eq!(Pattern::compile(format, 69).map(|_| ()).unwrap_err().at, at, "{format}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(format in "(%?[%.:YymbdjaHIMSfpzZsFTDé -]){0,12}", text in "[0-9a-zA-Z .,:+/é-]{0,40}") {
            if let Ok(pattern) = Pattern::compile(&format, 69) {
                let _ = pattern.read(&text);
            }
        }
    }
}
