//! What a run tells whoever wants to know: the trace, coverage and lineage are probes. Without one it costs nothing.

use super::condition::Condition;
use super::context::Note;
use super::plan::RulePlan;
use crate::diag::Span;
use crate::model::Value;

/// Somebody who follows a run.
pub trait Probe {
    /// Whether events are made at all; a constant, so that a run without probe has no trace of it.
    const ON: bool;

    /// Something happened.
    fn event(&mut self, event: Event<'_, '_>);
}

/// Nobody follows the run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Probe for Silent {
    const ON: bool = false;

    fn event(&mut self, _: Event<'_, '_>) {}
}

/// Something that happened.
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
        /// Where its rule stands.
        span: Span,
        /// Whether it holds.
        holds: bool,
    },
    /// A condition of `admit` or `checks` cannot be decided: a predicate failed.
    Undecided {
        /// `that`, `needs` or `admit`.
        word: &'static str,
        /// Where its rule stands.
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
        /// What was there.
        value: Value<'a>,
        /// Whether it is the one taken.
        taken: bool,
    },
    /// A step ran.
    Step {
        /// The op.
        name: &'static str,
        /// Where it stands.
        span: Span,
        /// What came in.
        before: Value<'a>,
        /// What came out.
        after: Value<'a>,
    },
    /// An element of a list begins.
    Element {
        /// Its position.
        index: usize,
        /// The element.
        value: Value<'a>,
    },
    /// Something a step reported.
    Note(Note),
    /// A step, a cast or the schema failed.
    Failed {
        /// The op, `as`, `schema`, `script`, `required`.
        step: &'static str,
        /// Where.
        span: Span,
        /// Why.
        message: &'e str,
        /// What is done about it: `reject`, `warn`, `skip`, `default`.
        policy: &'static str,
    },
    /// The default was used.
    Defaulted(Value<'a>),
    /// `when` does not hold, and `otherwise` is the value.
    Otherwise(Value<'a>),
    /// A rule is done.
    Result {
        /// The rule.
        rule: &'e RulePlan,
        /// What it made; missing when it made nothing.
        value: Value<'a>,
    },
    /// A rule ends without a value: a field fails its element, every other rule holds the record back.
    Fell(&'e RulePlan),
    /// The record was refused.
    Denied(&'e str),
}
