//! `unescape_html`: decodes HTML character references.

use bumpalo::collections::String as ArenaString;

use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const UNESCAPE_HTML: OpSpec = OpSpec {
    name: "unescape_html",
    family: Family::Text,
    summary: "replaces HTML character references with the characters they stand for",
    details: "Supports decimal and hexadecimal references, the names of the Latin-1 letters and signs, and common \
              punctuation; `&#128;` to `&#159;` mean Windows-1252, as in the HTML Standard. Unknown references and \
              references without a semicolon stay unchanged. One layer is removed: `&amp;lt;` becomes `&lt;`. Tags are \
              left alone.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""Sol&egrave;ne O&#039;Brien &amp; Co""#, r#""Solène O'Brien & Co""#),
        example("", r#""&#x1F600; &#146;""#, r#""😀 ’""#),
        example("", r#""AT&T &unknown; &amp;lt; &#xD800;""#, r#""AT&T &unknown; &lt; &#xD800;""#),
    ],
    build: |_| Ok(Box::new(UnescapeHtml)),
};

/// The length of the longest known reference, `&#x0010FFFF;`; anything longer is text.
const MAX_REFERENCE: usize = 12;

/// The names of U+00A0 to U+00FF in order, from the HTML 4 entity set.
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// The characters of the bytes 0x80 to 0x9F in Windows-1252; unassigned bytes stay control characters.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

#[derive(Debug)]
struct UnescapeHtml;

impl Op for UnescapeHtml {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        if !text.contains('&') {
            return Ok(Value::Text(text));
        }
        // a character is never longer than its reference
        let mut made = ArenaString::with_capacity_in(text.len(), cx.arena);
        let mut parts = text.split('&');
        made.push_str(parts.next().unwrap_or_default());
        for part in parts {
            match split_reference(part) {
                Some((c, rest)) => {
                    made.push(c);
                    made.push_str(rest);
                }
                None => {
                    made.push('&');
                    made.push_str(part);
                }
            }
        }
        Ok(Value::Text(made.into_bump_str()))
    }
}

/// The character of the reference at the start of a text (without its `&`), and the text after it.
fn split_reference(text: &str) -> Option<(char, &str)> {
    let (reference, rest) = text.split_once(';').filter(|(reference, _)| reference.len() < MAX_REFERENCE)?;
    let c = match reference.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => named(reference)?,
    };
    Some((c, rest))
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let digits = Some(digits).filter(|digits| !digits.starts_with('+'))?;
    let code = u32::from_str_radix(digits, radix).ok().filter(|code| *code != 0)?;
    let windows = code.checked_sub(0x80).and_then(|at| usize::try_from(at).ok()).and_then(|at| WINDOWS_1252.get(at));
    windows.copied().or_else(|| char::from_u32(code))
}

fn named(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "OElig" => 'Œ',
        "oelig" => 'œ',
        "Scaron" => 'Š',
        "scaron" => 'š',
        "Yuml" => 'Ÿ',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "sbquo" => '‚',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "hellip" => '…',
        "bull" => '•',
        "euro" => '€',
        "trade" => '™',
        _ => {
            let at = LATIN_1.iter().position(|have| *have == name)?;
            u8::try_from(0xA0 + at).ok().map(char::from)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        for (text, wanted) in [
            ("amp;x", Some(('&', "x"))),
            ("nbsp;", Some(('\u{A0}', ""))),
            ("yuml;", Some(('ÿ', ""))),
            ("Agrave;", Some(('À', ""))),
            ("szlig;", Some(('ß', ""))),
            ("#38;", Some(('&', ""))),
            ("#X26;", Some(('&', ""))),
            ("#x80;", Some(('€', ""))),
            ("#x10FFFF;", Some(('\u{10FFFF}', ""))),
            ("#x110000;", None),
            ("#0;", None),
            ("#;", None),
            ("#+38;", None),
            ("amp", None),
            ("AMP ;", None),
            (";", None),
        ] {
            assert_eq!(split_reference(text), wanted, "{text}");
        }
    }
}
