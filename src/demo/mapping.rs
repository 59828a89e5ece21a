//! The mapping of one record as a table of claims: runs the same rules again, with the engine's trace.

use bumpalo::Bump;
use serde_json::Value as Json;

use crate::engine::trace::{Trace, View};
use crate::migrate::RuleSet;

/// One claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimRow {
    /// The path in the account.
    pub claim: String,
    /// The path that the value was read from, as in the rules; empty if the rules set the value.
    pub from: String,
    /// The value that was read, as JSON text.
    pub before: String,
    /// The steps, in order.
    pub steps: Vec<StepNote>,
    /// The final value, as JSON text; empty if the claim has no value.
    pub value: String,
    /// Why the claim was left out, or the record is invalid.
    pub failure: String,
}

/// One step of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepNote {
    /// The name of the op.
    pub name: String,
    /// The new value; empty if the step changed nothing.
    pub changed: String,
}

/// The longest value on the page, in characters: an address fits, a photo does not.
const MAX_SHOWN: usize = 120;

/// Runs the rules over a record, and returns what happened to every claim. All values are shown, because the customers
/// are fictional.
#[must_use]
pub fn claims(rules: &RuleSet, record: &str) -> Vec<ClaimRow> {
    let (arena, mut trace) = (Bump::new(), Trace::new());
    // the outcome is known from the login; only the trace matters here
    let _ = rules.plan().run(record, rules.settings(), &arena, &mut trace);
    let json = trace.to_json(&rules.plan().files, View { sensitive: true, colour: false });
    let rules = json.as_array().into_iter().flatten();
    rules.filter(|entry| text(entry, "kind") == "claim").map(row).collect()
}

fn row(rule: &Json) -> ClaimRow {
    let mut row =
        ClaimRow { claim: text(rule, "rule").to_owned(), value: shown(rule.get("result")), ..ClaimRow::default() };
    for happening in happenings(rule) {
        note(happening, &mut row);
    }
    row
}

fn note(happening: &Json, row: &mut ClaimRow) {
    match text(happening, "happening") {
        "read" if happening.get("taken") == Some(&Json::Bool(true)) => {
            text(happening, "from").clone_into(&mut row.from);
            row.before = shown(happening.get("value"));
        }
        "step" => row.steps.push(step(happening)),
        "element" => happenings(happening).for_each(|inner| note(inner, row)),
        "failed" => {
            let (step, message) = (text(happening, "step"), text(happening, "message"));
            row.failure = format!("{step}: {message}");
        }
        "defaulted" => row.steps.push(StepNote { name: "default".to_owned(), changed: shown(happening.get("value")) }),
        _ => {}
    }
}

fn step(happening: &Json) -> StepNote {
    let (before, after) = (shown(happening.get("before")), shown(happening.get("after")));
    let changed = if before == after { String::new() } else { after };
    StepNote { name: text(happening, "step").to_owned(), changed }
}

fn happenings(of: &Json) -> impl Iterator<Item = &Json> {
    of.get("happenings").and_then(Json::as_array).into_iter().flatten()
}

fn text<'a>(of: &'a Json, key: &str) -> &'a str {
    of.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// A value as JSON text, cut at [`MAX_SHOWN`] characters; empty for no value.
pub(super) fn shown(value: Option<&Json>) -> String {
    let Some(value) = value.filter(|value| !value.is_null()) else { return String::new() };
    // a list or object in a text is shown as it is, because JSON would reorder its members
    let is_text_of = |text: &&str| text.starts_with(['[', '{']) && serde_json::from_str::<Json>(text).is_ok();
    let text = value.as_str().filter(is_text_of).map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::rules::rules;

    const RECORD: &str = include_str!("../../rules/records/demo.json");

    fn claim(record: &str, name: &str) -> ClaimRow {
        claims(&rules().unwrap(), record).into_iter().find(|row| row.claim == name).unwrap()
    }

    #[test]
    fn a_claim_shows_its_source_steps_and_value() {
        let row = claim(RECORD, "email.value");
        assert_eq!(row.from, "$.user_email");
        assert_eq!(row.before, r#"" Ida.Brandt@Example.COM ""#);
        assert_eq!(row.value, r#""ida.brandt@example.com""#);
        assert_eq!(row.steps, [StepNote { name: "email".to_owned(), changed: row.value.clone() }]);
    }

    #[test]
    fn a_claim_that_was_left_out_shows_why() {
        let row = claim(&RECORD.replace("(202) 555-0143", "after six"), "phone.value");
        assert_eq!(row.value, "");
        assert!(row.failure.starts_with("phone: "), "{}", row.failure);
    }

    #[test]
    fn elements_and_defaults_are_shown_as_steps() {
        let roles = claim(RECORD, "roles");
        assert_eq!(roles.value, r#"["customer"]"#);
        assert!(roles.steps.iter().any(|step| step.name == "lookup"), "{roles:?}");
        let status = claim(RECORD, "status");
        assert_eq!(status.steps, [StepNote { name: "default".to_owned(), changed: status.value.clone() }]);
        // there was nothing to read it from
        assert_eq!((status.value.as_str(), status.from.as_str()), (r#""active""#, ""));
    }

    #[test]
    fn long_values_are_truncated() {
        assert_eq!(shown(Some(&Json::from("x".repeat(500)))).chars().count(), MAX_SHOWN + 1);
        assert_eq!(shown(None), "");
        assert_eq!(shown(Some(&Json::from(r#"[{"id":1}]"#))), r#"[{"id":1}]"#);
    }
}
