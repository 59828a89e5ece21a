//! `find`, `filter`, `any`, `all`: elements for which a condition holds.

use bumpalo::collections::Vec as ArenaVec;

use super::support::elements;
use crate::engine::condition::{Condition, Undecided, any};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_nothing,
};
use crate::model::{Kinds, Value};

const WHERE: &[ArgumentSpec] =
    &[ArgumentSpec::main("where", ArgumentKind::Condition, "the condition, in which `$item` is the element")];

/// The row of `find`.
pub const FIND: OpSpec = OpSpec {
    name: "find",
    family: Family::Collection,
    summary: "takes the first element for which a condition holds",
    details: "The condition may compare the element with other fields of the record, which is how a foreign key is followed: \
              the address whose id is the customer's default address. Without such an element there is no value.",
    input: Kinds::LIST,
    output: Output::Element,
    arguments: WHERE,
    fails: "",
    takes_nothing: false,
    examples: &[
        example(
            "{ where: { $item.primary: true } }",
            r#"[{"value": "a@example.com"}, {"value": "b@example.com", "primary": true}]"#,
            r#"{"value": "b@example.com", "primary": true}"#,
        ),
        example_nothing("{ where: { $item.primary: true } }", r#"[{"value": "a@example.com"}]"#),
    ],
    build: |arguments| Ok(Box::new(Find(condition(arguments)?))),
};

/// The row of `filter`.
pub const FILTER: OpSpec = OpSpec {
    name: "filter",
    summary: "keeps the elements for which a condition holds",
    details: "Of an object the members are kept; `$key` is the member's key and `$item` its value.",
    input: Kinds::LIST.or(Kinds::OBJECT),
    output: Output::Same,
    examples: &[
        example(
            "{ where: { $item.provider: { not: auth0 } } }",
            r#"[{"provider": "auth0"}, {"provider": "google-oauth2"}]"#,
            r#"[{"provider": "google-oauth2"}]"#,
        ),
        example("{ where: { $item: true } }", r#"{"sms": true, "mail": false}"#, r#"{"sms": true}"#),
    ],
    build: |arguments| Ok(Box::new(Filter(condition(arguments)?))),
    ..FIND
};

/// The row of `any`.
pub const ANY: OpSpec = OpSpec {
    name: "any",
    summary: "tells whether a condition holds for at least one element",
    details: "For an empty list it does not. Of an object the members are tested, with `$key` and `$item`.",
    input: Kinds::LIST.or(Kinds::OBJECT),
    output: Output::Is(Kinds::BOOLEAN),
    examples: &[
        example("{ where: { $item.status: VERIFIED } }", r#"[{"status": "VERIFIED"}, {"status": "OPEN"}]"#, "true"),
        example("{ where: { $item.status: VERIFIED } }", "[]", "false"),
    ],
    build: |arguments| quantifier(condition(arguments)?, false),
    ..FIND
};

/// The row of `all`.
pub const ALL: OpSpec = OpSpec {
    name: "all",
    summary: "tells whether a condition holds for every element",
    details: "For an empty list it does. Of an object the members are tested, with `$key` and `$item`.",
    examples: &[
        example("{ where: { $item.status: VERIFIED } }", r#"[{"status": "VERIFIED"}, {"status": "OPEN"}]"#, "false"),
        example("{ where: { $item.status: VERIFIED } }", "[]", "true"),
    ],
    build: |arguments| quantifier(condition(arguments)?, true),
    ..ANY
};

fn condition(arguments: &mut Arguments) -> Result<Condition, ArgumentError> {
    arguments.condition("where").ok_or_else(|| ArgumentError::new("where", "is missing", "give a condition"))
}

fn quantifier(condition: Condition, all: bool) -> Result<Box<dyn Op>, ArgumentError> {
    Ok(match condition {
        Condition::Decided(condition) => Box::new(DecidedQuantifier { condition: *condition, all }),
        condition => Box::new(Quantifier { condition, all }),
    })
}

#[derive(Debug)]
struct Find(Condition);

impl Op for Find {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let found = elements(input)?.iter().enumerate().find(|(at, item)| self.0.holds(&cx.on_element(**item, *at)));
        Ok(found.map_or(Value::Missing, |(_, item)| *item))
    }
}

#[derive(Debug)]
struct Filter(Condition);

impl Op for Filter {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if let Value::Object(members) = input {
            let mut kept = ArenaVec::new_in(cx.arena);
            kept.extend(
                members
                    .iter()
                    .enumerate()
                    .filter(|(at, (key, value))| self.0.holds(&cx.on_member(key, *value, *at)))
                    .map(|(_, member)| *member),
            );
            return Ok(Value::Object(kept.into_bump_slice()));
        }
        let mut kept = ArenaVec::new_in(cx.arena);
        kept.extend(
            elements(input)?
                .iter()
                .enumerate()
                .filter(|(at, item)| self.0.holds(&cx.on_element(**item, *at)))
                .map(|(_, item)| *item),
        );
        Ok(Value::List(kept.into_bump_slice()))
    }
}

#[derive(Debug)]
struct Quantifier {
    condition: Condition,
    all: bool,
}

impl Op for Quantifier {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        // an element that decides the answer: one that holds for `any`, one that does not for `all`
        let decides = |holds: bool| holds != self.all;
        let decided = if let Value::Object(members) = input {
            let mut members = members.iter().enumerate();
            members.any(|(at, (key, value))| decides(self.condition.holds(&cx.on_member(key, *value, at))))
        } else {
            let mut items = elements(input)?.iter().enumerate();
            items.any(|(at, item)| decides(self.condition.holds(&cx.on_element(*item, at))))
        };
        Ok(Value::Bool(decided != self.all))
    }
}

/// Inside `admit` and `checks`: fails when a predicate of the condition fails and no other element decides.
#[derive(Debug)]
struct DecidedQuantifier {
    condition: Condition,
    all: bool,
}

impl Op for DecidedQuantifier {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let decides = |place: &Cx<'a>| self.condition.decided(place).map(|holds| holds != self.all);
        let decided = if let Value::Object(members) = input {
            any(members.iter().enumerate().map(|(at, (key, value))| decides(&cx.on_member(key, *value, at))))
        } else {
            any(elements(input)?.iter().enumerate().map(|(at, item)| decides(&cx.on_element(*item, at))))
        };
        match decided {
            Ok(decided) => Ok(Value::Bool(decided != self.all)),
            Err(Undecided { step, failure }) => {
                Err(Failure::new(format!("`{step}` of an element: {}", failure.message())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::condition::{Test, equal};
    use crate::engine::op::Argument;
    use crate::engine::operand::{Base, Operand, Reference};
    use crate::engine::path::Tail;

    fn step(spec: &OpSpec, wanted: i64) -> Box<dyn Op> {
        let item = Reference { base: Base::Item, tail: Tail::Whole };
        let mut arguments = Arguments::default();
        arguments.push("where", Argument::Condition(Condition::Test(item, Test::Equals(Operand::Int(wanted)))));
        (spec.build)(&mut arguments).unwrap()
    }

    #[test]
    fn conditions_stand_on_the_element() {
        let list = [Value::Int(1), Value::Text("2"), Value::Int(2), Value::Int(3)];
        let twos = [Value::Text("2"), Value::Int(2)];
        let object = [("a", Value::Int(1)), ("b", Value::Int(2))];
        let ones = [("a", Value::Int(1))];
        let cases = [
            (&FIND, 2, Value::List(&list), Value::Text("2")),
            (&FIND, 9, Value::List(&list), Value::Missing),
            (&FILTER, 2, Value::List(&list), Value::List(&twos)),
            (&FILTER, 9, Value::List(&list), Value::List(&[])),
            (&FILTER, 1, Value::Object(&object), Value::Object(&ones)),
            (&ANY, 3, Value::List(&list), Value::Bool(true)),
            (&ANY, 9, Value::List(&list), Value::Bool(false)),
            (&ANY, 2, Value::Object(&object), Value::Bool(true)),
            (&ANY, 2, Value::List(&[]), Value::Bool(false)),
            (&ALL, 2, Value::List(&twos), Value::Bool(true)),
            (&ALL, 2, Value::List(&list), Value::Bool(false)),
            (&ALL, 2, Value::List(&[]), Value::Bool(true)),
        ];
        for (spec, wanted, input, output) in cases {
            let arena = Bump::new();
            let op = step(spec, wanted);
            let got = op.apply(input, &Cx::bare(&arena)).unwrap();
            assert!(equal(got, output), "{} {wanted}", spec.name);
        }
    }

    #[test]
    fn a_condition_is_needed() {
        assert!((FIND.build)(&mut Arguments::default()).is_err());
    }
}
