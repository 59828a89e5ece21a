//! `email: { value: …, verified: … }`: the members of an object claim, written as a map where a rule is expected.

use super::claim_names;
use super::objects::{joined, listed};
use crate::diag::{Diagnostic, Findings, closest};
use crate::rules::{Entry, Node, NodeKind, START_KEYS, body};
use crate::schema::{Schema, Shape, ShapeKind};

/// The tree with such maps split into claims, as the author meant, so that the mistake causes no other findings; `None`
/// if the file has no such map.
pub(super) fn taken_apart(tree: &Node, schema: &Schema, findings: &mut Findings) -> Option<Node> {
    let NodeKind::Map(sections) = &tree.kind else { return None };
    let account = tree.get("account")?.as_map()?;
    let mut changed = false;
    // with `from`, the keys of the start are not claims
    let starts = account.iter().any(|entry| entry.key == "from");
    let claims: Vec<Entry> = account
        .iter()
        .flat_map(|claim| match members(claim, schema) {
            _ if starts && START_KEYS.contains(&claim.key.as_str()) => vec![claim.clone()],
            Some(members) => {
                findings.push(members_in_map(claim, &members));
                changed = true;
                members
            }
            None => match list_of_one(claim, schema) {
                Some(list) => {
                    findings.push(map_for_list(claim));
                    changed = true;
                    vec![list]
                }
                None => vec![claim.clone()],
            },
        })
        .collect();
    let with_claims = |section: &Entry| match section.key.as_str() {
        "account" => {
            let value = Node { kind: NodeKind::Map(claims.clone()), ..section.value.clone() };
            Entry { value, ..section.clone() }
        }
        _ => section.clone(),
    };
    changed.then(|| Node { kind: NodeKind::Map(sections.iter().map(with_claims).collect()), ..tree.clone() })
}

/// The claims that a map of members means.
fn members(claim: &Entry, schema: &Schema) -> Option<Vec<Entry>> {
    let entries = claim.value.as_map()?;
    let shape = schema.claim(&claim.key)?.shape;
    let is_key = |entry: &&Entry| body::KEYS.contains(&entry.key.as_str());
    let (keys, strangers): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(is_key);
    let all_are_strangers = keys.is_empty() && !strangers.is_empty();
    let is_misspelt = |stranger: &&Entry| misspelt_key(&stranger.key).is_some();
    let is_meant = match &shape.kind {
        ShapeKind::Object(_) => {
            strangers.iter().any(|stranger| is_member(&stranger.key, shape))
                || (all_are_strangers && !strangers.iter().all(is_misspelt))
        }
        ShapeKind::Any => all_are_strangers && !strangers.iter().any(is_misspelt),
        _ => false,
    };
    let inner = |entry: &Entry| Entry { key: member_meant(&claim.key, &entry.key, shape, schema), ..entry.clone() };
    // `required: true` among members is still a key of a rule
    let is_value = |entry: &&Entry| !body::KEYS.contains(&entry.key.as_str()) || shape.member(&entry.key).is_some();
    is_meant.then(|| entries.iter().filter(is_value).map(inner).collect())
}

/// The path of a member, in the spelling of the schema if it is clear which member is meant.
fn member_meant(claim: &str, member: &str, shape: &Shape, schema: &Schema) -> String {
    let path = joined(claim, member);
    if shape.member(member).is_some() {
        return path;
    }
    if let Some(meant) = claim_names::claim(&path, schema).filter(|meant| meant.starts_with(&format!("{claim}."))) {
        return meant.to_owned();
    }
    let names = match &shape.kind {
        ShapeKind::Object(object) => object.members.as_slice(),
        _ => &[],
    };
    closest(member, names.iter().map(|known| known.name.as_str())).map_or(path, |near| joined(claim, near))
}

fn is_member(name: &str, shape: &Shape) -> bool {
    let ShapeKind::Object(object) = &shape.kind else { return false };
    object.find(name).is_some()
        || (misspelt_key(name).is_none() && closest(name, object.members.iter().map(|m| m.name.as_str())).is_some())
        || (object.members.is_empty() && misspelt_key(name).is_none())
}

/// The key of a rule that was probably meant. Short names are not compared: they are close to everything.
fn misspelt_key(name: &str) -> Option<&str> {
    closest(name, body::KEYS.iter().copied()).filter(|_| name.len() > 2)
}

/// The list of one object that a map means if the claim is a list of objects.
fn list_of_one(claim: &Entry, schema: &Schema) -> Option<Entry> {
    let entries = claim.value.as_map()?;
    let element = schema.claim(&claim.key)?.shape.element()?;
    let is_stranger = |entry: &&Entry| !body::KEYS.contains(&entry.key.as_str());
    let is_object = entries.iter().filter(is_stranger).any(|entry| is_member(&entry.key, element));
    let wrapped = |kind: NodeKind| Node { kind, ..claim.value.clone() };
    let list = wrapped(NodeKind::List(vec![claim.value.clone()]));
    let rule = Entry { key: "value".to_owned(), key_span: claim.key_span, value: list };
    is_object.then(|| Entry { value: wrapped(NodeKind::Map(vec![rule])), ..claim.clone() })
}

fn map_for_list(claim: &Entry) -> Diagnostic {
    let message = format!("the claim `{}` is a list of objects, and this is a map", claim.key);
    let names: Vec<&str> = claim.value.as_map().unwrap_or_default().iter().map(|entry| entry.key.as_str()).collect();
    let members = names.join(": …, ");
    let help = format!(
        "write `{0}: {{ value: [ {{ {members}: … }} ] }}` for a list of one, or `{0}: {{ from: $.list, each: {{ … }} }}`",
        claim.key
    );
    Diagnostic::error("R107", claim.key_span.to(claim.value.span), message, help)
}

fn members_in_map(claim: &Entry, members: &[Entry]) -> Diagnostic {
    let names: Vec<String> = members.iter().map(|member| format!("{}:", member.key)).collect();
    let message = format!("the members of the claim `{}` are claims of their own", claim.key);
    let help = match names.as_slice() {
        [] | [_] => format!("write {}", listed(names.iter().map(String::as_str))),
        [most @ .., last] => format!("write {} and `{last}`", listed(most.iter().map(String::as_str))),
    };
    Diagnostic::error("R107", claim.key_span.to(claim.value.span), message, help)
}
