//! Reads the record files of tests as the commands do: from the list at a path, or as a list or single record.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::rules::{Node, NodeKind, RecordsPath};

/// A record, with the suffix of its name if the document contains several.
pub(super) type Named<T> = (Option<String>, T);

/// How deep to search for lists that the message about a wrong path suggests.
const LIST_DEPTH: usize = 3;

/// A document whose lists can be found.
trait Document: Sized {
    /// The members, if it is an object.
    fn members(&self) -> Option<Vec<(String, Self)>>;
    /// The elements, if it is a list.
    fn elements(&self) -> Option<Vec<Self>>;
    /// Whether it contains data.
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

/// The texts of the records in a JSON text. Text that is not JSON is kept: a test may expect that it cannot be read.
///
/// # Errors
/// If there is no list at the path.
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
/// If there is no list at the path.
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
        return "the document itself is a list: remove `records`".to_owned();
    }
    let mut lists = Vec::new();
    add_lists(document, &RecordsPath::default(), &mut lists);
    match lists.as_slice() {
        [] => "the document contains no list".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Files, Findings};
    use crate::rules::read;

    /// The names and texts of the records, or the problem.
    fn shown(text: &str, at: Option<&str>) -> Vec<String> {
        let at: Option<RecordsPath> = at.map(|path| path.parse().unwrap());
        let name = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
        let found = match of_json(text, at.as_ref()) {
            Ok(records) => records.into_iter().map(|(suffix, text)| format!("{}: {text}", name(suffix))).collect(),
            Err(problem) => vec![problem],
        };
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("r.yaml", text);
        if let Some(tree) = read(&files, file, &mut findings) {
            let count = of_yaml(&tree, at.as_ref()).map_or_else(
                |problem| vec![problem],
                |records| records.into_iter().map(|(suffix, _)| name(suffix)).collect(),
            );
            let names: Vec<String> = found.iter().map(|line| line.split(": {").next().unwrap().to_owned()).collect();
            assert_eq!(count, names, "YAML is read like JSON: {text}");
        }
        found
    }

    #[test]
    fn documents_are_read_as_the_commands_read_them() {
        let big = r#"{"id":123456789012345678901}"#;
        for (text, at, wanted) in [
            (big, None, vec![format!("-: {big}")]),
            (&*format!("[{big},{{}}]"), None, vec![format!("record 1: {big}"), "record 2: {}".to_owned()]),
            (&*format!(r#"{{"users":[{big}],"next":null}}"#), None, vec![format!("$.users record 1: {big}")]),
            (
                &*format!(r#"{{"users":[{big}],"next":null}}"#),
                Some("$"),
                vec![format!(r#"-: {{"users":[{big}],"next":null}}"#)],
            ),
            (&*format!(r#"{{"users":[{big}],"n":1}}"#), None, vec![format!(r#"-: {{"users":[{big}],"n":1}}"#)]),
            (&*format!(r#"{{"a":{{"users":[{big}]}},"n":1}}"#), Some("$.a.users"), vec![format!("record 1: {big}")]),
            (r#"{"tags":["x"]}"#, None, vec![r#"-: {"tags":["x"]}"#.to_owned()]),
            (
                r#"{"a":{"users":[]},"z":[]}"#,
                Some("$.users"),
                vec!["there is no list at `$.users`; there are lists at `$.a.users`, `$.z`".to_owned()],
            ),
            (
                "[]",
                Some("$.users"),
                vec!["there is no list at `$.users`; the document itself is a list: remove `records`".to_owned()],
            ),
        ] {
            assert_eq!(shown(text, at), wanted, "{text}");
        }
        assert_eq!(of_json("{", None), Ok(vec![(None, "{".to_owned())]));
    }
}
