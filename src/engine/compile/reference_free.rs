//! Arguments that are constants: they take no references, but a parameter may choose one of several words.

use super::Compiler;
use super::late::braced;
use crate::diag::Diagnostic;
use crate::engine::by_param::ByParam;
use crate::engine::late::may_be_read;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Op, OpSpec};
use crate::rules::syntax::{Expr, RefExpr, StepDef};
use crate::rules::{Node, NodeKind, expr, reference};

impl Compiler<'_> {
    /// Reports a reference in a constant. `$$` at the beginning of a text is a literal dollar.
    pub(super) fn takes_no_reference(&mut self, argument: &ArgumentSpec, node: &Node) -> bool {
        let reads = matches!(
            argument.kind,
            ArgumentKind::Operand
                | ArgumentKind::Operands
                | ArgumentKind::Condition
                | ArgumentKind::Steps
                | ArgumentKind::Fields
        );
        let reads = reads || may_be_read(argument);
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        let Some(found) = nodes.iter().filter(|_| !reads).find(|node| is_reference_in(argument.kind, node)) else {
            return false;
        };
        let help = match argument.kind {
            ArgumentKind::Lookup => format!("write `lookup: {{ in: {} }}` to look into a value", text(found)),
            ArgumentKind::Regex => {
                "a regex is compiled when the rules are read; `contains` and `equals` compare with a reference"
                    .to_owned()
            }
            ArgumentKind::Path => "write a path inside the value, such as `a.b[0]`".to_owned(),
            _ if !reference::is_reference(text(found)) => {
                "it is a constant: use an op whose argument may be a reference, or a script".to_owned()
            }
            _ => format!(
                "it is a constant: `${}` writes the text itself; to read a value, use an op whose argument may be a reference, or a script",
                text(found)
            ),
        };
        self.findings.push(Diagnostic::error("R214", found.span, "this argument takes no reference", help));
        true
    }

    /// A step in which a parameter chooses one of several words; `None` if no parameter is used.
    pub(super) fn by_param(&mut self, spec: &'static OpSpec, def: &StepDef) -> Option<Option<Box<dyn Op>>> {
        let argument = def.argument.as_ref()?;
        let (words, chosen, written) = spec.arguments.iter().find_map(|argument_spec| {
            let ArgumentKind::Choice(words) = argument_spec.kind else { return None };
            let node = super::argument::place_of(spec, argument, argument_spec)?;
            let param = param_of(node)?;
            Some((words, param, node))
        })?;
        let values = self.param_values.iter().find(|(name, _)| *name == chosen.0).map(|(_, values)| values.clone())?;
        let (param, _) = self.scope.resolve(&chosen.1, self.findings)?;
        let mut ways = Vec::new();
        for value in &values {
            if !words.iter().any(|word| Some(*word) == value.as_text()) {
                let message = format!(
                    "the value `{}` of the parameter `{}` is not valid for this argument",
                    text(value),
                    chosen.0
                );
                let help = format!("it is one of {}", super::objects::listed(words.iter().copied()));
                self.findings
                    .push(Diagnostic::error("R406", value.span, message, help).also(written.span, "used here"));
                return Some(None);
            }
            let argument = replaced(argument, written, value);
            let def = StepDef { name: def.name.clone(), argument: Some(argument) };
            let Some(op) = self.build(spec, &def) else { return Some(None) };
            ways.push((text(value).to_owned(), op));
        }
        Some(Some(Box::new(ByParam { param, ways })))
    }
}

fn text(node: &Node) -> &str {
    node.as_text().unwrap_or("")
}

/// Whether a scalar is or contains a reference that the author expects to be read.
fn is_reference_in(kind: ArgumentKind, node: &Node) -> bool {
    let Some(text) = node.as_text() else { return false };
    match kind {
        // a path may begin with `$.`
        ArgumentKind::Path => {
            reference::is_reference(text) && text.len() > 1 && !text.starts_with("$.") && !text.starts_with("$[")
        }
        // `$` alone ends a line
        ArgumentKind::Regex => text.len() > 1 && reference::is_reference(text),
        _ => (text.len() > 1 && reference::is_reference(text)) || braced(text).any(reference::is_reference),
    }
}

/// The parameter that a node names.
fn param_of(node: &Node) -> Option<(String, RefExpr)> {
    let read = expr::read(node, &mut crate::diag::Findings::default())?;
    let Expr::Reference(reference) = read else { return None };
    let name = reference.text.strip_prefix("$params.")?.to_owned();
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some((name, reference))
}

/// The argument with one value replaced.
fn replaced(argument: &Node, written: &Node, value: &Node) -> Node {
    if std::ptr::eq(argument, written) {
        return value.clone();
    }
    let mut argument = argument.clone();
    if let NodeKind::Map(entries) = &mut argument.kind {
        for entry in entries.iter_mut().filter(|entry| entry.value.span == written.span) {
            entry.value = value.clone();
        }
    }
    argument
}
