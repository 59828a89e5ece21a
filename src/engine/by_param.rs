//! A step whose argument is chosen by a parameter: one variant is built for each allowed value of the parameter.

use super::context::Cx;
use super::op::{Failure, Op};
use super::operand::Reference;
use crate::model::Value;

/// The variants of a step, by the value of a parameter.
#[derive(Debug)]
pub(super) struct ByParam {
    pub param: Reference,
    pub ways: Vec<(String, Box<dyn Op>)>,
}

impl Op for ByParam {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let set = self.param.value(cx).scalar_text(cx.arena);
        let way = self.ways.iter().find(|(value, _)| set == Some(value));
        // callers check parameters against their allowed values; one that does not gets a failure, not a guess
        let (_, op) =
            way.ok_or_else(|| Failure::new("a parameter of the step does not have one of its allowed values"))?;
        op.apply(input, cx)
    }
}
