//! Probes follow a run: the trace, coverage and lineage are probes. A run without a probe has no overhead.

use super::condition::Condition;
use super::context::Note;
use super::plan::RulePlan;
use crate::diag::Span;
use crate::model::Value;

/// An observer of a run.
pub trait Probe {
    /// Whether events are created at all; a constant, so that the compiler removes the code from a run without a probe.
    const ON: bool;

    /// Receives an event.
    fn event(&mut self, event: Event<'_, '_>);
}

/// The probe that ignores all events, for runs that only need the outcome.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Probe for Silent {
    const ON: bool = false;

    fn event(&mut self, _: Event<'_, '_>) {}
}

/// An event of a run.
#[derive(Debug)]
pub enum Event<'e, 'a> {
    /// A rule begins; the events up to its [`Event::Result`] belong to it. Rules of fields nest.
    Rule(&'e RulePlan),
    /// A condition was tested.
    Condition {
        /// `when`, `where`, `that`, `needs` or `admit`.
        word: &'static str,
        /// The condition.
        condition: &'e Condition,
        /// The place of its rule.
        span: Span,
        /// Whether it is true.
        holds: bool,
    },
    /// A condition of `admit` or `checks` cannot be decided: a predicate failed.
    Undecided {
        /// `that`, `needs` or `admit`.
        word: &'static str,
        /// The place of its rule.
        span: Span,
        /// The predicate.
        step: &'static str,
        /// Why it failed.
        message: &'e str,
    },
    /// A source was read.
    Read {
        /// Its position in `from`.
        position: usize,
        /// As written.
        text: &'e str,
        /// Its value.
        value: Value<'a>,
        /// Whether it is the one that is used.
        taken: bool,
    },
    /// A step ran.
    Step {
        /// The op.
        name: &'static str,
        /// Its place.
        span: Span,
        /// The input.
        before: Value<'a>,
        /// The result.
        after: Value<'a>,
    },
    /// An element of a list begins.
    Element {
        /// Its position.
        index: usize,
        /// The element.
        value: Value<'a>,
    },
    /// A note of a step or a condition.
    Note {
        /// The note.
        note: Note,
        /// The value that the step was given; missing for conditions and scripts.
        input: Value<'a>,
    },
    /// A step, a cast or the schema failed.
    Failed {
        /// The op, `as`, `schema`, `script`, `required`.
        step: &'static str,
        /// Where.
        span: Span,
        /// Why.
        message: &'e str,
        /// The policy: `reject`, `warn`, `skip`, `default`.
        policy: &'static str,
    },
    /// The outcome has a warning with this name, because of the failure before; without one, because of a check.
    Warned(&'e str),
    /// The default was used.
    Defaulted(Value<'a>),
    /// `when` is false, and `otherwise` is the value.
    Otherwise(Value<'a>),
    /// A rule is finished.
    Result {
        /// The rule.
        rule: &'e RulePlan,
        /// Its value; missing if it has none.
        value: Value<'a>,
    },
    /// A rule fails: a field fails its element, every other rule makes the record invalid.
    Invalid(&'e RulePlan),
    /// The record was denied.
    Denied(&'e str),
}
