//! Constants that are compared by another text than the one that is written: `TRUE` is `true`, `+49123` is `49123`.

use super::Compiler;
use crate::diag::Diagnostic;
use crate::engine::op::{ArgumentKind, ArgumentSpec, OpSpec};
use crate::model::Kinds;
use crate::rules::Node;

/// The steps that compare their input, or what is in it, with constants by text.
const COMPARE: &[&str] =
    &["equals", "one_of", "nothing_if", "contains", "find_key", "keys", "without", "only", "has_key"];

impl Compiler<'_> {
    /// Reports a constant that a value is compared with, when its text is not what is written.
    pub(super) fn other_text(&mut self, node: &Node, kinds: Kinds) {
        let (Some(word), true) = (node.plain(), kinds.meets(Kinds::TEXT)) else { return };
        let (text, what) = match (node.as_bool(), node.as_integer()) {
            (Some(value), _) => (value.to_string(), "the boolean"),
            (_, Some(number)) => (number.to_string(), "the number"),
            _ => return,
        };
        if text == word {
            return;
        }
        let message = format!("`{word}` without quotes is {what} `{text}`, which the text `{word}` does not equal");
        let help = match what {
            "the boolean" => format!(
                "write `\"{word}\"` for the text, or `{text}` for the boolean; `to_boolean` reads all spellings"
            ),
            _ => format!("write `\"{word}\"` for the text, or `{text}` for the number"),
        };
        self.findings.push(Diagnostic::warning("R113", node.span, message, help));
    }

    /// The same for an argument of a step.
    pub(super) fn other_text_in_argument(&mut self, op: &OpSpec, spec: &ArgumentSpec, node: &Node) {
        let is_value = matches!(spec.kind, ArgumentKind::Operand | ArgumentKind::Operands);
        if !is_value || !COMPARE.contains(&op.name) {
            return;
        }
        for node in node.as_list().unwrap_or(std::slice::from_ref(node)) {
            self.other_text(node, Kinds::ANY);
        }
    }

    /// A `NULL` in a list of values: no value, not the word.
    pub(super) fn null_in_list(&mut self, node: &Node) {
        crate::rules::fields::null_as_word(node, "`null`", self.findings);
    }
}
