//! From the claims of a run to the account's object, along the skeleton that the rules fix.

use bumpalo::collections::Vec as ArenaVec;

use super::context::Cx;
use super::plan::OutputNode;
use crate::model::Value;

/// The account's object. A claim without a value and an object without members are left out.
pub fn assemble<'a>(nodes: &'a [OutputNode], cx: &Cx<'a>) -> Value<'a> {
    let mut members = ArenaVec::with_capacity_in(nodes.len(), cx.arena);
    for node in nodes {
        let value = member(node, cx);
        if !matches!(value, Value::Missing) {
            members.push((&*node.key, value));
        }
    }
    Value::Object(members.into_bump_slice())
}

fn member<'a>(node: &'a OutputNode, cx: &Cx<'a>) -> Value<'a> {
    let own = node.claim.map_or(Value::Missing, |register| cx.register(register));
    if node.children.is_empty() {
        return own;
    }
    let is_whole = matches!(own, Value::Object(_));
    if !is_whole && node.needs.iter().any(|claim| !cx.register(*claim).is_present()) {
        return own;
    }
    let Value::Object(made) = assemble(&node.children, cx) else { return own };
    match own {
        Value::Object(own) => Value::Object(merge(own, made, cx)),
        _ if made.is_empty() => own,
        _ => Value::Object(made),
    }
}

/// The members of a claim that is an object, with the members that rules of their own make in their place.
fn merge<'a>(
    own: &'a [(&'a str, Value<'a>)],
    made: &'a [(&'a str, Value<'a>)],
    cx: &Cx<'a>,
) -> &'a [(&'a str, Value<'a>)] {
    let mut members = ArenaVec::with_capacity_in(own.len() + made.len(), cx.arena);
    members.extend(own.iter().filter(|(key, _)| made.iter().all(|(other, _)| other != key)).copied());
    members.extend_from_slice(made);
    members.into_bump_slice()
}
