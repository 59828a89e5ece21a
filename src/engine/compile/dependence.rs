//! Whether a value depends on the record or is the same for every record.

use std::cell::RefCell;

use super::Chain;
use super::scope::leading_names;
use crate::diag::{Findings, Span};
use crate::rules::syntax::{Body, Each, Expr, Origin, RefExpr, Root, Rule, RuleFile, StepDef, TemplatePart};
use crate::rules::{Node, expr};

/// Finds out what the values of the rules of a file depend on.
pub(super) struct Dependence<'r> {
    rules: &'r RuleFile,
    chains: &'r [Chain],
    /// The rules and chains that are being visited, so that cycles end.
    stack: RefCell<Vec<*const ()>>,
    /// The name of the element of `accounts`, when that alone is asked for.
    element: Option<&'r str>,
}

impl<'r> Dependence<'r> {
    pub fn new(rules: &'r RuleFile, chains: &'r [Chain]) -> Self {
        Self { rules, chains, stack: RefCell::default(), element: None }
    }

    /// The same, asked whether values differ between the accounts of one record.
    pub fn on_element(rules: &'r RuleFile, chains: &'r [Chain], element: &'r str) -> Self {
        Self { element: Some(element), ..Self::new(rules, chains) }
    }

    /// Whether a value may differ between records. If this is unknown, the answer is yes.
    pub fn reads_record(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Literal(_) => false,
            Expr::Reference(reference) => self.reference(reference),
            Expr::Template(parts, _) => parts.iter().any(|part| match part {
                TemplatePart::Text(_) => false,
                TemplatePart::Reference(reference) => self.reference(reference),
            }),
            Expr::List(items, _) => items.iter().any(|item| self.reads_record(item)),
            Expr::Map(members, _) => members.iter().any(|(_, value)| self.reads_record(value)),
        }
    }

    /// The place of the working value or claim that a reference names, if it is the same for every record.
    pub fn constant_behind(&self, expr: &Expr) -> Option<Span> {
        let Expr::Reference(reference) = expr else { return None };
        self.rule(reference).map(|rule| rule.name.span)
    }

    fn reference(&self, reference: &RefExpr) -> bool {
        match &reference.root {
            Root::Record => self.element.is_none(),
            Root::Variable(name) => match name.as_str() {
                "params" | "facts" => false,
                // inside a list they are parts of the list
                "item" | "index" | "key" => false,
                _ => self.rule(reference).is_none_or(|rule| self.once(rule, || self.body(&rule.body))),
            },
        }
    }

    /// The rule that a reference names; none for the element of `accounts` and for unknown names.
    fn rule(&self, reference: &RefExpr) -> Option<&'r Rule> {
        let Root::Variable(name) = &reference.root else { return None };
        if name != "account" {
            return self.rules.working_values().find(|rule| rule.name.text == *name);
        }
        let path = leading_names(&reference.query).0.join(".");
        let covers = |claim: &&Rule| path == claim.name.text || path.starts_with(&format!("{}.", claim.name.text));
        self.rules.account.iter().filter(covers).max_by_key(|claim| claim.name.text.len())
    }

    fn body(&self, body: &Body) -> bool {
        let origin = match &body.origin {
            Origin::From(sources) => sources.iter().any(|source| self.reads_record(source)),
            Origin::Value(value) => self.reads_record(value),
            Origin::Script(script) => script.with.iter().any(|(_, input)| self.reads_record(input)),
        };
        // a condition may read the element, and then chooses what differs
        if self.element.is_some() && (body.when.is_some() || body.filter.is_some()) {
            return true;
        }
        let value = self.steps(&body.steps, origin);
        let value = match &body.each {
            None => value,
            Some(Each::Steps(steps)) => self.steps(steps, value),
            Some(Each::Fields(_)) => true,
        };
        let others = [&body.default, &body.otherwise];
        self.steps(&body.then, value) || others.into_iter().flatten().any(|other| self.reads_record(other))
    }

    /// Whether the result of steps depends on the record, given whether their input does.
    pub fn steps(&self, steps: &[StepDef], comes_in: bool) -> bool {
        steps.iter().fold(comes_in, |depends, step| {
            if let Some(chain) = self.chains.iter().find(|chain| chain.name == step.name.text) {
                return self.once(chain, || self.steps(&chain.steps, depends));
            }
            let keeps = step.name.text != "constant";
            (keeps && depends) || step.argument.as_ref().is_some_and(|argument| self.argument(argument))
        })
    }

    fn argument(&self, node: &Node) -> bool {
        if let Some(entries) = node.as_map() {
            let names_element = |key: &str| {
                let name = key.strip_prefix('$').zip(self.element);
                name.is_some_and(|(name, element)| name.starts_with(element))
            };
            return entries.iter().any(|entry| names_element(&entry.key) || self.argument(&entry.value));
        }
        if let Some(items) = node.as_list() {
            return items.iter().any(|item| self.argument(item));
        }
        // an invalid argument is a finding elsewhere
        expr::read(node, &mut Findings::default()).is_some_and(|expr| self.reads_record(&expr))
    }

    /// Visits a rule or chain; one that is being visited already adds nothing.
    fn once<T>(&self, what: &T, look: impl FnOnce() -> bool) -> bool {
        let address = std::ptr::from_ref(what).cast::<()>();
        if self.stack.borrow().contains(&address) {
            return false;
        }
        self.stack.borrow_mut().push(address);
        let answer = look();
        self.stack.borrow_mut().pop();
        answer
    }
}
