//! Steps with arguments that depend on the record: `slice: { end: $params.width }`.
//!
//! An op is usually built once, from constants. If a constant is replaced by a reference, the op is built for every
//! value, by the same code and with the same checks. Ops with constants have no overhead.

use bumpalo::Bump;

use super::context::Cx;
use super::op::{Argument, ArgumentKind, ArgumentSpec, Arguments, Failure, Op, OpSpec};
use super::operand::Operand;
use super::ops::exact_number;
use crate::model::Value;

/// A step with at least one argument that is evaluated for every value.
#[derive(Debug)]
pub struct Late {
    spec: &'static OpSpec,
    arguments: Vec<(&'static ArgumentSpec, Argument)>,
}

impl Late {
    /// A step that is built for every value from these arguments. None of them is a condition or a list of steps: no op
    /// has one of those together with a constant, which the tests of the op table check.
    #[must_use]
    pub fn new(spec: &'static OpSpec, arguments: Vec<(&'static ArgumentSpec, Argument)>) -> Self {
        Self { spec, arguments }
    }
}

impl Op for Late {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut arguments = Arguments::default();
        for (spec, argument) in &self.arguments {
            arguments.push(spec.name, read(spec, argument, cx)?);
        }
        let op = (self.spec.build)(&mut arguments).map_err(|error| unusable(error.argument))?;
        // the op does not live as long as the run, so it gets its own context, and its result is copied
        let here = Cx {
            item: cx.item,
            index: cx.index,
            key: cx.key,
            fold_blank: cx.fold_blank,
            notes: cx.notes,
            ..Cx::bare(cx.arena)
        };
        op.apply(input, &here).map(|value| kept(value, cx.arena))
    }
}

/// The argument in this run.
fn read<'a>(spec: &ArgumentSpec, argument: &'a Argument, cx: &Cx<'a>) -> Result<Argument, Failure> {
    let owned = |operand: &'a Operand| owned(operand.value(cx)).ok_or_else(|| unusable(spec.name));
    Ok(match argument {
        Argument::Late(operand) => {
            let value = operand.value(cx);
            if !value.is_present() {
                return Err(Failure::new(format!("the argument `{}` has no value", spec.name)));
            }
            constant(spec.kind, value, cx.arena)
                .ok_or_else(|| Failure::new(format!("the argument `{}` is not {}", spec.name, wanted(spec.kind))))?
        }
        Argument::Operand(operand) => Argument::Operand(owned(operand)?),
        Argument::Operands(operands) => Argument::Operands(operands.try_map(owned)?),
        Argument::Fields(fields) => {
            let field = |(name, operand): &'a (String, Operand)| Ok((name.clone(), owned(operand)?));
            Argument::Fields(fields.iter().map(field).collect::<Result<_, Failure>>()?)
        }
        other => other.copied().ok_or_else(|| unusable(spec.name))?,
    })
}

fn unusable(argument: &str) -> Failure {
    // the argument's own error is not used: it may contain the value
    Failure::new(format!("the value of the argument `{argument}` cannot be used"))
}

/// What an argument must be, to complete "takes …" and "is not …".
#[must_use]
pub fn wanted(kind: ArgumentKind) -> &'static str {
    match kind {
        ArgumentKind::Text | ArgumentKind::Regex => "text",
        ArgumentKind::Texts => "text or a list of texts",
        ArgumentKind::Integer => "a whole number",
        ArgumentKind::Boolean => "a boolean",
        ArgumentKind::Choice(_) => "one of its words",
        ArgumentKind::Fields => "a map",
        _ => "a valid value",
    }
}

/// Whether an argument of this kind may be a reference instead of a constant.
#[must_use]
pub fn may_be_read(spec: &ArgumentSpec) -> bool {
    let is_constant = matches!(
        spec.kind,
        ArgumentKind::Text
            | ArgumentKind::Texts
            | ArgumentKind::Integer
            | ArgumentKind::Boolean
            | ArgumentKind::Choice(_)
    );
    is_constant && !spec.fixed
}

/// Converts a value to an argument, if it has the right kind. Numbers and booleans may be text, as in CSV files.
#[must_use]
pub fn constant(kind: ArgumentKind, value: Value<'_>, arena: &Bump) -> Option<Argument> {
    let text = |value: Value<'_>| value.scalar_text(arena).map(str::to_owned);
    Some(match kind {
        ArgumentKind::Text => Argument::Text(text(value)?),
        ArgumentKind::Choice(words) => Argument::Text(text(value).filter(|word| words.contains(&word.as_str()))?),
        ArgumentKind::Texts => Argument::Texts(match value {
            Value::List(items) => texts(items, arena)?,
            single => vec![text(single)?],
        }),
        ArgumentKind::Integer => Argument::Integer(match value {
            Value::Int(number) => number,
            other => exact_number(other)?,
        }),
        ArgumentKind::Boolean => Argument::Boolean(match value {
            Value::Bool(flag) => flag,
            other => text(other)?.parse().ok()?,
        }),
        ArgumentKind::Operand => Argument::Operand(owned(value)?),
        ArgumentKind::Operands => Argument::Operands(match value {
            Value::List(items) => items.iter().map(|item| owned(*item)).collect::<Option<Vec<_>>>()?.into(),
            single => vec![owned(single)?].into(),
        }),
        ArgumentKind::Fields => {
            let members = value.as_object()?.iter();
            let field = |(name, value): &(&str, Value<'_>)| Some(((*name).to_owned(), owned(*value)?));
            Argument::Fields(members.map(field).collect::<Option<_>>()?)
        }
        ArgumentKind::Regex
        | ArgumentKind::Condition
        | ArgumentKind::Steps
        | ArgumentKind::Lookup
        | ArgumentKind::Path => return None,
    })
}

/// The texts of a list; a nested list means its elements, like a list parameter.
fn texts(items: &[Value<'_>], arena: &Bump) -> Option<Vec<String>> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Value::List(inner) => {
                found.extend(
                    inner.iter().map(|text| text.scalar_text(arena).map(str::to_owned)).collect::<Option<Vec<_>>>()?,
                );
            }
            scalar => found.push(scalar.scalar_text(arena)?.to_owned()),
        }
    }
    Some(found)
}

/// A value as an owned operand; `None` for bytes.
fn owned(value: Value<'_>) -> Option<Operand> {
    Some(match value {
        Value::Missing | Value::Null => Operand::Null,
        Value::Bool(flag) => Operand::Bool(flag),
        Value::Int(number) => Operand::Int(number),
        Value::Decimal(text) => Operand::Decimal(text.into()),
        Value::Text(text) => Operand::Text(text.into()),
        Value::Bytes(_) => return None,
        Value::List(items) => Operand::List(items.iter().map(|item| owned(*item)).collect::<Option<_>>()?),
        Value::Object(members) => Operand::Object(
            members.iter().map(|(key, value)| Some(((*key).into(), owned(*value)?))).collect::<Option<_>>()?,
        ),
    })
}

/// Copies a value, so that it lives as long as the run.
fn kept<'a>(value: Value<'_>, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Missing => Value::Missing,
        Value::Null => Value::Null,
        Value::Bool(flag) => Value::Bool(flag),
        Value::Int(number) => Value::Int(number),
        Value::Decimal(text) => Value::Decimal(arena.alloc_str(text)),
        Value::Text(text) => Value::Text(arena.alloc_str(text)),
        Value::Bytes(bytes) => Value::Bytes(arena.alloc_slice_copy(bytes)),
        Value::List(items) => Value::List(arena.alloc_slice_fill_iter(items.iter().map(|item| kept(*item, arena)))),
        Value::Object(members) => {
            let member = |(key, value): &(&str, Value<'_>)| (&*arena.alloc_str(key), kept(*value, arena));
            Value::Object(arena.alloc_slice_fill_iter(members.iter().map(member)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Files, Findings};
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::outcome::Outcome;
    use crate::engine::probe::Silent;
    use crate::engine::run::Settings;

    /// Applies a chain of steps to `$.v`, with `$.n` and two parameters.
    fn made(steps: &str, record: &str) -> String {
        let rules = format!(
            "landfall: 1\ntarget: standard\ndefaults: {{ on_error: warn }}\n\
             params: {{ width: 3, words: [ x, y ] }}\nlet:\n  list: {{ from: $.list, each: [ {{ add: $params.width }} ] }}\n\
             account:\n  custom.v: {{ from: $.v, do: [ {steps} ] }}\n  custom.w: {{ value: [ $params.width, $params.words, $list ] }}\n"
        );
        let mut files = Files::default();
        let file = files.add("late.yaml", rules);
        let mut findings = Findings::default();
        let plan =
            compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{steps}: {findings:?}"));
        let (arena, settings) = (Bump::new(), Settings::default());
        let run = plan.run(record, &settings, &arena, &mut Silent);
        let Some(Outcome::Account(made)) = run.outcomes.first() else { panic!("{run:?}") };
        if !made.warnings.is_empty() {
            return "fails".to_owned();
        }
        crate::model::json::to_json(made.account.claim("custom.v")).to_string()
    }

    #[test]
    fn constants_may_be_references() {
        for (steps, record, wanted) in [
            ("slice: { start: $.n, end: $params.width }", r#"{"v":"abcdef","n":1}"#, r#""bc""#),
            ("truncate: $.n", r#"{"v":"abcdef","n":"2"}"#, r#""ab""#),
            ("truncate: $.n", r#"{"v":"abcdef","n":2.0}"#, r#""ab""#),
            ("truncate: $.n", r#"{"v":"abcdef","n":2.5}"#, "fails"),
            ("truncate: $.n", r#"{"v":"abcdef"}"#, "fails"),
            ("truncate: $.n", r#"{"v":"abcdef","n":-1}"#, "fails"),
            ("pad_start: { length: $params.width, with: $.n }", r#"{"v":"7","n":"0"}"#, r#""007""#),
            ("round: $.n", r#"{"v":1.005,"n":2}"#, "1.01"),
            ("take: $.n", r#"{"v":[1,[2],{"a":"b"}],"n":3}"#, r#"[1,[2],{"a":"b"}]"#),
            ("add_time: { years: $.n }", r#"{"v":"2020-02-29","n":1}"#, r#""2021-02-28""#),
            (r#"add_time: "P{$.n}D""#, r#"{"v":"2020-02-29","n":1}"#, r#""2020-03-01""#),
            ("split: $.n", r#"{"v":"a$b","n":"$"}"#, r#"["a","b"]"#),
            ("split: $", r#"{"v":"a$b"}"#, r#"["a","b"]"#),
            (r#"split: "{""#, r#"{"v":"a{b"}"#, r#"["a","b"]"#),
            ("split: $$.n", r#"{"v":"a$.nb"}"#, r#"["a","b"]"#),
            (
                "date: { format: $.f, zone: $.z, years: $.n }",
                r#"{"v":"1.2.70 00:00","f":"%d.%m.%y %H:%M","z":"+02:00","n":71}"#,
                r#""2070-01-31T22:00:00Z""#,
            ),
            ("date: { format: $.f }", r#"{"v":"1.2.70","f":"%Q"}"#, "fails"),
            ("epoch: $.n", r#"{"v":1000,"n":"ms"}"#, r#""1970-01-01T00:00:01Z""#),
            ("epoch: $.n", r#"{"v":1000,"n":"weeks"}"#, "fails"),
            ("trim: $.n", r#"{"v":"xyx","n":"x"}"#, r#""y""#),
            ("add_prefix: $.n", r#"{"v":"y","n":"x"}"#, r#""xy""#),
            ("cut_bytes: { start: $.n, length: $.m }", r#"{"v":"/9j/4A==","n":0,"m":2}"#, r#""/9g=""#),
            ("{ date: { format: iso, none: [ never, $params.words, $.n ] } }", r#"{"v":"y","n":"x"}"#, "null"),
            ("to_boolean: { true: $params.words, false: [ $.n ] }", r#"{"v":"Y","n":"z"}"#, "true"),
            ("sort: { descending: $.n }", r#"{"v":[1,2],"n":true}"#, "[2,1]"),
            ("pick: $.n", r#"{"v":{"a":1,"b":2},"n":["b"]}"#, r#"{"b":2}"#),
        ] {
            assert_eq!(made(steps, record), wanted, "{steps} {record}");
        }
    }
}
