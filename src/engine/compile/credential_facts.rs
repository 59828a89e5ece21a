//! `set_at` and `needs_rehash`: facts about a credential, with their kinds.

use crate::diag::Span;
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Op};
use crate::engine::plan::RulePlan;
use crate::engine::steps::Step;
use crate::model::{Kinds, Value};
use crate::schema::TextFormat;

/// Adds to the rule of a fact the check of its value.
pub(super) fn check(plan: &mut RulePlan, span: Span) {
    let op: Box<dyn Op> = match plan.name.as_str() {
        "set_at" => Box::new(Time),
        "needs_rehash" => Box::new(Boolean),
        _ => return,
    };
    plan.then.0.push(Step { name: "check", input: Kinds::ANY, takes_nothing: false, can_fail: true, op, span });
}

#[derive(Debug)]
struct Time;

impl Op for Time {
    fn apply<'a>(&'a self, value: Value<'a>, _: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let is_time = |text: &str| TextFormat::DateTime.admits(text) || TextFormat::Date.admits(text);
        match value.as_text() {
            Some(text) if is_time(text) => Ok(value),
            _ => Err(Failure::new("`set_at` is not a time; use a step such as `date` or `epoch`")),
        }
    }
}

#[derive(Debug)]
struct Boolean;

impl Op for Boolean {
    fn apply<'a>(&'a self, value: Value<'a>, _: &Cx<'a>) -> Result<Value<'a>, Failure> {
        match value {
            Value::Bool(_) => Ok(value),
            _ => Err(Failure::new("`needs_rehash` is not a boolean; add `as: boolean`")),
        }
    }
}
