//! `map`, `map_keys`, `map_values`: run steps on every element, key or member.

use bumpalo::collections::Vec as ArenaVec;

use super::support::{Members, elements, key_text, members};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::steps::{StepFailure, Steps};
use crate::model::{Kinds, Value};

/// The row of `map`.
pub const MAP: OpSpec = OpSpec {
    name: "map",
    family: Family::Collection,
    summary: "runs steps on every element of a list",
    details: "Inside the steps, `$item` is the element and `$index` its position. Elements without a resulting value \
              are left out. If one element fails, the whole step fails; to let elements fail one by one, use `each` of \
              the claim.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::main("steps", ArgumentKind::Steps, "the steps to run")],
    fails: "a step fails on an element",
    takes_nothing: false,
    examples: &[
        example("[trim, lowercase]", r#"[" A ", "b"]"#, r#"["a", "b"]"#),
        example("[first]", "[[1, 2], []]", "[1]"),
        example_failure("[trim]", "[[1]]"),
    ],
    build: |arguments| Ok(Box::new(Map(steps(arguments)))),
};

/// The row of `map_keys`.
pub const MAP_KEYS: OpSpec = OpSpec {
    name: "map_keys",
    summary: "runs steps on every key of an object",
    details: "Inside the steps, `$key` is the key and `$item` the member's value. A member whose key has no resulting \
              value is left out; if keys become equal, the last value wins, in the position of the first.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::OBJECT),
    fails: "a step fails on a key, or turns it into a list, an object or bytes",
    examples: &[
        example("[lowercase]", r#"{"Mail": "a", "MAIL": "b"}"#, r#"{"mail": "b"}"#),
        example_failure("[to_list]", r#"{"a": 1}"#),
    ],
    build: |arguments| Ok(Box::new(MapKeys(steps(arguments)))),
    ..MAP
};

/// The row of `map_values`.
pub const MAP_VALUES: OpSpec = OpSpec {
    name: "map_values",
    summary: "runs steps on every value of an object",
    details: "Inside the steps, `$item` is the member's value and `$key` its key. Members without a resulting value \
              are left out.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::OBJECT),
    fails: "a step fails on a member",
    examples: &[
        example("[first]", r#"{"mail": ["a", "b"], "fax": []}"#, r#"{"mail": "a"}"#),
        example_failure("[first]", r#"{"mail": "a"}"#),
    ],
    build: |arguments| Ok(Box::new(MapValues(steps(arguments)))),
    ..MAP
};

fn steps(arguments: &mut Arguments) -> Steps {
    arguments.steps("steps").unwrap_or_default()
}

/// The failure of an inner step, reported by the outer one.
fn inner(part: &str, at: usize, failure: &StepFailure) -> Failure {
    Failure::new(format!("{part} {at}, step `{}`: {}", failure.step, failure.failure.message()))
}

#[derive(Debug)]
struct Map(Steps);

impl Op for Map {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let items = elements(input)?;
        let mut made = ArenaVec::with_capacity_in(items.len(), cx.arena);
        for (at, item) in items.iter().enumerate() {
            match self.0.run(*item, &cx.on_element(*item, at)).map_err(|failure| inner("element", at, &failure))? {
                Value::Missing => {}
                value => made.push(value),
            }
        }
        Ok(Value::List(made.into_bump_slice()))
    }
}

#[derive(Debug)]
struct MapKeys(Steps);

impl Op for MapKeys {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut made = Members::new(cx);
        for (at, (key, value)) in members(input)?.iter().enumerate() {
            let run = self.0.run(Value::Text(key), &cx.on_member(key, *value, at));
            let key = run.map_err(|failure| inner("key", at, &failure))?;
            if key.is_present() {
                let text = key_text(key, cx).ok_or_else(|| Failure::kind(Kinds::TEXT, key))?;
                made.set(text, *value);
            }
        }
        Ok(made.finish())
    }
}

#[derive(Debug)]
struct MapValues(Steps);

impl Op for MapValues {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut made = ArenaVec::new_in(cx.arena);
        for (at, (key, value)) in members(input)?.iter().enumerate() {
            let run = self.0.run(*value, &cx.on_member(key, *value, at));
            match run.map_err(|failure| inner("member", at, &failure))? {
                Value::Missing => {}
                value => made.push((*key, value)),
            }
        }
        Ok(Value::Object(made.into_bump_slice()))
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::condition::equal;

    #[test]
    fn without_steps_the_value_is_unchanged() {
        let list = [Value::Int(1), Value::Text("a")];
        let object = [("a", Value::Int(1)), ("b", Value::Null)];
        for (spec, input) in
            [(&MAP, Value::List(&list)), (&MAP_KEYS, Value::Object(&object)), (&MAP_VALUES, Value::Object(&object))]
        {
            let arena = Bump::new();
            let op = (spec.build)(&mut Arguments::default()).unwrap();
            assert!(equal(op.apply(input, &Cx::bare(&arena)).unwrap(), input), "{}", spec.name);
        }
    }
}
