//! `length`: the number of characters, bytes, elements or members.

use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const LENGTH: OpSpec = OpSpec {
    name: "length",
    family: Family::Text,
    summary: "counts the characters of a text, the bytes of a binary value, the elements of a list or the members of \
              an object",
    details: "Counts Unicode characters, not bytes: `é` is one, or two if its accent is a separate combining \
              character.",
    input: Kinds::TEXTUAL.or(Kinds::BYTES).or(Kinds::LIST).or(Kinds::OBJECT),
    output: Output::Is(Kinds::INTEGER),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#""Élodie""#, "6"), example("", r#"["admin", null]"#, "2"), example("", "{}", "0")],
    build: |_| Ok(Box::new(Length)),
};

#[derive(Debug)]
struct Length;

impl Op for Length {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let length = match input {
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => cx.text(input)?.chars().count(),
        };
        Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn bytes_are_counted() {
        let arena = Bump::new();
        let output = Length.apply(Value::Bytes(b"\xff\x00\xc3"), &Cx::bare(&arena)).unwrap();
        assert!(matches!(output, Value::Int(3)));
    }
}
