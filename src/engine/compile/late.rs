//! References where a step usually has a constant: which arguments may have one, and what can still be checked.

use super::Compiler;
use super::argument;
use crate::diag::{Diagnostic, Span};
use crate::engine::context::Cx;
use crate::engine::late::{Late, constant, may_be_read, wanted};
use crate::engine::op::{Argument, ArgumentKind, ArgumentSpec, Arguments, Named, Op, OpSpec};
use crate::engine::operand::{Base, Operand};
use crate::engine::path::Tail;
use crate::rules::syntax::StepDef;
use crate::rules::{Node, expr, reference};

/// Whether an argument that is usually a constant is a reference or contains one.
pub(super) fn is_read(spec: &ArgumentSpec, node: &Node) -> bool {
    may_be_read(spec)
        && match node.as_list() {
            Some(items) => spec.kind == ArgumentKind::Texts && items.iter().any(names_a_value),
            None => names_a_value(node),
        }
}

/// Whether a step has such an argument.
pub(super) fn has_read(spec: &'static OpSpec, def: &StepDef) -> bool {
    argument::written(spec, def).iter().any(|(argument, node)| is_read(argument, node))
}

/// A lone `$` and a brace without a reference are text: separators often look like this.
fn names_a_value(node: &Node) -> bool {
    let Some(text) = node.as_text() else { return false };
    let is_reference = text.len() > 1 && reference::is_reference(text);
    is_reference || braced(text).any(reference::is_reference)
}

/// The parts of a text in braces.
pub(super) fn braced(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("{$").filter_map(|(at, _)| text.get(at + 1..)?.split_once('}')).map(|(inside, _)| inside)
}

/// Any value of the kind.
fn sample(kind: ArgumentKind) -> Option<Argument> {
    match kind {
        ArgumentKind::Text => Some(Argument::Text("a".to_owned())),
        ArgumentKind::Texts => Some(Argument::Texts(vec!["a".to_owned()])),
        ArgumentKind::Integer => Some(Argument::Integer(1)),
        ArgumentKind::Boolean => Some(Argument::Boolean(true)),
        ArgumentKind::Choice(words) => words.first().map(|word| Argument::Text((*word).to_owned())),
        _ => None,
    }
}

fn wrong_default(spec: &OpSpec, argument: &ArgumentSpec, param: &str, place: Span) -> Diagnostic {
    let (name, wanted) = (argument.name, wanted(argument.kind));
    let message =
        format!("`{name}` of `{}` takes {wanted}, but the default of `$params.{param}` is something else", spec.name);
    let help = match argument.kind {
        ArgumentKind::Choice(words) => format!("the valid words are `{}`", words.join("`, `")),
        _ => "change the default, or name another parameter".to_owned(),
    };
    Diagnostic::error("R406", place, message, help)
}

impl Compiler<'_> {
    /// The operand of an argument that is evaluated for every value.
    pub(super) fn late_argument(&mut self, node: &Node) -> Option<Argument> {
        let Some(items) = node.as_list() else { return self.late_operand(node).map(Argument::Late) };
        let operands: Vec<Option<Operand>> = items.iter().map(|item| self.late_operand(item)).collect();
        operands.into_iter().collect::<Option<_>>().map(|operands| Argument::Late(Operand::List(operands)))
    }

    fn late_operand(&mut self, node: &Node) -> Option<Operand> {
        if !names_a_value(node) {
            return self.constant_text(node).map(|text| Operand::Text(text.into()));
        }
        let expr = expr::read(node, self.findings)?;
        self.operand(&expr).map(|(operand, _)| operand)
    }

    /// A step with arguments that are evaluated for every value. The constant ones are checked now.
    pub(super) fn late(&mut self, spec: &'static OpSpec, def: &StepDef, arguments: Named) -> Option<Box<dyn Op>> {
        let (mut trial, known) = self.trial(spec, def, &arguments)?;
        if let Err(error) = (spec.build)(&mut trial)
            && known.contains(&error.argument)
        {
            self.argument_error(spec, def, error);
            return None;
        }
        Some(Box::new(Late::new(spec, arguments)))
    }

    /// The known arguments and their names. A reference to a parameter counts as its default; an unknown reference
    /// is left out or replaced by a sample. `None` if a default is not valid there.
    fn trial(
        &mut self,
        spec: &'static OpSpec,
        def: &StepDef,
        arguments: &Named,
    ) -> Option<(Arguments, Vec<&'static str>)> {
        let (mut trial, mut known) = (Arguments::default(), Vec::new());
        for (argument, written) in arguments {
            let Argument::Late(operand) = written else {
                known.push(argument.name);
                trial.push(argument.name, written.copied()?);
                continue;
            };
            let arena = bumpalo::Bump::new();
            match self.default_of(operand) {
                None => {
                    if let Some(sample) = sample(argument.kind).filter(|_| argument.required) {
                        trial.push(argument.name, sample);
                    }
                }
                Some((name, default)) => match constant(argument.kind, default.value(&Cx::bare(&arena)), &arena) {
                    Some(value) => {
                        known.push(argument.name);
                        trial.push(argument.name, value);
                    }
                    None => {
                        let finding =
                            wrong_default(spec, argument, name, argument::place(spec, def, argument.name, None));
                        self.findings.push(finding);
                        return None;
                    }
                },
            }
        }
        Some((trial, known))
    }

    /// The parameter that an operand is, with its default.
    fn default_of(&self, operand: &Operand) -> Option<(&str, &Operand)> {
        let Operand::Reference(reference) = operand else { return None };
        let (Base::Register(register), Tail::Whole) = (reference.base, &reference.tail) else { return None };
        let at = self.scope.params.iter().position(|param| param.register == register)?;
        let default = self.param_defaults.get(at)?.as_ref().filter(|default| !matches!(default, Operand::Null))?;
        Some((self.scope.params.get(at)?.name.as_str(), default))
    }
}
