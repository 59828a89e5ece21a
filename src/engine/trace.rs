//! The trace: what happened in each rule of one run, kept as owned text so that it outlives the record.
//!
//! `landfall explain` prints it, and a failed test prints the part about the failed claim.

mod conditions;
mod json;
mod render;

use super::context::Note;
use super::plan::{EachPlan, RuleKind, RulePlan};
use super::probe::{Event, Probe};
use super::steps::Steps;
use crate::diag::Span;
use crate::model::Value;

/// How a trace is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    /// Whether values of sensitive claims, of working values and of the credential are shown.
    pub sensitive: bool,
    /// Whether terminal colours are used.
    pub colour: bool,
}

/// The events of one run, in order.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    done: Vec<Entry>,
    open: Vec<RuleTrace>,
    looked_up: Option<LookedUp>,
}

/// One event that concerns the record as a whole.
#[derive(Debug, Clone)]
enum Entry {
    Rule(RuleTrace),
    Condition(ConditionTrace),
    Denied(String),
}

/// The events of one rule.
#[derive(Debug, Clone)]
struct RuleTrace {
    name: String,
    kind: RuleKind,
    span: Span,
    sensitive: bool,
    happenings: Vec<Happening>,
    ended: Ended,
    /// The steps that run once after all elements: they end the last element.
    then: Vec<Span>,
    each: Vec<Span>,
}

/// How a rule ended.
#[derive(Debug, Clone)]
enum Ended {
    /// It made the record invalid.
    Invalid,
    /// With this value.
    With(Shown),
}

/// One event inside a rule.
#[derive(Debug, Clone)]
enum Happening {
    Condition(ConditionTrace),
    Read { text: String, value: Shown, taken: bool },
    Step { name: &'static str, span: Span, before: Shown, after: Shown, looked_up: Option<LookedUp> },
    Element { index: usize, value: Shown, happenings: Vec<Happening> },
    Script { operations: u64 },
    Failed { step: &'static str, span: Span, message: String, policy: &'static str },
    Defaulted(Shown),
    Otherwise(Shown),
    Field(RuleTrace),
}

/// A tested condition.
#[derive(Debug, Clone)]
struct ConditionTrace {
    word: &'static str,
    span: Span,
    /// Whether it is true, or which predicate failed and why.
    answer: Result<bool, (&'static str, String)>,
}

/// The result of a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LookedUp {
    Entry(usize),
    Nothing,
}

/// A value as JSON text; `None` if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown(Option<String>);

impl Shown {
    fn of(value: Value<'_>) -> Self {
        if matches!(value, Value::Missing) {
            return Self(None);
        }
        let mut text = Vec::new();
        crate::model::json::write(value, &mut text);
        Self(Some(String::from_utf8_lossy(&text).into_owned()))
    }
}

impl Probe for Trace {
    const ON: bool = true;

    fn event(&mut self, event: Event<'_, '_>) {
        match event {
            Event::Rule(rule) => self.begin(rule),
            Event::Condition { word, span, holds, .. } => {
                self.condition(ConditionTrace { word, span, answer: Ok(holds) })
            }
            Event::Undecided { word, span, step, message } => {
                self.condition(ConditionTrace { word, span, answer: Err((step, message.to_owned())) });
            }
            Event::Read { text, value, taken, .. } => {
                self.record(Happening::Read { text: text.to_owned(), value: Shown::of(value), taken });
            }
            Event::Step { name, span, before, after } => {
                let looked_up = self.looked_up.take();
                let (before, after) = (Shown::of(before), Shown::of(after));
                self.record(Happening::Step { name, span, before, after, looked_up });
            }
            Event::Element { index, value } => self.element(index, value),
            Event::Note { note, .. } => self.note(note),
            Event::Failed { step, span, message, policy } => {
                self.looked_up = None;
                self.record(Happening::Failed { step, span, message: message.to_owned(), policy });
            }
            // what failed is shown, with its policy
            Event::Warned(_) => {}
            Event::Defaulted(value) => self.at_rule(Happening::Defaulted(Shown::of(value))),
            Event::Otherwise(value) => self.at_rule(Happening::Otherwise(Shown::of(value))),
            Event::Result { rule, value } => self.end(rule, Ended::With(Shown::of(value))),
            Event::Invalid(rule) => self.end(rule, Ended::Invalid),
            Event::Denied(reason) => {
                self.close();
                self.done.push(Entry::Denied(reason.to_owned()));
            }
        }
    }
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The finished entries, and those that an invalid record left open.
    fn entries(&self) -> Vec<Entry> {
        let mut all = self.clone();
        all.close();
        all.done
    }

    fn begin(&mut self, rule: &RulePlan) {
        if rule.kind != RuleKind::Field {
            self.close();
        }
        self.open.push(RuleTrace {
            name: rule.name.clone(),
            kind: rule.kind,
            span: rule.span,
            sensitive: rule.sensitive || self.open.last().is_some_and(|parent| parent.sensitive),
            happenings: Vec::new(),
            ended: Ended::Invalid,
            then: spans(&rule.then),
            each: match &rule.each {
                Some(EachPlan::Steps(steps)) => spans(steps),
                _ => Vec::new(),
            },
        });
    }

    fn end(&mut self, rule: &RulePlan, how: Ended) {
        if self.open.last().is_some_and(|open| open.span == rule.span)
            && let Some(mut ended) = self.open.pop()
        {
            ended.ended = how;
            self.put(ended);
        }
    }

    /// Closes the open rules: rules without a result made the record invalid.
    fn close(&mut self) {
        while let Some(open) = self.open.pop() {
            self.put(open);
        }
    }

    fn put(&mut self, rule: RuleTrace) {
        match self.open.last_mut() {
            None => self.done.push(Entry::Rule(rule)),
            Some(parent) => push(&mut parent.happenings, Happening::Field(rule)),
        }
    }

    fn condition(&mut self, tested: ConditionTrace) {
        self.looked_up = None;
        // a rule tests only its own conditions; all others belong to the record
        if self.open.last().is_some_and(|open| open.span == tested.span) {
            self.at_rule(Happening::Condition(tested));
        } else {
            self.close();
            self.done.push(Entry::Condition(tested));
        }
    }

    fn element(&mut self, index: usize, value: Value<'_>) {
        let value = Shown::of(value);
        self.at_rule(Happening::Element { index, value, happenings: Vec::new() });
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::LookupHit { entry, .. } => self.looked_up = Some(LookedUp::Entry(entry)),
            Note::LookupMiss { .. } => self.looked_up = Some(LookedUp::Nothing),
            Note::Script { operations } => self.record(Happening::Script { operations }),
        }
    }

    fn at_rule(&mut self, happening: Happening) {
        if let Some(open) = self.open.last_mut() {
            open.happenings.push(happening);
        }
    }

    /// Adds an event to the innermost rule: to its current element, or to the whole value.
    fn record(&mut self, happening: Happening) {
        let Some(open) = self.open.last_mut() else { return };
        match &happening {
            Happening::Step { span, .. } | Happening::Failed { span, .. } if !open.is_of_element(*span) => {
                open.happenings.push(happening);
            }
            _ => push(&mut open.happenings, happening),
        }
    }
}

impl RuleTrace {
    /// Whether a step at this place belongs to the current element. The same named chain may be in `each` and in
    /// `then`; it belongs to the element until it has run for it.
    fn is_of_element(&self, span: Span) -> bool {
        if span == self.span {
            return false;
        }
        let been = |happening: &Happening| matches!(happening, Happening::Step { span: at, .. } if *at == span);
        match self.happenings.last() {
            Some(Happening::Element { happenings, .. }) => {
                !self.then.contains(&span) || (self.each.contains(&span) && !happenings.iter().any(been))
            }
            _ => true,
        }
    }
}

/// Adds to the last element while it is open, otherwise to the rule.
fn push(happenings: &mut Vec<Happening>, happening: Happening) {
    match happenings.last_mut() {
        Some(Happening::Element { happenings, .. }) => happenings.push(happening),
        _ => happenings.push(happening),
    }
}

/// The kind of a rule, in one word.
fn kind_word(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Claim => "claim",
        RuleKind::Let => "let",
        RuleKind::Field => "field",
        RuleKind::Credential => "credential",
        RuleKind::Split => "accounts",
        RuleKind::Account => "account",
    }
}

fn spans(steps: &Steps) -> Vec<Span> {
    steps.0.iter().map(|step| step.span).collect()
}

#[cfg(test)]
mod tests;
