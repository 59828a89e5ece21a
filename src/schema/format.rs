//! Formats of text: what a well-formed date, address or tag looks like. None of the checks allocates or repairs.

use std::fmt;
use std::sync::LazyLock;

use jiff::tz::TimeZoneDatabase;
use oxilangtag::LanguageTag;

/// A format that a text claim can demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextFormat {
    /// `2024-12-24T05:06:09.6Z`: RFC 3339 `date-time`, any offset.
    DateTime,
    /// `1984-02-29`: RFC 3339 `full-date`.
    Date,
    /// `05:06:09Z`: RFC 3339 `full-time`.
    Time,
    /// A date, a year alone, or a date without its year as `0000-02-29`: OpenID Connect Core 1.0, section 5.1.
    Birthdate,
    /// An address as in RFC 5321 and RFC 6531, without display name.
    Email,
    /// `+12025550131`: E.164 with 7 to 15 digits.
    Phone,
    /// An absolute URI, RFC 3986.
    Uri,
    /// `db1c4332-81de-461b-aed1-82b909427aae`: RFC 9562.
    Uuid,
    /// A language tag of BCP 47 whose language has two or three letters, the only lengths ever registered.
    Locale,
    /// The exact name of a zone in the IANA time zone database.
    ZoneInfo,
}

/// The names of the formats in a JSON Schema document.
const NAMES: [(&str, TextFormat); 12] = [
    ("date-time", TextFormat::DateTime),
    ("date", TextFormat::Date),
    ("time", TextFormat::Time),
    ("birthdate", TextFormat::Birthdate),
    ("email", TextFormat::Email),
    ("idn-email", TextFormat::Email),
    ("phone", TextFormat::Phone),
    ("uri", TextFormat::Uri),
    ("uuid", TextFormat::Uuid),
    ("locale", TextFormat::Locale),
    ("language-tag", TextFormat::Locale),
    ("zoneinfo", TextFormat::ZoneInfo),
];

impl TextFormat {
    /// The format of this name in a JSON Schema document.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Whether the text is in the format.
    #[must_use]
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::DateTime => is_date_time(text),
            Self::Date => is_date(text),
            Self::Time => is_time(text),
            Self::Birthdate => is_birthdate(text),
            Self::Email => is_email(text),
            Self::Phone => is_phone(text),
            Self::Uri => is_uri(text),
            Self::Uuid => is_uuid(text),
            Self::Locale => is_locale(text),
            Self::ZoneInfo => is_zone(text),
        }
    }
}

impl fmt::Display for TextFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DateTime => "a date and time as in RFC 3339",
            Self::Date => "a date as in RFC 3339",
            Self::Time => "a time as in RFC 3339",
            Self::Birthdate => "a birth date (`YYYY-MM-DD`, `YYYY` or `0000-MM-DD`)",
            Self::Email => "a mail address",
            Self::Phone => "a phone number as in E.164",
            Self::Uri => "a URI",
            Self::Uuid => "a UUID",
            Self::Locale => "a language tag of BCP 47",
            Self::ZoneInfo => "a time zone of the IANA database",
        })
    }
}

/// Exactly `length` digits as a number; `length` is below 10.
fn digits(text: &str, length: usize) -> Option<u32> {
    let sum = |sum, byte: u8| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'));
    if text.len() == length { text.bytes().try_fold(0, sum) } else { None }
}

/// Three numbers of fixed length with separators, as in `2024-12-24` or `05:06:09`.
fn triple(text: &str, separator: char, first: usize) -> Option<(u32, u32, u32)> {
    let (a, rest) = text.split_at_checked(first)?;
    let (b, c) = rest.strip_prefix(separator)?.split_at_checked(2)?;
    Some((digits(a, first)?, digits(b, 2)?, digits(c.strip_prefix(separator)?, 2)?))
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

fn is_date(text: &str) -> bool {
    matches!(triple(text, '-', 4), Some((year, month, day)) if is_day(year, month, day))
}

fn is_birthdate(text: &str) -> bool {
    // Year 0000 means "not told", and divides by 400, so 29 February is a day of it.
    digits(text, 4).is_some_and(|year| year > 0) || is_date(text)
}

fn is_clock(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction_ok = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    // A leap second is only ever inserted before the hour, whatever the offset of the zone in whole hours or halves.
    let clock_ok = matches!(triple(clock, ':', 2), Some((hour, minute, second))
        if hour < 24 && minute < 60 && (second < 60 || (second == 60 && minute % 30 == 29)));
    fraction_ok && clock_ok
}

fn is_time(text: &str) -> bool {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return is_clock(clock);
    }
    let Some((clock, offset)) = text.rfind(['+', '-']).and_then(|at| text.split_at_checked(at)) else { return false };
    let offset = offset.get(1..).and_then(|offset| offset.split_once(':'));
    let offset_ok = matches!(offset, Some((hours, minutes))
        if digits(hours, 2).is_some_and(|hours| hours < 24) && digits(minutes, 2).is_some_and(|minutes| minutes < 60));
    offset_ok && is_clock(clock)
}

fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked("2024-12-24".len()) else { return false };
    time.strip_prefix(['T', 't']).is_some_and(is_time) && is_date(date)
}

fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        email_address::EmailAddress::is_valid_local_part(local) && email_address::EmailAddress::is_valid_domain(domain)
    })
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_ok = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host_ok =
        !web || rest.strip_prefix("//").is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '?', '#', ':']));
    scheme_ok && host_ok && !rest.is_empty() && is_uri_text(rest)
}

/// The characters of RFC 3986, section 2, with complete percent escapes.
fn is_uri_text(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let ok = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !ok {
            return false;
        }
    }
    true
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_locale(text: &str) -> bool {
    LanguageTag::parse(text).is_ok_and(|tag| matches!(tag.primary_language().len(), 2 | 3))
}

fn is_zone(text: &str) -> bool {
    // The bundled data, so that the answer depends on nothing outside the program.
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(text).is_ok_and(|zone| zone.iana_name() == Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: TextFormat, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(format.admits(text), "{format:?} {text}");
        }
        for text in bad.iter().chain(&["", " ", "ü", "\u{661}", "x\n"]) {
            assert!(!format.admits(text), "{format:?} {text}");
        }
    }

    #[test]
    fn dates_and_times() {
        check(
            TextFormat::DateTime,
            &[
                "2024-12-24T05:06:09Z",
                "2024-12-24T05:06:09.039854206Z",
                "2016-12-31T23:59:60Z",
                "2024-02-29T00:00:00+05:30",
            ],
            &[
                "2024-12-24",
                "2024-12-24 05:06:09Z",
                "2024-12-24T05:06:09",
                "2024-12-24T05:06:09.Z",
                "2023-02-29T00:00:00Z",
                "2024-12-24T24:00:00Z",
                "2024-12-24T05:06Z",
                "2024-12-24T05:06:09+0100",
                "24-12-24T05:06:09Z",
                "2024-12-24T05:06:61Z",
            ],
        );
        check(
            TextFormat::Date,
            &["1984-02-29", "2000-02-29"],
            &["1900-02-29", "1984-2-29", "1984-00-01", "1984", "0000-00-00"],
        );
        check(TextFormat::Time, &["05:06:09Z", "05:06:09-01:00"], &["05:06:09", "05:06", "05:06:09-1"]);
        check(TextFormat::Birthdate, &["1984-02-29", "1984", "0000-02-29"], &["0000", "84", "1984-02", "0000-00-00"]);
    }

    #[test]
    fn contacts() {
        check(
            TextFormat::Email,
            &["jane.doe@example.com", "a+b@example.co.uk", "jörg@exämple.de", "o'hara@example.org"],
            &["nope", "a@", "@b", "a b@example.com", "Jane <a@example.com>", "a@b@c", "a..b@example.com"],
        );
        check(
            TextFormat::Phone,
            &["+12025550131", "+1234567", "+123456789012345"],
            &["12025550131", "+012025550131", "+123456", "+1234567890123456", "+1 202", "+1\u{662}34567"],
        );
    }

    #[test]
    fn names_of_things() {
        check(
            TextFormat::Uri,
            &[
                "https://example.com/a?b=c#d",
                "urn:ietf:params:scim",
                "mailto:a@example.com",
                "https://[::1]/",
                "http://a%20b",
            ],
            &[
                "example.com",
                "/a",
                "https://",
                "https:///a",
                "http:a",
                "https://a b",
                "https://a%2",
                "1a:b",
                "https://ä.de",
            ],
        );
        check(
            TextFormat::Uuid,
            &["db1c4332-81de-461b-aed1-82b909427aae", "DB1C4332-81DE-461B-AED1-82B909427AAE"],
            &["db1c433281de461baed182b909427aae", "db1c4332-81de-461b-aed1-82b909427aag"],
        );
        check(
            TextFormat::Locale,
            &["sv", "fr-CA", "zh-Hant-TW", "es-419"],
            &["EMEA", "fr_CA", "english", "e", "x-private"],
        );
        check(
            TextFormat::ZoneInfo,
            &["America/New_York", "Europe/Stockholm", "UTC"],
            &["europe/stockholm", "Mars/Base", "+01:00"],
        );
    }
}
