//! What a text looks like: its formats, and its pattern.

use crate::password::{Detection, detect};
use crate::schema::TextFormat;

/// The formats of texts, by the position of their count. A text may have several: `0` is an `integer` and a `boolean`.
pub(super) const FORMATS: [&str; 17] = [
    "boolean",
    "date",
    "date_time",
    "email",
    "hex_digest",
    "integer",
    "ip_address",
    "json",
    "no_date",
    "number",
    "padded",
    "phone",
    "php",
    "stored_password",
    "url",
    "uuid",
    "not_ascii",
];

const BOOLEAN: usize = 0;
const DATE: usize = 1;
const DATE_TIME: usize = 2;
const EMAIL: usize = 3;
const HEX_DIGEST: usize = 4;
const INTEGER: usize = 5;
const IP_ADDRESS: usize = 6;
const JSON: usize = 7;
const NO_DATE: usize = 8;
const NUMBER: usize = 9;
const PADDED: usize = 10;
const PHONE: usize = 11;
const PHP: usize = 12;
const STORED_PASSWORD: usize = 13;
const URL: usize = 14;
const UUID: usize = 15;
const NOT_ASCII: usize = 16;

/// What a text looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Looks(u32);

impl Looks {
    fn add(&mut self, format: usize) {
        self.0 |= 1 << format;
    }

    /// The positions in [`FORMATS`].
    pub(super) fn formats(self) -> impl Iterator<Item = usize> {
        (0..FORMATS.len()).filter(move |at| self.0 & (1 << at) != 0)
    }

    /// Whether the text may be a stored password, whose values must not be shown.
    pub(super) fn is_secret(self) -> bool {
        self.0 & (1 << STORED_PASSWORD | 1 << HEX_DIGEST) != 0
    }

    #[cfg(test)]
    fn names(self) -> Vec<&'static str> {
        self.formats().filter_map(|at| FORMATS.get(at).copied()).collect()
    }
}

/// The longest text whose formats are looked for: longer ones are documents, not fields.
const MAX_BYTES: usize = 4096;

/// The formats of a text that is not blank.
pub(super) fn looks(text: &str) -> Looks {
    let mut looks = Looks::default();
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        looks.add(PADDED);
    }
    if !text.is_ascii() {
        looks.add(NOT_ASCII);
    }
    if trimmed.len() > MAX_BYTES {
        return looks;
    }
    match trimmed.bytes().next() {
        Some(b'0'..=b'9' | b'+' | b'-' | b'(' | b'.') => numeric(trimmed, &mut looks),
        Some(b'{' | b'[')
            if trimmed.ends_with(['}', ']']) && serde_json::from_str::<serde::de::IgnoredAny>(trimmed).is_ok() =>
        {
            looks.add(JSON)
        }
        _ => {}
    }
    if is_boolean(trimmed) {
        looks.add(BOOLEAN);
    }
    if trimmed.contains('@') {
        if TextFormat::Email.admits(trimmed) {
            looks.add(EMAIL);
        }
    } else if trimmed.contains("://") {
        if TextFormat::Uri.admits(trimmed) {
            looks.add(URL);
        }
    } else if trimmed.len() == 36 && TextFormat::Uuid.admits(&trimmed.to_ascii_lowercase()) {
        looks.add(UUID);
    } else if is_php(trimmed) {
        looks.add(PHP);
    } else if is_ip_address(trimmed) {
        looks.add(IP_ADDRESS);
    }
    // no stored password is shorter, and only some in braces contain blanks
    let may_be_password =
        trimmed.len() >= 13 && (trimmed.starts_with('{') || !trimmed.contains(' ')) && !is_word(trimmed);
    if may_be_password && looks.0 & !(1 << INTEGER | 1 << NUMBER | 1 << PHONE | 1 << PADDED) == 0 {
        password(trimmed, &mut looks);
    }
    looks
}

/// Whether a text is a word such as `administrator`, which could be a hash of DES crypt by its length alone.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
}

fn is_boolean(text: &str) -> bool {
    let words = ["0", "1", "true", "false", "yes", "no", "y", "n", "t", "f", "on", "off"];
    text.len() <= 5 && words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// An array or object as PHP serializes it.
fn is_php(text: &str) -> bool {
    is_begun_php(text) && text.ends_with('}') && text.contains(":{")
}

/// Whether a text begins like an array, an object or a text that PHP serialized: `a:2:`, `O:8:`, `s:5:`.
fn is_begun_php(text: &str) -> bool {
    let rest = ["a:", "O:", "C:", "E:", "s:"].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or_default();
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    behind.len() < rest.len() && behind.starts_with(':')
}

/// Whether a text is a document with fields of its own, which may be secret: JSON, serialized PHP, or a long text. Also if it was cut
/// off.
pub(super) fn is_document(text: &str) -> bool {
    let trimmed = text.trim_start();
    match trimmed.split_at_checked(1) {
        _ if text.len() > MAX_BYTES => true,
        // a text of JSON that contains JSON
        Some(("\"", rest)) => rest.starts_with(['{', '[']),
        Some(("{", rest)) => rest.trim_start().starts_with(['"', '\'', '}']),
        Some(("[", rest)) => {
            rest.trim_start().starts_with(['"', '\'', '{', '[', ']'])
                || serde_json::from_str::<serde::de::IgnoredAny>(trimmed).is_ok()
        }
        _ => is_begun_php(trimmed),
    }
}

fn is_ip_address(text: &str) -> bool {
    (7..=45).contains(&text.len())
        && text.contains(['.', ':'])
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
        && text.parse::<std::net::IpAddr>().is_ok()
}

/// Formats of texts that begin with a digit, a sign or a bracket.
fn numeric(text: &str, looks: &mut Looks) {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        looks.add(INTEGER);
    } else if digits > 0
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && unsigned.parse::<f64>().is_ok()
    {
        looks.add(NUMBER);
    }
    if text.starts_with("0000-00-00") {
        looks.add(NO_DATE);
    } else if text.get(..10).is_some_and(|date| TextFormat::Date.admits(date)) {
        match text.as_bytes().get(10) {
            None => looks.add(DATE),
            Some(b'T' | b't' | b' ') => looks.add(DATE_TIME),
            Some(_) => {}
        }
    } else if is_phone(text, digits) {
        looks.add(PHONE);
    }
}

/// A phone number in any spelling. Digits alone are only one with a `+` or a `0` in front of them: others are counts and ids.
fn is_phone(text: &str, digits: usize) -> bool {
    (7..=15).contains(&digits)
        && text.starts_with(['+', '0', '('])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b' ' | b'-' | b'(' | b')' | b'/' | b'.'))
}

fn password(text: &str, looks: &mut Looks) {
    match detect(text) {
        Detection::Known(_) => looks.add(STORED_PASSWORD),
        Detection::Ambiguous { readings, .. } => {
            if !readings.is_empty() {
                looks.add(STORED_PASSWORD);
            } else if text.len() >= 32 {
                looks.add(HEX_DIGEST);
            }
        }
        Detection::Unusable(_) | Detection::Unknown => {}
    }
}

/// The longest pattern, in characters; the rest of a text is `…`.
const MAX_PATTERN: usize = 40;

/// The longest run of one kind of character that a pattern shows; a longer one ends in `…`.
const MAX_RUN: usize = 4;

/// Writes the pattern of a text: letters as `a` and `A`, digits as `9`, everything else in ASCII as it is.
pub(super) fn pattern(text: &str, pattern: &mut String) {
    pattern.clear();
    let (mut last, mut run, mut length) = ('\0', 0, 0);
    for c in text.chars() {
        let kind = match c {
            c if c.is_ascii_digit() => '9',
            c if c.is_uppercase() => 'A',
            c if c.is_alphabetic() => 'a',
            c if c.is_numeric() => '9',
            ' '..='~' => c,
            c if c.is_whitespace() => ' ',
            _ => '?',
        };
        run = if kind == last { run + 1 } else { 1 };
        last = kind;
        if run > MAX_RUN + 1 {
            continue;
        }
        if length == MAX_PATTERN {
            pattern.push('…');
            return;
        }
        pattern.push(if run > MAX_RUN { '…' } else { kind });
        length += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_texts() {
        for (text, wanted) in [
            ("Ada@Example.org", &["email"][..]),
            (" ada@example.org", &["email", "padded"]),
            ("ada@", &[]),
            ("db1c4332-81de-461b-aed1-82b909427aae", &["uuid"]),
            ("2021-11-30", &["date"]),
            ("2021-11-30 17:02:11", &["date_time"]),
            ("2021-11-30T17:02:11Z", &["date_time"]),
            ("0000-00-00 00:00:00", &["no_date"]),
            ("+1 (202) 555-0131", &["phone"]),
            ("020 7946 0123", &["phone"]),
            ("12025550131", &["integer"]),
            ("1", &["boolean", "integer"]),
            ("-7", &["integer"]),
            ("1.5", &["number"]),
            ("1.2.3", &[]),
            ("Yes", &["boolean"]),
            ("https://example.org/x", &["url"]),
            ("192.0.2.7", &["ip_address"]),
            ("2001:db8::1", &["ip_address"]),
            (r#"{"a":1}"#, &["json"]),
            ("a:1:{s:8:\"customer\";b:1;}", &["php"]),
            ("$2y$10$vI8aWBnW3fID.ZQ4/zo1G.6/UQE4RgJUiGpVd38goaqoUp26vkx9e", &["stored_password"]),
            ("_deleted_plugin_role", &[]),
            ("900150983cd24fb0d6963f7d28e17f72", &["hex_digest"]),
            ("administrator", &[]),
            ("Žofie", &["not_ascii"]),
            ("Main Street 7", &[]),
        ] {
            assert_eq!(looks(text).names(), wanted, "{text}");
        }
    }

    #[test]
    fn documents() {
        for text in [
            r#"{"a":1}"#,
            r#" { "token": "abc", "cut o"#,
            r#"[{"a":1}]"#,
            "[1, 2]",
            "{}",
            r#""{\"token\":\"abc\"}""#,
            "a:1:{s:8:\"customer\";b:1;}",
            "a:1:{s:8:\"cust",
            "O:8:\"stdClass\":1:{s:1:\"a\";i:1;}",
            "s:5:\"hello\";",
            &"x".repeat(5000),
        ] {
            assert!(is_document(text), "{text}");
        }
        for text in ["{SSHA}abc", "[none]", "a: b", "s:x", "Main Street", "", "{", "10:30:00"] {
            assert!(!is_document(text), "{text}");
        }
    }

    #[test]
    fn patterns_keep_the_shape_and_not_the_value() {
        let mut found = String::new();
        for (text, wanted) in [
            ("Adam 12", "Aaaa 99"),
            ("Ada", "Aaa"),
            ("Žofie", "Aaaaa"),
            ("alexander", "aaaa…"),
            ("+12025550131", "+9999…"),
            ("2021-11-30 17:02:11", "9999-99-99 99:99:99"),
            ("a\u{7}b", "a?a"),
            ("李", "a"),
        ] {
            pattern(text, &mut found);
            assert_eq!(found, wanted, "{text}");
        }
        pattern(&"aB".repeat(100), &mut found);
        assert_eq!(found.chars().count(), MAX_PATTERN + 1);
        assert!(found.ends_with('…'));
    }
}
