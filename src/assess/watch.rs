//! Follows a run: which values a lookup did not find, and why something was left out with a warning.

use crate::diag::Span;
use crate::engine::context::Note;
use crate::engine::plan::RuleKind;
use crate::engine::probe::{Event, Probe};
use crate::model::Value;

/// How many values without an entry are kept of one record. Stops lists of millions; a customer has a few roles.
const MAX_MISSES: usize = 100;

/// What happened in the run of one record.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Warnings, and why.
    pub warnings: Vec<(String, String)>,
    /// Values without an entry.
    pub misses: Vec<Miss>,
    /// The rule that runs; not a field of an object.
    rule: Option<Span>,
    /// Why a step failed last.
    failure: String,
}

/// A value that a lookup did not find.
#[derive(Debug)]
pub(super) struct Miss {
    /// The place of the rule.
    pub rule: Option<Span>,
    /// The number of the table.
    pub lookup: usize,
    /// The value as JSON text.
    pub value: String,
}

impl Watch {
    /// Prepares for the next record.
    pub(super) fn clear(&mut self) {
        self.warnings.clear();
        self.misses.clear();
        self.rule = None;
        self.failure.clear();
    }
}

impl Probe for Watch {
    const ON: bool = true;

    fn event(&mut self, event: Event<'_, '_>) {
        match event {
            Event::Rule(rule) if rule.kind != RuleKind::Field => self.rule = Some(rule.span),
            Event::Note { note: Note::LookupMiss { lookup }, input } if self.misses.len() < MAX_MISSES => {
                self.misses.push(Miss { rule: self.rule, lookup, value: json(input) });
            }
            Event::Failed { message, .. } => {
                self.failure.clear();
                self.failure.push_str(message);
            }
            Event::Warned(name) if self.warnings.len() < MAX_MISSES => {
                self.warnings.push((name.to_owned(), plain(&self.failure).to_owned()));
            }
            _ => {}
        }
    }
}

/// A message without the position of the element that it is about, which differs from record to record.
pub(super) fn plain(message: &str) -> &str {
    let rest = message.strip_prefix("element ").and_then(|rest| rest.split_once(": "));
    rest.filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit())).map_or(message, |(_, rest)| rest)
}

/// The longest message about a record that cannot be parsed: it contains the place, which the record determines.
const MAX_MESSAGE: usize = 160;

/// A message about a record that cannot be parsed, without what differs from record to record: what follows a colon, and
/// positions in lists.
pub(super) fn of_parser(message: &str) -> String {
    let mut short = String::new();
    let mut rest = message.split(": ").next().unwrap_or_default();
    while let Some((before, behind)) = rest.split_once('[') {
        short.push_str(before);
        match behind.split_once(']') {
            Some((position, behind)) if position.bytes().all(|byte| byte.is_ascii_digit()) => {
                if !short.ends_with("[*]") {
                    short.push_str("[*]");
                }
                rest = behind;
            }
            _ => {
                short.push('[');
                rest = behind;
            }
        }
    }
    short.push_str(rest);
    match short.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", short.get(..end).unwrap_or_default()),
        None => short,
    }
}

fn json(value: Value<'_>) -> String {
    let mut text = Vec::new();
    crate::model::json::write(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_parser_do_not_depend_on_the_record() {
        for (message, wanted) in [
            ("the record is not JSON: x at line 1 column 7", "the record is not JSON"),
            ("`a[0][12].b[3]` is nested deeper than 64 levels", "`a[*].b[*]` is nested deeper than 64 levels"),
            ("`a[b` is odd", "`a[b` is odd"),
        ] {
            assert_eq!(of_parser(message), wanted);
        }
        assert_eq!(of_parser(&"k".repeat(500)).chars().count(), MAX_MESSAGE + 1);
    }

    #[test]
    fn messages_are_the_same_for_every_element() {
        for (message, wanted) in [
            ("element 17: is not an email address", "is not an email address"),
            ("element a: x", "element a: x"),
            ("is not an email address", "is not an email address"),
        ] {
            assert_eq!(plain(message), wanted);
        }
    }
}
