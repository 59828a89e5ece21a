//! Computes one value, in the fixed order of a rule.

use bumpalo::collections::Vec as ArenaVec;

use super::bounds::bounded;
use super::machine::Machine;
use super::stop::{Made, Stop};
use crate::diag::Span;
use crate::engine::condition::Condition;
use crate::engine::context::{Cx, Note};
use crate::engine::op::Failure;
use crate::engine::operand::Operand;
use crate::engine::plan::{EachPlan, OriginPlan, Policy, RuleKind, RulePlan, WarningName};
use crate::engine::probe::{Event, Probe};
use crate::engine::steps::{StepFailure, Steps};
use crate::model::{Kinds, Value};
use crate::schema::{Place, Shape, Violations, fit};

impl<'a, P: Probe> Machine<'a, '_, P> {
    /// Computes a value in the fixed order: when, from, do, where, each, then, as, default or required, on_error.
    pub(super) fn rule(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Made<'a> {
        if !P::ON {
            return self.rule_value(rule, cx);
        }
        self.probe.event(Event::Rule(rule));
        let result = self.rule_value(rule, cx);
        self.probe.event(match &result {
            Ok(value) => Event::Result { rule, value: *value },
            Err(_) => Event::Invalid(rule),
        });
        result
    }

    fn rule_value(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Made<'a> {
        if rule.when.as_ref().is_some_and(|when| !self.holds("when", when, rule.span, cx)) {
            return rule.otherwise.as_ref().map_or(Ok(Value::Missing), |value| self.otherwise(rule, value, cx));
        }
        let made = match self.made(rule, cx) {
            Ok(made) => made,
            Err(stop @ (Stop::Invalid(_) | Stop::Member(..))) => return Err(stop),
            // a required claim without a value still makes the record invalid, and this says why
            Err(Stop::Step(failure)) if rule.required && !rule.policy.is_default() => {
                return self.required_failed(rule, failure);
            }
            Err(Stop::Step(failure)) => {
                self.failed(rule, &failure, cx)?;
                if !rule.policy.is_default() {
                    return self.absent(rule, cx);
                }
                Value::Missing
            }
        };
        if rule.keeps(made) {
            return Ok(made);
        }
        self.defaulted(rule, cx)
    }

    /// The value if `when` is false. A value that the claim does not accept is a failure; a missing value is not.
    fn otherwise(&mut self, rule: &'a RulePlan, otherwise: &'a Operand, cx: &Cx<'a>) -> Made<'a> {
        let mut value = self.within_bounds(rule, otherwise, cx)?;
        if P::ON {
            self.probe.event(Event::Otherwise(value));
        }
        if rule.must_be_fitted(value) {
            value = match fitted(rule, value, cx) {
                Ok(value) => value,
                Err(failure) => {
                    self.failed(rule, &StepFailure { step: "otherwise", span: rule.span, failure }, cx)?;
                    return if rule.policy.is_default() { self.defaulted(rule, cx) } else { Ok(Value::Missing) };
                }
            };
        }
        Ok(if rule.keeps(value) { value } else { Value::Missing })
    }

    fn defaulted(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Made<'a> {
        let Some(default) = &rule.default else { return self.absent(rule, cx) };
        let mut value = self.within_bounds(rule, default, cx)?;
        if P::ON {
            self.probe.event(Event::Defaulted(value));
        }
        if rule.must_be_fitted(value) {
            value = fitted(rule, value, cx)
                .map_err(|failure| Stop::reject(rule, &StepFailure { step: "default", span: rule.span, failure }))?;
        }
        if rule.keeps(value) { Ok(value) } else { self.absent(rule, cx) }
    }

    /// The value of `default` or `otherwise`; one that is too large makes the record invalid.
    fn within_bounds(&mut self, rule: &'a RulePlan, operand: &'a Operand, cx: &Cx<'a>) -> Made<'a> {
        bounded(operand, operand.value(cx), rule.span, &mut self.made_bytes)
            .map_err(|stop| Stop::Invalid(Box::new(stop.into_reason(rule))))
    }

    fn required_failed(&mut self, rule: &RulePlan, failure: StepFailure) -> Made<'a> {
        if rule.kind == RuleKind::Field {
            return Err(Stop::Step(failure));
        }
        self.report(&failure, "reject");
        Err(Stop::reject(rule, &failure))
    }

    /// The rule has no value: fine, unless it is required. A required field makes its element fail, and the policy of
    /// the list decides.
    fn absent(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Made<'a> {
        if !rule.required {
            if let Some(name) = &rule.missing {
                let failure = Failure::new("it has no value");
                self.report(&StepFailure { step: "required", span: rule.span, failure }, "warn");
                self.warn(name, cx);
            }
            return Ok(Value::Missing);
        }
        let failure = Failure::new("it has no value and is required");
        let failure = StepFailure { step: "required", span: rule.span, failure };
        if rule.kind == RuleKind::Field {
            return Err(Stop::Step(failure));
        }
        self.report(&failure, "reject");
        Err(Stop::reject(rule, &failure))
    }

    fn made(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Made<'a> {
        let value = self.origin(rule, cx)?;
        self.finished(rule, value, cx)
    }

    /// Applies the rest of the rule to the value that it reads.
    pub(super) fn finished(&mut self, rule: &'a RulePlan, value: Value<'a>, cx: &Cx<'a>) -> Made<'a> {
        let mut value = value;
        if !rule.steps.is_empty() {
            value = self.steps(&rule.steps, value, cx)?;
        }
        if let Some(filter) = &rule.filter {
            value = self.filtered(filter, rule, value, cx)?;
        }
        if let Some(each) = &rule.each {
            value = self.each(each, rule, value, cx)?;
        }
        if !rule.then.is_empty() {
            value = self.steps(&rule.then, value, cx)?;
        }
        if rule.must_be_fitted(value) {
            value = match fitted(rule, value, cx) {
                Ok(value) => value,
                Err(failure) => self.without_unfit(rule, value, failure, cx)?,
            };
        }
        Ok(value)
    }

    /// A list that the claim cannot hold, without the elements for which that is so: they fail one by one, unless a failure
    /// concerns the whole claim.
    fn without_unfit(&mut self, rule: &'a RulePlan, value: Value<'a>, failure: Failure, cx: &Cx<'a>) -> Made<'a> {
        let element = rule.shape.as_ref().and_then(Shape::element);
        let (Value::List(items), Some(element), Policy::Warn(_) | Policy::Skip) = (value, element, &rule.policy) else {
            return Err(Stop::step("schema", rule.span, failure));
        };
        let mut kept = ArenaVec::new_in(cx.arena);
        for (index, item) in items.iter().enumerate() {
            match unfit(element, *item, index, &rule.name, cx) {
                None => kept.push(*item),
                Some(failure) => {
                    let failure = StepFailure { step: "schema", span: rule.span, failure };
                    self.failed(rule, &failure, &cx.on_element(*item, index))?;
                }
            }
        }
        if kept.len() == items.len() {
            return Err(Stop::step("schema", rule.span, failure));
        }
        let kept = Value::List(kept.into_bump_slice());
        if !rule.keeps(kept) {
            return Ok(kept);
        }
        fitted(rule, kept, cx).map_err(|failure| Stop::step("schema", rule.span, failure))
    }

    fn origin(&mut self, rule: &'a RulePlan, cx: &Cx<'a>) -> Made<'a> {
        match &rule.origin {
            OriginPlan::Value(operand) => bounded(operand, operand.value(cx), rule.span, &mut self.made_bytes),
            OriginPlan::From(sources) => self.first_present(sources, rule, cx),
            OriginPlan::Script { script, inputs, source } => {
                let values = cx.arena.alloc_slice_fill_iter(inputs.iter().map(|input| input.value(cx)));
                let result = script.run(values, cx);
                self.notes(Value::Missing, cx);
                result.map_err(|failure| {
                    let span = failure.at.clone().map_or(source.span, |range| source.part(range));
                    Stop::step("script", span, failure.failure)
                })
            }
        }
    }

    /// The first source that has a value. An empty list or object counts as one only if no other source has any.
    fn first_present(&mut self, sources: &'a [(Operand, String)], rule: &RulePlan, cx: &Cx<'a>) -> Made<'a> {
        let (keep_empty, span) = (rule.keep_empty, rule.span);
        let mut empty = Value::Missing;
        for (position, (operand, text)) in sources.iter().enumerate() {
            let value = operand.value(cx);
            let is_hollow = matches!(value, Value::List([]) | Value::Object([])) && !keep_empty;
            let taken = value.is_present() && !is_hollow;
            if P::ON {
                self.probe.event(Event::Read { position, text, value, taken });
            }
            if taken {
                return bounded(operand, value, span, &mut self.made_bytes);
            }
            if is_hollow && !empty.is_present() {
                empty = value;
            }
        }
        Ok(empty)
    }

    fn steps(&mut self, steps: &'a Steps, mut value: Value<'a>, cx: &Cx<'a>) -> Made<'a> {
        for step in &steps.0 {
            let before = value;
            let result = step.apply(before, cx);
            self.notes(before, cx);
            value = result.map_err(Stop::Step)?;
            if P::ON && (before.is_present() || step.takes_nothing) {
                self.probe.event(Event::Step { name: step.name, span: step.span, before, after: value });
            }
        }
        Ok(value)
    }

    fn filtered(&mut self, filter: &'a Condition, rule: &'a RulePlan, value: Value<'a>, cx: &Cx<'a>) -> Made<'a> {
        if !value.is_present() {
            return Ok(value);
        }
        let mut kept = ArenaVec::new_in(cx.arena);
        let takes_objects = rule.walks.filter && matches!(value, Value::Object(_));
        for (element, place) in elements(value, rule.span, "where", cx)? {
            if takes_objects && is_no_object(element, cx) {
                self.failed(rule, &no_object("where", element, rule.span), &place)?;
                continue;
            }
            if self.holds("where", filter, rule.span, &place) {
                kept.push((place.key.as_text().unwrap_or(""), element));
            }
        }
        if matches!(value, Value::Object(_)) {
            return Ok(Value::Object(kept.into_bump_slice()));
        }
        let mut list = ArenaVec::with_capacity_in(kept.len(), cx.arena);
        list.extend(kept.iter().map(|(_, element)| *element));
        Ok(Value::List(list.into_bump_slice()))
    }

    fn each(&mut self, each: &'a EachPlan, rule: &'a RulePlan, value: Value<'a>, cx: &Cx<'a>) -> Made<'a> {
        if !value.is_present() {
            return Ok(value);
        }
        let elements = elements(value, rule.span, "each", cx)?;
        let takes_objects = rule.walks.each && matches!(value, Value::Object(_));
        let mut made = ArenaVec::with_capacity_in(elements.size_hint().0, cx.arena);
        for (index, (element, place)) in elements.enumerate() {
            if P::ON {
                self.probe.event(Event::Element { index, value: element });
            }
            let result = match each {
                EachPlan::Steps(steps) => self.steps(steps, element, &place),
                _ if takes_objects && is_no_object(element, cx) => {
                    Err(Stop::Step(no_object("each", element, rule.span)))
                }
                EachPlan::Fields(fields) => self.object(fields, &place),
                EachPlan::Linked { fields, places } => self.linked(fields, places, &place),
            };
            let element = match result {
                Ok(element) => element,
                Err(Stop::Step(failure)) => {
                    self.failed(rule, &failure, &place)?;
                    rule.in_place_of_failed(&place)
                }
                Err(Stop::Member(member)) => {
                    self.member_failed(rule, each, &member, &place)?;
                    rule.in_place_of_failed(&place)
                }
                Err(stop @ Stop::Invalid(_)) => return Err(stop),
            };
            if !element.is_empty() {
                made.push(element);
            }
        }
        Ok(Value::List(made.into_bump_slice()))
    }

    fn object(&mut self, fields: &'a [RulePlan], cx: &Cx<'a>) -> Made<'a> {
        let mut members = ArenaVec::with_capacity_in(fields.len(), cx.arena);
        for (at, field) in fields.iter().enumerate() {
            let value = self.member(at, field, cx)?;
            if value.is_present() {
                members.push((field.name.as_str(), value));
            }
        }
        Ok(Value::Object(members.into_bump_slice()))
    }

    /// An object whose members read each other: they are computed in the order of their dependencies, and listed in
    /// file order.
    fn linked(&mut self, fields: &'a [RulePlan], places: &[usize], cx: &Cx<'a>) -> Made<'a> {
        let made = cx.arena.alloc_slice_fill_copy(fields.len(), ("", Value::Missing));
        for (at, (field, place)) in fields.iter().zip(places).enumerate() {
            let value = self.member(at, field, cx)?;
            cx.set(field.register, value);
            if let Some(member) = made.get_mut(*place) {
                *member = (field.name.as_str(), value);
            }
        }
        let mut members = ArenaVec::with_capacity_in(made.len(), cx.arena);
        members.extend(made.iter().copied().filter(|(_, value)| value.is_present()));
        Ok(Value::Object(members.into_bump_slice()))
    }

    /// The member of an object; a missing required one makes its element fail.
    fn member(&mut self, at: usize, field: &'a RulePlan, cx: &Cx<'a>) -> Made<'a> {
        self.rule(field, cx).map_err(|stop| match stop {
            Stop::Step(failure) => Stop::Member(Box::new((at, failure))),
            stop => stop,
        })
    }

    /// Applies the policy to a failure: no value, or an invalid record.
    pub(super) fn failed(&mut self, rule: &'a RulePlan, failure: &StepFailure, cx: &Cx<'a>) -> Result<(), Stop> {
        self.failures += 1;
        match &rule.policy {
            Policy::Reject => {
                self.report(failure, "reject");
                return Err(Stop::reject(rule, failure));
            }
            Policy::Warn(name) => {
                self.report(failure, "warn");
                self.warn(name, cx);
            }
            Policy::Skip => self.report(failure, "skip"),
            Policy::Default => self.report(failure, "default"),
        }
        Ok(())
    }

    /// A required field of an element is missing: the policy of the list decides, and a warning names the field.
    fn member_failed(
        &mut self,
        rule: &'a RulePlan,
        each: &'a EachPlan,
        (at, failure): &(usize, StepFailure),
        place: &Cx<'a>,
    ) -> Result<(), Stop> {
        let field = each.fields().get(*at);
        match (&rule.policy, field.and_then(|field| field.missing.as_ref())) {
            (Policy::Reject, _) => {
                self.failures += 1;
                self.report(failure, "reject");
                Err(Stop::reject(field.unwrap_or(rule), failure))
            }
            (Policy::Warn(_), Some(name)) => {
                self.failures += 1;
                self.report(failure, "warn");
                self.warn(name, place);
                Ok(())
            }
            _ => self.failed(rule, failure, place),
        }
    }

    /// Adds the name of a failure to `warnings`.
    pub(super) fn warn(&mut self, name: &'a WarningName, cx: &Cx<'a>) {
        let made = name.made.as_ref().and_then(|made| made.value(cx).scalar_text(cx.arena));
        self.add_warning(made.unwrap_or(&name.fixed));
    }

    /// Adds a name to `warnings`, once, and tells the probe each time.
    pub(super) fn add_warning(&mut self, name: &'a str) {
        if !self.warnings.contains(&name) {
            self.warnings.push(name);
        }
        if P::ON {
            self.probe.event(Event::Warned(name));
        }
    }

    pub(super) fn report(&mut self, failure: &StepFailure, policy: &'static str) {
        if P::ON {
            let (step, span, message) = (failure.step, failure.span, failure.failure.message());
            self.probe.event(Event::Failed { step, span, message, policy });
        }
    }

    pub(super) fn notes(&mut self, input: Value<'a>, cx: &Cx<'a>) {
        if P::ON {
            let taken: Vec<Note> = cx.notes.map(|notes| std::mem::take(&mut *notes.borrow_mut())).unwrap_or_default();
            taken.into_iter().for_each(|note| self.probe.event(Event::Note { note, input }));
        }
    }
}

/// The value converted for the claim, if the schema accepts it.
fn fitted<'a>(rule: &RulePlan, value: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let Some(shape) = &rule.shape else { return Ok(value) };
    let value = fit(shape, value, cx.arena);
    let mut violations = Violations::default();
    shape.check(value, Place::claim(&rule.name), &mut violations);
    match violations.iter().next() {
        None => Ok(value),
        Some(violation) => Err(Failure::new(violation.breach.to_string())),
    }
}

/// Whether a member of an object has no members of its own, though a rule reads nothing but these.
fn is_no_object(element: Value<'_>, cx: &Cx<'_>) -> bool {
    match element {
        Value::Missing | Value::Null | Value::Object(_) => false,
        Value::Text(text) => !(cx.fold_blank && text.trim_start().is_empty()),
        _ => true,
    }
}

/// The failure of a member of an object that is read as an object of its own.
fn no_object(step: &'static str, element: Value<'_>, span: Span) -> StepFailure {
    let message = format!(
        "an object comes in, so `$item` is each of its members, and this one is {}; if the object is one element, wrap it \
         with `to_list` under `do`",
        element.kind()
    );
    StepFailure { step, span, failure: Failure::new(message) }
}

/// Why the list of a claim cannot hold an element.
fn unfit<'a>(shape: &Shape, item: Value<'a>, index: usize, claim: &str, cx: &Cx<'a>) -> Option<Failure> {
    let mut violations = Violations::default();
    shape.check(fit(shape, item, cx.arena), Place::claim(claim), &mut violations);
    violations.iter().next().map(|violation| Failure::new(format!("element {index}: {}", violation.breach)))
}

/// The elements of a list or the members of an object, each with its context.
fn elements<'a>(
    value: Value<'a>,
    span: Span,
    word: &'static str,
    cx: &Cx<'a>,
) -> Result<impl Iterator<Item = (Value<'a>, Cx<'a>)> + use<'a>, Stop> {
    let (items, members): (&[_], &[_]) = match value {
        Value::List(items) => (items, &[]),
        Value::Object(members) => (&[], members),
        other => return Err(Stop::step(word, span, Failure::kind(Kinds::LIST.or(Kinds::OBJECT), other))),
    };
    let cx = *cx;
    let of_list = items.iter().enumerate().map(move |(index, item)| (*item, cx.on_element(*item, index)));
    let of_object =
        members.iter().enumerate().map(move |(index, (key, item))| (*item, cx.on_member(key, *item, index)));
    Ok(of_list.chain(of_object))
}

impl RulePlan {
    /// The replacement for an element that failed.
    fn in_place_of_failed<'a>(&'a self, place: &Cx<'a>) -> Value<'a> {
        let default = self.default.as_ref().filter(|_| self.policy.is_default());
        default.map_or(Value::Missing, |default| default.value(place))
    }

    /// Whether a value counts as one: it is not empty, or the rule keeps empty values.
    fn keeps(&self, value: Value<'_>) -> bool {
        !value.is_empty() || (self.keep_empty && value.is_present())
    }

    /// Whether the value of the claim needs to be converted and checked, because it is not obviously valid.
    fn must_be_fitted(&self, value: Value<'_>) -> bool {
        self.shape.as_ref().is_some_and(|shape| self.keeps(value) && !shape.admits(value))
    }
}
