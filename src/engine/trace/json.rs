//! The trace as JSON, for editors and other programs.

use serde_json::{Value as Json, json};

use super::conditions::Written;
use super::{ConditionTrace, Ended, Entry, Happening, LookedUp, RuleTrace, Shown, Trace, View, kind_word};
use crate::diag::{Files, Span};

/// The mask of a value that is not shown.
const MASK: &str = "•••";

impl Trace {
    /// The trace as a list: rules with their `happenings` and `result`, conditions, denials. Places are `file`, `line`,
    /// `column`. Values of sensitive rules are `•••` unless the view shows them; a missing value has no key.
    #[must_use]
    pub fn to_json(&self, files: &Files, view: View) -> Json {
        let mut writer = Writer { files, view, written: Written::new(files) };
        self.entries().iter().map(|entry| writer.entry(entry)).collect()
    }
}

struct Writer<'f> {
    files: &'f Files,
    view: View,
    written: Written<'f>,
}

impl Writer<'_> {
    fn entry(&mut self, entry: &Entry) -> Json {
        match entry {
            Entry::Rule(rule) => self.rule(rule),
            Entry::Condition(tested) => self.condition(tested),
            Entry::Denied(reason) => json!({ "happening": "denied", "reason": reason }),
        }
    }

    fn rule(&mut self, rule: &RuleTrace) -> Json {
        let hide = rule.sensitive && !self.view.sensitive;
        let happenings: Vec<Json> = rule.happenings.iter().map(|happening| self.happening(happening, hide)).collect();
        let mut out = json!({
            "happening": "rule",
            "rule": rule.name,
            "kind": kind_word(rule.kind),
            "at": self.place(rule.span),
            "sensitive": rule.sensitive,
            "happenings": happenings,
        });
        match &rule.ended {
            Ended::Invalid => put(&mut out, "fell", Json::Bool(true)),
            Ended::With(value) => put_value(&mut out, "result", value, hide),
        }
        out
    }

    fn condition(&mut self, tested: &ConditionTrace) -> Json {
        let text = self.written.condition(tested.word, tested.span);
        let mut out = json!({
            "happening": "condition",
            "word": tested.word,
            "condition": text,
            "holds": tested.answer.as_ref().ok(),
            "at": self.place(tested.span),
        });
        if let Err((step, message)) = &tested.answer {
            put(&mut out, "failed", json!({ "step": step, "message": message }));
        }
        out
    }

    fn happening(&mut self, happening: &Happening, hide: bool) -> Json {
        match happening {
            Happening::Condition(tested) => self.condition(tested),
            Happening::Read { text, value, taken } => {
                let mut out = json!({ "happening": "read", "from": text, "taken": taken });
                put_value(&mut out, "value", value, hide);
                out
            }
            Happening::Step { name, span, before, after, looked_up } => {
                let mut out = json!({ "happening": "step", "step": name, "at": self.place(*span) });
                put_value(&mut out, "before", before, hide);
                put_value(&mut out, "after", after, hide);
                match looked_up {
                    Some(LookedUp::Entry(entry)) => put(&mut out, "lookup_entry", Json::from(*entry)),
                    Some(LookedUp::Nothing) => put(&mut out, "lookup_entry", Json::Null),
                    None => {}
                }
                out
            }
            Happening::Element { index, value, happenings } => {
                let inner: Vec<Json> = happenings.iter().map(|happening| self.happening(happening, hide)).collect();
                let mut out = json!({ "happening": "element", "index": index, "happenings": inner });
                put_value(&mut out, "value", value, hide);
                out
            }
            Happening::Script { operations } => json!({ "happening": "script", "operations": operations }),
            Happening::Failed { step, span, message, policy } => json!({
                "happening": "failed", "step": step, "message": message, "policy": policy, "at": self.place(*span),
            }),
            Happening::Defaulted(value) => {
                let mut out = json!({ "happening": "defaulted" });
                put_value(&mut out, "value", value, hide);
                out
            }
            Happening::Otherwise(value) => {
                let mut out = json!({ "happening": "otherwise" });
                put_value(&mut out, "value", value, hide);
                out
            }
            Happening::Field(rule) => self.rule(rule),
        }
    }

    fn place(&self, span: Span) -> Json {
        let (line, column) = self.files.position(span);
        json!({ "file": self.files.name(span.file), "line": line, "column": column })
    }
}

fn put(out: &mut Json, key: &str, value: Json) {
    if let Some(members) = out.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

fn put_value(out: &mut Json, key: &str, value: &Shown, hide: bool) {
    let Some(text) = &value.0 else { return };
    let shown = if hide && text != "null" { Json::from(MASK) } else { exact(text) };
    put(out, key, shown);
}

/// The value of a JSON text; numbers that would lose digits stay text.
fn exact(text: &str) -> Json {
    let read = serde_json::from_str::<Json>(text).ok();
    let same = |json: &Json| serde_json::to_string(json).is_ok_and(|written| written == text);
    read.filter(same).unwrap_or_else(|| Json::from(text))
}

/// How a value is printed for people: its JSON, the mask, or `nothing`.
pub(super) fn shown(value: &Shown, hide: bool) -> &str {
    match &value.0 {
        None => "nothing",
        Some(text) if hide && text != "null" => MASK,
        Some(text) => text,
    }
}
