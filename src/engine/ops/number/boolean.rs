//! `to_boolean`, `invert`: flags in any spelling.

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

const TRUE: [&str; 6] = ["true", "yes", "y", "on", "t", "1"];
const FALSE: [&str; 6] = ["false", "no", "n", "off", "f", "0"];

/// The row of `to_boolean`.
pub const TO_BOOLEAN: OpSpec = OpSpec {
    name: "to_boolean",
    family: Family::Number,
    summary: "converts a word or number to true or false",
    details: "By default, `true`, `yes`, `y`, `on`, `t`, `1` are true and `false`, `no`, `n`, `off`, `f`, `0` are \
              false. Each argument replaces the default words for its value. Case and surrounding whitespace are \
              ignored. Any other word is a failure, because its meaning is unknown. If everything else is false, use \
              `one_of`.",
    input: Kinds::SCALAR,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[
        ArgumentSpec::optional("true", ArgumentKind::Texts, "the words that mean true"),
        ArgumentSpec::optional("false", ArgumentKind::Texts, "the words that mean false"),
    ],
    fails: "the word means neither true nor false",
    takes_nothing: false,
    examples: &[
        example("", r#"" TRUE ""#, "true"),
        example("", "0", "false"),
        example("{ true: [enabled, active], false: disabled }", r#""Active""#, "true"),
        example_failure("", r#""maybe""#),
        example_failure("", "2"),
    ],
    build: |arguments| {
        let mut words = |name, usual: [&str; 6]| {
            let given =
                arguments.texts(name).map(|words| words.iter().map(|word| word.trim().to_lowercase()).collect());
            given.unwrap_or_else(|| usual.map(str::to_owned).to_vec())
        };
        let (yes, no): (Vec<String>, Vec<String>) = (words("true", TRUE), words("false", FALSE));
        if let Some(word) = yes.iter().find(|word| no.contains(word)) {
            let message = format!("contains `{word}`, which also means false");
            return Err(ArgumentError::new("true", message, "give both `true` and `false`"));
        }
        Ok(Box::new(ToBoolean { yes, no }))
    },
};

/// The row of `invert`.
pub const INVERT: OpSpec = OpSpec {
    name: "invert",
    family: Family::Number,
    summary: "turns true into false and false into true",
    details: "For flags with the opposite meaning, such as `blocked`. Convert words and numbers with `to_boolean` \
              first.",
    input: Kinds::BOOLEAN,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", "true", "false"), example("", "false", "true")],
    build: |_| Ok(Box::new(Invert)),
};

#[derive(Debug)]
struct ToBoolean {
    yes: Vec<String>,
    no: Vec<String>,
}

impl Op for ToBoolean {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if let Value::Bool(_) = input {
            return Ok(input);
        }
        let word = cx.text(input)?.trim();
        let small = cx.lowercase(word);
        let is_small = std::ptr::eq(small, word);
        let is_among = |words: &[String]| words.iter().any(|have| *have == small || (!is_small && *have == word));
        if is_among(&self.yes) {
            Ok(Value::Bool(true))
        } else if is_among(&self.no) {
            Ok(Value::Bool(false))
        } else {
            Err(Failure::new("the word means neither true nor false"))
        }
    }
}

#[derive(Debug)]
struct Invert;

impl Op for Invert {
    fn apply<'a>(&'a self, input: Value<'a>, _: &Cx<'a>) -> Result<Value<'a>, Failure> {
        match input {
            Value::Bool(value) => Ok(Value::Bool(!value)),
            _ => Err(Failure::kind(Kinds::BOOLEAN, input)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::op::{Argument, Arguments};

    #[test]
    fn a_word_cannot_mean_both() {
        let mut arguments = Arguments::default();
        arguments.push("true", Argument::Texts(vec![" NO ".to_owned()]));
        assert_eq!((TO_BOOLEAN.build)(&mut arguments).unwrap_err().message, "contains `no`, which also means false");
    }
}
