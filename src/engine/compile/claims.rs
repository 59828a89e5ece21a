//! Checks claims against the target schema: unknown claims, wrong types, values outside an enumeration, required claims
//! that no rule sets.

use std::collections::BTreeSet;

use bumpalo::Bump;

use super::dead::is_plain;
use super::objects::joined;
use super::rule::Purpose;
use super::steps::Flow;
use super::{Compiler, claim_names};
use crate::diag::{Diagnostic, Span, closest};
use crate::engine::context::Cx;
use crate::engine::op::{Arguments, Family, OpSpec};
use crate::engine::operand::Operand;
use crate::engine::ops;
use crate::engine::plan::{OriginPlan, RuleKind};
use crate::model::Kinds;
use crate::rules::body;
use crate::rules::fields::meant_boolean;
use crate::rules::syntax::{Body, Expr, Origin, Rule, StepDef, Word};
use crate::schema::{Place, Shape, ShapeKind, Violations, fit};

impl Compiler<'_> {
    /// The shape of a claim, or a finding.
    pub(super) fn claim_shape(&mut self, rule: &Rule) -> Option<(Shape, bool)> {
        let schema = std::sync::Arc::clone(&self.schema);
        if let Some(claim) = schema.claim(&rule.name.text) {
            return Some((claim.shape.clone(), claim.sensitive));
        }
        let names = schema.claim_names();
        let help = match closest(&rule.name.text, names.iter().map(String::as_str)) {
            _ if self.is_start_word(&rule.name.text) => {
                "next to `from:` it says what the account starts from: add `from:`, or remove it".to_owned()
            }
            _ if let Some(meant) = claim_names::meant(&rule.name.text, &schema) => meant,
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("`landfall schema {}` lists the claims", schema.name()),
        };
        let help = match body::KEYS.contains(&rule.name.text.as_str()) {
            true => format!("`{}` is a key of a rule: indent it deeper than the claim it belongs to", rule.name.text),
            false => help,
        };
        let message = format!("the target schema has no claim `{}`", rule.name.text);
        self.findings.push(Diagnostic::error("R201", rule.name.span, message, help));
        None
    }

    /// Reports a rule whose result can never have the type of the claim.
    pub(super) fn meets_claim(&mut self, rule: &Rule, purpose: &Purpose<'_>, flow: &Flow, origin: Option<&OriginPlan>) {
        let (path, shape) = match (purpose.kind, purpose.shape, purpose.field_of) {
            (RuleKind::Claim, Some(shape), _) => (rule.name.text.clone(), shape),
            (RuleKind::Field, _, Some((parent, Some(shape)))) => (joined(parent, &rule.name.text), shape),
            _ => return,
        };
        if self.meets_object(&path, rule, shape, flow) {
            return;
        }
        if let (Some(OriginPlan::Value(operand)), Origin::Value(written)) = (origin, &rule.body.origin)
            && is_plain(&rule.body)
            && is_scalar(operand)
        {
            self.step_as_constant(&rule.name, written);
            let key = if self.files.excerpt(rule.body.span).starts_with('{') { "value: " } else { "" };
            self.constant_fits(operand, shape, written.span(), key);
            return;
        }
        let accepted = kinds_of(shape);
        if !accepted.meets(flow.kinds) && flow.kinds != Kinds::NOTHING {
            let message = format!("the claim `{path}` takes {accepted}, but the rule produces {}", flow.kinds);
            let help = conversion(accepted, flow.kinds, &rule.body);
            self.findings.push(Diagnostic::error("R401", rule.name.span, message, help));
            return;
        }
        self.date_fits(rule, shape);
        self.lookup_fits(rule, shape);
    }

    /// Reports `email.value: trim`: a constant that is the name of a step.
    fn step_as_constant(&mut self, name: &Word, written: &Expr) {
        let Expr::Literal(node) = written else { return };
        let Some(word) = node.plain() else { return };
        // `email`, `date` and the like are also ordinary values
        let works = |spec: &OpSpec| matches!(spec.family, Family::Text | Family::Number | Family::Decode);
        if !ops::find(word).is_some_and(works) {
            return;
        }
        let message = format!("`{word}` is the text of this claim, not a step");
        let last = name.text.rsplit('.').next().unwrap_or(&name.text);
        let help = format!("write `{{ from: $.{last}, do: [ {word} ] }}` for the step, or `\"{word}\"` for the text");
        self.findings.push(Diagnostic::warning("R113", node.span, message, help));
    }

    /// Reports a constant, under this key, that the claim does not accept.
    pub(super) fn constant_fits(&mut self, operand: &Operand, shape: &Shape, span: Span, key: &str) {
        if !is_scalar(operand) {
            return;
        }
        if let Some(problem) = misfit(operand, shape) {
            let message = format!("the claim does not accept this value: it {problem}");
            let is_element = shape.element().is_some_and(|element| misfit(operand, element).is_none());
            let help = match operand {
                _ if is_element && key.is_empty() => format!("write `{{ value: [ {} ] }}`", self.files.excerpt(span)),
                _ if is_element => format!("write `{key}[ {} ]`", self.files.excerpt(span)),
                Operand::Text(text) if shape.accepts_kinds() == Kinds::BOOLEAN => boolean_help(text).to_owned(),
                _ => "write one of the values that the schema allows".to_owned(),
            };
            self.findings.push(Diagnostic::error("R401", span, message, help));
        }
    }

    /// Reports values of a table that the claim does not accept, if the last step of its rule is a lookup.
    fn lookup_fits(&mut self, rule: &Rule, shape: &Shape) {
        let body = &rule.body;
        let (steps, shape): (&[StepDef], &Shape) = match (&body.each, body.then.as_slice()) {
            (Some(crate::rules::syntax::Each::Steps(steps)), _) => match shape.element() {
                Some(element) => (steps, element),
                None => return,
            },
            (None, []) => (&body.steps, shape),
            _ => return,
        };
        // a list built by `each` needs no conversion
        let cast = body.cast.as_ref().filter(|_| body.each.is_none());
        let Some(last) = steps.last().filter(|step| step.name.text == "lookup") else { return };
        let Some(name) =
            last.argument.as_ref().and_then(|node| node.as_text().or_else(|| node.get("table")?.as_text()))
        else {
            return;
        };
        let Some(table) = self.tables.iter().find(|table| table.lookup.name == name) else { return };
        let declared = table.span;
        let table = std::sync::Arc::clone(&table.lookup);
        let mut bad = table.entries.iter().filter_map(|(key, value)| Some((key, misfit_as(cast, value, shape)?)));
        if let Some((key, problem)) = bad.next() {
            let more = match bad.count() {
                0 => String::new(),
                more => format!(" (and {more} more of its entries)"),
            };
            let message = format!(
                "the lookup `{name}` has a value for `{key}` that the claim does not accept: it {problem}{more}"
            );
            let help = "fix the entry, or add a step after the lookup";
            let place = last.argument.as_ref().map_or(last.name.span, |argument| argument.span);
            self.findings.push(Diagnostic::error("R405", place, message, help).also(declared, "the lookup"));
        }
    }

    /// Reports required claims that no rule sets.
    pub(super) fn required_claims(&mut self, claims: &[Rule], account: Option<Span>) {
        let Some(span) = account else { return };
        let schema = std::sync::Arc::clone(&self.schema);
        // an unknown claim is a finding already, and may be the missing one misspelt
        let has = |name: &&str| schema.claim(name).is_some();
        let made: BTreeSet<&str> = claims.iter().map(|claim| claim.name.text.as_str()).filter(has).collect();
        for claim in schema.required_claims() {
            let inside = format!("{}.", claim.path);
            let is_made = made.iter().any(|name| {
                *name == claim.path || name.starts_with(&inside) || claim.path.starts_with(&format!("{name}."))
            });
            let is_needed =
                claim.with.as_ref().is_none_or(|with| made.iter().any(|name| name.starts_with(&format!("{with}."))));
            if is_needed && !is_made {
                let message = format!("the target requires the claim `{}`, but no rule sets it", claim.path);
                let help = match &claim.with {
                    Some(with) => format!("add a rule `{}:`, or remove the other rules of `{with}`", claim.path),
                    None => format!("add a rule `{}:`", claim.path),
                };
                self.findings.push(Diagnostic::error("R402", span, message, help));
            }
            let rule = claims.iter().find(|rule| rule.name.text == claim.path).filter(|_| claim.with.is_none());
            let is_covered = |rule: &&Rule| rule.body.when.is_none() || rule.body.otherwise.is_some();
            if let Some(rule) = rule.filter(|rule| !is_covered(rule)) {
                let message =
                    format!("the target requires the claim `{}`, but this rule sets it only sometimes", claim.path);
                let help = "records for which `when` is false are invalid: use `admit` to deny them with a reason";
                self.findings.push(Diagnostic::warning("R410", rule.name.span, message, help));
            }
        }
    }
}

/// The step that converts the result of a rule to the type of its claim.
fn conversion(accepted: Kinds, found: Kinds, body: &Body) -> &'static str {
    let last = body.then.last().or(body.steps.last()).map_or("", |step| step.name.text.as_str());
    if ops::find(last).is_some_and(|spec| spec.family == Family::Predicate) {
        return "a predicate returns true or false; to set the claim only when it is true, use `when: { $.field: { … } }`";
    }
    let is_cast = body.cast.as_ref().is_some_and(|word| word.text == "list") && !body.steps.is_empty();
    if is_cast && !accepted.meets(Kinds::LIST) {
        return "`do` runs before `as`: remove `as: list`, and begin `do` with the step `to_list`";
    }
    if found.meets(Kinds::LIST) && accepted.meets(Kinds::TEXT) {
        return match last {
            "concat" => "`concat` builds a list; for a single text write `value: \"{$.first} {$.last}\"`",
            _ => "take one element with `first`, or join all of them with `{ join: \", \" }`",
        };
    }
    if found.meets(Kinds::OBJECT) && accepted.meets(Kinds::TEXT) {
        return "take one member with `{ get: name }`";
    }
    if accepted.meets(Kinds::LIST) && found.meets(Kinds::TEXT) {
        return "turn it into a list: `as: list` for one element, or `do: [ { split: \",\" } ]`";
    }
    if accepted.meets(Kinds::BOOLEAN) {
        return "turn it into a boolean: `do: [ to_boolean ]`, or `{ one_of: [ A, B ] }` for a question";
    }
    if accepted.meets(Kinds::NUMBER) || accepted.meets(Kinds::INTEGER) {
        return if accepted.meets(Kinds::TEXT) {
            "turn it into text: `as: text`"
        } else {
            "turn it into a number: `as: integer` or `as: number`"
        };
    }
    "add a step that converts it, such as `to_text`, `to_boolean` or `first`"
}

/// The kinds that a claim accepts: its own, and numbers where it is text.
fn kinds_of(shape: &Shape) -> Kinds {
    let held = shape.accepts_kinds();
    if held.meets(Kinds::TEXT) { held.or(Kinds::NUMBER) } else { held }
}

/// `yes` is text in YAML 1.2, and so is everything in quotes.
fn boolean_help(text: &str) -> String {
    match meant_boolean(text) {
        Some(meant) if text.eq_ignore_ascii_case(&meant.to_string()) => format!("write `{meant}` without quotes"),
        Some(meant) => format!("write `{meant}`: `{text}` is text"),
        None => "write `true` or `false`".to_owned(),
    }
}

fn is_scalar(operand: &Operand) -> bool {
    matches!(operand, Operand::Bool(_) | Operand::Int(_) | Operand::Decimal(_) | Operand::Text(_))
}

fn misfit(operand: &Operand, shape: &Shape) -> Option<String> {
    misfit_as(None, operand, shape)
}

/// Why a claim does not accept a value, after the rule's `as` if it has one.
fn misfit_as(cast: Option<&Word>, operand: &Operand, shape: &Shape) -> Option<String> {
    let arena = Bump::new();
    let cx = Cx::bare(&arena);
    let mut value = operand.value(&cx);
    let converts = cast.and_then(|word| ops::find(&format!("to_{}", word.text)));
    let converts = converts.and_then(|spec| (spec.build)(&mut Arguments::default()).ok());
    if let Some(op) = converts.as_ref().filter(|_| value.is_present()) {
        value = match op.apply(value, &cx) {
            Ok(value) => value,
            Err(failure) => return Some(failure.message().to_owned()),
        };
    }
    if matches!(shape.kind, ShapeKind::Any) {
        return None;
    }
    let value = fit(shape, value, &arena);
    let mut violations = Violations::default();
    shape.check(value, Place::account(), &mut violations);
    violations.iter().next().map(|violation| violation.breach.to_string())
}
