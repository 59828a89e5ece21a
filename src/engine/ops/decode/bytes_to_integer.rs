//! `bytes_to_integer`: reads bytes as a whole number.

use super::bytes::{TEXT_OR_BYTES, bytes_or_base64};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "bytes_to_integer",
    family: Family::Decode,
    summary: "reads 1 to 8 bytes as a whole number",
    details: "For ids, flags and times that are stored as `BINARY(8)`, or cut out of a blob with `cut_bytes`. Accepts \
              bytes or base64 text; decode hexadecimal text with `from_hex: bytes` first. `big` is network order, the \
              most significant byte first, as databases store it; `little` is the order of Intel machines and of \
              .NET's `BitConverter`.",
    input: TEXT_OR_BYTES,
    output: Output::Is(Kinds::NUMBER),
    arguments: &[
        ArgumentSpec::main_optional(
            "order",
            ArgumentKind::Choice(&["big", "little"]),
            "the byte order; `big` by default",
        ),
        ArgumentSpec::optional(
            "signed",
            ArgumentKind::Boolean,
            "whether the number is signed (two's complement); false by default",
        ),
    ],
    fails: "there are no bytes or more than 8, or the text is not base64",
    takes_nothing: false,
    examples: &[
        example("", r#""AQA=""#, "256"),
        example("little", r#""AQA=""#, "1"),
        example("{ signed: true }", r#""/w==""#, "-1"),
        example("", r#""//////////8=""#, "18446744073709551615"),
        example_failure("", r#""AAAAAAAAAAAA""#),
    ],
    build: |arguments| {
        Ok(Box::new(BytesToInteger {
            little: arguments.text("order").as_deref() == Some("little"),
            signed: arguments.boolean("signed").unwrap_or(false),
        }))
    },
};

#[derive(Debug)]
struct BytesToInteger {
    little: bool,
    signed: bool,
}

impl Op for BytesToInteger {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let bytes = bytes_or_base64(input, cx)?;
        if !(1..=8).contains(&bytes.len()) {
            return Err(Failure::new(format!("expected 1 to 8 bytes, found {}", bytes.len())));
        }
        let number = self.read(&bytes);
        // only an unsigned number of all 64 bits is too large
        Ok(i64::try_from(number)
            .map_or_else(|_| Value::Decimal(bumpalo::format!(in cx.arena, "{}", number).into_bump_str()), Value::Int))
    }
}

impl BytesToInteger {
    fn read(&self, bytes: &[u8]) -> i128 {
        let join = |number: i128, byte: &u8| number << 8 | i128::from(*byte);
        let number = match self.little {
            true => bytes.iter().rev().fold(0, join),
            false => bytes.iter().fold(0, join),
        };
        let highest = if self.little { bytes.last() } else { bytes.first() };
        let is_negative = self.signed && highest.is_some_and(|byte| byte & 0x80 != 0);
        if is_negative { number - (1 << (8 * bytes.len())) } else { number }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_of_all_widths_round_trip(number: i64) {
            let read = |little, signed, bytes: &[u8]| BytesToInteger { little, signed }.read(bytes);
            prop_assert_eq!(read(false, true, &number.to_be_bytes()), i128::from(number));
            prop_assert_eq!(read(true, true, &number.to_le_bytes()), i128::from(number));
            prop_assert_eq!(read(false, false, &number.to_be_bytes()), i128::from(number.cast_unsigned()));
            prop_assert_eq!(read(true, false, &number.to_le_bytes()), i128::from(number.cast_unsigned()));
            let short = i16::try_from(number % 0x8000).unwrap();
            prop_assert_eq!(read(true, true, &short.to_le_bytes()), i128::from(short));
            prop_assert_eq!(read(false, true, &short.to_be_bytes()), i128::from(short));
        }
    }
}
