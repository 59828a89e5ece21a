//! Distinguished names in their text form (RFC 4514).

use crate::engine::limits::MAX_ELEMENTS;
use crate::engine::op::Failure;

/// One attribute of a name: its type in lower case, and its unescaped value.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The type: a word such as `cn`, or an object identifier.
    pub kind: String,
    /// The value.
    pub value: String,
    /// The index of the relative name it belongs to, from 0; `+` joins several attributes into one.
    pub rdn: usize,
}

/// Reads the attributes of a name in the order in which they are written. Spaces around `,`, `+` and `=`, as written by
/// older directories (RFC 2253, 4), are dropped.
///
/// # Errors
/// When the text is not a distinguished name, or has more than [`MAX_ELEMENTS`] attributes.
pub fn parse(text: &str) -> Result<Vec<Attribute>, Failure> {
    let mut attributes = Vec::new();
    let mut rest = text.trim_start();
    if rest.is_empty() {
        return Ok(attributes);
    }
    let mut rdn = 0;
    loop {
        let (kind, after) = rest.split_once('=').ok_or_else(not_a_name)?;
        let kind = kind.trim();
        if !is_type(kind) {
            return Err(not_a_name());
        }
        if attributes.len() == MAX_ELEMENTS {
            return Err(Failure::new(format!("the name has more than {MAX_ELEMENTS} attributes")));
        }
        let (value, separator, after) = value(after.trim_start())?;
        attributes.push(Attribute { kind: kind.to_ascii_lowercase(), value, rdn });
        match separator {
            None => return Ok(attributes),
            Some('+') => {}
            Some(_) => rdn += 1,
        }
        rest = after;
    }
}

fn is_type(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

/// The unescaped value, the separator after it, and the remaining text.
fn value(text: &str) -> Result<(String, Option<char>, &str), Failure> {
    if text.starts_with('#') {
        return hex_value(text);
    }
    let mut bytes = Vec::new();
    let mut keep = 0; // escaped bytes, which are not spaces to drop
    let mut characters = text.char_indices();
    let (mut separator, mut rest) = (None, "");
    while let Some((at, c)) = characters.next() {
        match c {
            ',' | '+' | ';' => {
                separator = Some(c);
                rest = text.get(at + 1..).unwrap_or_default();
                break;
            }
            '\\' => {
                escape(&mut characters, &mut bytes)?;
                keep = bytes.len();
            }
            '"' | '<' | '>' | '\0' => return Err(not_a_name()),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    while bytes.len() > keep && bytes.last() == Some(&b' ') {
        bytes.pop();
    }
    let value = String::from_utf8(bytes).map_err(|_| Failure::new("a value of the name is not UTF-8 text"))?;
    Ok((value, separator, rest))
}

/// The text after a backslash: a special character, or a byte as two hexadecimal digits.
fn escape(characters: &mut std::str::CharIndices<'_>, bytes: &mut Vec<u8>) -> Result<(), Failure> {
    let (_, first) = characters.next().ok_or_else(not_a_name)?;
    if let Some(high) = first.to_digit(16) {
        let low = characters.next().and_then(|(_, c)| c.to_digit(16)).ok_or_else(not_a_name)?;
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| not_a_name())?);
        return Ok(());
    }
    if !" \"#+,;<=>\\".contains(first) {
        return Err(not_a_name());
    }
    bytes.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(())
}

/// `#` and the hexadecimal digits of a BER value (RFC 4514, 2.4): decoded if it is one of the short string types.
fn hex_value(text: &str) -> Result<(String, Option<char>, &str), Failure> {
    let end = text.find([',', '+', ';']).unwrap_or(text.len());
    let (digits, after) = text.split_at_checked(end).ok_or_else(not_a_name)?;
    let bytes = hex::decode(digits.trim_start_matches('#').trim_end()).map_err(|_| not_a_name())?;
    // OCTET STRING, UTF8String, PrintableString or IA5String with a length of one byte
    let value = match bytes.as_slice() {
        [0x04 | 0x0c | 0x13 | 0x16, length @ 0..0x80, value @ ..] if usize::from(*length) == value.len() => {
            value.to_vec()
        }
        _ => return Err(Failure::new("a value of the name is BER-encoded and not text")),
    };
    let value = String::from_utf8(value).map_err(|_| Failure::new("a value of the name is not UTF-8 text"))?;
    let mut rest = after.chars();
    let separator = rest.next();
    Ok((value, separator, rest.as_str()))
}

fn not_a_name() -> Failure {
    Failure::new("the text is not a distinguished name")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Vec<(String, String, usize)>> {
        let attributes = parse(text).ok()?;
        Some(attributes.into_iter().map(|attribute| (attribute.kind, attribute.value, attribute.rdn)).collect())
    }

    #[test]
    fn names_follow_rfc_4514() {
        let row = |kind: &str, value: &str, rdn| (kind.to_owned(), value.to_owned(), rdn);
        for (text, wanted) in [
            ("UID=jsmith,DC=example", Some(vec![row("uid", "jsmith", 0), row("dc", "example", 1)])),
            ("OU=Sales+CN=J.  Smith", Some(vec![row("ou", "Sales", 0), row("cn", "J.  Smith", 0)])),
            (r#"CN=James \"Jim\" Smith\, III"#, Some(vec![row("cn", "James \"Jim\" Smith, III", 0)])),
            (r"CN=Before\0dAfter", Some(vec![row("cn", "Before\rAfter", 0)])),
            (r"CN=Lu\C4\8Di\C4\87", Some(vec![row("cn", "Lučić", 0)])),
            (r"cn=a\2Cb , dc = x ", Some(vec![row("cn", "a,b", 0), row("dc", "x", 1)])),
            (r"cn=a\ ,dc=", Some(vec![row("cn", "a ", 0), row("dc", "", 1)])),
            ("1.3.6.1.4.1.1466.0=#04024869", Some(vec![row("1.3.6.1.4.1.1466.0", "Hi", 0)])),
            ("1.3.6=#0403486", None),
            ("1.3.6=#30024869", None),
            ("", Some(vec![])),
            ("cn=a,", None),
            ("cn", None),
            (r"cn=a\", None),
            (r"cn=a\x", None),
            (r"cn=\ff", None),
            ("=a", None),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn escaped_values_round_trip(value in "\\PC{0,20}") {
            let escaped: String = value.bytes().map(|byte| format!("\\{byte:02x}")).collect();
            let name = format!("cn={escaped},dc=x");
            let attributes = parse(&name).unwrap();
            prop_assert_eq!(&attributes[0].value, &value);
        }

        #[test]
        fn never_panics(text in "([a-c=,+;# \\\\0-9\"é]|\\PC){0,40}") {
            let _ = parse(&text);
        }
    }
}
