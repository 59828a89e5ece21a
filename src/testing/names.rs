//! Finds names in tests that the rules do not have: a test with a misspelt name might never fail, or never pass.

use bumpalo::Bump;

use super::file::{Test, TestFile};
use super::want::{Invalid, Want};
use crate::diag::{Diagnostic, Findings, closest};
use crate::engine::context::Cx;
use crate::engine::operand::Operand;
use crate::engine::plan::Plan;
use crate::model::json::to_json;
use crate::rules::Node;
use crate::rules::syntax::Word;
use crate::schema::Shape;

/// Reasons that are not the name of a rule.
const OWN_REASONS: [&str; 6] = ["record", "unread", "account", "accounts", "identify", "credential"];

/// Checks the names in a test file against the rules.
pub fn check(file: &TestFile, plan: &Plan, findings: &mut Findings) {
    let names = Names::of(plan);
    for (param, _) in file.params.iter().chain(file.tests.iter().flat_map(|test| &test.params)) {
        known(param, "parameter", &names.params, findings);
    }
    for (param, value) in file.params.iter().chain(file.tests.iter().flat_map(|test| &test.params)) {
        let declared = plan.params.iter().find(|declared| declared.name == param.text);
        if let Some(shape) = declared.and_then(|declared| declared.misfit(&as_json(value))) {
            let message = format!("the parameter `{}` is {shape}", param.text);
            findings.push(Diagnostic::error("R608", param.span, message, format!("write {shape} here")));
            continue;
        }
        if let Some(declared) = declared.filter(|declared| !declared.may_be(&as_json(value))) {
            let message = format!("the parameter `{}` cannot have this value", param.text);
            let help = format!("use one of {}", declared.listed_values());
            findings.push(Diagnostic::error("R608", param.span, message, help));
        }
    }
    for test in &file.tests {
        needed_params(test, file, plan, findings);
        for want in test.wants.each() {
            names.want(want, plan, findings);
        }
    }
}

fn as_json(value: &Operand) -> serde_json::Value {
    let arena = Bump::new();
    to_json(value.value(&Cx::bare(&arena)))
}

/// A parameter without a default must be set by the test or its file.
fn needed_params(test: &Test, file: &TestFile, plan: &Plan, findings: &mut Findings) {
    // the value in the test takes precedence over that in its file, even if it is blank
    let is_set = |name: &str| {
        let set = test.params.iter().chain(&file.params).find(|(param, _)| param.text == name);
        set.is_some_and(|(_, value)| {
            let arena = Bump::new();
            plan.sets_param(&to_json(value.value(&Cx::bare(&arena))))
        })
    };
    for param in plan.params.iter().filter(|param| param.default.is_none() && !is_set(&param.name)) {
        let message = format!("the parameter `{}` has no value", param.name);
        let help = format!("add `params: {{ {}: … }}` to the test or to the top of the test file", param.name);
        findings.push(Diagnostic::error("R608", test.name.span, message, help));
    }
}

struct Names<'p> {
    params: Vec<&'p str>,
    denials: Vec<&'p str>,
    warnings: Vec<&'p str>,
    /// The warnings that help texts list.
    usual_warnings: Vec<&'p str>,
    reasons: Vec<String>,
}

impl<'p> Names<'p> {
    fn of(plan: &'p Plan) -> Self {
        let rules = plan.named_rules().into_iter().map(|(_, rule)| rule.path().to_owned());
        let checks = plan.check_reasons().map(str::to_owned);
        Self {
            params: plan.params.iter().map(|param| param.name.as_str()).collect(),
            denials: plan.refusals().collect(),
            warnings: plan.warning_names(),
            usual_warnings: plan.usual_warnings(),
            reasons: rules
                .chain(checks)
                .chain(plan.undecided_denials())
                .chain(OWN_REASONS.map(str::to_owned))
                .collect(),
        }
    }

    fn want(&self, want: &Want, plan: &Plan, findings: &mut Findings) {
        if let Some(denied) = &want.denied {
            known(denied, "denial", &self.denials, findings);
        }
        // names with `{$index}` or `{$key}` are not known in advance
        for warning in want.warnings.iter().flatten().filter(|_| !plan.makes_warning_names()) {
            let names =
                if self.warnings.contains(&warning.text.as_str()) { &self.warnings } else { &self.usual_warnings };
            known(warning, "warning", names, findings);
        }
        if let Some(Invalid::For(reasons)) = &want.invalid {
            let names: Vec<&str> = self.reasons.iter().map(String::as_str).collect();
            // the schema may reject any claim or part of a claim
            let of_schema = |rule: &str| plan.schema.claim(rule).is_some();
            for reason in reasons.iter().filter(|reason| !of_schema(&reason.rule.text)) {
                known(&reason.rule, "rule or check", &names, findings);
            }
        }
        super::vacuous::never_made(want, plan, findings);
        if let Some(claims) = &want.expect {
            members(&claims.node, plan.schema.root(), &[], findings);
        }
        if let Some(claims) = &want.exactly {
            members(&claims.node, plan.schema.root(), &["warnings", "credential"], findings);
        }
    }
}

fn known(word: &Word, what: &str, names: &[&str], findings: &mut Findings) {
    if names.contains(&word.text.as_str()) {
        return;
    }
    let help = match closest(&word.text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "the rules have none".to_owned(),
        None => {
            let mut listed: Vec<String> = Vec::new();
            for name in names.iter().map(|name| format!("`{name}`")) {
                if !listed.contains(&name) {
                    listed.push(name);
                }
            }
            format!("the rules have {}", listed.join(", "))
        }
    };
    findings.push(Diagnostic::error("R609", word.span, format!("the rules have no {what} `{}`", word.text), help));
}

/// Reports expected claims that the schema does not have.
fn members(node: &Node, shape: &Shape, besides: &[&str], findings: &mut Findings) {
    for entry in node.as_map().unwrap_or_default().iter().filter(|entry| !besides.contains(&entry.key.as_str())) {
        match shape.member(&entry.key) {
            Some(inner) => members(&entry.value, inner, &[], findings),
            None => {
                let message = format!("the target schema has no claim `{}` here", entry.key);
                let help = match entry.key.split_once('.') {
                    Some((outer, inner)) => format!("accounts are nested: `{outer}: {{ {inner}: … }}`"),
                    None => "see the schema for its claims".to_owned(),
                };
                findings.push(Diagnostic::error("R610", entry.key_span, message, help));
            }
        }
    }
}
