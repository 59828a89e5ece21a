//! Conditions as written: a map whose entries all hold.

use super::expr;
use super::fields::{expected, key, list, map, nothing_as_text};
use super::node::{Entry, Node};
use super::reference;
use super::syntax::{Cond, StepDef, TestDef, Word};
use crate::diag::{Diagnostic, Findings};

/// Reads a condition.
pub fn read(node: &Node, findings: &mut Findings) -> Option<Cond> {
    let entries = map(node, findings);
    if entries.is_empty() {
        if node.as_map().is_some() {
            findings.push(expected(node, "a condition such as `{ $.status: active }`"));
        }
        return None;
    }
    let parts: Vec<Option<Cond>> = entries.iter().map(|entry| part(entry, findings)).collect();
    let mut parts: Vec<Cond> = parts.into_iter().collect::<Option<_>>()?;
    if parts.len() == 1 { parts.pop() } else { Some(Cond::All(parts)) }
}

fn part(entry: &Entry, findings: &mut Findings) -> Option<Cond> {
    match entry.key.as_str() {
        "any" => conditions(&entry.value, findings).map(Cond::Any),
        "all" => conditions(&entry.value, findings).map(Cond::All),
        "not" => read(&entry.value, findings).map(|cond| Cond::Not(Box::new(cond))),
        text if reference::is_reference(text) => {
            let left = Node { span: entry.key_span, kind: entry.key_kind() };
            let left = reference::read(&left, 0..text.len(), findings);
            let test = test(&entry.value, findings);
            Some(Cond::Test(left?, test?))
        }
        text => {
            let message = format!("a condition begins with a reference, and `{text}` is none");
            let meant = match text.to_ascii_lowercase().as_str() {
                "and" | "&&" | "every" => Some("all"),
                "or" | "||" | "one" | "some" => Some("any"),
                "nor" | "none" | "!" => Some("not"),
                _ => None,
            };
            let help = if let Some(meant) = meant {
                format!("write `{meant}`")
            } else if reference::is_reference(&format!("$.{text}")) {
                format!("write `$.{text}` to test a field of the record; other keys are `any`, `all` and `not`")
            } else {
                "write a reference such as `$.status`, or `any`, `all` or `not`".to_owned()
            };
            findings.push(Diagnostic::error("R109", entry.key_span, message, help));
            None
        }
    }
}

fn conditions(node: &Node, findings: &mut Findings) -> Option<Vec<Cond>> {
    let parts: Vec<Option<Cond>> = list(node, findings).iter().map(|item| read(item, findings)).collect();
    if parts.is_empty() && node.as_list().is_some() {
        findings.push(expected(node, "at least one condition"));
        return None;
    }
    parts.into_iter().collect()
}

fn test(node: &Node, findings: &mut Findings) -> Option<TestDef> {
    if node.plain() == Some("") {
        let help = "write `present` or `missing` behind the colon, a value, or a predicate such as `{ contains: x }`";
        findings.push(Diagnostic::error("R107", node.span, "a condition without a test", help));
        return None;
    }
    if let Some(items) = node.as_list() {
        return Some(TestDef::OneOf(items.iter().map(|item| expr::read_or_any(item, findings)).collect()));
    }
    if let Some(entries) = node.as_map() {
        let parts: Vec<Option<TestDef>> = entries.iter().map(|entry| predicate(entry, findings)).collect();
        let mut parts: Vec<TestDef> = parts.into_iter().collect::<Option<_>>()?;
        return if parts.len() == 1 { parts.pop() } else { Some(TestDef::All(parts)) };
    }
    match node.plain() {
        Some("present") => Some(TestDef::Present),
        Some("missing") => Some(TestDef::Missing),
        Some("blank") => {
            let name = Word { text: "is_blank".to_owned(), span: node.span };
            Some(TestDef::Predicate(StepDef { name, argument: None }))
        }
        _ if node.is_null() => Some(TestDef::Missing),
        _ => {
            nothing_as_text(node, "`missing`", findings);
            expr::read(node, findings).map(TestDef::Equals)
        }
    }
}

fn predicate(entry: &Entry, findings: &mut Findings) -> Option<TestDef> {
    if entry.key == "not" {
        return test(&entry.value, findings).map(|test| TestDef::Not(Box::new(test)));
    }
    let argument = (!entry.value.is_null()).then(|| entry.value.clone());
    Some(TestDef::Predicate(StepDef { name: key(entry), argument }))
}
