//! The interpreter: runs a plan on a record and facts. Login, transform, test, explain and coverage all use it.

mod bounds;
mod machine;
mod rule;
mod several;
mod start;
mod stop;

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use machine::Machine;

use super::context::Cx;
use super::outcome::{Customer, Outcome, Reason};
use super::path::walk;
use super::plan::{ParamPlan, Plan, RulePlan};
use super::probe::{Probe, Silent};
use crate::model::Value;
use crate::model::json::borrow_json;
use crate::model::read::{ReadLimits, parse};
use crate::rules::syntax::Unread;

/// Data from outside the record. The caller supplies it, so that runs are reproducible.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `$facts.now`: the time, RFC 3339.
    pub now: Option<String>,
    /// `$facts.tenant`
    pub tenant: Option<String>,
    /// `$facts.identifier`: what the customer typed to sign in.
    pub identifier: Option<String>,
    /// `$facts.added.<name>`: what hooks of a login add, or what an identity provider said in its request.
    pub added: serde_json::Map<String, serde_json::Value>,
}

/// The parameters and facts of a run, checked against the plan.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Values of parameters, by name.
    pub params: Vec<(String, serde_json::Value)>,
    /// Data from outside the record.
    pub facts: Facts,
    /// How large a record may be.
    pub limits: ReadLimits,
    /// Whether unread fields are searched for, even if the rules do not ask for it.
    pub unread: bool,
    /// Whether stored passwords are checked against their schemes if the rules do not say: a bulk run reports what no
    /// login could use; a login reports it by itself.
    pub check_credentials: bool,
}

/// The result of a run.
#[derive(Debug)]
pub struct Run<'a> {
    /// One outcome per account; a single one for records that do not split.
    pub outcomes: Vec<Outcome<'a>>,
    /// Paths of fields that no rule reads, if they were searched for.
    pub unread: Vec<String>,
    /// For rules with `accounts`: the legacy id of each account, if `identify` has one; empty if the record as a whole
    /// is invalid.
    pub ids: Vec<Value<'a>>,
}

impl Run<'_> {
    fn invalid(rule: &str, step: &str, message: String) -> Self {
        let reason = Reason { rule: rule.to_owned(), step: step.to_owned(), message, span: None };
        Self { outcomes: vec![Outcome::Invalid(vec![reason])], unread: Vec::new(), ids: Vec::new() }
    }
}

impl Plan {
    /// Whether a value sets a parameter: null and, unless the rules keep it, blank text count as no value.
    #[must_use]
    pub fn sets_param(&self, value: &serde_json::Value) -> bool {
        let is_blank = self.fold_blank && value.as_str().is_some_and(|text| text.trim_start().is_empty());
        !is_blank && !value.is_null()
    }

    /// The required parameters that are not set.
    #[must_use]
    pub fn missing_params(&self, settings: &Settings) -> Vec<&str> {
        let is_set = |name: &str| settings.params.iter().any(|(have, value)| have == name && self.sets_param(value));
        self.params.iter().filter(|p| p.default.is_none() && !is_set(&p.name)).map(|p| p.name.as_str()).collect()
    }

    /// The parameters whose values are not allowed.
    #[must_use]
    pub fn unlisted_params(&self, settings: &Settings) -> Vec<&ParamPlan> {
        let set_to = |name: &str| settings.params.iter().find(|(have, _)| have == name).map(|(_, value)| value);
        self.params.iter().filter(|param| set_to(&param.name).is_some_and(|value| !param.may_be(value))).collect()
    }

    /// Runs the plan on the JSON text of one record. Only the parts that the rules read are kept.
    #[must_use]
    pub fn run<'a, P: Probe>(
        &'a self,
        json: &'a str,
        settings: &'a Settings,
        arena: &'a Bump,
        probe: &mut P,
    ) -> Run<'a> {
        let is_object = json.trim_ascii_start().starts_with('{');
        if self.looks_for_unread(settings) || !is_object {
            return match parse(json, arena, &settings.limits) {
                Ok(record) => self.run_value(record, settings, arena, probe),
                Err(error) => Run::invalid("record", "record", error.to_string()),
            };
        }
        let cx = self.context(arena, P::ON);
        if let Err(error) = self.trie.read_record(json, &settings.limits, &cx) {
            return Run::invalid("record", "record", error.to_string());
        }
        let (outcomes, ids) = self.outcomes(settings, &cx, probe);
        Run { outcomes, unread: Vec::new(), ids }
    }

    /// Returns who a record is and its stored password, for each of its accounts in the order of
    /// [`run`](Self::run). Computes only the claims that `identify` and `credential` read: at a login the password is
    /// verified first.
    ///
    /// # Errors
    /// If the record cannot be read, or its working values are invalid; inside the list, if one account has no
    /// credential.
    pub fn customers<'a>(
        &'a self,
        json: &'a str,
        settings: &'a Settings,
        arena: &'a Bump,
    ) -> Result<Vec<Result<Customer<'a>, Reason>>, Reason> {
        let cx = self.context(arena, false);
        self.trie.read_record(json, &settings.limits, &cx).map_err(|error| Reason {
            rule: "record".to_owned(),
            step: "record".to_owned(),
            message: error.to_string(),
            span: None,
        })?;
        self.set_registers(settings, &cx);
        let mut probe = Silent;
        Machine::new(self, &mut probe, arena, false).customers(&cx)
    }

    /// Runs the plan on a parsed record.
    #[must_use]
    pub fn run_value<'a, P: Probe>(
        &'a self,
        record: Value<'a>,
        settings: &'a Settings,
        arena: &'a Bump,
        probe: &mut P,
    ) -> Run<'a> {
        if record.as_object().is_none() {
            return Run::invalid("record", "record", format!("a record is an object, found {}", record.kind()));
        }
        let cx = self.context(arena, P::ON);
        self.trie.capture(record, &cx);
        let (outcomes, ids) = self.outcomes(settings, &cx, probe);
        let unread = if self.looks_for_unread(settings) { self.unread(record, &cx) } else { Vec::new() };
        if self.unread == Unread::Reject && !unread.is_empty() {
            let message = format!("the record has fields that no rule reads: {}", unread.join(", "));
            return Run { unread, ..Run::invalid("record", "unread", message) };
        }
        Run { outcomes, unread, ids }
    }

    fn looks_for_unread(&self, settings: &Settings) -> bool {
        settings.unread || self.unread != Unread::Allow
    }

    /// The outcomes of a record whose needed parts are in their registers, and the ids of several accounts.
    fn outcomes<'a, P: Probe>(
        &'a self,
        settings: &'a Settings,
        cx: &Cx<'a>,
        probe: &mut P,
    ) -> (Vec<Outcome<'a>>, Vec<Value<'a>>) {
        self.set_registers(settings, cx);
        let mut machine = Machine::new(self, probe, cx.arena, settings.check_credentials);
        let mut outcomes = machine.record(cx).unwrap_or_else(|reason| vec![Outcome::Invalid(vec![reason])]);
        if self.split.as_ref().is_some_and(|split| split.all_or_none) {
            all_or_none(&mut outcomes);
        }
        (outcomes, machine.ids)
    }

    /// Runs one rule on an input that replaces what its `from` reads; the record is empty, parameters are set.
    ///
    /// # Errors
    /// If a step fails, regardless of the rule's `on_error`, or if a required claim has no value.
    pub fn try_rule<'a, P: Probe>(
        &'a self,
        rule: &'a RulePlan,
        input: Value<'a>,
        settings: &'a Settings,
        arena: &'a Bump,
        probe: &mut P,
    ) -> Result<Value<'a>, Reason> {
        let cx = self.context(arena, P::ON);
        self.set_registers(settings, &cx);
        let mut machine = Machine::new(self, probe, arena, false);
        let input = match input {
            Value::Text(text) if self.fold_blank && text.trim_start().is_empty() => Value::Missing,
            input => input,
        };
        let value = machine.finished(rule, input, &cx).map_err(|stop| stop.into_reason(rule))?;
        if machine.failures == 0 {
            return Ok(value);
        }
        let message = "an element failed".to_owned();
        Err(Reason { rule: rule.name.clone(), step: "each".to_owned(), message, span: Some(rule.span) })
    }

    fn context<'a>(&'a self, arena: &'a Bump, notes: bool) -> Cx<'a> {
        Cx {
            registers: arena.alloc_slice_fill_with(self.registers, |_| Cell::new(Value::Missing)),
            fold_blank: self.fold_blank,
            notes: notes.then(|| &*arena.alloc(RefCell::new(Vec::new()))),
            ..Cx::bare(arena)
        }
    }

    /// Sets the registers that are not read directly from the record: parts of captured values, parameters, facts.
    fn set_registers<'a>(&'a self, settings: &'a Settings, cx: &Cx<'a>) {
        for derived in &self.derived {
            cx.set(derived.register, walk(cx.register(derived.from), &derived.steps));
        }
        for param in &self.params {
            let set = settings.params.iter().find(|(name, _)| *name == param.name);
            let value = match set {
                Some((_, value)) if self.sets_param(value) => borrow_json(value, cx.arena),
                _ => param.default.as_ref().map_or(Value::Missing, |default| default.value(cx)),
            };
            cx.set(param.register, value);
        }
        if let Some(register) = self.facts {
            cx.set(register, facts(&settings.facts, cx));
        }
    }
}

/// With `all_or_none`, one invalid account makes the others invalid.
fn all_or_none(outcomes: &mut [Outcome<'_>]) {
    let is_invalid = |outcome: &Outcome<'_>| matches!(outcome, Outcome::Invalid(_));
    let Some(position) = outcomes.iter().position(is_invalid) else { return };
    for outcome in outcomes.iter_mut().filter(|outcome| matches!(outcome, Outcome::Account(_))) {
        let message = format!("account {} of the record is invalid, and `all_or_none` is set", position + 1);
        let reason = Reason { rule: "accounts".to_owned(), step: "all_or_none".to_owned(), message, span: None };
        *outcome = Outcome::Invalid(vec![reason]);
    }
}

fn facts<'a>(facts: &'a Facts, cx: &Cx<'a>) -> Value<'a> {
    let members = [("now", &facts.now), ("tenant", &facts.tenant), ("identifier", &facts.identifier)];
    let mut object = ArenaVec::new_in(cx.arena);
    object.extend(members.into_iter().filter_map(|(name, value)| Some((name, Value::Text(value.as_deref()?)))));
    if !facts.added.is_empty() {
        let mut added = ArenaVec::with_capacity_in(facts.added.len(), cx.arena);
        added.extend(facts.added.iter().map(|(name, value)| (name.as_str(), borrow_json(value, cx.arena))));
        object.push(("added", Value::Object(added.into_bump_slice())));
    }
    Value::Object(object.into_bump_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::to_json;

    #[test]
    fn a_login_computes_the_claims_of_identify() {
        let rules = "landfall: 1
let:
  number: $.number
identify: { id: $account.external_id, logins: [ $account.username ] }
account:
  name.full: $.name
  username: { from: $.login, do: [ lowercase ] }
  external_id: \"{$number}:{$account.username}\"
";
        let (mut files, mut findings) = (crate::diag::Files::default(), crate::diag::Findings::default());
        let file = files.add("rules.yaml", rules);
        let plan = crate::engine::compile::compile(&mut files, file, &crate::engine::compile::NoFiles, &mut findings);
        let plan = plan.unwrap_or_else(|| panic!("{findings:?}"));
        let (arena, settings) = (Bump::new(), Settings::default());
        let customers = plan.customers(r#"{"number": 7, "login": "Ada", "name": "Ada"}"#, &settings, &arena).unwrap();
        let customer = customers[0].as_ref().unwrap();
        assert_eq!(
            (to_json(customer.who.id), to_json(customer.who.logins)),
            ("7:ada".into(), serde_json::json!(["ada"]))
        );
    }

    #[test]
    fn a_login_computes_the_start_of_the_account() {
        let rules = "landfall: 1
identify: { id: $account.external_id, logins: [ $account.username ] }
account: { from: $.profile, on_error: skip, username: \"{$account.external_id}-ada\" }
";
        let (mut files, mut findings) = (crate::diag::Files::default(), crate::diag::Findings::default());
        let file = files.add("rules.yaml", rules);
        let plan = crate::engine::compile::compile(&mut files, file, &crate::engine::compile::NoFiles, &mut findings);
        let plan = plan.unwrap_or_else(|| panic!("{findings:?}"));
        let (arena, settings) = (Bump::new(), Settings::default());
        let customers = plan.customers(r#"{"profile": {"external_id": 7}}"#, &settings, &arena).unwrap();
        let customer = customers[0].as_ref().unwrap().who;
        assert_eq!((to_json(customer.id), to_json(customer.logins)), ("7".into(), serde_json::json!(["7-ada"])));
    }

    #[test]
    fn facts_of_hooks_are_in_added() {
        let arena = Bump::new();
        let added = serde_json::json!({ "tier": "gold", "seats": 3 });
        for (added, want) in [
            (serde_json::json!({}), serde_json::json!({ "tenant": "emea" })),
            (added.clone(), serde_json::json!({ "tenant": "emea", "added": added })),
        ] {
            let added = added.as_object().unwrap().clone();
            let given = Facts { tenant: Some("emea".into()), added, ..Facts::default() };
            assert_eq!(to_json(facts(&given, &Cx::bare(&arena))), want);
        }
    }
}
