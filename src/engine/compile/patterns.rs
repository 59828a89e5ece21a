//! Patterns where text is compared literally: `"x*"`, `starts_with: '^x'`, `split: "[,;]"`, `with: '\1'`.

use super::Compiler;
use super::argument::between_slashes;
use crate::diag::Diagnostic;
use crate::engine::op::{ArgumentSpec, OpSpec};
use crate::rules::Node;

impl Compiler<'_> {
    /// A pattern as an argument that is taken literally.
    pub(super) fn pattern_as_argument(&mut self, op: &OpSpec, spec: &ArgumentSpec, node: &Node) {
        for node in node.as_list().unwrap_or(std::slice::from_ref(node)) {
            let Some(text) = node.as_text() else { continue };
            let Some(step) = of_argument(op.name, spec.name, text) else { continue };
            let message = format!("`{text}` is taken literally here, not as a pattern");
            self.findings.push(Diagnostic::warning("R113", node.span, message, format!("write `{step}`")));
        }
    }

    /// `"\bx\b"`: in double quotes YAML reads `\b` as a backspace before the regex is read.
    pub(super) fn escape_in_regex(&mut self, node: &Node) {
        let (Some(text), written) = (node.as_text(), self.files.excerpt(node.span)) else { return };
        let found = ESCAPES.iter().find(|(c, escape, _)| text.contains(*c) && written.contains(escape));
        let Some((_, escape, name)) = found.filter(|_| written.starts_with('"')) else { return };
        let inner = written.trim_start_matches('"').trim_end_matches('"').replace("\\\\", "\\").replace('\'', "''");
        let message = format!("`{escape}` in double quotes is {name}, which the regex then looks for");
        let help = format!("write `'{inner}'`");
        self.findings.push(Diagnostic::warning("R113", node.span, message, help));
    }
}

const ESCAPES: &[(char, &str, &str)] = &[
    ('\u{8}', "\\b", "a backspace"),
    ('\u{c}', "\\f", "a form feed"),
    ('\u{b}', "\\v", "a vertical tab"),
    ('\u{7}', "\\a", "a bell"),
    ('\u{1b}', "\\e", "an escape character"),
    ('\0', "\\0", "a null character"),
];

/// The test that a text means which a condition would compare as it stands.
pub(super) fn of_condition(text: &str, is_plain: bool) -> Option<String> {
    if let Some((inner, _)) = between_slashes(text).filter(|_| is_plain) {
        return Some(format!("{{ matches: {} }}", single(inner)));
    }
    wildcard(text, '*').or_else(|| wildcard(text, '%').filter(|_| text.starts_with('%') || !ends_with_digit(text)))
}

/// `x*`, `*x`, `*x*`
fn wildcard(text: &str, sign: char) -> Option<String> {
    let inner = text.trim_matches(sign);
    let is_one = is_word(inner) && !inner.contains(sign) && text.len() - inner.len() <= 2;
    let step = match (text.starts_with(sign), text.ends_with(sign)) {
        _ if !is_one => return None,
        (true, true) => "contains",
        (true, false) => "ends_with",
        (false, true) => "starts_with",
        (false, false) => return None,
    };
    Some(format!("{{ {step}: {} }}", single(inner)))
}

fn ends_with_digit(text: &str) -> bool {
    text.trim_end_matches('%').trim_end().ends_with(|c: char| c.is_ascii_digit())
}

/// Whether a text has letters or digits, and so is more than a sign.
fn is_word(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn of_argument(op: &str, argument: &str, text: &str) -> Option<String> {
    let op = op.trim_end_matches("_ignoring_case");
    match (op, argument) {
        ("starts_with", _) => {
            let inner = text.strip_prefix('^').or_else(|| text.strip_suffix(['*', '%']))?;
            is_word(inner).then(|| format!("starts_with: {}", single(inner)))
        }
        ("ends_with", _) => {
            let inner = text.strip_suffix('$').or_else(|| text.strip_prefix(['*', '%']))?;
            is_word(inner).then(|| format!("ends_with: {}", single(inner)))
        }
        ("contains", "value") => {
            let inner = text.strip_prefix('*')?.strip_suffix('*')?;
            is_word(inner).then(|| format!("contains: {}", single(inner)))
        }
        ("split", "by") => is_regex(text).then(|| format!("split: {{ pattern: {} }}", single(text))),
        ("replace", "find") => {
            is_regex(text).then(|| format!("replace_matching: {{ pattern: {}, with: … }}", single(text)))
        }
        ("replace_matching", "with") => {
            let digit = |(at, _): (usize, &str)| text.get(at + 1..)?.chars().next().filter(char::is_ascii_digit);
            let number = text.match_indices('\\').find_map(digit)?;
            Some(format!("with: {}", single(&text.replace(&format!("\\{number}"), &format!("${{{number}}}")))))
        }
        _ => None,
    }
}

/// Whether a text can hardly be anything but a regex.
fn is_regex(text: &str) -> bool {
    let class = text.strip_prefix('[').and_then(|rest| rest.trim_end_matches(['+', '*']).strip_suffix(']'));
    let is_class = class.is_some_and(|inner| inner.chars().count() > 1);
    let is_anchored = text.len() > 1 && text.starts_with('^') || text.len() > 2 && text.ends_with("+$");
    let has_escape =
        ["\\s", "\\d", "\\w", "\\W", "\\D", "\\S", "\\b", "\\|", "\\."].iter().any(|escape| text.contains(escape));
    is_class || is_anchored || has_escape
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
