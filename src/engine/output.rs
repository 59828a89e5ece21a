//! Builds the account's object and its JSON text from the claims of a run, along the structure that the rules define.

use bumpalo::collections::Vec as ArenaVec;

use super::context::Cx;
use super::plan::OutputNode;
use crate::model::{Value, json};

impl OutputNode {
    pub(super) fn new(key: &str) -> Self {
        let mut quoted = vec![b','];
        json::write_text(key, &mut quoted);
        quoted.push(b':');
        Self { key: key.into(), quoted: quoted.into(), claim: None, needs: Vec::new(), children: Vec::new() }
    }
}

/// Appends an object of [`assemble`] like [`json::write()`], with names that were quoted when the rules were compiled.
pub fn write(nodes: &[OutputNode], value: Value<'_>, out: &mut Vec<u8>) {
    let Value::Object(members) = value else { return json::write(value, out) };
    // members are in the order of their nodes; those of a claim that is an object itself have no nodes
    let mut nodes = nodes.iter();
    let begin = out.len();
    for (name, value) in members.iter().filter(|(_, value)| !matches!(value, Value::Missing)) {
        if let Some(node) = nodes.find(|node| std::ptr::eq(&*node.key, *name)) {
            out.extend_from_slice(&node.quoted);
            match value {
                Value::Text(text) => json::write_text(text, out),
                value => write(&node.children, *value, out),
            }
        } else {
            out.push(b',');
            json::write_text(name, out);
            out.push(b':');
            json::write(*value, out);
        }
    }
    match out.get_mut(begin) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

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

/// The account's object if it starts from another: claims of rules replace its members, and an object that
/// lacks a required claim is left out if a rule should have set that claim.
pub fn over<'a>(nodes: &'a [OutputNode], start: Value<'a>, cx: &Cx<'a>) -> Value<'a> {
    let Value::Object(own) = start else { return assemble(nodes, cx) };
    let mut members = ArenaVec::with_capacity_in(own.len() + nodes.len(), cx.arena);
    members.extend(own.iter().copied().filter(|(key, _)| nodes.iter().all(|node| *node.key != **key)));
    for node in nodes {
        let below = own.iter().find(|(key, _)| *node.key == **key).map(|(_, value)| *value);
        let value = match (node.claim, below) {
            (None, Some(_)) if node.needs.iter().any(|claim| !cx.register(*claim).is_present()) => Value::Missing,
            (None, Some(below)) => over(&node.children, below, cx),
            _ => member(node, cx),
        };
        if !value.is_empty() || matches!(value, Value::Text("")) {
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

/// The members of a claim that is an object, replaced by the members that have their own rules.
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

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::diag::{Files, Findings};
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::outcome::Outcome;
    use crate::engine::probe::Silent;
    use crate::engine::run::Settings;

    #[test]
    fn written_text_is_the_account() {
        let rules = "landfall: 1\nname: t\ntarget: standard\naccount:\n  username: $.name\n  custom: $.rest\n  \
                     custom.\"a.b\": $.name\n  custom.deep.er: $.name\n  name.given: $.given\n  \
                     name.family: $.family\n  tags: $.tags\n";
        let mut files = Files::default();
        let file = files.add("t.yaml".to_owned(), rules.to_owned());
        let mut findings = Findings::default();
        let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
        for (record, members) in [
            (r#"{"name":"ada","family":"L\"","tags":["x"],"rest":{"a":{"b":"c"},"deep":{"er":"no","a":"b"}}}"#, 4),
            (r#"{"name":"ada","given":"Ada","family":"L"}"#, 3),
            (r#"{"given":"Ada"}"#, 1),
        ] {
            let (arena, settings) = (Bump::new(), Settings::default());
            let run = plan.run(record, &settings, &arena, &mut Silent);
            let Some(Outcome::Account(made)) = run.outcomes.first() else { panic!("{run:?}") };
            let (mut written, mut wanted) = (b"[".to_vec(), b"[".to_vec());
            made.write_json(&mut written);
            json::write(made.account.value(), &mut wanted);
            assert_eq!(String::from_utf8(written), String::from_utf8(wanted));
            assert_eq!(made.account.value().as_object().unwrap().len(), members, "{record}");
        }
    }
}
