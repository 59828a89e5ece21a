//! `has_bits`: tests whether the bits of a mask are set.

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{constant, need, present};
use crate::engine::ops::number::bits::{mask, whole};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const HAS_BITS: OpSpec = OpSpec {
    name: "has_bits",
    family: Family::Predicate,
    summary: "tests whether all bits of a mask are set in a number",
    details: "In Active Directory's `userAccountControl`, `0x2` marks a disabled account and `0x10000` a password that \
              never expires. Numbers and masks are whole numbers or their text, decimal or `0x…`; a mask of 0 always \
              matches.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[
        ArgumentSpec::main("mask", ArgumentKind::Operand, "the bits, as a whole number or as text such as `0x200`"),
        ArgumentSpec::optional("any", ArgumentKind::Boolean, "whether one of the bits is enough"),
    ],
    fails: "the value or the mask is not a 64-bit whole number",
    takes_nothing: false,
    examples: &[
        example("2", r#""514""#, "true"),
        example(r#"{ mask: "0x12", any: false }"#, "514", "false"),
        example(r#"{ mask: "0x12", any: true }"#, "514", "true"),
        example_failure("2", r#""disabled""#),
    ],
    build: |arguments| {
        let mask = need(arguments.operand("mask"), "mask")?;
        if let Some(Err(_)) = constant(&mask).map(self::mask) {
            let help = "write a whole number, such as `2`, or text such as `0x200`";
            return Err(ArgumentError::new("mask", "is not a mask", help));
        }
        Ok(Box::new(HasBits { mask, any: arguments.boolean("any").unwrap_or(false) }))
    },
};

#[derive(Debug)]
struct HasBits {
    mask: Operand,
    any: bool,
}

impl Op for HasBits {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mask = mask(present(&self.mask, "mask", cx)?)?;
        let set = whole(input)? & mask;
        Ok(Value::Bool(if self.any { set != 0 } else { set == mask }))
    }
}
