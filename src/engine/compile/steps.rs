//! Compiles chains of steps into flat chains, and checks the kinds of the values between steps.

use super::failure::can_fail;
use super::{Chain, Compiler, unknown};
use crate::diag::{Diagnostic, Span};
use crate::engine::op::{Argument, ArgumentError, Arguments, Op, OpSpec, Output};
use crate::engine::ops;
use crate::engine::steps::{Step, Steps};
use crate::model::Kinds;
use crate::rules::syntax::{StepDef, Word};

/// How deep named chains may be nested. Stops exponential growth; real rules stop at three.
const MAX_CHAIN_DEPTH: usize = 16;

/// The longest chain after all names are replaced by their steps.
const MAX_STEPS: usize = 256;

/// The result of a chain.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// What the value may be.
    pub kinds: Kinds,
    /// The first step that can fail, with the reason.
    pub fails: Option<(Span, &'static str, &'static str)>,
    /// Whether the chain is too long.
    pub too_long: bool,
}

impl Flow {
    /// A value of these kinds that has not failed.
    pub(super) fn of(kinds: Kinds) -> Self {
        Self { kinds, fails: None, too_long: false }
    }
}

impl Compiler<'_> {
    /// The steps of a chain; `flow` changes with each step.
    pub(super) fn steps(&mut self, defs: &[StepDef], flow: &mut Flow) -> Steps {
        let mut steps = Vec::new();
        for def in defs {
            self.step(def, flow, &mut steps);
        }
        Steps(steps)
    }

    fn step(&mut self, def: &StepDef, flow: &mut Flow, steps: &mut Vec<Step>) {
        if let Some(chain) = self.chain(&def.name) {
            self.chain_steps(def, chain, flow, steps);
            return;
        }
        let Some(spec) = self.find_op(def) else {
            // the intended result is unknown
            flow.kinds = Kinds::ANY;
            return;
        };
        let span = def.argument.as_ref().map_or(def.name.span, |argument| def.name.span.to(argument.span));
        let built = self.build(spec, def);
        if !spec.takes_nothing && !spec.input.meets(flow.kinds) {
            self.cannot_meet(spec, flow.kinds, def.name.span);
            // one finding is enough: the following steps are not judged by it
            flow.kinds = Kinds::ANY;
        } else {
            flow.kinds = match spec.output {
                Output::Is(kinds) => kinds,
                Output::Same => flow.kinds,
                Output::Element => Kinds::ANY,
            };
        }
        let fails = how_it_fails(spec, def);
        if flow.fails.is_none() {
            flow.fails = fails.map(|fails| (def.name.span, spec.name, fails));
        }
        if steps.len() >= MAX_STEPS {
            if !flow.too_long {
                let message = format!("a chain has at most {MAX_STEPS} steps, and this step is over the limit");
                self.findings.push(Diagnostic::error("R412", def.name.span, message, "split the rule with `let`"));
            }
            flow.too_long = true;
            return;
        }
        steps.extend(built.map(|op| Step {
            name: spec.name,
            input: spec.input,
            takes_nothing: spec.takes_nothing,
            can_fail: fails.is_some(),
            op,
            span,
        }));
    }

    /// The index of the chain with a name.
    fn chain(&mut self, name: &Word) -> Option<usize> {
        // inside its own definition, the name of a chain means the op
        let meant = self.names_meant(&name.text).into_iter().filter(|name| !self.chain_stack.contains(name));
        let found = meant.into_iter().find_map(|name| self.chains.iter().position(|chain| chain.name == name))?;
        self.chains.get_mut(found)?.used = true;
        Some(found)
    }

    fn chain_steps(&mut self, def: &StepDef, chain: usize, flow: &mut Flow, steps: &mut Vec<Step>) {
        if let Some(argument) = &def.argument {
            let help = "write its name alone";
            let message = format!("`{}` is a named chain and takes no argument", def.name.text);
            self.findings.push(Diagnostic::error("R206", argument.span, message, help));
        }
        if self.chain_stack.len() >= MAX_CHAIN_DEPTH {
            let message = format!("named chains are nested more than {MAX_CHAIN_DEPTH} levels deep");
            self.findings.push(Diagnostic::error("R209", def.name.span, message, "write out the steps"));
            return;
        }
        let Some(Chain { name, steps: defs, prefix, .. }) = self.chains.get(chain).cloned() else { return };
        let could_fail = flow.fails.is_some();
        self.chain_stack.push(name);
        let outside = std::mem::replace(&mut self.prefix, prefix);
        for step in &defs {
            self.step(step, flow, steps);
        }
        self.prefix = outside;
        self.chain_stack.pop();
        // the rule that uses the chain has to handle the failure, not the chain
        if let (false, Some((span, _, _))) = (could_fail, &mut flow.fails) {
            *span = def.name.span;
        }
    }

    /// The op with a name, or a finding.
    pub(super) fn find_op(&mut self, def: &StepDef) -> Option<&'static OpSpec> {
        let name = &def.name;
        let found = ops::find(&name.text);
        if found.is_none() {
            if self.names_meant(&name.text).iter().any(|name| self.chain_stack.contains(name)) {
                let message = format!("the chain `{}` uses itself, and there is no op with that name", name.text);
                self.findings.push(Diagnostic::error("R209", name.span, message, "name an op, or another chain"));
                return None;
            }
            if self.is_of_missing_file(&name.text) {
                return None;
            }
            let chains: Vec<String> = self.chains.iter().map(|chain| self.name_here(&chain.name).to_owned()).collect();
            let written = def.argument.as_ref().map_or("", |argument| self.files.excerpt(argument.span));
            let help = unknown::help(&name.text, def.argument.as_ref(), written, &chains);
            self.findings.push(Diagnostic::error("R205", name.span, format!("there is no step `{}`", name.text), help));
        }
        found
    }

    /// Builds a step from its arguments.
    pub(super) fn build(&mut self, spec: &'static OpSpec, def: &StepDef) -> Option<Box<dyn Op>> {
        if let Some(chosen) = self.by_param(spec, def) {
            return chosen;
        }
        let given = self.arguments(spec, def)?;
        if given.iter().any(|(_, argument)| matches!(argument, Argument::Late(_))) {
            return self.late(spec, def, given);
        }
        let mut arguments = Arguments::default();
        given.into_iter().for_each(|(argument, value)| arguments.push(argument.name, value));
        match (spec.build)(&mut arguments) {
            Ok(op) => Some(op),
            Err(error) => {
                self.argument_error(spec, def, error);
                None
            }
        }
    }

    pub(super) fn argument_error(&mut self, spec: &OpSpec, def: &StepDef, error: ArgumentError) {
        let place = super::argument::place(spec, def, error.argument, error.at);
        let message = match error.message.starts_with("is ") {
            true => format!("`{}` of `{}` {}", error.argument, spec.name, error.message),
            false => error.message.clone(),
        };
        let help = match unknown::example(spec).filter(|_| error.message == "is missing") {
            Some(example) => format!("{}, such as `{{ {example} }}`", error.help),
            None => error.help,
        };
        self.findings.push(Diagnostic::error("R406", place, message, help));
    }

    pub(super) fn cannot_meet(&mut self, spec: &OpSpec, found: Kinds, span: Span) {
        let message = format!("`{}` takes {}, but the input is {found}", spec.name, spec.input);
        let help = if found.meets(Kinds::LIST) && spec.input.meets(Kinds::TEXT) {
            "use it under `each` to change every element, or take one element first, for example with `first`"
        } else if self.list_after_do && !self.scope.on_element && spec.input.meets(Kinds::LIST) {
            "`do` runs before `as`: put the step `to_list` before this one instead of `as: list`"
        } else if found.meets(Kinds::TEXT) && spec.input.meets(Kinds::LIST) {
            "turn the text into a list first, for example with `split`, or remove this step"
        } else {
            "add a step before it that converts the value, or remove this one"
        };
        self.findings.push(Diagnostic::error("R401", span, message, help));
    }
}

/// When a step, as written, fails.
fn how_it_fails(spec: &'static OpSpec, def: &StepDef) -> Option<&'static str> {
    if can_fail(spec, def) {
        return Some(spec.fails);
    }
    super::late::has_read(spec, def).then_some("an argument has no value, or one that cannot be used")
}
