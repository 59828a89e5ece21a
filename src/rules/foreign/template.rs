//! `{{ record.last }}`, `${$.last}`, `<%= last %>`: placeholders of other template languages.

use std::ops::Range;

use super::{in_quotes, reference_for};
use crate::diag::Diagnostic;
use crate::rules::Node;
use crate::rules::condition::Subject;

/// A placeholder of another language.
struct Placeholder<'t> {
    /// Its place.
    at: Range<usize>,
    /// Its content.
    inner: &'t str,
    /// Whether it can only be a placeholder.
    certain: bool,
}

/// Delimiters of placeholders in other languages, which are plain text here.
const FORMS: &[(&str, &str)] = &[("{{", "}}"), ("<%=", "%>"), ("\\(", ")"), ("%(", ")s")];

/// The first placeholder of another language in a text.
pub(super) fn check(node: &Node, text: &str) -> Option<Diagnostic> {
    let found = FORMS.iter().find_map(|(open, close)| placeholder(text, open, close));
    if let Some(found) = found {
        return Some(finding(node, text, &found));
    }
    dollar(node, text)
}

fn finding(node: &Node, text: &str, found: &Placeholder<'_>) -> Diagnostic {
    let (name, filters) = found.inner.split_once('|').unwrap_or((found.inner, ""));
    let written = text.get(found.at.clone()).unwrap_or_default();
    let reference = reference_for(name, Subject::Record);
    let reference = reference.as_deref().unwrap_or("$.field");
    let is_whole = text.trim().len() == found.at.len();
    let mut help = if is_whole {
        format!("write `{reference}`")
    } else {
        let (before, after) = (text.get(..found.at.start), text.get(found.at.end..));
        let fixed = format!("{}{{{reference}}}{}", before.unwrap_or_default(), after.unwrap_or_default());
        format!("write `{}`", in_quotes(&fixed))
    };
    if !filters.trim().is_empty() {
        help.push_str(&format!("; `{}` is a step under `do`", filters.trim()));
    }
    let message = format!("`{written}` is a placeholder of another language, and stays text here");
    let place = node.part(found.at.clone());
    if found.certain {
        Diagnostic::error("R216", place, message, help)
    } else {
        Diagnostic::warning("R216", place, message, help)
    }
}

fn placeholder<'t>(text: &'t str, open: &str, close: &str) -> Option<Placeholder<'t>> {
    let mut from = 0;
    while let Some(start) = text.get(from..)?.find(open).map(|at| from + at) {
        let inner_start = start + open.len();
        let rest = text.get(inner_start..)?;
        let end = inner_start + rest.find(close)?;
        let inner = text.get(inner_start..end)?;
        let end = end + close.len();
        // `{{{$.code}}}` is a brace around a reference
        if !inner.starts_with('{') && is_name(inner) {
            let is_alone = text.trim().len() == end - start;
            let certain = is_alone || inner.contains(['$', '.', '|', ' ']) || open != "{{";
            return Some(Placeholder { at: start..end, inner, certain });
        }
        from = inner_start;
    }
    None
}

/// Whether the content of a placeholder is a name, and not JSON or CSS.
fn is_name(inner: &str) -> bool {
    let (name, _) = inner.split_once('|').unwrap_or((inner, ""));
    let name = name.trim();
    name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '$' | '.' | '_' | '@'))
        && !name.contains([':', '"', ',', '{'])
        && reference_for(name, Subject::Record).is_some()
}

/// `${$.last}`: the dollar before the brace stays in the text.
fn dollar(node: &Node, text: &str) -> Option<Diagnostic> {
    let at = text.find("${$")?;
    let before = text.get(..at)?;
    if before.ends_with(|c: char| c.is_alphanumeric() || c == '$') {
        return None;
    }
    let end = at + text.get(at..)?.find('}')? + 1;
    let reference = text.get(at + 1..end)?;
    let message = format!("the dollar before `{reference}` stays in the text");
    let help = format!("write `{reference}` without it; for a dollar before the value write `$${reference}`");
    Some(Diagnostic::warning("R216", node.part(at..end), message, help))
}
