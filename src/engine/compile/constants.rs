//! The constant texts that a rule may result in, such as the schemes or verifiers that a table names.

use super::Compiler;
use crate::diag::Span;
use crate::engine::operand::Operand;
use crate::rules::Node;
use crate::rules::syntax::{Body, Expr, Origin, RefExpr, Root, RuleFile, StepDef};

/// How many rules and chains are followed. Real rules stop at a working value of a working value.
const MAX_DEPTH: usize = 8;

/// A text that a rule may result in.
#[derive(Debug)]
pub(super) struct Constant {
    pub text: String,
    pub span: Span,
    /// For an entry of a table: the table's name and place, and the key.
    pub entry: Option<(String, Span, String)>,
}

impl Constant {
    fn of(node: &Node) -> Option<Self> {
        let text = node.as_text().filter(|_| !node.is_null())?.to_owned();
        Some(Self { text, span: node.span, entry: None })
    }
}

impl Compiler<'_> {
    /// The constant texts that a rule may result in.
    pub(super) fn constants(&self, body: &Body, rules: &RuleFile) -> Vec<Constant> {
        let mut found = Vec::new();
        self.of_body(body, rules, 0, &mut found);
        found
    }

    fn of_body(&self, body: &Body, rules: &RuleFile, depth: usize, found: &mut Vec<Constant>) {
        if depth > MAX_DEPTH {
            return;
        }
        for value in [&body.default, &body.otherwise].into_iter().flatten() {
            if let Expr::Literal(node) = value {
                found.extend(Constant::of(node));
            }
        }
        if body.each.is_some() || !body.then.is_empty() {
            return;
        }
        if self.of_steps(&body.steps, depth, found) {
            return;
        }
        match &body.origin {
            Origin::Value(value) => self.of_expr(value, rules, depth, found),
            Origin::From(sources) => sources.iter().for_each(|source| self.of_expr(source, rules, depth, found)),
            Origin::Script(_) => {}
        }
    }

    fn of_expr(&self, expr: &Expr, rules: &RuleFile, depth: usize, found: &mut Vec<Constant>) {
        match expr {
            Expr::Literal(node) => found.extend(Constant::of(node)),
            Expr::Reference(RefExpr { root: Root::Variable(name), query, .. }) if query.segments.is_empty() => {
                if let Some(rule) = rules.working_values().find(|rule| rule.name.text == *name) {
                    self.of_body(&rule.body, rules, depth + 1, found);
                }
            }
            _ => {}
        }
    }

    /// The results of the last step, and whether they replace the input.
    fn of_steps(&self, steps: &[StepDef], depth: usize, found: &mut Vec<Constant>) -> bool {
        let Some(last) = steps.last() else { return false };
        if depth <= MAX_DEPTH
            && let Some(chain) = self.chains.iter().find(|chain| chain.name == last.name.text)
        {
            return self.of_steps(&chain.steps, depth + 1, found);
        }
        let Some(argument) = &last.argument else { return true };
        match last.name.text.as_str() {
            "lookup" => self.of_lookup(argument, found),
            "constant" => found.extend(Constant::of(argument.get("value").unwrap_or(argument))),
            // these leave the input as it is
            "default" => {
                found.extend(Constant::of(argument.get("value").unwrap_or(argument)));
                let before = steps.split_last().map_or(&[][..], |(_, before)| before);
                return self.of_steps(before, depth, found);
            }
            _ => {}
        }
        true
    }

    fn of_lookup(&self, argument: &Node, found: &mut Vec<Constant>) {
        found.extend(argument.get("default").and_then(Constant::of));
        if let Some(inline) = argument.get("in") {
            found.extend(inline.as_map().unwrap_or_default().iter().filter_map(|entry| Constant::of(&entry.value)));
            return;
        }
        let name = argument.get("table").unwrap_or(argument);
        let Some(table) = self.tables.iter().find(|table| Some(table.lookup.name.as_str()) == name.as_text()) else {
            return;
        };
        found.extend(table.lookup.entries.iter().filter_map(|(key, value)| match value {
            Operand::Text(text) => Some(Constant {
                text: text.to_string(),
                span: name.span,
                entry: Some((table.lookup.name.clone(), table.span, key.to_string())),
            }),
            _ => None,
        }));
    }
}
