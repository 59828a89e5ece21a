//! The trace for people: one block per rule, one line per event.

use std::fmt::Write as _;

use super::conditions::Written;
use super::json::shown;
use super::{ConditionTrace, Ended, Entry, Happening, LookedUp, RuleTrace, Shown, Trace, View, kind_word};
use crate::diag::render::escaped;
use crate::diag::{Files, Span};
use crate::engine::plan::RuleKind;

/// The longest text of a value on a line, in characters: enough for an address or a stored password, not for a photo.
const MAX_SHOWN: usize = 160;

/// The width of the first column: the longest names of common steps fit.
const COLUMN: usize = 12;

impl Trace {
    /// The whole trace for people.
    #[must_use]
    pub fn render(&self, files: &Files, view: View) -> String {
        self.rendered(files, view, |_| true)
    }

    /// The trace of the rules with one name: a claim's path, a working value's name, a part of the credential. Empty if
    /// there is none.
    #[must_use]
    pub fn render_rule(&self, name: &str, files: &Files, view: View) -> String {
        self.rendered(files, view, |entry| matches!(entry, Entry::Rule(rule) if rule.name == name))
    }

    fn rendered(&self, files: &Files, view: View, wanted: impl Fn(&Entry) -> bool) -> String {
        let mut writer = Writer { files, view, written: Written::new(files), out: String::new() };
        for entry in self.entries().iter().filter(|entry| wanted(entry)) {
            match entry {
                Entry::Rule(rule) => writer.rule(rule, 0),
                Entry::Condition(tested) => writer.condition(tested, 0),
                Entry::Denied(reason) => {
                    let reason = writer.paint("31", &format!("`{reason}`"));
                    writer.line(0, "denied", &reason);
                }
            }
        }
        writer.out
    }
}

struct Writer<'f> {
    files: &'f Files,
    view: View,
    written: Written<'f>,
    out: String,
}

impl Writer<'_> {
    fn rule(&mut self, rule: &RuleTrace, depth: usize) {
        let hide = rule.sensitive && !self.view.sensitive;
        let name = self.paint("1", &escaped(&rule.name));
        let place = self.place(rule.span);
        let place = self.paint("2", &format!("({place})"));
        // writing to a `String` cannot fail
        let _ = writeln!(self.out, "{}{} {name}  {place}", "  ".repeat(depth), kind_word(rule.kind));
        let mut tested = 0;
        for happening in &rule.happenings {
            if let Happening::Condition(ConditionTrace { word: "where", answer, .. }) = happening {
                let kept = if *answer == Ok(true) { "stays" } else { "is left out" };
                self.line(depth + 1, "where", &format!("element {tested} {kept}"));
                tested += 1;
                continue;
            }
            self.happening(happening, hide, depth + 1);
        }
        match &rule.ended {
            Ended::Invalid => {
                let is_field = rule.kind == RuleKind::Field;
                let text = self.paint("31", if is_field { "the element fails" } else { "the record is invalid" });
                self.line(depth + 1, "result", &text);
            }
            Ended::With(value) => {
                let text = self.paint("32", &short(shown(value, hide)));
                self.line(depth + 1, "result", &text);
            }
        }
    }

    fn happening(&mut self, happening: &Happening, hide: bool, depth: usize) {
        match happening {
            Happening::Condition(tested) => self.condition(tested, depth),
            Happening::Read { text, value, taken } => {
                let note = if *taken { "" } else { ", so it is skipped" };
                let text = format!("{} is {}{note}", escaped(text), short(shown(value, hide)));
                self.line(depth, "from", &text);
            }
            Happening::Step { name, before, after, looked_up, .. } => {
                let text = step(before, after, hide);
                let note = if *looked_up == Some(LookedUp::Nothing) { " (not in the lookup)" } else { "" };
                self.line(depth, name, &format!("{text}{note}"));
            }
            Happening::Element { index, value, happenings } => {
                self.line(depth, &format!("[{index}]"), &short(shown(value, hide)));
                happenings.iter().for_each(|happening| self.happening(happening, hide, depth + 1));
                if matches!(happenings.last(), Some(Happening::Step { after: Shown(None), .. })) {
                    self.line(depth + 1, "result", "nothing, so the element is left out");
                }
            }
            Happening::Script { operations } => self.line(depth, "script", &format!("took {operations} operations")),
            Happening::Failed { step, span, message, policy } => self.failed(step, *span, message, policy, depth),
            Happening::Defaulted(value) => self.line(depth, "default", &short(shown(value, hide))),
            Happening::Otherwise(value) => self.line(depth, "otherwise", &short(shown(value, hide))),
            Happening::Field(rule) => self.rule(rule, depth),
        }
    }

    fn failed(&mut self, step: &str, span: Span, message: &str, policy: &str, depth: usize) {
        let consequence = match policy {
            "reject" => "the record is invalid",
            "warn" => "left out with a warning",
            "default" => "the default is used",
            _ => "left out",
        };
        let place = self.place(span);
        let text = self.paint("31", &format!("{}: {consequence}", escaped(message)));
        let place = self.paint("2", &format!("({place})"));
        self.line(depth, step, &format!("fails: {text}  {place}"));
    }

    fn condition(&mut self, tested: &ConditionTrace, depth: usize) {
        let text = self.written.condition(tested.word, tested.span).unwrap_or_default();
        let answer = match &tested.answer {
            Ok(true) => "is true".to_owned(),
            Ok(false) => "is false".to_owned(),
            Err((step, message)) => {
                self.paint("31", &format!("cannot be decided: `{step}` fails: {}", escaped(message)))
            }
        };
        self.line(depth, tested.word, &format!("{} {answer}", escaped(&text)));
    }

    fn line(&mut self, depth: usize, first: &str, rest: &str) {
        let _ = writeln!(self.out, "{}{first:<COLUMN$} {rest}", "  ".repeat(depth));
    }

    fn place(&self, span: Span) -> String {
        let (line, column) = self.files.position(span);
        format!("{}:{line}:{column}", escaped(self.files.name(span.file)))
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.view.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn step(before: &Shown, after: &Shown, hide: bool) -> String {
    if before == after {
        return format!("{} stays as it is", short(shown(after, hide)));
    }
    format!("{} → {}", short(shown(before, hide)), short(shown(after, hide)))
}

/// At most [`MAX_SHOWN`] characters, control characters made visible.
fn short(text: &str) -> String {
    let text = escaped(text);
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
