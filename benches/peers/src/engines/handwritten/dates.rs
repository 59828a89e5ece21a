//! Dates on the stack.

use serde::{Serialize, Serializer};

/// `YYYY-MM-DD`.
#[derive(Debug)]
pub struct Day([u8; 10]);

/// `YYYY-MM-DDTHH:MM:SSZ`.
#[derive(Debug)]
pub struct Moment([u8; 20]);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.0).map_err(serde::ser::Error::custom)?)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.0).map_err(serde::ser::Error::custom)?)
    }
}

/// Reads `DD.MM.YYYY`.
pub fn day(text: &str) -> Option<Day> {
    let [d1, d2, b'.', m1, m2, b'.', y1, y2, y3, y4] = *text.as_bytes() else { return None };
    let day = [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2];
    is_day(&day).then_some(Day(day))
}

/// Reads `YYYY-MM-DD HH:MM:SS` in UTC.
pub fn moment(text: &str) -> Option<Moment> {
    let text: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let (day, time) = text.split_first_chunk::<10>()?;
    let [b' ', h1, h2, b':', m1, m2, b':', s1, s2] = *time else { return None };
    let fits = is_day(day) && number(&[h1, h2])? < 24 && number(&[m1, m2])? < 60 && number(&[s1, s2])? < 60;
    let mut moment = *b"0000-00-00T00:00:00Z";
    moment[..10].copy_from_slice(day);
    moment[11..19].copy_from_slice(&time[1..]);
    fits.then_some(Moment(moment))
}

/// Reads seconds since 1970, up to the year 9999.
pub fn epoch(text: &str) -> Option<Moment> {
    let seconds: u64 = text.parse().ok().filter(|seconds| *seconds < 253_402_300_800)?;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let mut moment = *b"0000-00-00T00:00:00Z";
    let parts = [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, rest / 3_600),
        (14, rest / 60 % 60),
        (17, rest % 60),
    ];
    for (at, part) in parts {
        moment[at] += (part / 10) as u8;
        moment[at + 1] += (part % 10) as u8;
    }
    Some(Moment(moment))
}

/// Whether this `YYYY-MM-DD` is a day of the calendar.
fn is_day(text: &[u8; 10]) -> bool {
    let read = |part: &[u8]| number(part).unwrap_or(0);
    let (year, month, day) = (number(&text[..4]), read(&text[5..7]), read(&text[8..]));
    let Some(year) = year else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    text[4] == b'-' && text[7] == b'-' && (1..=days).contains(&day)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}
