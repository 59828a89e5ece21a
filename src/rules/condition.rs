//! Reads conditions: a map whose entries must all be true.

use super::expr;
use super::fields::{empty, key, list, nothing_as_text, null_as_word, shape};
use super::foreign;
use super::node::{Entry, Node};
use super::reference;
use super::syntax::{Cond, StepDef, TestDef, Word};
use crate::diag::{Diagnostic, Findings};

/// What a condition tests: the record, or every element of a list in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The record.
    Record,
    /// An element, called `$item`.
    Element,
}

impl Subject {
    /// The reference that a bare name most likely belongs to.
    #[must_use]
    pub fn base(self) -> &'static str {
        match self {
            Self::Record => "$",
            Self::Element => "$item",
        }
    }
}

/// Reads a condition.
pub fn read(node: &Node, subject: Subject, findings: &mut Findings) -> Option<Cond> {
    let Some(entries) = node.as_map() else {
        findings.push(not_a_map(node, subject));
        return None;
    };
    if entries.is_empty() {
        findings.push(empty(node, "the condition is empty", &format!("{{ {}.status: active }}", subject.base())));
        return None;
    }
    let parts: Vec<Option<Cond>> = entries.iter().map(|entry| part(entry, subject, findings)).collect();
    let mut parts: Vec<Cond> = parts.into_iter().collect::<Option<_>>()?;
    if parts.len() == 1 { parts.pop() } else { Some(Cond::All(parts)) }
}

/// Reports a condition that is not a map: a comparison in the syntax of another language, or a list.
fn not_a_map(node: &Node, subject: Subject) -> Diagnostic {
    let message = format!("a condition is a map, found {}", shape(node));
    let help = match node.as_text().filter(|_| !node.is_null()) {
        Some(text) => foreign::as_map(text, subject).map(|map| format!("write `{map}`")),
        None if node.as_list().is_some() => {
            Some("write `{ all: [ … ] }` if all of them must be true, `{ any: [ … ] }` if one is enough".to_owned())
        }
        None => None,
    };
    let help =
        help.unwrap_or_else(|| format!("write a reference and a test: `{{ {}.status: active }}`", subject.base()));
    Diagnostic::error("R107", node.span, message, help)
}

fn part(entry: &Entry, subject: Subject, findings: &mut Findings) -> Option<Cond> {
    match entry.key.as_str() {
        "any" => conditions(&entry.value, subject, findings).map(Cond::Any),
        "all" => conditions(&entry.value, subject, findings).map(Cond::All),
        "not" => read(&entry.value, subject, findings).map(|cond| Cond::Not(Box::new(cond))),
        text if entry.value.as_text() == Some("") && entry.value.is_null() => {
            findings.push(missing_test(entry, text, subject));
            None
        }
        text if reference::is_reference(text) => {
            let left = Node { span: entry.key_span, kind: entry.key_kind() };
            let left = reference::read(&left, 0..text.len(), findings);
            let test = test(&entry.value, text, findings);
            Some(Cond::Test(left?, test?))
        }
        text => {
            findings.push(not_a_reference(entry, text, subject));
            None
        }
    }
}

/// Reports a key with nothing after it: `{ $.a == true }`, `{ $.a }`.
fn missing_test(entry: &Entry, text: &str, subject: Subject) -> Diagnostic {
    let (message, help) = match foreign::as_map(text, subject) {
        Some(map) if !reference::is_reference(text) || text.contains([' ', '=', '<', '>', '!']) => {
            (format!("`{text}` is a comparison, but the key of a condition is a reference"), format!("write `{map}`"))
        }
        _ => (
            format!("there is no test for `{text}`"),
            format!("write `{text}: true`, `{text}: present` or `{text}: missing`"),
        ),
    };
    Diagnostic::error("R109", entry.key_span, message, help)
}

/// Reports a key that is not a reference. Suggests `$.a` if the record is tested, `$item.a` inside lists.
fn not_a_reference(entry: &Entry, text: &str, subject: Subject) -> Diagnostic {
    let message = format!("a condition begins with a reference, and `{text}` is not one");
    let help = match (foreign::reference_for(text, subject), subject) {
        (Some(reference), Subject::Element) if reference.starts_with("$item.") => {
            let member = reference.trim_start_matches("$item.");
            format!("write `{reference}` to test the element; `$.{member}` tests a field of the record")
        }
        (Some(reference), Subject::Record) if reference.starts_with("$.") => {
            format!("write `{reference}` to test a field of the record; other keys are `any`, `all` and `not`")
        }
        (Some(reference), _) => format!("write `{reference}`"),
        (None, _) => format!("write a reference such as `{}.status`, or `any`, `all` or `not`", subject.base()),
    };
    Diagnostic::error("R109", entry.key_span, message, help)
}

fn conditions(node: &Node, subject: Subject, findings: &mut Findings) -> Option<Vec<Cond>> {
    let parts: Vec<Option<Cond>> = list(node, findings).iter().map(|item| read(item, subject, findings)).collect();
    if parts.is_empty() && node.as_list().is_some() {
        findings.push(empty(
            node,
            "the list of conditions is empty",
            &format!("[ {{ {}.status: active }} ]", subject.base()),
        ));
        return None;
    }
    parts.into_iter().collect()
}

/// Reads a test; `left` is the reference to the tested value, as written.
fn test(node: &Node, left: &str, findings: &mut Findings) -> Option<TestDef> {
    if node.plain() == Some("") {
        let help = "write `present` or `missing` after the colon, a value, or a predicate such as `{ contains: x }`";
        findings.push(Diagnostic::error("R107", node.span, "a condition without a test", help));
        return None;
    }
    let is_empty = node.as_list().is_some_and(<[Node]>::is_empty) || node.as_map().is_some_and(<[Entry]>::is_empty);
    if is_empty {
        let message = format!("there is no test for `{left}`");
        findings.push(empty(node, &message, &format!("{left}: present")));
        return None;
    }
    if let Some(items) = node.as_list() {
        return Some(TestDef::OneOf(items.iter().map(|item| expr::read_or_any(item, findings)).collect()));
    }
    if let Some(entries) = node.as_map() {
        let parts: Vec<Option<TestDef>> = entries.iter().map(|entry| predicate(entry, left, findings)).collect();
        let mut parts: Vec<TestDef> = parts.into_iter().collect::<Option<_>>()?;
        return if parts.len() == 1 { parts.pop() } else { Some(TestDef::All(parts)) };
    }
    if let Some(finding) = comparison(node, left) {
        findings.push(finding);
    }
    match node.plain() {
        Some("present") => Some(TestDef::Present),
        Some("missing") => Some(TestDef::Missing),
        Some("blank") => {
            let name = Word { text: "is_blank".to_owned(), span: node.span };
            Some(TestDef::Predicate(StepDef { name, argument: None }))
        }
        _ if node.is_null() => {
            null_as_word(node, "`missing`", findings);
            Some(TestDef::Missing)
        }
        _ => {
            nothing_as_text(node, "`missing`", findings);
            expr::read(node, findings).map(TestDef::Equals)
        }
    }
}

/// Reports `"> 18"`, `not null`: text that begins like a comparison in other languages.
fn comparison(node: &Node, left: &str) -> Option<Diagnostic> {
    let text = node.as_text().filter(|_| !node.is_null())?;
    let has_sign = text.starts_with(['=', '<', '>', '!']);
    // words in quotes are meant literally
    let has_word = node.plain().is_some() && ["not ", "is ", "in "].iter().any(|word| text.starts_with(word));
    if !has_sign && !has_word {
        return None;
    }
    let map = foreign::as_map(&format!("{left} {text}"), Subject::Record)?;
    let map = map.strip_prefix("{ ").and_then(|map| map.strip_suffix(" }")).unwrap_or(&map);
    let itself = if has_word { format!("`\"{text}\"`") } else { format!("`{{ equals: \"{text}\" }}`") };
    let message = format!("`{text}` is compared as text");
    let help = format!("write `{map}`; for the text itself write {itself}");
    Some(Diagnostic::warning("R215", node.span, message, help))
}

fn predicate(entry: &Entry, left: &str, findings: &mut Findings) -> Option<TestDef> {
    if entry.key == "not" {
        return test(&entry.value, left, findings).map(|test| TestDef::Not(Box::new(test)));
    }
    let argument = (!entry.value.is_null()).then(|| entry.value.clone());
    match (entry.key.as_str(), &argument) {
        ("present", None) => return Some(TestDef::Present),
        ("missing", None) => return Some(TestDef::Missing),
        _ => {}
    }
    Some(TestDef::Predicate(StepDef { name: key(entry), argument }))
}
