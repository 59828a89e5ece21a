//! Formats of text: checks of dates, addresses and tags. The checks neither allocate nor repair.

use std::fmt;
use std::sync::LazyLock;

use jiff::tz::TimeZoneDatabase;
use oxilangtag::LanguageTag;
use rustc_hash::FxHashSet;

use super::email::{is_domain, is_local_part, split_address};

/// A format that a schema can require of a text claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextFormat {
    /// `2024-12-24T05:06:09.6Z`: RFC 3339 `date-time`, any offset.
    DateTime,
    /// `1984-02-29`: RFC 3339 `full-date`.
    Date,
    /// `05:06:09Z`: RFC 3339 `full-time`.
    Time,
    /// A date, only a year, or a date without its year such as `0000-02-29`: OpenID Connect Core 1.0, section 5.1.
    Birthdate,
    /// An address as in RFC 5321 and RFC 6531, without display name.
    Email,
    /// `+12025550131`: E.164 with 7 to 15 digits.
    Phone,
    /// An absolute URI, RFC 3986.
    Uri,
    /// `db1c4332-81de-461b-aed1-82b909427aae`: RFC 9562.
    Uuid,
    /// A BCP 47 language tag whose language has two or three letters, the only registered lengths.
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
    /// The format with this name in a JSON Schema document.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Whether the text is in the format.
    #[must_use]
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::DateTime => is_date_time(text.as_bytes()),
            Self::Date => is_date(text.as_bytes()),
            Self::Time => is_time(text.as_bytes()),
            Self::Birthdate => is_birthdate(text.as_bytes()),
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
            Self::DateTime => "an RFC 3339 date and time",
            Self::Date => "an RFC 3339 date",
            Self::Time => "an RFC 3339 time",
            Self::Birthdate => "a birth date (`YYYY-MM-DD`, `YYYY` or `0000-MM-DD`)",
            Self::Email => "an email address",
            Self::Phone => "an E.164 phone number",
            Self::Uri => "a URI",
            Self::Uuid => "a UUID",
            Self::Locale => "a BCP 47 language tag",
            Self::ZoneInfo => "an IANA time zone",
        })
    }
}

/// The number of a few ASCII digits.
fn number<const COUNT: usize>(digits: [u8; COUNT]) -> Option<u32> {
    let sum = |sum, byte: u8| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'));
    digits.into_iter().try_fold(0, sum)
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

fn is_date(text: &[u8]) -> bool {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return false };
    matches!((number([y1, y2, y3, y4]), number([m1, m2]), number([d1, d2])),
        (Some(year), Some(month), Some(day)) if is_day(year, month, day))
}

fn is_birthdate(text: &[u8]) -> bool {
    // Year 0000 means "unknown". It is divisible by 400, so it has a 29 February.
    matches!(*text, [y1, y2, y3, y4] if number([y1, y2, y3, y4]).is_some_and(|year| year > 0)) || is_date(text)
}

fn is_clock(text: &[u8]) -> bool {
    let &[h1, h2, b':', m1, m2, b':', s1, s2, ref fraction @ ..] = text else { return false };
    // A leap second is only ever inserted before the hour, whatever the offset of the zone in whole or half hours.
    let clock_ok = matches!((number([h1, h2]), number([m1, m2]), number([s1, s2])), (Some(hour), Some(minute), Some(second))
        if hour < 24 && minute < 60 && (second < 60 || (second == 60 && minute % 30 == 29)));
    clock_ok
        && match fraction {
            [] => true,
            [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
            _ => false,
        }
}

fn is_time(text: &[u8]) -> bool {
    match text {
        [clock @ .., b'Z' | b'z'] => is_clock(clock),
        &[ref clock @ .., b'+' | b'-', h1, h2, b':', m1, m2] => {
            let offset = (number([h1, h2]), number([m1, m2]));
            matches!(offset, (Some(hours), Some(minutes)) if hours < 24 && minutes < 60) && is_clock(clock)
        }
        _ => false,
    }
}

fn is_date_time(text: &[u8]) -> bool {
    matches!(text.split_at_checked("2024-12-24".len()),
        Some((date, [b'T' | b't', time @ ..])) if is_time(time) && is_date(date))
}

fn is_email(text: &str) -> bool {
    split_address(text).is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
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
            // `A-Za-z0-9` and `-._~:/?#[]@!$&'()*+,;=`
            _ => {
                matches!(byte, b'!' | b'#' | b'$' | b'&'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~')
            }
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
    // fast path for `fr` and `fr-CA`, as nearly all tags are
    if let [l1, l2] | [l1, l2, b'-', _, _] = text.as_bytes()
        && [l1, l2].into_iter().all(u8::is_ascii_alphabetic)
        && text.bytes().skip(3).all(|byte| byte.is_ascii_alphabetic())
    {
        return true;
    }
    LanguageTag::parse(text).is_ok_and(|tag| matches!(tag.primary_language().len(), 2 | 3))
}

fn is_zone(text: &str) -> bool {
    // The bundled data, so that the result depends on nothing outside the program.
    static ZONES: LazyLock<FxHashSet<String>> =
        LazyLock::new(|| TimeZoneDatabase::bundled().available().map(|zone| zone.to_string()).collect());
    ZONES.contains(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zones_require_their_exact_name() {
        let database = TimeZoneDatabase::bundled();
        let names: Vec<String> = database.available().map(|name| name.to_string()).collect();
        assert!(names.len() > 400, "{}", names.len());
        for name in names {
            let other_case = name.to_ascii_lowercase();
            for name in [name, other_case] {
                let loaded = database.get(&name).is_ok_and(|zone| zone.iana_name() == Some(&*name));
                assert_eq!(TextFormat::ZoneInfo.admits(&name), loaded, "{name}");
            }
        }
    }

    proptest! {
        #[test]
        fn short_tags_are_valid(text in "[a-zA-Z]{2}(-[a-zA-Z]{2})?") {
            prop_assert!(TextFormat::Locale.admits(&text));
            prop_assert!(LanguageTag::parse(text.as_str()).is_ok());
        }

        #[test]
        fn locales_are_tags_of_two_or_three_letters(text in "[a-z1]{1,3}-?[a-zA-Z1-]{0,4}") {
            let is_tag = LanguageTag::parse(text.as_str()).is_ok_and(|tag| matches!(tag.primary_language().len(), 2 | 3));
            prop_assert_eq!(TextFormat::Locale.admits(&text), is_tag);
        }

        #[test]
        fn uri_bytes_follow_rfc_3986(byte in 0_u8..128) {
            let listed = byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte);
            prop_assert_eq!(is_uri_text(&char::from(byte).to_string()), listed);
        }
    }

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
    fn identifiers() {
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
