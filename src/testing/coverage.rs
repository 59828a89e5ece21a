//! Coverage: which of the possible outcomes of the rules were seen.

use std::collections::HashSet;

use serde_json::json;

use crate::diag::Span;
use crate::engine::context::Note;
use crate::engine::outcome::Reason;
use crate::engine::plan::{Plan, RuleKind, RulePlan};
use crate::engine::possible::{Chance, Place};
use crate::engine::probe::{Event, Probe};
use crate::model::Value;

/// The outcomes that were seen, over any number of runs of one plan.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: HashSet<(Place, Chance)>,
    stack: Vec<Frame>,
    /// Whether a field has just made its element fail.
    field_failed: bool,
}

/// A rule that has started.
#[derive(Debug)]
struct Frame {
    span: Span,
    /// Whether it has no value for another reason than missing input: a failure, or its `when`.
    failed: bool,
    /// Whether the default was used.
    defaulted: bool,
}

/// The coverage of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The name of the rule.
    pub name: String,
    /// How many of its outcomes were seen.
    pub seen: usize,
    /// How many outcomes are possible.
    pub total: usize,
    /// The names of the outcomes not seen.
    pub open: Vec<String>,
}

/// The coverage of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageReport {
    /// The rule file.
    pub file: String,
    /// Its rules, denials, checks and lookups.
    pub rules: Vec<Covered>,
}

impl Coverage {
    /// Records the result of an example of a rule: a value, or the reason of a failure.
    pub fn example(&mut self, rule: &RulePlan, result: &Result<Value<'_>, Reason>) {
        match result {
            Ok(value) => self.event(Event::Result { rule, value: *value }),
            Err(_) => {
                self.see(Place::Rule(rule.span), Chance::Failed(rule.policy_word()));
                self.stack.clear();
            }
        }
    }

    /// Reports which of the possible outcomes of a plan were seen.
    ///
    /// Lookups in shared files count from their first use: a rule file may use only a part of a shared file.
    #[must_use]
    pub fn report(&self, file: &str, plan: &Plan) -> CoverageReport {
        let mut rules = Vec::new();
        for possible in plan.possible() {
            let seen = |chance: &Chance| self.seen.contains(&(possible.place, *chance));
            let open: Vec<String> =
                possible.chances.iter().filter(|(chance, _)| !seen(chance)).map(|(_, name)| name.clone()).collect();
            let total = possible.chances.len();
            let is_shared = matches!(possible.place, Place::Lookup(_)) && possible.name.contains('.');
            if is_shared && open.len() == total {
                continue;
            }
            rules.push(Covered { name: possible.name, seen: total - open.len(), total, open });
        }
        CoverageReport { file: file.to_owned(), rules }
    }

    fn see(&mut self, place: Place, chance: Chance) {
        self.seen.insert((place, chance));
    }

    fn see_here(&mut self, chance: Chance) {
        if let Some(frame) = self.stack.last_mut() {
            frame.failed |= matches!(chance, Chance::Failed(_) | Chance::Required | Chance::Side("when", false));
            frame.defaulted |= chance == Chance::Defaulted;
            let place = Place::Rule(frame.span);
            self.see(place, chance);
        }
    }

    /// The value is that of `otherwise`: the rule itself has not run, and its `when` is already recorded.
    fn otherwise(&mut self) {
        if let Some(frame) = self.stack.last_mut() {
            frame.defaulted = true;
        }
    }

    /// A step failed, or a required value is missing: in this rule, or in a field, which makes its element fail.
    fn failed(&mut self, step: &'static str, policy: &'static str) {
        let of_field = std::mem::take(&mut self.field_failed);
        self.see_here(if step == "required" && !of_field { Chance::Required } else { Chance::Failed(policy) });
    }

    fn rule_failed(&mut self, rule: &RulePlan) {
        self.stack.pop_if(|frame| frame.span == rule.span);
        self.field_failed = rule.kind == RuleKind::Field;
        if self.field_failed && rule.required {
            self.see(Place::Rule(rule.span), Chance::Required);
        }
    }

    fn result(&mut self, rule: &RulePlan, value: Value<'_>) {
        // a rule that runs on an example was not started
        let at = self.stack.iter().rposition(|frame| frame.span == rule.span);
        let frame = at.and_then(|at| self.stack.drain(at..).next());
        let (failed, defaulted) = frame.map_or((false, false), |frame| (frame.failed, frame.defaulted));
        let place = Place::Rule(rule.span);
        match value.is_present() {
            true if !defaulted => self.see(place, Chance::Ran),
            false if !failed => self.see(place, Chance::Missing),
            _ => {}
        }
    }
}

impl Probe for Coverage {
    const ON: bool = true;

    fn event(&mut self, event: Event<'_, '_>) {
        match event {
            Event::Rule(rule) => {
                if rule.kind != RuleKind::Field {
                    // a rule that made the record invalid has no result
                    self.stack.clear();
                }
                self.stack.push(Frame { span: rule.span, failed: false, defaulted: false });
            }
            Event::Condition { word, span, holds, .. } => {
                let here = self.stack.last().is_some_and(|frame| frame.span == span);
                if here {
                    self.see_here(Chance::Side(word, holds));
                } else {
                    self.see(Place::Rule(span), Chance::Side(word, holds));
                }
            }
            Event::Note { note: Note::LookupHit { lookup, entry }, .. } => {
                self.see(Place::Lookup(lookup), Chance::Entry(entry));
            }
            Event::Note { note: Note::LookupMiss { lookup }, .. } => self.see(Place::Lookup(lookup), Chance::Miss),
            Event::Failed { step, policy, .. } => self.failed(step, policy),
            Event::Defaulted(_) => self.see_here(Chance::Defaulted),
            Event::Otherwise(_) => self.otherwise(),
            Event::Result { rule, value } => self.result(rule, value),
            Event::Invalid(rule) => self.rule_failed(rule),
            Event::Note { note: Note::Script { .. }, .. }
            | Event::Read { .. }
            | Event::Step { .. }
            | Event::Element { .. }
            | Event::Undecided { .. }
            | Event::Warned(_)
            | Event::Denied(_) => {}
        }
    }
}

impl CoverageReport {
    /// The number of outcomes seen, and of all outcomes.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        self.rules.iter().fold((0, 0), |(seen, total), rule| (seen + rule.seen, total + rule.total))
    }

    /// The report as JSON: `file`, `covered`, `total` and the `rules`, each with its `open` outcomes.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let (seen, total) = self.count();
        let rules: Vec<_> = self
            .rules
            .iter()
            .map(|rule| json!({ "name": rule.name, "covered": rule.seen, "total": rule.total, "open": rule.open }))
            .collect();
        json!({ "file": self.file, "covered": seen, "total": total, "rules": rules })
    }
}

/// The percentage of outcomes seen, rounded down so that 100 means all of them.
#[must_use]
pub fn percent(seen: usize, total: usize) -> usize {
    (seen * 100).checked_div(total).unwrap_or(100)
}

/// The number of outcomes seen, and of all outcomes, in several rule files.
#[must_use]
pub fn total(reports: &[CoverageReport]) -> (usize, usize) {
    reports.iter().map(CoverageReport::count).fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
}
