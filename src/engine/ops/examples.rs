//! Tests of the whole step table: every row is well-formed, every example is correct, no op exceeds its limits.
//!
//! Examples whose arguments need the compiler (conditions, steps, lookups by name, references to a record) are tested
//! by the compiler's own test of the table; all others run here. Bytes are written `"bytes 00ff"`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bumpalo::Bump;
use jsonpath_rust::parser::parse_json_path;
use regex::Regex;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_yaml::Value as Yaml;

use super::all;
use crate::engine::context::Cx;
use crate::engine::late::may_be_read;
use crate::engine::limits::{MAX_ELEMENTS, MAX_TEXT_BYTES};
use crate::engine::op::{Argument, ArgumentKind, ArgumentSpec, Arguments, Example, Failure, Gives, Op, OpSpec, Output};
use crate::engine::operand::{Base, Operand, Reference};
use crate::engine::path::Tail;
use crate::model::{Kinds, Value};

/// Why no step could be built from the arguments of an example.
#[derive(Debug)]
enum Unbuilt {
    /// Only the compiler can build them.
    NeedsCompiler,
    /// They are invalid.
    Wrong(String),
}

// ---------------------------------------------------------------------------------------------------------------- tests

#[test]
fn every_example_is_correct() {
    let wrong: Vec<String> = all()
        .flat_map(|spec| spec.examples.iter().map(move |example| (spec, example)))
        .filter_map(|(spec, example)| {
            let complaint = run(spec, example).err()?;
            Some(format!("{}: {:?} on {}: {complaint}", spec.name, example.arguments, example.input))
        })
        .collect();
    assert!(wrong.is_empty(), "{} examples are incorrect:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_row_is_well_formed() {
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for spec in all() {
        if !names.insert(spec.name) {
            wrong.push(format!("{}: the name is used twice", spec.name));
        }
        wrong.extend(complaints(spec).into_iter().map(|complaint| format!("{}: {complaint}", spec.name)));
    }
    assert!(wrong.is_empty(), "{} rows are invalid:\n{}", wrong.len(), wrong.join("\n"));
}

/// Ops are total: for any input of an accepted kind they return a value of a declared kind, within the limits, or fail.
#[test]
fn ops_handle_unusual_values() {
    let long = "ab ".repeat(100_000);
    let numbers = ["1e999", "-0.0", "123456789012345678901234567890", "0.1", "1E-400"].map(Value::Decimal);
    let texts = ["", " ", "\0", "\u{0301}", "é🏴‍☠️ß", "$1", "-9223372036854775808", "2024-13-45", "=", "/", &long];
    let list: Vec<Value<'_>> = (0..2_000).map(Value::Int).collect();
    let mixed =
        [Value::Null, Value::Missing, Value::Bool(false), Value::Text("a"), Value::List(&[]), Value::Bytes(b"\xff")];
    let object = [("", Value::Null), ("a.b", Value::Text("x")), ("a", Value::List(&mixed))];
    let mut inputs = vec![
        Value::Missing,
        Value::Null,
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        Value::Int(0),
        Value::Bytes(b""),
        Value::Bytes(b"\xff\x00"),
        Value::List(&[]),
        Value::List(&mixed),
        Value::List(&list),
        Value::Object(&[]),
        Value::Object(&object),
    ];
    inputs.extend(numbers);
    inputs.extend(texts.map(Value::Text));
    for spec in all() {
        for example in spec.examples {
            let Ok(op) = step(spec, example.arguments) else { continue };
            for input in &inputs {
                let arena = Bump::new();
                if let Ok(output) = apply(spec, &*op, *input, &Cx::bare(&arena)) {
                    assert!(bounded(output, long.len()), "{}: exceeds the limits", spec.name);
                    assert!(declared(spec, *input, output), "{}: gives {}", spec.name, output.kind());
                }
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------------------ the table

fn complaints(spec: &OpSpec) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |holds: bool, complaint: &str| {
        if !holds {
            wrong.push(complaint.to_owned());
        }
    };
    check(is_snake_case(spec.name), "the name is not snake case");
    check(is_phrase(spec.summary), "the summary is not a lower-case phrase without a period");
    check(spec.details.is_empty() || spec.details.ends_with('.'), "the details are not sentences");
    check(spec.fails.is_empty() || is_phrase(spec.fails), "`fails` does not complete `fails when …`");
    check(spec.examples.len() >= 2, "there are fewer than two examples");
    let only_limits = spec.fails.split(" or ").all(|clause| clause.contains("KiB") || clause.contains("elements"));
    let failing = spec.examples.iter().any(|example| matches!(example.gives, Gives::Failure));
    // an example that exceeds a limit would fill the page; limits have unit tests
    check(spec.fails.is_empty() || failing || only_limits, "no example shows the failure");
    check(!spec.fails.is_empty() || !failing, "an example fails, but `fails` is empty");
    check(spec.arguments.iter().filter(|argument| argument.main).count() <= 1, "there are two main arguments");
    let is_built_once = |kind| matches!(kind, ArgumentKind::Condition | ArgumentKind::Steps);
    let built_once = spec.arguments.iter().any(|argument| is_built_once(argument.kind));
    check(!built_once || !spec.arguments.iter().any(may_be_read), "a condition or steps are mixed with a constant");
    let names: BTreeSet<_> = spec.arguments.iter().map(|argument| argument.name).collect();
    check(names.len() == spec.arguments.len(), "two arguments share a name");
    for argument in spec.arguments {
        check(is_snake_case(argument.name), "the name of an argument is not snake case");
        check(is_phrase(argument.about), "the description of an argument is not a lower-case phrase without a period");
    }
    wrong
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_phrase(text: &str) -> bool {
    let words: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
    let acronym = words.len() > 1 && words.chars().all(char::is_uppercase);
    !text.is_empty() && !text.ends_with('.') && (acronym || !text.starts_with(char::is_uppercase))
}

fn declared(spec: &OpSpec, input: Value<'_>, output: Value<'_>) -> bool {
    if !output.is_present() {
        return true;
    }
    match spec.output {
        Output::Is(kinds) => kinds.has(output),
        Output::Same => Kinds::of(input.kind()).has(output),
        Output::Element => true,
    }
}

fn bounded(value: Value<'_>, input_bytes: usize) -> bool {
    let (bytes, elements) = size(value);
    // text that is returned unchanged may be longer than what an op may create
    bytes <= 2 * MAX_TEXT_BYTES.max(input_bytes) && elements <= MAX_ELEMENTS
}

/// The bytes of all texts together, and the length of the longest list or object.
fn size(value: Value<'_>) -> (usize, usize) {
    let join = |(bytes, longest): (usize, usize), part: Value<'_>| {
        let (more, inner) = size(part);
        (bytes + more, longest.max(inner))
    };
    match value {
        Value::Text(text) | Value::Decimal(text) => (text.len(), 0),
        Value::Bytes(bytes) => (bytes.len(), 0),
        Value::List(items) => items.iter().copied().fold((0, items.len()), join),
        Value::Object(members) => members.iter().map(|(_, value)| *value).fold((0, members.len()), join),
        _ => (0, 0),
    }
}

// --------------------------------------------------------------------------------------------------------- one example

fn run(spec: &OpSpec, example: &Example) -> Result<(), String> {
    let op = match step(spec, example.arguments) {
        Ok(op) => op,
        Err(Unbuilt::NeedsCompiler) => return Ok(()),
        Err(Unbuilt::Wrong(why)) => return Err(why),
    };
    let arena = Bump::new();
    let input = json(example.input, &arena)?;
    match (&example.gives, apply(spec, &*op, input, &Cx::bare(&arena))) {
        (Gives::Value(wanted), Ok(output)) => {
            if !declared(spec, input, output) {
                return Err(format!("returns {}, which the row does not declare", output.kind()));
            }
            let (wanted, output) = (show(json(wanted, &arena)?), show(output));
            if wanted == output { Ok(()) } else { Err(format!("returns {output}, not {wanted}")) }
        }
        (Gives::Nothing, Ok(output)) if !output.is_present() => Ok(()),
        (Gives::Nothing, Ok(output)) => Err(format!("returns {}, not nothing", show(output))),
        (Gives::Failure, Err(failure)) => check_message(failure.message()),
        (Gives::Failure, Ok(output)) => Err(format!("returns {} instead of failing", show(output))),
        (_, Err(failure)) => Err(format!("fails: {}", failure.message())),
    }
}

fn check_message(message: &str) -> Result<(), String> {
    if is_phrase(message) { Ok(()) } else { Err(format!("the message is not a lower-case sentence: {message}")) }
}

/// Applies a step as a chain does: missing and null are passed through, and the kind is checked first.
fn apply<'a>(spec: &OpSpec, op: &'a dyn Op, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    match input.is_present() {
        false if !spec.takes_nothing => Ok(input),
        true if !spec.input.has(input) => Err(Failure::kind(spec.input, input)),
        _ => op.apply(input, cx),
    }
}

// ----------------------------------------------------------------------------------------------------------- arguments

fn step(spec: &OpSpec, arguments: &str) -> Result<Box<dyn Op>, Unbuilt> {
    let wrong = |why: String| Unbuilt::Wrong(format!("the arguments are invalid: {why}"));
    let yaml: Yaml = serde_yaml::from_str(arguments).map_err(|error| wrong(error.to_string()))?;
    let mut made = Arguments::default();
    for (name, value) in named(spec, arguments, yaml).map_err(wrong)? {
        let argument = spec.arguments.iter().find(|argument| argument.name == name);
        let argument = argument.ok_or_else(|| wrong(format!("there is no `{name}`")))?;
        made.push(argument.name, make(argument.kind, &value)?);
    }
    (spec.build)(&mut made).map_err(|error| wrong(format!("`{}` {}", error.argument, error.message)))
}

/// The arguments by name: a map of known names, or only the main argument.
fn named(spec: &OpSpec, text: &str, yaml: Yaml) -> Result<Vec<(String, Yaml)>, String> {
    let known = |name: &Yaml| spec.arguments.iter().any(|argument| Some(argument.name) == scalar(name).as_deref());
    let given: Vec<(String, Yaml)> = match yaml {
        _ if text.trim().is_empty() => Vec::new(),
        Yaml::Mapping(map) if map.keys().all(known) => {
            map.into_iter().map(|(name, value)| (scalar(&name).unwrap_or_default(), value)).collect()
        }
        other => {
            let main = spec.arguments.iter().find(|argument| argument.main).ok_or("there is no main argument")?;
            vec![(main.name.to_owned(), other)]
        }
    };
    let lacks = |argument: &&ArgumentSpec| argument.required && !given.iter().any(|(name, _)| name == argument.name);
    match spec.arguments.iter().find(lacks) {
        Some(argument) => Err(format!("`{}` is missing", argument.name)),
        None => Ok(given),
    }
}

fn make(kind: ArgumentKind, yaml: &Yaml) -> Result<Argument, Unbuilt> {
    let wrong = || Unbuilt::Wrong(format!("an argument is not a {kind:?}"));
    Ok(match kind {
        ArgumentKind::Text => Argument::Text(scalar(yaml).ok_or_else(wrong)?),
        ArgumentKind::Choice(words) => {
            Argument::Text(scalar(yaml).filter(|word| words.contains(&word.as_str())).ok_or_else(wrong)?)
        }
        ArgumentKind::Texts => {
            Argument::Texts(items(yaml).iter().map(scalar).collect::<Option<_>>().ok_or_else(wrong)?)
        }
        ArgumentKind::Integer => Argument::Integer(yaml.as_i64().ok_or_else(wrong)?),
        ArgumentKind::Boolean => Argument::Boolean(yaml.as_bool().ok_or_else(wrong)?),
        ArgumentKind::Regex => {
            let regex = Regex::new(&scalar(yaml).ok_or_else(wrong)?);
            Argument::Regex(regex.map_err(|error| Unbuilt::Wrong(error.to_string()))?)
        }
        ArgumentKind::Operand => Argument::Operand(operand(yaml)?),
        ArgumentKind::Operands => {
            let values: Vec<Operand> = items(yaml).iter().map(operand).collect::<Result<_, _>>()?;
            Argument::Operands(values.into())
        }
        ArgumentKind::Path => Argument::Path(tail("$.", &scalar(yaml).ok_or_else(wrong)?).ok_or_else(wrong)?),
        ArgumentKind::Fields => Argument::Fields(match operand(yaml)? {
            Operand::Object(members) => members.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            _ => return Err(wrong()),
        }),
        ArgumentKind::Condition | ArgumentKind::Steps | ArgumentKind::Lookup => return Err(Unbuilt::NeedsCompiler),
    })
}

fn items(yaml: &Yaml) -> &[Yaml] {
    yaml.as_sequence().map_or(std::slice::from_ref(yaml), Vec::as_slice)
}

fn scalar(yaml: &Yaml) -> Option<String> {
    match yaml {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn operand(yaml: &Yaml) -> Result<Operand, Unbuilt> {
    Ok(match yaml {
        Yaml::Null => Operand::Null,
        Yaml::Bool(value) => Operand::Bool(*value),
        Yaml::Number(number) => {
            number.as_i64().map_or_else(|| Operand::Decimal(number.to_string().into()), Operand::Int)
        }
        Yaml::String(text) if text.starts_with('$') => Operand::Reference(reference(text)?),
        Yaml::String(text) if text.contains('{') => return Err(Unbuilt::NeedsCompiler),
        Yaml::String(text) => Operand::Text(text.as_str().into()),
        Yaml::Sequence(items) => Operand::List(items.iter().map(operand).collect::<Result<_, _>>()?),
        Yaml::Mapping(map) => {
            let member = |(key, value): (&Yaml, &Yaml)| Ok((scalar(key).unwrap_or_default().into(), operand(value)?));
            Operand::Object(map.iter().map(member).collect::<Result<_, _>>()?)
        }
        Yaml::Tagged(_) => return Err(Unbuilt::Wrong("a tag".to_owned())),
    })
}

fn reference(text: &str) -> Result<Reference, Unbuilt> {
    let bases = [("$item", Base::Item), ("$index", Base::Index), ("$key", Base::Key)];
    for (word, base) in bases {
        if let Some(rest) = text.strip_prefix(word) {
            let tail = tail("$", rest).ok_or_else(|| Unbuilt::Wrong("invalid path".to_owned()))?;
            return Ok(Reference { base, tail });
        }
    }
    Err(Unbuilt::NeedsCompiler)
}

fn tail(root: &str, path: &str) -> Option<Tail> {
    let query = if path.starts_with('[') { format!("${path}") } else { format!("{root}{path}") };
    parse_json_path(&query).ok().map(Tail::of)
}

// ---------------------------------------------------------------------------------------------------------------- JSON

/// Parses JSON text; numbers keep every digit.
fn json<'a>(text: &str, arena: &'a Bump) -> Result<Value<'a>, String> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| format!("{text} is not JSON: {error}"))?;
    let text = raw.get().trim();
    let as_error = |error: serde_json::Error| error.to_string();
    Ok(match text.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => Value::Text(arena.alloc_str(&serde_json::from_str::<String>(text).map_err(as_error)?)),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(as_error)?;
            let items: Vec<_> = items.into_iter().map(|item| json(item.get(), arena)).collect::<Result<_, _>>()?;
            Value::List(arena.alloc_slice_copy(&items))
        }
        Some(b'{') => {
            let members = serde_json::Deserializer::from_str(text).deserialize_map(Members).map_err(as_error)?;
            let members: Vec<_> = members
                .into_iter()
                .map(|(key, value)| Ok::<_, String>((&*arena.alloc_str(&key), json(value.get(), arena)?)))
                .collect::<Result<_, _>>()?;
            Value::Object(arena.alloc_slice_copy(&members))
        }
        _ => text.parse().map_or_else(|_| Value::Decimal(arena.alloc_str(text)), Value::Int),
    })
}

/// Reads the members of an object in the order in which they are written.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// The value as JSON text, for comparison; numbers as written, bytes as `"bytes 00ff"`.
fn show(value: Value<'_>) -> String {
    match value {
        Value::Missing => "nothing".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(text) => text.to_owned(),
        Value::Text(text) => serde_json::Value::from(text).to_string(),
        Value::Bytes(bytes) => {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            format!("\"bytes {hex}\"")
        }
        Value::List(items) => {
            format!("[{}]", items.iter().map(|item| show(*item)).collect::<Vec<_>>().join(","))
        }
        Value::Object(members) => {
            let member =
                |(key, value): &(&str, Value<'_>)| format!("{}:{}", serde_json::Value::from(*key), show(*value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}
