//! What the rules did to one record, rule by rule, for tests that failed.

use super::account::compact;
use crate::engine::context::Note;
use crate::engine::plan::{RuleKind, RulePlan};
use crate::engine::probe::{Event, Probe};
use crate::model::Value;

/// The longest value shown, in characters.
const MAX_SHOWN: usize = 160;

/// Records what every rule does.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    rules: Vec<Recorded>,
    depth: usize,
    masked: bool,
}

#[derive(Debug)]
struct Recorded {
    name: String,
    lines: Vec<String>,
}

impl Recorder {
    /// The lines of the rules that have something to do with these paths: the claims themselves, those around them and
    /// those in them.
    pub(super) fn of(&self, paths: &[String]) -> Vec<String> {
        let related = |name: &str, path: &str| {
            name == path
                || name.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']))
                || path.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        let mut lines = Vec::new();
        for rule in self.rules.iter().filter(|rule| paths.iter().any(|path| related(&rule.name, path))) {
            lines.push(rule.name.clone());
            lines.extend(rule.lines.iter().map(|line| format!("  {line}")));
        }
        lines
    }

    fn begin(&mut self, name: String) {
        self.rules.push(Recorded { name, lines: Vec::new() });
        self.depth = 0;
    }

    fn line(&mut self, line: &str) {
        let indent = "  ".repeat(self.depth);
        if let Some(rule) = self.rules.last_mut() {
            rule.lines.push(format!("{indent}{line}"));
        }
    }

    fn rule(&mut self, rule: &RulePlan) {
        if rule.kind == RuleKind::Field {
            self.line(&format!("{}:", rule.name));
            self.depth += 1;
            return;
        }
        self.begin(match rule.kind {
            RuleKind::Credential => format!("credential.{}", rule.name),
            _ => rule.name.clone(),
        });
        self.masked = rule.sensitive;
    }

    /// Values of sensitive claims are masked, whatever is printed besides.
    fn shown(&self, value: Value<'_>) -> String {
        match value {
            Value::Missing => "nothing".to_owned(),
            _ if self.masked => format!("*** ({})", value.kind()),
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
            value => {
                let text = compact(value);
                let cut: String = text.chars().take(MAX_SHOWN).collect();
                if cut.len() < text.len() { cut + "…" } else { text }
            }
        }
    }
}

impl Probe for Recorder {
    const ON: bool = true;

    fn event(&mut self, event: Event<'_, '_>) {
        match event {
            Event::Rule(rule) => self.rule(rule),
            Event::Condition { word, holds, .. } => {
                if matches!(word, "admit" | "that" | "needs") {
                    self.begin(if word == "admit" { "admit" } else { "checks" }.to_owned());
                }
                self.line(&format!("{word} {}", if holds { "holds" } else { "does not hold" }));
            }
            Event::Read { text, value, .. } => {
                let line = format!("from {text}: {}", self.shown(value));
                self.line(&line);
            }
            Event::Step { name, before, after, .. } => {
                let line = format!("{name}: {} → {}", self.shown(before), self.shown(after));
                self.line(&line);
            }
            Event::Element { index, value } => {
                let line = format!("[{index}] {}", self.shown(value));
                self.line(&line);
            }
            Event::Note(Note::LookupHit { .. }) => self.line("lookup: an entry was found"),
            Event::Note(Note::LookupMiss { .. }) => self.line("lookup: no entry"),
            Event::Note(Note::Script { operations }) => self.line(&format!("script: {operations} operations")),
            Event::Failed { step, message, policy, .. } => self.line(&format!("{step} failed: {message} ({policy})")),
            Event::Defaulted(value) => {
                let line = format!("default: {}", self.shown(value));
                self.line(&line);
            }
            Event::Result { value, .. } => {
                let line = format!("= {}", self.shown(value));
                self.line(&line);
                self.depth = self.depth.saturating_sub(1);
            }
            Event::Refused(reason) => self.line(&format!("refused as {reason}")),
        }
    }
}
