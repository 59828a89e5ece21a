//! One run: from the captured record to accounts, a denial, or reasons.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::diag::Span;
use crate::engine::condition::{Condition, Undecided};
use crate::engine::context::Cx;
use crate::engine::op::Failure;
use crate::engine::outcome::{self, Customer, Identity, Outcome, Reason};
use crate::engine::plan::{CredentialPlan, Plan, Policy, RulePlan};
use crate::engine::probe::{Event, Probe};
use crate::engine::steps::StepFailure;
use crate::engine::{output, scheme};
use crate::model::Value;

/// One run: the plan, the probe, and the warnings so far.
pub(super) struct Machine<'a, 'p, P> {
    pub plan: &'a Plan,
    pub probe: &'p mut P,
    pub warnings: ArenaVec<'a, &'a str>,
    /// The number of steps that have failed, under any policy.
    pub failures: usize,
    /// The working values that failed in a record of several accounts, with the names of their warnings if the rules
    /// give some.
    pub(super) failed: Vec<(usize, Option<&'a str>)>,
    /// The ids of several accounts; missing if an account has none.
    pub ids: Vec<Value<'a>>,
    /// Whether stored passwords are checked against their schemes if the rules do not say.
    pub checks_credentials: bool,
    /// Why the stored password of the current account cannot be used.
    pub unusable: Option<&'a str>,
    /// The bytes of the large values that templates, lists and maps have made.
    pub(super) made_bytes: usize,
}

impl<'a, 'p, P: Probe> Machine<'a, 'p, P> {
    /// A new run.
    pub(super) fn new(plan: &'a Plan, probe: &'p mut P, arena: &'a Bump, checks_credentials: bool) -> Self {
        Self {
            plan,
            probe,
            warnings: ArenaVec::new_in(arena),
            failures: 0,
            failed: Vec::new(),
            ids: Vec::new(),
            checks_credentials,
            unusable: None,
            made_bytes: 0,
        }
    }

    pub(super) fn record(&mut self, cx: &Cx<'a>) -> Result<Vec<Outcome<'a>>, Reason> {
        if self.plan.split.is_none() {
            self.record_values(cx)?;
            return Ok(vec![self.account(cx)]);
        }
        let made = self.each_account(cx, Self::account)?;
        Ok(made.into_iter().map(|made| made.unwrap_or_else(|reason| Outcome::Invalid(vec![reason]))).collect())
    }

    /// Who the record is and its stored password, for each of its accounts; computes only the claims
    /// that they need.
    pub(super) fn customers(&mut self, cx: &Cx<'a>) -> Result<Vec<Result<Customer<'a>, Reason>>, Reason> {
        self.each_account(cx, |machine, cx| {
            if let Some(start) = machine.plan.start.as_ref().filter(|_| machine.plan.starts_early) {
                machine.start(start, cx, &mut Vec::new());
            }
            for rule in machine.plan.early.iter().filter_map(|at| machine.plan.claims.get(*at)) {
                // an invalid claim is reported when the account is computed
                cx.set(rule.register, machine.rule(rule, cx).unwrap_or(Value::Missing));
            }
            let credential = machine.credential(cx).map(|stored| stored.unwrap_or(Value::Missing));
            Customer { who: machine.identity(cx), credential }
        })
    }

    /// Computes the working values, and then calls a function for each account of the record.
    fn each_account<T>(
        &mut self,
        cx: &Cx<'a>,
        mut make: impl FnMut(&mut Self, &Cx<'a>) -> T,
    ) -> Result<Vec<Result<T, Reason>>, Reason> {
        match &self.plan.split {
            None => {
                self.record_values(cx)?;
                Ok(vec![Ok(make(self, cx))])
            }
            Some(split) => self.several(split, cx, make),
        }
    }

    /// The working values of a record with one account.
    fn record_values(&mut self, cx: &Cx<'a>) -> Result<(), Reason> {
        for rule in &self.plan.lets {
            let value = self.ruled(rule, cx)?;
            cx.set(rule.register, value);
        }
        Ok(())
    }

    /// A rule's value, or why the record is invalid.
    pub(super) fn ruled(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Result<Value<'a>, Reason> {
        self.rule(rule, cx).map_err(|stop| stop.into_reason(rule))
    }

    fn account(&mut self, cx: &Cx<'a>) -> Outcome<'a> {
        let mut reasons = Vec::new();
        self.unusable = None;
        if let Some(denied) = self.denial(cx, &mut reasons) {
            return Outcome::Denied(denied);
        }
        if let Some(start) = &self.plan.start {
            self.start(start, cx, &mut reasons);
        }
        for rule in &self.plan.claims {
            match self.rule(rule, cx) {
                Ok(value) => cx.set(rule.register, value),
                Err(stop) => {
                    cx.set(rule.register, Value::Missing);
                    reasons.push(stop.into_reason(rule));
                }
            }
        }
        let credential = self.checked_credential(cx).unwrap_or_else(|reason| {
            reasons.push(reason);
            Value::Missing
        });
        if !self.failed.is_empty() {
            self.warn_of_failed(cx);
        }
        self.checks(cx, &mut reasons);
        if !reasons.is_empty() {
            return Outcome::Invalid(reasons);
        }
        let draft = match &self.plan.start {
            None => output::assemble(&self.plan.output, cx),
            Some(start) => output::over(&self.plan.output, cx.register(start.register), cx),
        };
        if draft.is_empty() {
            return Outcome::Invalid(vec![self.no_claim()]);
        }
        match self.plan.schema.accept_made(draft, &self.plan.checked) {
            Ok(account) => {
                let who = self.identity(cx);
                let warnings = cx.arena.alloc_slice_copy(&self.warnings);
                let skeleton = &self.plan.output;
                let unusable = self.unusable;
                Outcome::Account(outcome::Made { account, warnings, credential, unusable, who, skeleton })
            }
            Err(violations) => Outcome::Invalid(
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

    /// Why an account without any claims is invalid: usually the input is not the record of a customer.
    fn no_claim(&self) -> Reason {
        let mut message = "no claim has a value".to_owned();
        if !self.warnings.is_empty() {
            message = format!("{message}; left out because their values are invalid: {}", self.warnings.join(", "));
        }
        Reason { rule: "account".to_owned(), step: "required".to_owned(), message, span: None }
    }

    /// The first reason to deny the record. A condition that cannot be decided makes the record invalid; otherwise a
    /// customer whom it should deny could get in.
    fn denial(&mut self, cx: &Cx<'a>, reasons: &mut Vec<Reason>) -> Option<&'a str> {
        for admit in &self.plan.admit {
            match self.decided("admit", &admit.when, admit.span, cx) {
                Ok(false) => {}
                Ok(true) => {
                    if P::ON {
                        self.probe.event(Event::Denied(&admit.reason));
                    }
                    return Some(&admit.reason);
                }
                Err(undecided) => reasons.push(undecided.reason(format!("admit.{}", admit.reason), admit.span)),
            }
        }
        None
    }

    fn checks(&mut self, cx: &Cx<'a>, reasons: &mut Vec<Reason>) {
        for check in &self.plan.checks {
            let applies = check.that.as_ref().map_or(Ok(true), |that| self.decided("that", that, check.span, cx));
            if matches!(applies, Ok(false)) {
                continue;
            }
            let needs = self.decided("needs", &check.needs, check.span, cx);
            match (applies, needs) {
                (_, Ok(true)) => {}
                (Err(undecided), _) | (_, Err(undecided)) => {
                    reasons.push(undecided.reason(check.because.clone(), check.span));
                }
                (Ok(_), Ok(false)) if check.warns => self.add_warning(&check.because),
                (Ok(_), Ok(false)) => reasons.push(Reason {
                    rule: check.because.clone(),
                    step: "check".to_owned(),
                    message: "the claims do not fit together".to_owned(),
                    span: Some(check.span),
                }),
            }
        }
    }

    fn decided(
        &mut self,
        word: &'static str,
        condition: &'a Condition,
        span: Span,
        cx: &Cx<'a>,
    ) -> Result<bool, Undecided> {
        let decided = condition.decided(cx);
        if P::ON {
            self.notes(Value::Missing, cx);
            match &decided {
                Ok(holds) => self.probe.event(Event::Condition { word, condition, span, holds: *holds }),
                Err(undecided) => {
                    let (step, message) = (undecided.step, undecided.failure.message());
                    self.probe.event(Event::Undecided { word, span, step, message });
                }
            }
        }
        decided
    }

    pub(super) fn holds(&mut self, word: &'static str, condition: &'a Condition, span: Span, cx: &Cx<'a>) -> bool {
        let holds = condition.holds(cx);
        if P::ON {
            self.notes(Value::Missing, cx);
            self.probe.event(Event::Condition { word, condition, span, holds });
        }
        holds
    }

    pub(super) fn identity(&self, cx: &Cx<'a>) -> Identity<'a> {
        let Some(identify) = &self.plan.identify else { return Identity::default() };
        let mut logins = ArenaVec::new_in(cx.arena);
        for operand in &identify.logins {
            match operand.value(cx) {
                Value::List(items) => logins.extend(items.iter().map(|item| name(*item, cx))),
                single => logins.push(name(single, cx)),
            }
        }
        logins.retain(|login| login.is_present());
        let id = identify.id.value(cx);
        Identity { id: name(id, cx), id_kind: id.kind(), logins: Value::List(logins.into_bump_slice()) }
    }

    /// The stored password, if it can be used; otherwise the policy of `credential` applies.
    fn checked_credential(&mut self, cx: &Cx<'a>) -> Result<Value<'a>, Reason> {
        let stored = self.credential(cx)?;
        let Some(plan) = self.plan.credential.as_ref() else { return Ok(Value::Missing) };
        let problem = match stored {
            Ok(credential) if !plan.check.unwrap_or(self.checks_credentials) => return Ok(credential),
            Ok(credential) => match scheme::usable(credential, plan.serves_several()) {
                Ok(()) => return Ok(credential),
                Err(problem) => problem,
            },
            Err(Unusable::Told(problem)) => {
                self.unusable = Some(problem);
                return Ok(Value::Missing);
            }
            Err(Unusable::Because(problem)) => problem.to_owned(),
        };
        self.unusable = Some(cx.arena.alloc_str(&problem));
        let failure = StepFailure { step: "check", span: plan.span, failure: Failure::new(problem) };
        match &plan.policy {
            Policy::Reject | Policy::Default => {
                self.report(&failure, "reject");
                return Err(Reason {
                    rule: "credential.value".to_owned(),
                    step: failure.step.to_owned(),
                    message: failure.failure.message().to_owned(),
                    span: Some(plan.span),
                });
            }
            Policy::Warn(name) => {
                self.report(&failure, "warn");
                self.warn(name, cx);
            }
            Policy::Skip => self.report(&failure, "skip"),
        }
        Ok(Value::Missing)
    }

    fn credential(&mut self, cx: &Cx<'a>) -> Result<Result<Value<'a>, Unusable>, Reason> {
        let Some(plan) = &self.plan.credential else { return Ok(Ok(Value::Missing)) };
        if plan.when.as_ref().is_some_and(|when| !self.holds("when", when, plan.span, cx)) {
            return Ok(Ok(Value::Missing));
        }
        let mut parts = ArenaVec::new_in(cx.arena);
        let mut lacks_salt = false;
        for rule in &plan.fields {
            let value = self.ruled(rule, cx)?;
            if value.is_present() {
                parts.push((rule.name.as_str(), part(&rule.name, value, cx)));
            } else if scheme::is_salt(&rule.name) {
                lacks_salt |= rule.when.as_ref().is_none_or(|when| when.holds(cx));
            }
        }
        let core =
            parts.iter().find(|(name, _)| matches!(*name, "value" | "hash" | "hash_hex" | "hash_b64" | "parameters"));
        let has_source = parts.iter().any(|(name, _)| *name == "source");
        if core.is_none() && !has_source {
            return Ok(Ok(Value::Missing));
        }
        let core = core.map(|(_, value)| *value);
        let told = self.warnings.len();
        let scheme = self.scheme(plan, core.unwrap_or(Value::Missing), cx)?;
        if plan.scheme_rule.is_some() && !scheme.is_present() && !has_source {
            const NO_SCHEME: &str = "the record names no scheme";
            // a lookup that failed has been told
            let is_told = self.warnings.len() > told;
            return Ok(Err(if is_told { Unusable::Told(NO_SCHEME) } else { Unusable::Because(NO_SCHEME) }));
        }
        let text = core.map_or("", |value| value.as_text().unwrap_or(""));
        if lacks_salt && !has_source && !parts.iter().any(|(name, _)| scheme::is_salt(name)) {
            let template = parts.iter().find(|(name, _)| *name == "template").and_then(|(_, value)| value.as_text());
            if scheme::wants_salt(scheme.as_text().unwrap_or(""), text, template) {
                return Ok(Err(Unusable::Because("the salt is missing")));
            }
        }
        if plan.serves_several() {
            scheme::keep_used(&mut parts, scheme.as_text().unwrap_or(""), text);
        }
        if scheme.is_present() {
            parts.insert(0, ("scheme", scheme));
        }
        Ok(Ok(Value::Object(parts.into_bump_slice())))
    }

    fn scheme(&mut self, plan: &'a CredentialPlan, value: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Reason> {
        if let Some(rule) = &plan.scheme_rule {
            return self.ruled(rule, cx);
        }
        match plan.schemes.as_slice() {
            [] => Ok(Value::Missing),
            [scheme] => Ok(Value::Text(scheme)),
            schemes => {
                let encoded = value.as_text().unwrap_or("");
                let found = scheme::choose(schemes, encoded);
                Ok(found.map_or(Value::Missing, Value::Text))
            }
        }
    }
}

/// Why a stored password cannot be used, whatever its text is.
enum Unusable {
    Because(&'static str),
    /// The same, and a rule has already warned of it.
    Told(&'static str),
}

/// A part of a credential: numbers are text where a scheme reads letters.
fn part<'a>(name: &str, value: Value<'a>, cx: &Cx<'a>) -> Value<'a> {
    match value {
        Value::Int(_) | Value::Decimal(_)
            if matches!(name, "value" | "salt" | "username" | "pepper" | "secret" | "key") =>
        {
            value.scalar_text(cx.arena).map_or(value, Value::Text)
        }
        _ => value,
    }
}

/// A name as text: text that is not blank, and numbers as written.
fn name<'a>(value: Value<'a>, cx: &Cx<'a>) -> Value<'a> {
    let is_name = matches!(value, Value::Text(_) | Value::Int(_) | Value::Decimal(_));
    match value.scalar_text(cx.arena).filter(|text| is_name && !text.trim().is_empty()) {
        Some(text) => Value::Text(text),
        None => Value::Missing,
    }
}

impl Undecided {
    /// A reason why the record is invalid.
    fn reason(self, rule: String, span: Span) -> Reason {
        Reason { rule, step: self.step.to_owned(), message: self.failure.message().to_owned(), span: Some(span) }
    }
}
