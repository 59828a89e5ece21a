//! Parts of a rule that certainly never take effect and so mislead the reader.

use super::Compiler;
use super::rule::Purpose;
use super::steps::Flow;
use super::value::literal;
use crate::diag::Diagnostic;
use crate::engine::op::OpSpec;
use crate::engine::operand::Operand;
use crate::engine::plan::{OriginPlan, Policy, RuleKind};
use crate::rules::Node;
use crate::rules::syntax::{Body, Expr, OnError, Rule, StepDef, Without};
use crate::schema::{Shape, ShapeKind};

impl Compiler<'_> {
    /// Reports the parts of a rule that never take effect.
    pub(super) fn dead_parts(
        &mut self,
        rule: &Rule,
        purpose: &Purpose<'_>,
        flow: &Flow,
        policy: &Policy,
        origin: Option<&OriginPlan>,
    ) {
        let body = &rule.body;
        if let (Some(span), None) = (body.otherwise_span, &body.when) {
            let help = "add `when:`, or use `default:` for a missing value";
            let message = "`otherwise` is the value when `when` is false, but there is no `when`";
            self.findings.push(Diagnostic::error("R404", span, message, help));
        }
        let Some(origin) = origin else { return };
        let given = always_given(body, origin);
        if given && !may_take_default(body, flow, policy, origin) {
            self.dead_default(body);
        }
        self.dead_null(body, policy);
        self.dead_required(body, policy, origin, given);
        self.dead_on_error(rule, purpose, origin);
    }

    fn dead_default(&mut self, body: &Body) {
        let (Some(default), Some(span)) = (&body.default, body.default_span) else { return };
        let written = self.files.excerpt(default.span()).to_owned();
        let finding = if body.when.is_some() && body.otherwise.is_none() {
            let message =
                "`default` is never used: if `when` is true the rule always has a value, otherwise it has none";
            let help = format!("write `otherwise: {written}` for the value when `when` is false");
            Diagnostic::error("R414", span, message, help)
        } else {
            let message = "`default` is never used: the rule always has a value";
            Diagnostic::warning("R414", span, message, "remove it")
        };
        self.findings.push(finding);
    }

    /// Reports `default: null`, which has no effect unless `on_error` uses it.
    fn dead_null(&mut self, body: &Body, policy: &Policy) {
        let default = body.default.as_ref().filter(|_| !policy.is_default());
        for (word, value, span) in
            [("default", default, body.default_span), ("otherwise", body.otherwise.as_ref(), body.otherwise_span)]
        {
            let (Some(Expr::Literal(node)), Some(span)) = (value, span) else { continue };
            if node.is_null() {
                let message = format!("`{word}: null` has no effect: without it there is no value either");
                self.findings.push(Diagnostic::warning("R414", span, message, "remove it"));
            }
        }
    }

    fn dead_required(&mut self, body: &Body, policy: &Policy, origin: &OriginPlan, given: bool) {
        let Some(required) = body.required else { return };
        let is_constant = given && is_plain(body) && matches!(origin, OriginPlan::Value(value) if is_scalar(value));
        // with `warn` and `skip`, a failure makes the record invalid only because the claim is required
        let has_default = required.without == Without::Reject
            && body.default.as_ref().is_some_and(is_certain)
            && (policy.is_default() || policy.is_reject());
        if !is_constant && !has_default {
            return;
        }
        let why = if is_constant { "its value is a constant" } else { "its `default` is a constant" };
        let message = format!("`required` never takes effect: the rule always has a value, because {why}");
        let help = match body.when {
            Some(_) => "remove it; `required` is ignored when `when` is false: use `admit` to deny such records",
            None if is_constant => "remove it",
            None => "remove one of the two",
        };
        self.findings.push(Diagnostic::warning("R414", required.span, message, help));
    }

    /// Reports `on_error` on a rule in which nothing can fail: it has no steps, and no schema checks its value.
    fn dead_on_error(&mut self, rule: &Rule, purpose: &Purpose<'_>, origin: &OriginPlan) {
        let body = &rule.body;
        let Some(OnError { span, .. }) = &body.on_error else { return };
        let takes_all = match purpose.kind {
            RuleKind::Let | RuleKind::Field => true,
            RuleKind::Claim => purpose.shape.is_some_and(|shape| takes_anything(shape) || is_fitting(origin)),
            // stored passwords and the number of accounts are checked later
            RuleKind::Credential | RuleKind::Split | RuleKind::Account => false,
        };
        let can_fail = matches!(origin, OriginPlan::Script { .. }) || !is_plain(body) || body.required.is_some();
        if takes_all && !can_fail {
            let message = format!("`on_error` never takes effect: nothing in the rule `{}` can fail", rule.name.text);
            let help = "remove it; a missing value is not a failure: use `default` or `required` for that";
            self.findings.push(Diagnostic::warning("R414", *span, message, help));
        }
    }

    /// Reports values after a constant in a list of alternatives: they are never read.
    pub(super) fn values_behind_a_constant(&mut self, op: &OpSpec, values: &[Expr]) {
        if !matches!(op.name, "coalesce" | "phone") {
            return;
        }
        let first = values.iter().position(is_certain);
        let Some((at, next)) = first.and_then(|at| Some((at, values.get(at + 1)?))) else { return };
        let constant = values.get(at).map_or("", |value| self.files.excerpt(value.span())).to_owned();
        let message =
            format!("`{}` is never read: `{constant}` before it always has a value", self.files.excerpt(next.span()));
        let finding = Diagnostic::warning("R414", next.span(), message, "put the constant last");
        self.findings.push(finding);
    }
}

/// Whether the rule does not change the value it reads.
pub(super) fn is_plain(body: &Body) -> bool {
    body.steps.is_empty() && body.then.is_empty() && body.each.is_none() && body.filter.is_none() && body.cast.is_none()
}

/// Whether a rule that does not fail has a value.
fn always_given(body: &Body, origin: &OriginPlan) -> bool {
    if body.cast.is_some() {
        return false;
    }
    let last = match body.then.last() {
        Some(last) => Some(last),
        None if body.filter.is_some() || body.each.is_some() => return false,
        None => body.steps.last(),
    };
    match last {
        Some(step) => always_gives(step),
        None => matches!(origin, OriginPlan::Value(value) if always_has_value(value)),
    }
}

/// Whether a step returns a value for every input, including no value.
fn always_gives(step: &StepDef) -> bool {
    match step.name.text.as_str() {
        "is_present" | "is_missing" | "is_blank" => true,
        "default" => step.argument.as_ref().is_some_and(|node| node.as_scalar().is_some() && is_certain_node(node)),
        "coalesce" => step
            .argument
            .as_ref()
            .is_some_and(|node| node.as_list().unwrap_or(std::slice::from_ref(node)).iter().any(is_certain_node)),
        _ => false,
    }
}

/// Whether the default may still be used, because something fails.
fn may_take_default(body: &Body, flow: &Flow, policy: &Policy, origin: &OriginPlan) -> bool {
    let fits = matches!(origin, OriginPlan::Value(value) if is_scalar(value)) && is_plain(body);
    policy.is_default() && (flow.fails.is_some() || !fits)
}

/// Whether an expression is a constant other than null.
pub(super) fn is_certain(value: &Expr) -> bool {
    matches!(value, Expr::Literal(node) if is_certain_node(node))
}

fn is_certain_node(node: &Node) -> bool {
    let is_constant = node.as_text().is_some_and(|text| !text.starts_with('$') && !text.contains('{'));
    is_constant && is_scalar(&literal(node).0) && always_has_value(&literal(node).0)
}

fn is_scalar(operand: &Operand) -> bool {
    matches!(operand, Operand::Bool(_) | Operand::Int(_) | Operand::Decimal(_) | Operand::Text(_))
}

/// Whether an operand always has a value. For a list or map, one certain part is enough.
fn always_has_value(operand: &Operand) -> bool {
    match operand {
        Operand::Null | Operand::Reference(_) | Operand::Template(_) => false,
        Operand::Text(text) => !text.trim().is_empty(),
        Operand::Bool(_) | Operand::Int(_) | Operand::Decimal(_) => true,
        Operand::List(items) => items.iter().any(always_has_value),
        Operand::Object(members) => members.iter().any(|(_, value)| always_has_value(value)),
        Operand::Parts(parts) => always_has_value(parts.written()),
    }
}

/// Whether the schema allows a constant, or the constant is a finding already.
fn is_fitting(origin: &OriginPlan) -> bool {
    matches!(origin, OriginPlan::Value(value) if is_scalar(value))
}

fn takes_anything(shape: &Shape) -> bool {
    matches!(shape.kind, ShapeKind::Any)
}

#[cfg(test)]
mod tests {
    use crate::engine::ops;

    #[test]
    fn steps_that_always_return_a_value_exist() {
        for name in ["is_present", "is_missing", "is_blank", "default", "coalesce"] {
            assert!(ops::find(name).is_some(), "{name}");
        }
    }
}
