//! A step whose argument a parameter chooses: one way is built for each value that the parameter may have.

use super::context::Cx;
use super::op::{Failure, Op};
use super::operand::Reference;
use crate::model::Value;

/// The ways of a step, by the value of a parameter.
#[derive(Debug)]
pub(super) struct ByParam {
    pub param: Reference,
    pub ways: Vec<(String, Box<dyn Op>)>,
}

impl Op for ByParam {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let set = self.param.value(cx).scalar_text(cx.arena);
        let way = self.ways.iter().find(|(value, _)| set == Some(value));
        // whoever sets parameters checks them against their values; a caller that does not gets a failure, not a guess
        let (_, op) = way.ok_or_else(|| Failure::new("a parameter of the step has none of its values"))?;
        op.apply(input, cx)
    }
}
