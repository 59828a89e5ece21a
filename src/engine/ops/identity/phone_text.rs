//! Reduces phone numbers as people write them to digits: the phone library receives only `+` and ASCII digits.

use bumpalo::collections::String as ArenaString;

use crate::engine::context::Cx;
use crate::engine::op::Failure;

/// The longest text that is read as a phone number, in characters: enough for the 15 digits of E.164 with prefixes, brackets,
/// spaces and an extension. Longer text never reaches the parser.
pub(super) const MAX_CHARACTERS: usize = 64;

/// Words before an extension, in lower case: English, Spanish, Portuguese, Russian, and symbols.
const EXTENSION_MARKS: &[&str] = &[
    "extension",
    "extensión",
    "ext",
    "extn",
    "xtn",
    "xt",
    "int",
    "anexo",
    "доб",
    "x",
    "ｘ",
    "#",
    "＃",
    "~",
    "～",
    ",,",
    ";",
];

/// A phone number reduced to its digits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Digits<'a> {
    /// ASCII digits without the `+`.
    pub digits: &'a str,
    /// Whether there was a `+`.
    pub international: bool,
    /// Whether there was an extension, which is not part of the digits.
    pub extension: bool,
}

/// Reads a phone number as people write it.
///
/// Accepts digits of any script, a leading `+`, common separators, marks of writing direction, and an extension. `tel:` URIs
/// (RFC 3966) are accepted too. Letters are converted to keypad digits if `letters` is set.
pub(super) fn read<'a>(text: &'a str, letters: bool, cx: &Cx<'a>) -> Result<Digits<'a>, Failure> {
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
        return Err(Failure::new(format!("the text is longer than the {MAX_CHARACTERS} characters of a phone number")));
    }
    let seen = text.trim();
    usual(seen, cx).map_or_else(|| unusual(seen, letters, cx), Ok)
}

fn unusual<'a>(text: &'a str, letters: bool, cx: &Cx<'a>) -> Result<Digits<'a>, Failure> {
    let mut seen = text;
    if !seen.is_ascii() {
        let characters = seen.chars().filter(|c| !is_direction_mark(*c)).map(plain);
        seen = ArenaString::from_iter_in(characters, cx.arena).into_bump_str();
    }
    let lower = cx.lowercase(seen);
    let (main, mut extension) = match lower.strip_prefix("tel:") {
        Some(address) => tel(address, cx)?,
        None => (lower, false),
    };
    let main = main.trim();
    let main = match without_extension(main) {
        Some(number) => {
            extension = true;
            number
        }
        None => main,
    };
    let number = main.trim_start_matches(['+', ' ']);
    let international = main.starts_with('+');
    let mut digits = ArenaString::with_capacity_in(number.len(), cx.arena);
    for c in number.chars() {
        match c {
            '0'..='9' => digits.push(c),
            'a'..='z' if letters => digits.push(keypad(c)),
            'a'..='z' => return Err(Failure::new("the phone number contains letters")),
            _ if is_separator(c) => {}
            _ => return Err(Failure::new("the phone number contains a character that is not allowed")),
        }
    }
    Ok(Digits { digits: digits.into_bump_str(), international, extension })
}

/// Fast path for most numbers: only ASCII digits, separators and a leading `+`, none of which can belong to a `tel:` URI
/// or mark an extension.
fn usual<'a>(text: &str, cx: &Cx<'a>) -> Option<Digits<'a>> {
    let number = text.trim_start_matches(['+', ' ']);
    let is_usual = |byte: u8| matches!(byte, b'0'..=b'9' | b' ' | b'(' | b')' | b'-'..=b'/');
    if !number.bytes().all(is_usual) {
        return None;
    }
    let mut digits = ArenaString::with_capacity_in(number.len(), cx.arena);
    digits.extend(number.bytes().filter(u8::is_ascii_digit).map(char::from));
    Some(Digits { digits: digits.into_bump_str(), international: text.starts_with('+'), extension: false })
}

/// The number of a `tel:` URI without its parameters, with its `phone-context` as a prefix if that is a number, and whether
/// there is an extension (RFC 3966 §3).
fn tel<'a>(address: &'a str, cx: &Cx<'a>) -> Result<(&'a str, bool), Failure> {
    let mut parts = address.split(';');
    let mut number = parts.next().unwrap_or_default().trim();
    let mut extension = false;
    for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
        match name.trim() {
            "ext" => extension = true,
            "phone-context" if !number.starts_with('+') && value.starts_with('+') => {
                if !value.chars().all(|c| c == '+' || c.is_ascii_digit() || is_separator(c)) {
                    return Err(Failure::new("the `phone-context` of the phone number is not a number"));
                }
                number = bumpalo::format!(in cx.arena, "{}{}", value, number).into_bump_str();
            }
            _ => {}
        }
    }
    Ok((number, extension))
}

/// The number before an extension, if there is one: a mark and digits at the end, after a digit.
fn without_extension(text: &str) -> Option<&str> {
    let end = text.trim_end_matches('#');
    let before = end.trim_end_matches(|c: char| c.is_ascii_digit());
    if before.len() == end.len() {
        return None;
    }
    let before = before.trim_end_matches([' ', ':', '.', '\u{a0}']);
    // the longest mark first, so that `ext` is not read as `x` after letters
    let mark = EXTENSION_MARKS.iter().filter(|mark| before.ends_with(**mark)).max_by_key(|mark| mark.len())?;
    let number = before.strip_suffix(*mark)?.trim_end_matches([' ', ',', ';', '-', '.', '(', '\u{a0}']);
    number.ends_with(|c: char| c.is_ascii_digit() || c == ')').then_some(number)
}

/// Converts digits of other scripts and full-width punctuation to ASCII.
fn plain(c: char) -> char {
    let zero = match c {
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{966}'..='\u{96f}' => 0x966,
        '\u{ff0b}' => return '+',
        _ => return c,
    };
    char::from_digit(u32::from(c) - zero, 10).unwrap_or(c)
}

/// Marks of writing direction, which address books put around numbers.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The characters that libphonenumber accepts as punctuation between digits, except the star.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' | '\u{a0}' | '\u{ad}' | '\u{200b}' | '\u{2007}' | '\u{2009}'
            | '\u{2010}'..='\u{2015}' | '\u{202f}' | '\u{2053}' | '\u{2060}' | '\u{2212}' | '\u{223c}' | '\u{3000}' | '\u{30fc}'
            | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}'..='\u{ff0f}' | '\u{ff3b}' | '\u{ff3d}' | '\u{ff5e}'
    )
}

/// The digit of a letter on a phone's keypad (ITU-T E.161).
fn keypad(c: char) -> char {
    match c {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        _ => '9',
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn written_numbers_become_digits() {
        let cases = [
            ("+49 (0)30 / 1234-567", "490301234567", true, false),
            ("(202) 555-0143", "2025550143", false, false),
            ("\u{202a}+1\u{a0}202\u{2011}555\u{2013}0143\u{202c}", "12025550143", true, false),
            ("＋４９ ３０", "4930", true, false),
            ("٠٣٠ ١٢", "03012", false, false),
            ("++1 202", "1202", true, false),
            ("tel:+1-202-555-0143", "12025550143", true, false),
            ("tel:331-6005;phone-context=+64-3", "6433316005", true, false),
            ("tel:331;phone-context=example.com", "331", false, false),
            ("tel:+6433316005;ext=7", "6433316005", true, true),
            ("03-3316005 x56", "033316005", false, true),
            ("03 3316005 ext. 56", "033316005", false, true),
            ("03 3316005 доб:56", "033316005", false, true),
            ("03 3316005 #56#", "033316005", false, true),
            ("030 123~456 x", "", false, false),
        ];
        for (text, digits, international, extension) in cases {
            let arena = Bump::new();
            let wanted = Digits { digits, international, extension };
            match read(text, false, &Cx::bare(&arena)) {
                Ok(got) => assert_eq!(got, wanted, "{text}"),
                Err(_) => assert_eq!(digits, "", "{text}"),
            }
        }
    }

    proptest! {
        #[test]
        fn fast_path_agrees_with_full_parser(text in "[+ ]{0,2}[0-9 ()./+-]{0,12}") {
            let arena = Bump::new();
            let cx = Cx::bare(&arena);
            let text = text.trim();
            if let Some(digits) = usual(text, &cx) {
                prop_assert_eq!(unusual(text, false, &cx), Ok(digits));
            }
        }
    }

    #[test]
    fn letters_only_when_asked_for() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        assert!(read("202-555-CALL", false, &cx).is_err());
        assert_eq!(read("202-555-CALL", true, &cx).unwrap().digits, "2025552255");
        for text in ["+***", "12*34", "ada@example.com", "1️⃣", &"1".repeat(65)] {
            assert!(read(text, true, &cx).is_err(), "{text}");
        }
    }
}
