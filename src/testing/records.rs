//! The records of a file of a test: read as the commands read them, from the list at a path or as they stand.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::rules::{Node, NodeKind, RecordsPath};

/// A record with what its name gets when the document holds several.
pub(super) type Named<T> = (Option<String>, T);

/// How deep lists are looked for, for the message of a wrong path.
const LIST_DEPTH: usize = 3;

/// A document whose lists can be found.
trait Document: Sized {
    /// The members, when it is an object.
    fn members(&self) -> Option<Vec<(String, Self)>>;
    /// The elements, when it is a list.
    fn elements(&self) -> Option<Vec<Self>>;
    /// Whether it says anything.
    fn has_data(&self) -> bool;
}

impl<'t> Document for &'t RawValue {
    fn members(&self) -> Option<Vec<(String, Self)>> {
        let members: BTreeMap<String, &'t RawValue> = serde_json::from_str(self.get()).ok()?;
        Some(members.into_iter().collect())
    }

    fn elements(&self) -> Option<Vec<Self>> {
        serde_json::from_str(self.get()).ok()
    }

    fn has_data(&self) -> bool {
        let text: String = self.get().chars().filter(|c| !c.is_ascii_whitespace()).take(5).collect();
        !matches!(text.as_str(), "null" | "\"\"" | "[]" | "{}")
    }
}

impl Document for &Node {
    fn members(&self) -> Option<Vec<(String, Self)>> {
        let members = self.as_map()?;
        Some(members.iter().map(|member| (member.key.clone(), &member.value)).collect())
    }

    fn elements(&self) -> Option<Vec<Self>> {
        self.as_list().map(|items| items.iter().collect())
    }

    fn has_data(&self) -> bool {
        match &self.kind {
            NodeKind::List(items) => !items.is_empty(),
            NodeKind::Map(members) => !members.is_empty(),
            NodeKind::Scalar(scalar) => !self.is_null() && !scalar.text.is_empty(),
        }
    }
}

/// The texts of the records in a JSON text. What is not JSON stays as it is: a test may expect that it cannot be read.
///
/// # Errors
/// When there is no list at the path.
pub(super) fn of_json(text: &str, at: Option<&RecordsPath>) -> Result<Vec<Named<String>>, String> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(document) => {
            let found = records(document, at)?;
            Ok(found.into_iter().map(|(name, record)| (name, record.get().to_owned())).collect())
        }
        Err(_) => Ok(vec![(None, text.to_owned())]),
    }
}

/// The records in a YAML tree.
///
/// # Errors
/// When there is no list at the path.
pub(super) fn of_yaml<'t>(tree: &'t Node, at: Option<&RecordsPath>) -> Result<Vec<Named<&'t Node>>, String> {
    records(tree, at)
}

fn records<D: Document>(document: D, at: Option<&RecordsPath>) -> Result<Vec<Named<D>>, String> {
    if let Some(path) = at.filter(|path| !path.is_root()) {
        let Some(list) = walk(&document, path) else {
            return Err(format!("there is no list at `{path}`; {}", where_lists_are(&document)));
        };
        return Ok(numbered(list, |number| format!("record {number}")));
    }
    if let Some(list) = document.elements() {
        return Ok(numbered(list, |number| format!("record {number}")));
    }
    if at.is_none()
        && let Some((name, list)) = only_list(&document)
    {
        let path = RecordsPath::default().member(&name);
        return Ok(numbered(list, |number| format!("{path} record {number}")));
    }
    Ok(vec![(None, document)])
}

fn numbered<D>(list: Vec<D>, name: impl Fn(usize) -> String) -> Vec<Named<D>> {
    list.into_iter().enumerate().map(|(at, record)| (Some(name(at + 1)), record)).collect()
}

fn walk<D: Document>(document: &D, path: &RecordsPath) -> Option<Vec<D>> {
    let mut names = path.names().iter();
    let mut here = member(document, names.next()?)?;
    for name in names {
        here = member(&here, name)?;
    }
    here.elements()
}

fn member<D: Document>(document: &D, name: &str) -> Option<D> {
    document.members()?.into_iter().find(|(have, _)| have == name).map(|(_, member)| member)
}

/// The list of objects that is the only member with data.
fn only_list<D: Document>(document: &D) -> Option<(String, Vec<D>)> {
    let mut with_data = document.members()?.into_iter().filter(|(_, member)| member.has_data());
    let ((name, list), None) = (with_data.next()?, with_data.next()) else { return None };
    let list = list.elements()?;
    list.iter().all(|item| item.members().is_some()).then_some((name, list))
}

fn where_lists_are<D: Document>(document: &D) -> String {
    if document.elements().is_some() {
        return "the document itself is a list: leave `records` out".to_owned();
    }
    let mut lists = Vec::new();
    add_lists(document, &RecordsPath::default(), &mut lists);
    match lists.as_slice() {
        [] => "the document holds no list".to_owned(),
        [one] => format!("there is a list at {one}"),
        several => format!("there are lists at {}", several.join(", ")),
    }
}

fn add_lists<D: Document>(document: &D, here: &RecordsPath, lists: &mut Vec<String>) {
    for (name, member) in document.members().unwrap_or_default() {
        let place = here.member(&name);
        if member.elements().is_some() {
            lists.push(format!("`{place}`"));
        } else if place.names().len() < LIST_DEPTH {
            add_lists(&member, &place, lists);
        }
    }
}
