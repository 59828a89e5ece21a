//! Reads the output of PHP's `serialize`, with limits.
//!
//! The format (php.net, `serialize`; php-src `ext/standard/var_unserializer.re`): `N;`, `b:1;`, `i:5;`, `d:0.5;`, `s:3:"abc";`,
//! `a:1:{key;value}`, `O:8:"stdClass":1:{name;value}`, `E:11:"Suit:Hearts";`. Lengths count bytes. References (`R:`, `r:`), which
//! share one value between two places, are rejected, as are objects with their own serialization (`C:`).

use std::collections::HashSet;

use bumpalo::Bump;

use crate::engine::limits::{MAX_DEPTH, MAX_ELEMENTS};
use crate::engine::op::Failure;
use crate::model::Value;

/// Reads one serialized value that spans the whole input.
///
/// # Errors
/// When the bytes are not such a value, or exceed the limits of depth and elements.
pub fn parse<'a>(bytes: &'a [u8], arena: &'a Bump) -> Result<Value<'a>, Failure> {
    let mut reader = Reader { rest: bytes, arena, elements: 0 };
    let value = reader.value(0)?;
    if !reader.rest.is_empty() {
        return Err(Failure::new("there is more text after the serialized value"));
    }
    Ok(value)
}

struct Reader<'a> {
    rest: &'a [u8],
    arena: &'a Bump,
    /// The number of elements of all arrays and objects so far.
    elements: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        match self.take(2)? {
            b"N;" => Ok(Value::Null),
            b"b:" => self.boolean(),
            b"i:" => self.until(b';')?.parse().map(Value::Int).map_err(|_| malformed()),
            b"d:" => self.double(),
            b"s:" => {
                let bytes = self.string()?;
                self.expect(b";")?;
                Ok(std::str::from_utf8(bytes).map_or(Value::Bytes(bytes), Value::Text))
            }
            b"a:" => self.array(depth),
            b"O:" => {
                self.string()?;
                self.expect(b":")?;
                let members = self.members(depth, true)?;
                self.object(members)
            }
            b"E:" => self.case(),
            b"R:" | b"r:" => Err(Failure::new("the serialized value contains references, which are not supported")),
            b"C:" => Err(Failure::new(
                "the serialized value contains an object with its own serialization, which is not supported",
            )),
            b"S:" => Err(Failure::new("the serialized value contains escaped strings, which PHP never writes")),
            _ => Err(malformed()),
        }
    }

    fn boolean(&mut self) -> Result<Value<'a>, Failure> {
        match self.take(2)? {
            b"0;" => Ok(Value::Bool(false)),
            b"1;" => Ok(Value::Bool(true)),
            _ => Err(malformed()),
        }
    }

    fn double(&mut self) -> Result<Value<'a>, Failure> {
        let text = self.until(b';')?;
        if matches!(text, "INF" | "-INF" | "NAN") {
            return Err(Failure::new("the serialized value contains a number that is not finite"));
        }
        if !is_json_number(text) {
            return Err(malformed());
        }
        match text.parse() {
            Ok(number) if text != "-0" => Ok(Value::Int(number)),
            _ => Ok(Value::Decimal(text)),
        }
    }

    /// `length:"bytes"`
    fn string(&mut self) -> Result<&'a [u8], Failure> {
        let length = self.length(b':')?;
        self.expect(b"\"")?;
        let bytes = self.take(length).map_err(|_| wrong_length())?;
        self.expect(b"\"").map_err(|_| wrong_length())?;
        Ok(bytes)
    }

    /// An enum case is `Enum:Case`; a migration needs only the case.
    fn case(&mut self) -> Result<Value<'a>, Failure> {
        let bytes = self.string()?;
        self.expect(b";")?;
        let name = std::str::from_utf8(bytes).map_err(|_| malformed())?;
        name.split_once(':').map(|(_, case)| Value::Text(case)).ok_or_else(malformed)
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        let members = self.members(depth, false)?;
        let is_list = members
            .iter()
            .enumerate()
            .all(|(at, (key, _))| matches!(key, Key::Int(key) if usize::try_from(*key) == Ok(at)));
        if is_list {
            return Ok(Value::List(self.arena.alloc_slice_fill_iter(members.iter().map(|(_, value)| *value))));
        }
        self.object(members)
    }

    fn members(&mut self, depth: usize, properties: bool) -> Result<Vec<(Key<'a>, Value<'a>)>, Failure> {
        if depth >= MAX_DEPTH {
            return Err(Failure::new(format!("the serialized value is nested deeper than {MAX_DEPTH} levels")));
        }
        let count = self.length(b':')?;
        self.elements = self.elements.saturating_add(count);
        if self.elements > MAX_ELEMENTS {
            return Err(Failure::new(format!("the serialized value has more than {MAX_ELEMENTS} elements")));
        }
        self.expect(b"{")?;
        let mut members = Vec::new();
        for _ in 0..count {
            let key = self.key(properties)?;
            members.push((key, self.value(depth + 1)?));
        }
        self.expect(b"}")?;
        Ok(members)
    }

    fn key(&mut self, property: bool) -> Result<Key<'a>, Failure> {
        match self.take(2)? {
            b"i:" => self.until(b';')?.parse().map(Key::Int).map_err(|_| malformed()),
            b"s:" => {
                let bytes = self.string()?;
                self.expect(b";")?;
                let bytes = if property { property_name(bytes) } else { bytes };
                let text = std::str::from_utf8(bytes);
                text.map(Key::Text).map_err(|_| Failure::new("a key of the serialized value is not UTF-8 text"))
            }
            _ => Err(malformed()),
        }
    }

    fn object(&self, members: Vec<(Key<'a>, Value<'a>)>) -> Result<Value<'a>, Failure> {
        let mut names = HashSet::with_capacity(members.len());
        let mut made = Vec::with_capacity(members.len());
        for (key, value) in members {
            let name = match key {
                Key::Text(name) => name,
                Key::Int(number) => bumpalo::format!(in self.arena, "{}", number).into_bump_str(),
            };
            if !names.insert(name) {
                return Err(Failure::new("the serialized value has a duplicate key"));
            }
            made.push((name, value));
        }
        Ok(Value::Object(self.arena.alloc_slice_copy(&made)))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Failure> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or_else(malformed)?;
        self.rest = rest;
        Ok(head)
    }

    fn expect(&mut self, wanted: &[u8]) -> Result<(), Failure> {
        self.rest = self.rest.strip_prefix(wanted).ok_or_else(malformed)?;
        Ok(())
    }

    /// The text up to a byte that must follow soon: no number is longer than 64 bytes.
    fn until(&mut self, end: u8) -> Result<&'a str, Failure> {
        let length = self.rest.iter().take(64).position(|byte| *byte == end).ok_or_else(malformed)?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| malformed())?;
        self.take(1)?;
        if text.starts_with('+') { Err(malformed()) } else { Ok(text) }
    }

    fn length(&mut self, end: u8) -> Result<usize, Failure> {
        self.until(end)?.parse().map_err(|_| malformed())
    }
}

enum Key<'a> {
    Int(i64),
    Text(&'a str),
}

/// The name of a property without its visibility prefix: `\0*\0name` is protected, `\0Class\0name` private.
fn property_name(bytes: &[u8]) -> &[u8] {
    match bytes.strip_prefix(b"\0") {
        Some(marked) => marked.splitn(2, |byte| *byte == 0).nth(1).unwrap_or(bytes),
        None => bytes,
    }
}

/// Whether a text is a JSON number (RFC 8259, 6), as [`Value::Decimal`] requires.
fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

fn malformed() -> Failure {
    Failure::new("the text is not a serialized PHP value")
}

fn wrong_length() -> Failure {
    Failure::new("a string of the serialized value does not match its length; was the text converted or edited?")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::json;

    fn read(text: &[u8]) -> Option<String> {
        let arena = Bump::new();
        let value = parse(text, &arena).ok()?;
        let mut out = Vec::new();
        json::write(value, &mut out);
        String::from_utf8(out).ok()
    }

    #[test]
    fn output_of_php_is_read() {
        for (text, wanted) in [
            (&b"N;"[..], Some("null")),
            (b"b:1;", Some("true")),
            (b"i:-5;", Some("-5")),
            (b"d:0.5;", Some("0.5")),
            (b"d:1.0E+25;", Some("1.0E+25")),
            (b"s:3:\"a\"b\";", Some(r#""a\"b""#)),
            ("s:10:\"rédacteur\";".as_bytes(), Some("\"rédacteur\"")),
            (b"a:0:{}", Some("[]")),
            (b"a:2:{i:0;s:1:\"a\";i:1;N;}", Some(r#"["a",null]"#)),
            (b"a:2:{i:1;i:7;i:0;i:8;}", Some(r#"{"1":7,"0":8}"#)),
            (b"a:1:{s:5:\"month\";s:1:\"2\";}", Some(r#"{"month":"2"}"#)),
            (b"O:8:\"stdClass\":0:{}", Some("{}")),
            (b"O:1:\"A\":3:{s:1:\"p\";i:1;s:4:\"\0*\0q\";i:2;s:4:\"\0A\0r\";i:3;}", Some(r#"{"p":1,"q":2,"r":3}"#)),
            (b"E:11:\"Suit:Hearts\";", Some("\"Hearts\"")),
        ] {
            assert_eq!(read(text).as_deref(), wanted, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn invalid_input_is_rejected() {
        let deep = format!("{}{}", "a:1:{i:0;".repeat(65), "N;}".repeat(65));
        for text in [
            &b""[..],
            b"i:5",
            b"i:+5;",
            b"i:5;i:6;",
            b"d:.5;",
            b"d:INF;",
            b"b:2;",
            b"s:4:\"abc\";",
            b"s:2:\"abc\";",
            b"s:-1:\"\";",
            b"s:99999999999999999999:\"\";",
            b"s:18446744073709551615:\"\";",
            b"a:9999999:{}",
            b"a:1:{}",
            b"a:1:{b:1;i:1;}",
            b"a:2:{s:1:\"1\";i:1;i:1;i:2;}",
            b"a:2:{i:0;i:1;i:1;R:2;}",
            b"O:1:\"A\":1:{s:1:\"a\";r:1;}",
            b"C:1:\"A\":0:{}",
            b"S:1:\"\\41\";",
            "s:9:\"rédacteur\";".as_bytes(),
            deep.as_bytes(),
        ] {
            assert_eq!(read(text), None, "{}", String::from_utf8_lossy(text));
        }
    }

    /// A value that PHP can hold.
    #[derive(Debug, Clone)]
    enum Php {
        Null,
        Bool(bool),
        Int(i64),
        Text(String),
        List(Vec<Php>),
        Map(Vec<(String, Php)>),
    }

    impl Php {
        fn serialize(&self) -> String {
            match self {
                Self::Null => "N;".to_owned(),
                Self::Bool(value) => format!("b:{};", u8::from(*value)),
                Self::Int(number) => format!("i:{number};"),
                Self::Text(text) => format!("s:{}:\"{text}\";", text.len()),
                Self::List(items) => {
                    let items: String =
                        items.iter().enumerate().map(|(at, item)| format!("i:{at};{}", item.serialize())).collect();
                    format!("a:{}:{{{items}}}", self.count())
                }
                Self::Map(members) => {
                    let members: String = members
                        .iter()
                        .map(|(key, value)| format!("s:{}:\"{key}\";{}", key.len(), value.serialize()))
                        .collect();
                    format!("a:{}:{{{members}}}", self.count())
                }
            }
        }

        fn count(&self) -> usize {
            match self {
                Self::List(items) => items.len(),
                Self::Map(members) => members.len(),
                _ => 0,
            }
        }

        fn json(&self) -> serde_json::Value {
            match self {
                Self::Null => serde_json::Value::Null,
                Self::Bool(value) => (*value).into(),
                Self::Int(number) => (*number).into(),
                Self::Text(text) => text.as_str().into(),
                Self::List(items) => items.iter().map(Self::json).collect(),
                Self::Map(members) => members.iter().map(|(key, value)| (key.clone(), value.json())).collect(),
            }
        }
    }

    fn php() -> impl Strategy<Value = Php> {
        let leaf = prop_oneof![
            Just(Php::Null),
            any::<bool>().prop_map(Php::Bool),
            any::<i64>().prop_map(Php::Int),
            "([\";:{}é]|\\PC){0,8}".prop_map(Php::Text),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Php::List),
                proptest::collection::btree_map("[a-zé\";]{1,4}", inner, 1..4)
                    .prop_map(|members| Php::Map(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_round_trip(value in php()) {
            let arena = Bump::new();
            let text = value.serialize();
            let read = parse(text.as_bytes(), &arena).unwrap();
            prop_assert_eq!(json::to_json(read), value.json());
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "([aOsdibNE]:?|[0-9]{1,20}|[:;{}\"]){0,30}") {
            let arena = Bump::new();
            let _ = parse(&bytes, &arena);
            let _ = parse(text.as_bytes(), &arena);
        }

        #[test]
        fn corrupted_input_never_panics(value in php(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let arena = Bump::new();
            let mut bytes = value.serialize().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = parse(&bytes, &arena);
        }
    }
}
