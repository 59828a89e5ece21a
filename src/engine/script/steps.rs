//! Steps as functions of scripts: every step of text, numbers and times can be called by name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use bumpalo::Bump;
use rhai::{Dynamic, Engine, Map, NativeCallContext, Position};

use super::helpers::{FunctionError, Outcome, failed, pure, too_large};
use super::limits::ScriptLimits;
use super::{bridge, budget};
use crate::engine::context::Cx;
use crate::engine::late::{constant, wanted};
use crate::engine::op::{ArgumentKind, ArgumentSpec, Arguments, Failure, Op, OpSpec};
use crate::engine::ops;
use crate::model::Value;

/// The cost of a call of a step in operations, besides the cost of the text that it reads.
const CALL_COST: u64 = 8;

/// How many bytes of text cost one additional operation.
const BYTES_OF_AN_OPERATION: usize = 128;

pub use ops::of_scripts as all;

/// The step with a name, if scripts may call it.
pub(super) fn find(name: &str) -> Option<&'static OpSpec> {
    all().find(|spec| spec.name == name)
}

/// The steps of a script with constant arguments, built when the script was read, by the position of their call.
#[derive(Debug, Default)]
pub(super) struct Calls(BTreeMap<Place, Arc<dyn Op>>);

type Place = (Option<usize>, Option<usize>);

fn place(position: Position) -> Place {
    (position.line(), position.position())
}

impl Calls {
    /// Stores the step of a call.
    pub(super) fn insert(&mut self, position: Position, op: Box<dyn Op>) {
        self.0.insert(place(position), op.into());
    }
}

thread_local! {
    static CALLS: RefCell<Option<Arc<Calls>>> = const { RefCell::new(None) };
}

/// The steps of the script running on this thread; dropping this restores the previous ones.
pub(super) struct Current(Option<Arc<Calls>>);

impl Current {
    /// Makes these the steps of the running script.
    pub(super) fn set(calls: &Arc<Calls>) -> Self {
        Self(CALLS.with(|cell| cell.borrow_mut().replace(Arc::clone(calls))))
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let before = self.0.take();
        CALLS.with(|cell| *cell.borrow_mut() = before);
    }
}

fn prepared(position: Position) -> Option<Arc<dyn Op>> {
    CALLS.with(|cell| cell.borrow().as_ref().and_then(|calls| calls.0.get(&place(position)).cloned()))
}

/// Registers the steps.
pub(super) fn register(engine: &mut Engine, limits: &ScriptLimits) {
    let limits = Arc::new(limits.clone());
    for spec in all() {
        let (alone, with) = (Arc::clone(&limits), Arc::clone(&limits));
        pure(engine, spec.name, move |cx: NativeCallContext, value: &mut Dynamic| call(&cx, spec, value, None, &alone));
        if !spec.arguments.is_empty() {
            pure(engine, spec.name, move |cx: NativeCallContext, value: &mut Dynamic, argument: Dynamic| {
                call(&cx, spec, value, Some(&argument), &with)
            });
        }
    }
}

fn call(
    cx: &NativeCallContext,
    spec: &'static OpSpec,
    value: &Dynamic,
    argument: Option<&Dynamic>,
    limits: &ScriptLimits,
) -> Outcome<Dynamic> {
    let arena = Bump::new();
    let here = Cx::bare(&arena);
    let input = converted(bridge::from_script(value, limits, &here))?;
    let work = CALL_COST + u64::try_from(bytes(input) / BYTES_OF_AN_OPERATION).unwrap_or(u64::MAX);
    if budget::spend_many(work).is_some() {
        return too_large();
    }
    if !input.is_present() && !spec.takes_nothing {
        return Ok(Dynamic::UNIT);
    }
    let op = match prepared(cx.call_position()) {
        Some(op) => op,
        None => built(spec, argument, limits).map_err(|why| step_failure(spec, &why))?.into(),
    };
    let output = match input.is_present() && !spec.input.has(input) {
        true => Err(Failure::kind(spec.input, input)),
        false => op.apply(input, &here),
    };
    let output = output.map_err(|failure| step_failure(spec, failure.message()))?;
    converted(bridge::to_script(output, limits))
}

fn step_failure(spec: &OpSpec, why: &str) -> Box<rhai::EvalAltResult> {
    failed(FunctionError(format!("`{}` fails: {why}", spec.name).into()))
}

fn converted<T>(result: Result<T, bridge::ConversionError>) -> Outcome<T> {
    result.or_else(|error| match error.limit {
        true => too_large(),
        false => Err(failed(FunctionError(format!("a value {}", error.why).into()))),
    })
}

/// The amount of text in a value, in bytes.
fn bytes(value: Value<'_>) -> usize {
    match value {
        Value::Text(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.iter().map(|item| 1 + bytes(*item)).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + bytes(*value)).sum(),
        _ => 0,
    }
}

/// Builds a step with arguments that the script computes. Error messages contain no values.
fn built(spec: &'static OpSpec, argument: Option<&Dynamic>, limits: &ScriptLimits) -> Result<Box<dyn Op>, String> {
    let mut arguments = Arguments::default();
    for (argument, value) in named(spec, argument)? {
        let arena = Bump::new();
        let value = bridge::from_script(&value, limits, &Cx::bare(&arena))
            .map_err(|error| format!("the argument `{}` {}", argument.name, error.why))?;
        if argument.kind == ArgumentKind::Regex {
            return Err(format!("the argument `{}` must be a constant", argument.name));
        }
        let made = constant(argument.kind, value, &arena)
            .ok_or_else(|| format!("the argument `{}` is not {}", argument.name, wanted(argument.kind)))?;
        arguments.push(argument.name, made);
    }
    (spec.build)(&mut arguments).map_err(|error| format!("the value of the argument `{}` is invalid", error.argument))
}

/// The arguments by name: a map of them, or only the main one.
fn named(spec: &'static OpSpec, argument: Option<&Dynamic>) -> Result<Vec<(&'static ArgumentSpec, Dynamic)>, String> {
    let given = match argument {
        None => Vec::new(),
        Some(argument) => match argument.as_map_ref() {
            Ok(map) => of_map(spec, &map)?,
            Err(_) => vec![(main(spec)?, argument.clone())],
        },
    };
    let lacks =
        |argument: &&ArgumentSpec| argument.required && !given.iter().any(|(have, _)| have.name == argument.name);
    match spec.arguments.iter().find(lacks) {
        Some(argument) => Err(format!("the argument `{}` is missing", argument.name)),
        None => Ok(given),
    }
}

fn main(spec: &'static OpSpec) -> Result<&'static ArgumentSpec, String> {
    spec.arguments
        .iter()
        .find(|argument| argument.main)
        .ok_or_else(|| "the step takes its arguments by name".to_owned())
}

fn of_map(spec: &'static OpSpec, map: &Map) -> Result<Vec<(&'static ArgumentSpec, Dynamic)>, String> {
    let find = |name: &str| spec.arguments.iter().find(|argument| argument.name == name);
    map.iter()
        .map(|(name, value)| match find(name) {
            Some(argument) => Ok((argument, value.clone())),
            // without the name: the script may have computed it
            None => Err("unknown argument".to_owned()),
        })
        .collect()
}
