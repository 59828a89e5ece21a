//! `add`, `subtract`, `multiply`, `divide`: exact decimal arithmetic.

use super::constant::{divisor, numeric};
use super::convert::to_value;
use super::exact::{Exact, number};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{need, present};
use crate::model::{Kinds, Value};

const ARGUMENTS: &[ArgumentSpec] = &[ArgumentSpec::main("number", ArgumentKind::Operand, "the other number")];

const DETAILS: &str = "Decimals are computed as written, not as binary fractions: 0.1 + 0.2 is 0.3. Text that reads \
    like a number is treated as one. A whole result that fits in 64 bits is an integer; trailing zeros of a fraction \
    are dropped.";

const DIVIDE_DETAILS: &str = "A non-terminating quotient is rounded to 12 decimals, halves away from zero. Text that \
    reads like a number is treated as one. A whole result that fits in 64 bits is an integer.";

const FAILS: &str = "one of the operands is not a number, or the result has more than 38 digits";

/// The row of `add`.
pub const ADD: OpSpec = OpSpec {
    name: "add",
    family: Family::Number,
    summary: "adds a number",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(r#"1"#, r#"41"#, "42"),
        example(r#"0.2"#, r#""0.1""#, "0.3"),
        example(r#"1"#, r#"9223372036854775807"#, "9223372036854775808"),
        example_failure(r#"1"#, r#""one""#),
    ],
    build: |arguments| Compute::build(arguments, Exact::checked_add),
};

/// The row of `subtract`.
pub const SUBTRACT: OpSpec = OpSpec {
    name: "subtract",
    family: Family::Number,
    summary: "subtracts a number",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(r#"11644473600"#, r#""13318073105""#, "1673599505"),
        example(r#"0.5"#, r#"0.5"#, "0"),
        example_failure(r#"$item.a"#, r#"1"#),
    ],
    build: |arguments| Compute::build(arguments, Exact::checked_subtract),
};

/// The row of `multiply`.
pub const MULTIPLY: OpSpec = OpSpec {
    name: "multiply",
    family: Family::Number,
    summary: "multiplies by a number",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(r#"1000"#, r#"1583599512.905"#, "1583599512905"),
        example(r#"-2"#, r#"0.5"#, "-1"),
        example_failure(r#"1e30"#, r#"1e30"#),
    ],
    build: |arguments| Compute::build(arguments, Exact::checked_multiply),
};

/// The row of `divide`.
pub const DIVIDE: OpSpec = OpSpec {
    name: "divide",
    family: Family::Number,
    summary: "divides by a number",
    details: DIVIDE_DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: ARGUMENTS,
    fails: "one of the operands is not a number, the divisor is 0, or the result has more than 38 digits",
    takes_nothing: false,
    examples: &[
        example(r#"1000"#, r#"1583599512905"#, "1583599512.905"),
        example(r#"3"#, r#"2"#, "0.666666666667"),
        example(r#"2"#, r#"-6"#, "-3"),
        example_failure(r#"3"#, r#""one""#),
    ],
    build: |arguments| {
        let other = divisor(need(arguments.operand("number"), "number")?, "number")?;
        Ok(Box::new(Compute { other, compute: Exact::checked_divide }))
    },
};

/// The decimals of a non-terminating quotient: enough to convert FILETIME's 100 ns units to seconds, and for any rate.
const QUOTIENT_DECIMALS: u32 = 12;

type Scaled = (i128, u32);

impl Exact {
    /// The sum, if it fits in 128 bits.
    pub(super) fn checked_add(&self, other: &Self) -> Option<Self> {
        let (a, b, scale) = aligned(self.to_scaled()?, other.to_scaled()?)?;
        Some(Self::scaled(a.checked_add(b)?, scale))
    }

    fn checked_subtract(&self, other: &Self) -> Option<Self> {
        let (a, b, scale) = aligned(self.to_scaled()?, other.to_scaled()?)?;
        Some(Self::scaled(a.checked_sub(b)?, scale))
    }

    /// The product, if it fits in 128 bits.
    pub(in crate::engine::ops) fn checked_multiply(&self, other: &Self) -> Option<Self> {
        let ((a, a_scale), (b, b_scale)) = (self.to_scaled()?, other.to_scaled()?);
        Some(Self::scaled(a.checked_mul(b)?, a_scale.checked_add(b_scale)?))
    }

    fn checked_divide(&self, other: &Self) -> Option<Self> {
        let (a, b, _) = aligned(self.to_scaled()?, other.to_scaled()?)?;
        let a = a.checked_mul(10_i128.pow(QUOTIENT_DECIMALS + 1))?;
        // one extra decimal decides the rounding: the digits after it cannot turn a 4 into a half
        Some(Self::scaled(a.checked_div(b)?, QUOTIENT_DECIMALS + 1).round(QUOTIENT_DECIMALS))
    }
}

/// Both coefficients with the same number of decimals.
fn aligned((a, a_scale): Scaled, (b, b_scale): Scaled) -> Option<(i128, i128, u32)> {
    let scale = a_scale.max(b_scale);
    let lift = |number: i128, from: u32| number.checked_mul(10_i128.checked_pow(scale - from)?);
    Some((lift(a, a_scale)?, lift(b, b_scale)?, scale))
}

#[derive(Debug)]
struct Compute {
    other: Operand,
    compute: fn(&Exact, &Exact) -> Option<Exact>,
}

impl Compute {
    fn build(
        arguments: &mut Arguments,
        compute: fn(&Exact, &Exact) -> Option<Exact>,
    ) -> Result<Box<dyn Op>, ArgumentError> {
        Ok(Box::new(Self { other: numeric(need(arguments.operand("number"), "number")?, "number")?, compute }))
    }
}

impl Op for Compute {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let other = number(present(&self.other, "number", cx)?)
            .map_err(|_| Failure::new("the argument `number` is not a number"))?;
        let result = (self.compute)(&number(input)?, &other);
        to_value(&result.ok_or_else(|| Failure::new("the result cannot be computed exactly"))?, cx)
    }
}
