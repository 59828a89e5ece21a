//! The one interpreter: a plan, a record and facts become accounts. Login, transform, test, explain and coverage all use it.

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::condition::Condition;
use super::context::{Cx, Note};
use super::op::Failure;
use super::operand::Operand;
use super::outcome::{Made, Outcome, Reason};
use super::output;
use super::plan::{CredentialPlan, EachPlan, OriginPlan, Plan, Policy, RulePlan};
use super::probe::{Event, Probe};
use super::steps::{StepFailure, Steps};
use crate::diag::Span;
use crate::model::read::{ReadLimits, parse};
use crate::model::{Kinds, Value};
use crate::rules::syntax::Unread;
use crate::schema::{Place, Shape, Violations, fit as coerce};

/// What comes from outside the record. The caller gives it, so that runs repeat.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `$facts.now`: the time, RFC 3339.
    pub now: Option<String>,
    /// `$facts.tenant`
    pub tenant: Option<String>,
    /// `$facts.identifier`: what the customer typed to sign in.
    pub identifier: Option<String>,
}

/// The parameters and facts of a run, checked against the plan.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Values of parameters, by name.
    pub params: Vec<(String, serde_json::Value)>,
    /// What comes from outside the record.
    pub facts: Facts,
    /// How large a record may be.
    pub limits: ReadLimits,
    /// Whether fields that no rule reads are looked for, whatever the rules say.
    pub unread: bool,
}

/// What a run gives.
#[derive(Debug)]
pub struct Run<'a> {
    /// One outcome per account; one in all for records that do not split.
    pub outcomes: Vec<Outcome<'a>>,
    /// Paths of fields that no rule reads, when they were looked for.
    pub unread: Vec<String>,
}

impl Run<'_> {
    fn rejected(rule: &str, step: &str, message: String) -> Self {
        let reason = Reason { rule: rule.to_owned(), step: step.to_owned(), message, span: None };
        Self { outcomes: vec![Outcome::Rejected(vec![reason])], unread: Vec::new() }
    }
}

/// Why a rule made the record fall.
struct Fall {
    reason: Reason,
}

type Ruled<T> = Result<T, Fall>;

impl Plan {
    /// The parameters that must be set and are not.
    #[must_use]
    pub fn missing_params(&self, settings: &Settings) -> Vec<&str> {
        let is_set = |name: &str| settings.params.iter().any(|(have, _)| have == name);
        self.params.iter().filter(|p| p.default.is_none() && !is_set(&p.name)).map(|p| p.name.as_str()).collect()
    }

    /// Runs the plan over the JSON text of one record.
    #[must_use]
    pub fn run<'a, P: Probe>(
        &'a self,
        json: &'a str,
        settings: &'a Settings,
        arena: &'a Bump,
        probe: &mut P,
    ) -> Run<'a> {
        match parse(json, arena, &settings.limits) {
            Ok(record) => self.run_value(record, settings, arena, probe),
            Err(error) => Run::rejected("record", "record", error.to_string()),
        }
    }

    /// Runs the plan over a record that has been read.
    #[must_use]
    pub fn run_value<'a, P: Probe>(
        &'a self,
        record: Value<'a>,
        settings: &'a Settings,
        arena: &'a Bump,
        probe: &mut P,
    ) -> Run<'a> {
        if record.as_object().is_none() {
            return Run::rejected("record", "record", format!("a record is an object, found {}", record.kind()));
        }
        let cx = self.context(record, settings, arena, P::ON);
        let mut machine = Machine { plan: self, probe, warnings: ArenaVec::new_in(arena) };
        let outcomes = machine.record(&cx).unwrap_or_else(|fall| vec![Outcome::Rejected(vec![fall.reason])]);
        let unread =
            if settings.unread || self.unread != Unread::Allow { self.unread(record, &cx) } else { Vec::new() };
        if self.unread == Unread::Reject && !unread.is_empty() {
            let message = format!("the record has fields that no rule reads: {}", unread.join(", "));
            return Run { unread, ..Run::rejected("record", "unread", message) };
        }
        Run { outcomes, unread }
    }

    /// Runs one rule on an input that stands in for what its `from` reads; the record is empty, parameters are set.
    ///
    /// # Errors
    /// When a step fails, whatever the rule's `on_error` says, or when a required claim has no value.
    pub fn try_rule<'a, P: Probe>(
        &'a self,
        rule: &'a RulePlan,
        input: Value<'a>,
        settings: &'a Settings,
        arena: &'a Bump,
        probe: &mut P,
    ) -> Result<Value<'a>, Reason> {
        let cx = self.context(Value::Object(&[]), settings, arena, P::ON);
        let mut machine = Machine { plan: self, probe, warnings: ArenaVec::new_in(arena) };
        let input = match input {
            Value::Text(text) if self.fold_blank && text.trim_start().is_empty() => Value::Missing,
            input => input,
        };
        let result = machine.finished(rule, input, &cx);
        match result {
            Ok(_) if !machine.warnings.is_empty() => {
                let message = "an element failed".to_owned();
                Err(reason(rule, "each", message, rule.span))
            }
            Ok(value) => Ok(value),
            Err(Stop::Fall(fall)) => Err(fall.reason),
            Err(Stop::Step(failure)) => {
                Err(reason(rule, failure.step, failure.failure.message().to_owned(), failure.span))
            }
        }
    }

    fn context<'a>(&'a self, record: Value<'a>, settings: &'a Settings, arena: &'a Bump, notes: bool) -> Cx<'a> {
        let registers = arena.alloc_slice_fill_with(self.registers, |_| Cell::new(Value::Missing));
        let cx = Cx {
            registers,
            fold_blank: self.fold_blank,
            notes: notes.then(|| &*arena.alloc(RefCell::new(Vec::new()))),
            ..Cx::bare(arena)
        };
        self.trie.capture(record, &cx);
        for derived in &self.derived {
            cx.set(derived.register, super::path::walk(cx.register(derived.from), &derived.steps));
        }
        for param in &self.params {
            let set = settings.params.iter().find(|(name, _)| *name == param.name);
            let value = match set {
                Some((_, value)) => crate::model::json::from_json(value, arena),
                None => param.default.as_ref().map_or(Value::Missing, |default| default.value(&cx)),
            };
            cx.set(param.register, value);
        }
        cx.set(self.facts, facts(&settings.facts, &cx));
        cx
    }

    fn unread(&self, record: Value<'_>, cx: &Cx<'_>) -> Vec<String> {
        let mut found = Vec::new();
        self.trie.unread(record, "$", &mut found);
        for members in &self.let_members {
            for (key, value) in cx.register(members.register).as_object().unwrap_or_default() {
                if !value.is_empty() && !members.known.iter().any(|known| known == key) {
                    found.push(super::capture::member_path(&format!("${}", members.name), key));
                }
            }
        }
        found
    }
}

fn facts<'a>(facts: &'a Facts, cx: &Cx<'a>) -> Value<'a> {
    let members = [("now", &facts.now), ("tenant", &facts.tenant), ("identifier", &facts.identifier)];
    let mut object = ArenaVec::new_in(cx.arena);
    object.extend(members.into_iter().filter_map(|(name, value)| Some((name, Value::Text(value.as_deref()?)))));
    Value::Object(object.into_bump_slice())
}

/// One run: the plan, whoever follows it, and the warnings so far.
struct Machine<'a, 'p, P> {
    plan: &'a Plan,
    probe: &'p mut P,
    warnings: ArenaVec<'a, &'a str>,
}

impl<'a, P: Probe> Machine<'a, '_, P> {
    fn record(&mut self, cx: &Cx<'a>) -> Ruled<Vec<Outcome<'a>>> {
        for rule in &self.plan.lets {
            let value = self.rule(rule, cx)?;
            cx.set(rule.register, value);
        }
        let Some(split) = &self.plan.split else { return Ok(vec![self.account(cx)]) };
        let elements = self.rule(&split.rule, cx)?;
        let elements = match elements {
            Value::List(items) => items,
            Value::Missing => &[],
            single => std::slice::from_ref(cx.arena.alloc(single)),
        };
        if elements.is_empty() {
            let reason = reason(&split.rule, "required", "the record yields no account".to_owned(), split.rule.span);
            return Err(Fall { reason });
        }
        let shared = self.warnings.len();
        let outcomes = elements.iter().map(|element| {
            self.warnings.truncate(shared);
            cx.set(split.rule.register, *element);
            self.account(cx)
        });
        Ok(outcomes.collect())
    }

    fn account(&mut self, cx: &Cx<'a>) -> Outcome<'a> {
        if let Some(refused) = self.refusal(cx) {
            return Outcome::Refused(refused);
        }
        let mut reasons = Vec::new();
        for rule in &self.plan.claims {
            match self.rule(rule, cx) {
                Ok(value) => cx.set(rule.register, value),
                Err(fall) => {
                    cx.set(rule.register, Value::Missing);
                    reasons.push(fall.reason);
                }
            }
        }
        let credential = self.credential(cx).unwrap_or_else(|fall| {
            reasons.push(fall.reason);
            Value::Missing
        });
        self.checks(cx, &mut reasons);
        if !reasons.is_empty() {
            return Outcome::Rejected(reasons);
        }
        match self.plan.schema.accept(output::assemble(&self.plan.output, cx)) {
            Ok(account) => {
                let (id, logins) = self.identity(cx);
                let warnings = cx.arena.alloc_slice_copy(&self.warnings);
                Outcome::Account(Made { account, warnings, credential, id, logins })
            }
            Err(violations) => Outcome::Rejected(
                violations
                    .iter()
                    .map(|violation| Reason {
                        rule: violation.path.clone(),
                        step: "schema".to_owned(),
                        message: violation.breach.to_string(),
                        span: None,
                    })
                    .collect(),
            ),
        }
    }

    fn refusal(&mut self, cx: &Cx<'a>) -> Option<&'a str> {
        for admit in &self.plan.admit {
            if self.holds("admit", &admit.when, admit.span, cx) {
                if P::ON {
                    self.probe.event(Event::Refused(&admit.reason));
                }
                return Some(&admit.reason);
            }
        }
        None
    }

    fn checks(&mut self, cx: &Cx<'a>, reasons: &mut Vec<Reason>) {
        for check in &self.plan.checks {
            let applies = check.that.as_ref().is_none_or(|that| self.holds("that", that, check.span, cx));
            if applies && !self.holds("needs", &check.needs, check.span, cx) {
                reasons.push(Reason {
                    rule: check.because.clone(),
                    step: "check".to_owned(),
                    message: "the claims do not fit together".to_owned(),
                    span: Some(check.span),
                });
            }
        }
    }

    fn holds(&mut self, word: &'static str, condition: &'a Condition, span: Span, cx: &Cx<'a>) -> bool {
        let holds = condition.holds(cx);
        if P::ON {
            self.notes(cx);
            self.probe.event(Event::Condition { word, condition, span, holds });
        }
        holds
    }

    fn identity(&self, cx: &Cx<'a>) -> (Value<'a>, Value<'a>) {
        let Some(identify) = &self.plan.identify else { return (Value::Missing, Value::Missing) };
        let text = |operand: &'a Operand| match operand.value(cx).scalar_text(cx.arena) {
            Some(text) if !text.trim().is_empty() => Value::Text(text),
            _ => Value::Missing,
        };
        let mut logins = ArenaVec::new_in(cx.arena);
        logins.extend(identify.logins.iter().map(text).filter(|login| login.is_present()));
        (text(&identify.id), Value::List(logins.into_bump_slice()))
    }

    fn credential(&mut self, cx: &Cx<'a>) -> Ruled<Value<'a>> {
        let Some(plan) = &self.plan.credential else { return Ok(Value::Missing) };
        if plan.when.as_ref().is_some_and(|when| !self.holds("when", when, plan.span, cx)) {
            return Ok(Value::Missing);
        }
        let mut parts = ArenaVec::new_in(cx.arena);
        for rule in &plan.fields {
            let value = self.rule(rule, cx)?;
            if value.is_present() {
                parts.push((rule.name.as_str(), value));
            }
        }
        let core = parts.iter().find(|(name, _)| matches!(*name, "value" | "hash_hex" | "hash_b64" | "parameters"));
        let has_source = parts.iter().any(|(name, _)| *name == "source");
        if core.is_none() && !has_source {
            return Ok(Value::Missing);
        }
        let scheme = self.scheme(plan, core.map_or(Value::Missing, |(_, value)| *value), cx)?;
        if scheme.is_present() {
            parts.insert(0, ("scheme", scheme));
        }
        Ok(Value::Object(parts.into_bump_slice()))
    }

    fn scheme(&mut self, plan: &'a CredentialPlan, value: Value<'a>, cx: &Cx<'a>) -> Ruled<Value<'a>> {
        if let Some(rule) = &plan.scheme_rule {
            return self.rule(rule, cx);
        }
        match plan.schemes.as_slice() {
            [] => Ok(Value::Missing),
            [scheme] => Ok(Value::Text(scheme)),
            schemes => {
                let encoded = value.as_text().unwrap_or("");
                let found = super::scheme::choose(schemes, encoded);
                Ok(found.map_or(Value::Missing, |scheme| Value::Text(scheme)))
            }
        }
    }

    /// Makes a value in the fixed order: when, from, do, where, each, then, as, default or required, on_error.
    fn rule(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Ruled<Value<'a>> {
        if P::ON {
            self.probe.event(Event::Rule(rule));
        }
        let value = self.rule_value(rule, cx)?;
        if P::ON {
            self.probe.event(Event::Result { rule, value });
        }
        Ok(value)
    }

    fn rule_value(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Ruled<Value<'a>> {
        if rule.when.as_ref().is_some_and(|when| !self.holds("when", when, rule.span, cx)) {
            return Ok(Value::Missing);
        }
        let made = match self.made(rule, cx) {
            Ok(made) => made,
            Err(Stop::Fall(fall)) => return Err(fall),
            Err(Stop::Step(failure)) => {
                self.failed(rule, &failure)?;
                if rule.policy != Policy::Default {
                    return self.absent(rule);
                }
                Value::Missing
            }
        };
        let stays = |value: Value<'_>| !value.is_empty() || (rule.keep_empty && value.is_present());
        if stays(made) {
            return Ok(made);
        }
        let Some(default) = &rule.default else { return self.absent(rule) };
        let mut value = default.value(cx);
        if P::ON {
            self.probe.event(Event::Defaulted(value));
        }
        if let Some(shape) = rule.shape.as_ref().filter(|_| stays(value)) {
            let failed = |failure: Failure| reason(rule, "default", failure.message().to_owned(), rule.span);
            value = fit(shape, value, &rule.name, cx).map_err(|failure| Fall { reason: failed(failure) })?;
        }
        if stays(value) { Ok(value) } else { self.absent(rule) }
    }

    /// The rule made nothing: fine, unless the claim is required.
    fn absent(&mut self, rule: &RulePlan) -> Ruled<Value<'a>> {
        if !rule.required {
            return Ok(Value::Missing);
        }
        let failure = step_failure("required", rule.span, "the claim has no value and is required");
        self.tell(&failure, "reject");
        Err(Fall { reason: reason(rule, failure.step, failure.failure.message().to_owned(), rule.span) })
    }

    fn made(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Result<Value<'a>, Stop> {
        let value = self.origin(rule, cx)?;
        self.finished(rule, value, cx)
    }

    /// What the rule makes of the value that it reads.
    fn finished(&mut self, rule: &'a RulePlan, value: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Stop> {
        let mut value = self.steps(&rule.steps, value, cx)?;
        if let Some(filter) = &rule.filter {
            value = self.filtered(filter, rule, value, cx)?;
        }
        if let Some(each) = &rule.each {
            value = self.each(each, rule, value, cx)?;
        }
        value = self.steps(&rule.then, value, cx)?;
        let stays = !value.is_empty() || (rule.keep_empty && value.is_present());
        if let Some(shape) = rule.shape.as_ref().filter(|_| stays) {
            value = fit(shape, value, &rule.name, cx).map_err(|failure| stop("schema", rule.span, failure))?;
        }
        Ok(value)
    }

    fn origin(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Result<Value<'a>, Stop> {
        match &rule.origin {
            OriginPlan::Value(operand) => Ok(operand.value(cx)),
            OriginPlan::From(sources) => Ok(self.first_present(sources, cx)),
            OriginPlan::Script { script, inputs, source } => {
                let values = cx.arena.alloc_slice_fill_iter(inputs.iter().map(|input| input.value(cx)));
                let result = script.run(values, cx);
                self.notes(cx);
                result.map_err(|failure| {
                    let span = failure.at.clone().map_or(source.span, |range| source.part(range));
                    stop("script", span, failure.failure)
                })
            }
        }
    }

    fn first_present(&mut self, sources: &'a [(Operand, String)], cx: &Cx<'a>) -> Value<'a> {
        for (position, (operand, text)) in sources.iter().enumerate() {
            let value = operand.value(cx);
            let taken = value.is_present();
            if P::ON {
                self.probe.event(Event::Read { position, text, value, taken });
            }
            if taken {
                return value;
            }
        }
        Value::Missing
    }

    fn steps(&mut self, steps: &'a Steps, mut value: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Stop> {
        for step in &steps.0 {
            let before = value;
            let result = step.apply(before, cx);
            self.notes(cx);
            value = result.map_err(Stop::Step)?;
            if P::ON && (before.is_present() || step.takes_nothing) {
                self.probe.event(Event::Step { name: step.name, span: step.span, before, after: value });
            }
        }
        Ok(value)
    }

    fn filtered(
        &mut self,
        filter: &'a Condition,
        rule: &RulePlan,
        value: Value<'a>,
        cx: &Cx<'a>,
    ) -> Result<Value<'a>, Stop> {
        let mut kept = ArenaVec::new_in(cx.arena);
        for (element, place) in elements(value, rule.span, "where", cx)? {
            if self.holds("where", filter, rule.span, &place) {
                kept.push(element);
            }
        }
        Ok(Value::List(kept.into_bump_slice()))
    }

    fn each(
        &mut self,
        each: &'a EachPlan,
        rule: &'a RulePlan,
        value: Value<'a>,
        cx: &Cx<'a>,
    ) -> Result<Value<'a>, Stop> {
        let mut made = ArenaVec::new_in(cx.arena);
        for (index, (element, place)) in elements(value, rule.span, "each", cx)?.into_iter().enumerate() {
            if P::ON {
                self.probe.event(Event::Element { index, value: element });
            }
            let result = match each {
                EachPlan::Steps(steps) => self.steps(steps, element, &place),
                EachPlan::Fields(fields) => self.object(fields, &place).map_err(Stop::Fall),
            };
            let element = match result {
                Ok(element) => element,
                Err(Stop::Step(failure)) => {
                    self.failed(rule, &failure).map_err(Stop::Fall)?;
                    let default = rule.default.as_ref().filter(|_| rule.policy == Policy::Default);
                    default.map_or(Value::Missing, |default| default.value(&place))
                }
                Err(fall) => return Err(fall),
            };
            if !element.is_empty() {
                made.push(element);
            }
        }
        Ok(Value::List(made.into_bump_slice()))
    }

    fn object(&mut self, fields: &'a [RulePlan], cx: &Cx<'a>) -> Ruled<Value<'a>> {
        let mut members = ArenaVec::with_capacity_in(fields.len(), cx.arena);
        for field in fields {
            let value = self.rule(field, cx)?;
            if value.is_present() {
                members.push((field.name.as_str(), value));
            }
        }
        Ok(Value::Object(members.into_bump_slice()))
    }

    /// What the policy makes of a failure: nothing, or the fall of the record.
    fn failed(&mut self, rule: &'a RulePlan, failure: &StepFailure) -> Ruled<()> {
        match &rule.policy {
            Policy::Reject => {
                self.tell(failure, "reject");
                let message = failure.failure.message().to_owned();
                return Err(Fall { reason: reason(rule, failure.step, message, failure.span) });
            }
            Policy::Warn(name) => {
                self.tell(failure, "warn");
                if !self.warnings.contains(&name.as_str()) {
                    self.warnings.push(name);
                }
            }
            Policy::Skip => self.tell(failure, "skip"),
            Policy::Default => self.tell(failure, "default"),
        }
        Ok(())
    }

    fn tell(&mut self, failure: &StepFailure, policy: &'static str) {
        if P::ON {
            let (step, span, message) = (failure.step, failure.span, failure.failure.message());
            self.probe.event(Event::Failed { step, span, message, policy });
        }
    }

    fn notes(&mut self, cx: &Cx<'a>) {
        if P::ON {
            let taken: Vec<Note> = cx.notes.map(|notes| std::mem::take(&mut *notes.borrow_mut())).unwrap_or_default();
            taken.into_iter().for_each(|note| self.probe.event(Event::Note(note)));
        }
    }
}

/// Why a value could not be made.
enum Stop {
    Step(StepFailure),
    Fall(Fall),
}

fn stop(step: &'static str, span: Span, failure: Failure) -> Stop {
    Stop::Step(StepFailure { step, span, failure })
}

fn step_failure(step: &'static str, span: Span, message: &'static str) -> StepFailure {
    StepFailure { step, span, failure: Failure::new(message) }
}

fn reason(rule: &RulePlan, step: &str, message: String, span: Span) -> Reason {
    Reason { rule: rule.name.clone(), step: step.to_owned(), message, span: Some(span) }
}

/// The value as the claim holds it, when the schema admits it.
fn fit<'a>(shape: &Shape, value: Value<'a>, claim: &str, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let value = coerce(shape, value, cx.arena);
    let mut violations = Violations::default();
    shape.check(value, Place::claim(claim), &mut violations);
    match violations.iter().next() {
        None => Ok(value),
        Some(violation) => Err(Failure::new(violation.breach.to_string())),
    }
}

/// The elements of a list or the members of an object, each with the context standing on it.
fn elements<'a>(
    value: Value<'a>,
    span: Span,
    word: &'static str,
    cx: &Cx<'a>,
) -> Result<Vec<(Value<'a>, Cx<'a>)>, Stop> {
    match value {
        Value::Missing | Value::Null => Ok(Vec::new()),
        Value::List(items) => {
            Ok(items.iter().enumerate().map(|(index, item)| (*item, cx.on_element(*item, index))).collect())
        }
        Value::Object(members) => Ok(members
            .iter()
            .enumerate()
            .map(|(index, (key, item))| (*item, cx.on_member(key, *item, index)))
            .collect()),
        other => Err(stop(word, span, Failure::kind(Kinds::LIST.or(Kinds::OBJECT), other))),
    }
}
