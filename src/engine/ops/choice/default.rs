//! `default`, `coalesce`, `constant`, `nothing_if`: replace one value with another.

use crate::engine::condition::equal;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_nothing};
use crate::engine::operand::{Operand, Operands};
use crate::engine::ops::arguments::need;
use crate::model::{Kinds, Value};

/// The row of `default`.
pub const DEFAULT: OpSpec = OpSpec {
    name: "default",
    family: Family::Choice,
    summary: "replaces missing and null with another value",
    details: "Only missing and null are replaced: `\"\"` stays, unless the rule file sets `blank: missing`. `coalesce` \
              also skips empty values.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::ANY),
    arguments: &[ArgumentSpec::main("value", ArgumentKind::Operand, "the value to return instead")],
    fails: "",
    takes_nothing: true,
    examples: &[
        example("customer", "null", r#""customer""#),
        example("true", "false", "false"),
        example_nothing("$item.role", "null"),
    ],
    build: |arguments| Ok(Box::new(Default(need(arguments.operand("value"), "value")?))),
};

/// The row of `coalesce`.
pub const COALESCE: OpSpec = OpSpec {
    name: "coalesce",
    family: Family::Choice,
    summary: "returns the first value that is present and not empty, starting with the input",
    details: "Missing, null, `\"\"`, `[]` and `{}` are skipped; `0` and `false` are values. Returns no value if all \
              are empty. A parameter that is a list stands for its elements.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::ANY),
    arguments: &[ArgumentSpec::main("values", ArgumentKind::Operands, "the other values, tried in this order")],
    fails: "",
    takes_nothing: true,
    examples: &[
        example(r#"[$item.nickname, "friend"]"#, r#""""#, r#""friend""#),
        example("[7, 8]", "0", "0"),
        example_nothing(r#"["", null, []]"#, "null"),
    ],
    build: |arguments| Ok(Box::new(Coalesce(need(arguments.operands("values"), "values")?))),
};

/// The row of `constant`.
pub const CONSTANT: OpSpec = OpSpec {
    name: "constant",
    family: Family::Choice,
    summary: "replaces any value with a fixed one",
    details: "Like every step, it does not run on missing and null: use `default` for those. For a claim with a fixed \
              value, write `value` instead of `from`.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::ANY),
    arguments: &[ArgumentSpec::main("value", ArgumentKind::Operand, "the value")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("true", r#""2012-09-14 21:05:48""#, "true"),
        example("{ value: { kind: sms } }", "1", r#"{ "kind": "sms" }"#),
    ],
    build: |arguments| Ok(Box::new(Constant(need(arguments.operand("value"), "value")?))),
};

/// The row of `nothing_if`.
pub const NOTHING_IF: OpSpec = OpSpec {
    name: "nothing_if",
    family: Family::Choice,
    summary: "returns no value if the value is one of the given ones",
    details: "Compares as conditions do: scalars are equal if their texts are, so `0` covers `\"0\"`. Case and \
              whitespace matter; put `trim` and `lowercase` before it to ignore them. A reference to a list, such as a \
              parameter, stands for its elements.",
    input: Kinds::ANY,
    output: Output::Same,
    arguments: &[ArgumentSpec::main("values", ArgumentKind::Operands, "the values to treat as no value")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example_nothing(r#"["N/A", "-", 0]"#, r#""0""#),
        example_nothing("0000-00-00", r#""0000-00-00""#),
        example(r#"["N/A", "-"]"#, r#""n/a""#, r#""n/a""#),
    ],
    build: |arguments| Ok(Box::new(NothingIf(need(arguments.operands("values"), "values")?))),
};

#[derive(Debug)]
struct Default(Operand);

impl Op for Default {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(if input.is_present() { input } else { self.0.value(cx) })
    }
}

#[derive(Debug)]
struct Coalesce(Operands);

impl Op for Coalesce {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if !input.is_empty() {
            return Ok(input);
        }
        Ok(self.0.first(cx, |value| !value.is_empty()).unwrap_or_default())
    }
}

#[derive(Debug)]
struct Constant(Operand);

impl Op for Constant {
    fn apply<'a>(&'a self, _: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(self.0.value(cx))
    }
}

#[derive(Debug)]
struct NothingIf(Operands);

impl Op for NothingIf {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let is_none = self.0.any(cx, |value| equal(input, value));
        Ok(if is_none { Value::Missing } else { input })
    }
}
