//! Converts between the engine's values and Rhai's, with the size limits of a script in both directions.

use rhai::{Array, Dynamic, ImmutableString, Map};

use super::limits::{MAX_NESTING, ScriptLimits};
use crate::engine::context::Cx;
use crate::model::Value;

/// Why a value cannot be converted, completing "the input `x` …" or "the result …".
#[derive(Debug)]
pub(super) struct ConversionError {
    /// The reason.
    pub(super) why: String,
    /// Whether a size limit is the reason.
    pub(super) limit: bool,
}

impl ConversionError {
    fn large(why: String) -> Self {
        Self { why, limit: true }
    }

    fn form(why: &str) -> Self {
        Self { why: why.to_owned(), limit: false }
    }
}

/// The remaining capacity of one value. Like Rhai, it counts all nested values together.
struct Room<'l> {
    limits: &'l ScriptLimits,
    text: usize,
    elements: usize,
    members: usize,
}

impl<'l> Room<'l> {
    fn new(limits: &'l ScriptLimits) -> Self {
        Self { limits, text: limits.text, elements: limits.elements, members: limits.members }
    }

    fn text(&mut self, bytes: usize) -> Result<(), ConversionError> {
        let what = || ConversionError::large(format!("has more than {} bytes of text", self.limits.text));
        self.text = self.text.checked_sub(bytes).ok_or_else(what)?;
        Ok(())
    }

    fn elements(&mut self, count: usize) -> Result<(), ConversionError> {
        let what = || ConversionError::large(format!("has more than {} elements", self.limits.elements));
        self.elements = self.elements.checked_sub(count).ok_or_else(what)?;
        Ok(())
    }

    fn bytes(&mut self, count: usize) -> Result<(), ConversionError> {
        let what = || ConversionError::large(format!("has more than {} bytes that are not text", self.limits.elements));
        self.elements = self.elements.checked_sub(count).ok_or_else(what)?;
        Ok(())
    }

    fn members(&mut self, count: usize) -> Result<(), ConversionError> {
        let what = || ConversionError::large(format!("has more than {} members", self.limits.members));
        self.members = self.members.checked_sub(count).ok_or_else(what)?;
        Ok(())
    }
}

fn deeper(depth: usize) -> Result<usize, ConversionError> {
    if depth == MAX_NESTING {
        return Err(ConversionError::large(format!("is nested more than {MAX_NESTING} levels deep")));
    }
    Ok(depth + 1)
}

/// Converts a value to a script value.
pub(super) fn to_script(value: Value<'_>, limits: &ScriptLimits) -> Result<Dynamic, ConversionError> {
    into(value, &mut Room::new(limits), 0)
}

fn into(value: Value<'_>, room: &mut Room<'_>, depth: usize) -> Result<Dynamic, ConversionError> {
    Ok(match value {
        Value::Missing | Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => flag.into(),
        Value::Int(number) => number.into(),
        Value::Decimal(text) => match short_float(text) {
            Some(number) => number.into(),
            None => text_in(text, room)?,
        },
        Value::Text(text) => text_in(text, room)?,
        Value::Bytes(bytes) => {
            room.bytes(bytes.len())?;
            Dynamic::from_blob(bytes.to_vec())
        }
        Value::List(items) => {
            room.elements(items.len())?;
            let depth = deeper(depth)?;
            let items: Result<Array, _> = items.iter().map(|item| into(*item, room, depth)).collect();
            Dynamic::from_array(items?)
        }
        Value::Object(members) => {
            room.members(members.len())?;
            let depth = deeper(depth)?;
            let mut map = Map::new();
            for (key, member) in members {
                room.text(key.len())?;
                map.insert((*key).into(), into(*member, room, depth)?);
            }
            Dynamic::from_map(map)
        }
    })
}

fn text_in(text: &str, room: &mut Room<'_>) -> Result<Dynamic, ConversionError> {
    room.text(text.len())?;
    Ok(ImmutableString::from(text).into())
}

/// A decimal as a float, if no digit is lost: a float keeps every decimal of up to 15 digits (IEEE 754 binary64).
fn short_float(text: &str) -> Option<f64> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits > 15 || text.contains(['e', 'E']) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Converts the result of a script to a value in the arena.
pub(super) fn from_script<'a>(
    value: &Dynamic,
    limits: &ScriptLimits,
    cx: &Cx<'a>,
) -> Result<Value<'a>, ConversionError> {
    out(value, &mut Room::new(limits), 0, cx)
}

fn out<'a>(value: &Dynamic, room: &mut Room<'_>, depth: usize, cx: &Cx<'a>) -> Result<Value<'a>, ConversionError> {
    if value.is_unit() {
        return Ok(Value::Missing);
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        room.text(text.len())?;
        return Ok(cx.keep(&text));
    }
    if let Some(scalar) = scalar(value, cx)? {
        return Ok(scalar);
    }
    if let Ok(items) = value.as_array_ref() {
        return list_out(&items, room, depth, cx);
    }
    if let Ok(members) = value.as_map_ref() {
        return map_out(&members, room, depth, cx);
    }
    if let Ok(bytes) = value.as_blob_ref() {
        room.bytes(bytes.len())?;
        return Ok(cx.keep_bytes(&bytes));
    }
    Err(ConversionError::form(if value.is_fnptr() {
        "is a function"
    } else {
        "is a range or another value that exists only in scripts"
    }))
}

fn scalar<'a>(value: &Dynamic, cx: &Cx<'a>) -> Result<Option<Value<'a>>, ConversionError> {
    if let Ok(flag) = value.as_bool() {
        return Ok(Some(Value::Bool(flag)));
    }
    if let Ok(number) = value.as_int() {
        return Ok(Some(Value::Int(number)));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Some(cx.keep(letter.encode_utf8(&mut [0; 4]))));
    }
    match value.as_float() {
        Ok(number) if number.is_finite() => Ok(Some(Value::Decimal(cx.arena.alloc_str(&format!("{number:?}"))))),
        Ok(_) => Err(ConversionError::form("is not a finite number")),
        Err(_) => Ok(None),
    }
}

fn list_out<'a>(items: &Array, room: &mut Room<'_>, depth: usize, cx: &Cx<'a>) -> Result<Value<'a>, ConversionError> {
    room.elements(items.len())?;
    let depth = deeper(depth)?;
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        kept.push(match out(item, room, depth, cx)? {
            Value::Missing => Value::Null,
            item => item,
        });
    }
    Ok(cx.keep_list(&kept))
}

fn map_out<'a>(members: &Map, room: &mut Room<'_>, depth: usize, cx: &Cx<'a>) -> Result<Value<'a>, ConversionError> {
    room.members(members.len())?;
    let depth = deeper(depth)?;
    let mut kept: Vec<(&'a str, Value<'a>)> = Vec::with_capacity(members.len());
    for (key, member) in members {
        room.text(key.len())?;
        match out(member, room, depth, cx)? {
            Value::Missing => {}
            member => kept.push((cx.arena.alloc_str(key), member)),
        }
    }
    Ok(cx.keep_object(&kept))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    fn round(value: Value<'_>) -> Result<String, String> {
        let (limits, arena) = (ScriptLimits::default(), Bump::new());
        let there = to_script(value, &limits).map_err(|error| error.why)?;
        let back = from_script(&there, &limits, &Cx::bare(&arena)).map_err(|error| error.why)?;
        Ok(show(back))
    }

    fn show(value: Value<'_>) -> String {
        match value {
            Value::Missing => "missing".into(),
            Value::Null => "null".into(),
            Value::Bool(flag) => flag.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Decimal(text) => format!("decimal {text}"),
            Value::Text(text) => format!("{text:?}"),
            Value::Bytes(bytes) => format!("bytes {bytes:?}"),
            Value::List(items) => format!("[{}]", items.iter().map(|item| show(*item)).collect::<Vec<_>>().join(" ")),
            Value::Object(members) => {
                let members: Vec<_> = members.iter().map(|(key, item)| format!("{key}: {}", show(*item))).collect();
                format!("{{{}}}", members.join(" "))
            }
        }
    }

    #[test]
    fn values_round_trip() {
        let list = [Value::Null, Value::Int(1), Value::Missing];
        let object = [("b", Value::Text("x")), ("a", Value::Null), ("c", Value::List(&list))];
        let cases = [
            (Value::Missing, "missing"),
            (Value::Null, "missing"),
            (Value::Bool(true), "true"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Decimal("2.0"), "decimal 2.0"),
            (Value::Decimal("-0.125"), "decimal -0.125"),
            (Value::Decimal("123456789012345678901"), "\"123456789012345678901\""),
            (Value::Decimal("1234567890.123456"), "\"1234567890.123456\""),
            (Value::Decimal("1e3"), "\"1e3\""),
            (Value::Text("Zoë"), "\"Zoë\""),
            (Value::Bytes(&[0, 255]), "bytes [0, 255]"),
            (Value::List(&list), "[null 1 null]"),
            (Value::Object(&object), "{b: \"x\" c: [null 1 null]}"),
        ];
        for (value, want) in cases {
            assert_eq!(round(value).as_deref(), Ok(want));
        }
    }

    #[test]
    fn large_values_are_rejected() {
        let long = "x".repeat(16 * 1024 + 1);
        let many = vec![Value::Null; 513];
        let members = vec![("k", Value::Null); 257];
        let bytes = vec![0; 513];
        let arena = Bump::new();
        let deep = (0..40).fold(Value::Null, |inner, _| Value::List(arena.alloc_slice_copy(&[inner])));
        for (value, want) in [
            (Value::Text(&long), "has more than 16384 bytes of text"),
            (Value::List(&many), "has more than 512 elements"),
            (Value::Object(&members), "has more than 256 members"),
            (Value::Bytes(&bytes), "has more than 512 bytes that are not text"),
            (deep, "is nested more than 32 levels deep"),
        ] {
            assert_eq!(round(value), Err(want.to_owned()));
        }
    }
}
