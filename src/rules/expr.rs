//! Values in a rule file: literals, references, templates, and lists and maps of these.

use super::foreign;
use super::node::{Entry, Node, NodeKind};
use super::reference;
use super::syntax::{Expr, TemplatePart, Word};
use crate::diag::{Diagnostic, Findings, Severity};

/// Reads a node as a value; an invalid value is reported, and may be anything.
pub fn read_or_any(node: &Node, findings: &mut Findings) -> Expr {
    read(node, findings).unwrap_or_else(|| Expr::unreadable(node.span))
}

/// Reads a node as a value.
pub fn read(node: &Node, findings: &mut Findings) -> Option<Expr> {
    match &node.kind {
        NodeKind::Scalar(scalar) => read_scalar(node, &scalar.text, findings),
        NodeKind::List(items) => {
            let items = items.iter().map(|item| read_or_any(item, findings)).collect();
            Some(Expr::List(items, node.span))
        }
        NodeKind::Map(entries) => {
            if let Some(finding) = unquoted(node) {
                findings.push(finding);
                return None;
            }
            let member = |entry: &Entry| {
                let key = Word { text: entry.key.clone(), span: entry.key_span };
                (key, read_or_any(&entry.value, findings))
            };
            Some(Expr::Map(entries.iter().map(member).collect(), node.span))
        }
    }
}

/// Reports `{$.ID}` without quotes, which is a map in YAML.
#[must_use]
pub fn unquoted(node: &Node) -> Option<Diagnostic> {
    let [only] = node.as_map()? else { return None };
    let is_template = reference::is_reference(&only.key) && only.value.is_null() && only.value.as_text() == Some("");
    if !is_template {
        return None;
    }
    let message = format!("`{{{}}}` without quotes is a map", only.key);
    let help = format!("write `{key}` for the value alone, or `\"{{{key}}}\"` for text with it", key = only.key);
    Some(Diagnostic::error("R107", node.span, message, help))
}

fn read_scalar(node: &Node, text: &str, findings: &mut Findings) -> Option<Expr> {
    if let Some(finding) = foreign::check(node, text) {
        let is_error = finding.severity == Severity::Error;
        findings.push(finding);
        if is_error {
            return None;
        }
    }
    if reference::is_reference(text) {
        return reference::read(node, 0..text.len(), findings).map(Expr::Reference);
    }
    if text.contains(['{', '}']) || text.contains("$$") {
        return template(node, text, findings);
    }
    Some(Expr::Literal(node.clone()))
}

/// Reads text with `{reference}` in it; `{{` and `}}` are literal braces, and `$$` is a literal dollar where a
/// reference could begin: at the start, before a brace, a dot or a bracket.
fn template(node: &Node, text: &str, findings: &mut Findings) -> Option<Expr> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut at = usize::from(text.starts_with("$$"));
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(brace) = ["{{", "}}"].into_iter().find(|brace| rest.starts_with(brace)) {
            plain.push_str(brace.get(..1)?);
            at += 2;
        } else if ["$$.", "$${", "$$["].iter().any(|dollar| rest.starts_with(dollar)) {
            plain.push('$');
            at += 2;
        } else if rest.starts_with('$') {
            plain.push('$');
            at += 1;
        } else if rest.starts_with('{') {
            let end = at + rest.find('}').unwrap_or(rest.len());
            let inner = text.get(at + 1..end).unwrap_or("");
            if end == text.len() || !reference::is_reference(inner) {
                findings.push(brace_problem(node, at, (end + 1).min(text.len())));
                return None;
            }
            if !plain.is_empty() {
                parts.push(TemplatePart::Text(std::mem::take(&mut plain)));
            }
            parts.push(TemplatePart::Reference(reference::read(node, at + 1..end, findings)?));
            at = end + 1;
        } else if rest.starts_with('}') {
            findings.push(brace_problem(node, at, at + 1));
            return None;
        } else {
            let end = rest.find(['{', '}', '$']).unwrap_or(rest.len());
            plain.push_str(rest.get(..end)?);
            at += end;
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(TemplatePart::Text(plain));
    }
    Some(Expr::Template(parts, node.span))
}

fn brace_problem(node: &Node, start: usize, end: usize) -> Diagnostic {
    let written = node.as_text().and_then(|text| text.get(start..end)).unwrap_or_default();
    let inner = written.trim_start_matches('{').trim_end_matches('}');
    let before = node.as_text().and_then(|text| text.get(..start)).unwrap_or_default();
    let help = match foreign::braces(inner) {
        Some(reference) if before.ends_with(['$', '#', '%', '@']) => {
            format!("write `{{{reference}}}`, without the sign before the brace")
        }
        Some(reference) => format!("write `{{{reference}}}`; `{{{{` and `}}}}` write the braces themselves"),
        None => "write `{$.field}` or `{$name.field}`; `{{` and `}}` write the braces themselves".to_owned(),
    };
    Diagnostic::error("R211", node.part(start..end), "a brace in text must contain a reference", help)
}
