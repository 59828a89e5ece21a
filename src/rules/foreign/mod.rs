//! Texts in the syntax of another language: `{{ record.last }}`, `$.a + $.b`, `$.first $.last`. Taken literally, they
//! would be constants or broken paths, so each is a finding that shows how to write it here.

mod condition;
mod expression;
mod name;
mod path;
mod template;
mod tokens;

use std::ops::Range;

pub(super) use condition::as_map;
pub(super) use name::reference_for;
use tokens::reference_length;

use super::Node;
use super::condition::Subject;
use crate::diag::Diagnostic;

/// The variables of the rule language that have members. Other names belong to the file, or to digest templates.
const VARIABLES: &[&str] = &["item", "params", "account", "facts"];

/// The finding for a text that means something in another language, but nothing or something else here.
pub(super) fn check(node: &Node, text: &str) -> Option<Diagnostic> {
    if let Some(finding) = template::check(node, text) {
        return Some(finding);
    }
    if !text.contains('$') {
        return expression::call_without_references(node, text)
            .or_else(|| without_dollar(node, text))
            .or_else(|| path::check(node, text));
    }
    if reference_length(text) == Some(text.len()) {
        return None;
    }
    expression::check(node, text, &is_certain).or_else(|| without_braces(node, text, &is_certain))
}

/// `record.last`, `params.zone`: a reference without its dollar. A text in quotes is meant literally.
fn without_dollar(node: &Node, text: &str) -> Option<Diagnostic> {
    const ROOTS: &[&str] = &["record", "row", "item", "params", "account", "facts"];
    let (root, member) = node.plain()?.split_once('.')?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    if !ROOTS.contains(&root) || !member.starts_with(|c: char| c.is_alphabetic()) || !member.chars().all(is_name) {
        return None;
    }
    let reference = reference_for(text, Subject::Record)?;
    let message = format!("`{text}` is text, and looks like a reference without its dollar");
    let help = format!("write `{reference}`; for the text itself write `\"{text}\"`");
    Some(Diagnostic::warning("R216", node.span, message, help))
}

/// The same for the working values of a file, by their names: `$first + $last`, `$first $last`.
pub fn check_names(node: &Node, is_name: &dyn Fn(&str) -> bool) -> Option<Diagnostic> {
    let text = node.as_text()?;
    let named = |reference: &str| is_name(variable(reference));
    let expression = expression::check(node, text, &named);
    // an amount such as `$total` may be meant as text
    let warned = |found: Diagnostic| Diagnostic { severity: crate::diag::Severity::Warning, ..found };
    expression.or_else(|| without_braces(node, text, &named).map(warned))
}

/// The name at the start of a reference.
fn variable(reference: &str) -> &str {
    let name = reference.trim_start_matches('$');
    name.split(['.', '[']).next().unwrap_or(name)
}

/// Whether a text can only be a reference: it reads the record, or a member of a variable of the language.
fn is_certain(reference: &str) -> bool {
    let name = variable(reference);
    let member = reference.get(name.len() + 1..).unwrap_or("");
    let reads_member = member.strip_prefix('.').is_some_and(|member| !member.starts_with(|c: char| c.is_ascii_digit()));
    (name.is_empty() || VARIABLES.contains(&name)) && (reads_member || member.starts_with("['"))
}

/// Reports references inside text without braces.
fn without_braces(node: &Node, text: &str, counts: &dyn Fn(&str) -> bool) -> Option<Diagnostic> {
    let found = bare(text, counts);
    let starts_with_one = text.starts_with('$') && super::reference::is_reference(text);
    let first = found.first().filter(|_| found.len() > usize::from(starts_with_one))?.clone();
    let mut fixed = String::new();
    let mut at = 0;
    for range in &found {
        fixed.push_str(text.get(at..range.start)?);
        fixed.push_str(&format!("{{{}}}", text.get(range.clone())?));
        at = range.end;
    }
    fixed.push_str(text.get(at..)?);
    let message = format!("`{}` inside text is a reference only in braces", text.get(first.clone())?);
    let help = format!("write `{}`; `$$` writes a dollar", in_quotes(&fixed));
    Some(Diagnostic::error("R216", node.part(first), message, help))
}

/// The places of references in a text, outside of braces.
fn bare(text: &str, counts: &dyn Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let is_inside_word = text.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric));
        if rest.starts_with("{{") || rest.starts_with("}}") || rest.starts_with("$$") {
            at += 2;
        } else if rest.starts_with('{') {
            at += rest.find('}').map_or(rest.len(), |end| end + 1);
        } else if let Some(length) = bare_length(rest, counts).filter(|_| !is_inside_word) {
            found.push(at..at + length);
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

fn bare_length(rest: &str, counts: &dyn Fn(&str) -> bool) -> Option<usize> {
    let length = reference_length(rest)?;
    counts(rest.get(..length)?).then_some(length)
}

/// A text in the quotes of YAML.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A value as YAML: without quotes if it is a plain word.
fn quoted(text: &str) -> String {
    const MEANT: &[&str] = &["true", "false", "null", "present", "missing", "blank"];
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if is_word && !MEANT.contains(&text) { text.to_owned() } else { in_quotes(text) }
}

/// A reference as the key of a condition.
fn key(reference: &str) -> String {
    if reference.contains(['[', ' ', '"']) { in_quotes(reference) } else { reference.to_owned() }
}

/// The help for a brace that contains something other than a reference.
pub(super) fn braces(inner: &str) -> Option<String> {
    let (name, _) = inner.split_once('|').unwrap_or((inner, ""));
    reference_for(name, Subject::Record)
}

#[cfg(test)]
mod tests;
