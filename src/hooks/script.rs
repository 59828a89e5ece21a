//! Scripts at fixed points of a login.

use std::collections::HashMap;
use std::fmt;

use bumpalo::Bump;

use super::answer;
use crate::diag::{Diagnostic, Files, Span};
use crate::engine::context::Cx;
use crate::engine::script::{Sandbox, Script, ScriptFailure, ScriptLimits};
use crate::metrics::table::HOOKS;
use crate::model::Value;
use crate::model::read::{ReadLimits, parse};
use crate::ports::{DecisionOutcome, DecisionReason, HookAnswer, HookError, HookInput, HookPoint, Hooks};

/// The source of a script.
#[derive(Debug, Clone, Copy)]
pub struct HookScript<'a> {
    /// When it runs.
    pub point: HookPoint,
    /// The name of its file, for findings and errors.
    pub file: &'a str,
    /// The source text.
    pub text: &'a str,
}

/// The scripts of a service, at most one per hook point.
///
/// A script reads `identifier` and, where they exist, `record`, `account`, `outcome` and `reason`, but never a
/// password. It returns nothing, or a map: `deny` with a reason, `facts` that rules read as `$facts.added.NAME`, and
/// `tags` for the ledger and events. It has the same limits as scripts in rules, and runs within the login.
///
/// ```
/// use landfall::diag::Files;
/// use landfall::hooks::{HookScript, ScriptHooks};
/// use landfall::ports::{HookInput, HookPoint, Hooks as _};
///
/// let text = r#"if identifier.ends_with("@example.org") { #{ tags: ["staff"], facts: #{ tier: "gold" } } }"#;
/// let script = HookScript { point: HookPoint::BeforeFetch, file: "before_fetch.rhai", text };
/// let hooks = ScriptHooks::compile(&[script], &mut Files::default()).expect("a valid script");
/// let input = HookInput { identifier: "ada@example.org", ..HookInput::default() };
/// assert_eq!(hooks.run(HookPoint::BeforeFetch, input)?.tags, ["staff"]);
/// # Ok::<(), landfall::ports::HookError>(())
/// ```
#[derive(Default)]
pub struct ScriptHooks {
    scripts: HashMap<HookPoint, Hook>,
}

struct Hook {
    script: Script,
    file: String,
    text: String,
}

/// The variables that a script can read at a hook point.
fn names(point: HookPoint) -> &'static [&'static str] {
    match point {
        HookPoint::BeforeFetch => &["identifier"],
        HookPoint::AfterFetch => &["identifier", "record"],
        HookPoint::BeforeCreate | HookPoint::AfterCreate => &["identifier", "record", "account"],
        // The record is missing if the customer is unknown or was refused before the fetch.
        HookPoint::OnRefusal => &["identifier", "record", "outcome", "reason"],
    }
}

impl ScriptHooks {
    /// Compiles scripts. Their texts are added to `files`, so that findings can be shown.
    ///
    /// # Errors
    /// All findings: scripts that do not compile (R303), and a second script at the same point.
    pub fn compile(scripts: &[HookScript<'_>], files: &mut Files) -> Result<Self, Vec<Diagnostic>> {
        let sandbox = Sandbox::new(ScriptLimits::default());
        let (mut hooks, mut findings) = (Self::default(), Vec::new());
        for written in scripts {
            let file = files.add(written.file, written.text);
            let all = Span { file, start: 0, end: written.text.len() };
            if hooks.scripts.contains_key(&written.point) {
                let message = format!("there is already a script at `{}`", written.point.name());
                findings.push(Diagnostic::error("R303", all, message, "combine both scripts"));
                continue;
            }
            match sandbox.compile(written.text, names(written.point)) {
                Ok(script) => {
                    let hook = Hook { script, file: written.file.to_owned(), text: written.text.to_owned() };
                    hooks.scripts.insert(written.point, hook);
                }
                Err(error) => {
                    let span = error.at.map_or(all, |at| Span { file, start: at.start, end: at.end });
                    findings.push(Diagnostic::error("R303", span, error.message, error.help));
                }
            }
        }
        if findings.is_empty() { Ok(hooks) } else { Err(findings) }
    }
}

impl fmt::Debug for ScriptHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.scripts.keys().map(|point| point.name())).finish()
    }
}

impl Hooks for ScriptHooks {
    fn has(&self, point: HookPoint) -> bool {
        self.scripts.contains_key(&point)
    }

    fn run(&self, point: HookPoint, input: HookInput<'_>) -> Result<HookAnswer, HookError> {
        let Some(hook) = self.scripts.get(&point) else { return Ok(HookAnswer::default()) };
        let result = hook.run(point, input).map_err(|message| HookError { point, message });
        let label = if result.is_ok() { "fine" } else { "failed" };
        HOOKS.add([point.name().into(), label.into()], 1);
        result
    }
}

impl Hook {
    fn run(&self, point: HookPoint, input: HookInput<'_>) -> Result<HookAnswer, String> {
        let arena = Bump::new();
        let inputs: Result<Vec<Value<'_>>, String> =
            names(point).iter().map(|name| self.input(name, input, &arena)).collect();
        let result = self.script.run(&inputs?, &Cx::bare(&arena)).map_err(|failure| self.failed(&failure))?;
        answer::read(point, result).map_err(|message| format!("{message}, in `{}`", self.file))
    }

    fn input<'a>(&self, name: &str, input: HookInput<'a>, arena: &'a Bump) -> Result<Value<'a>, String> {
        let text = |text: Option<&'a str>| Ok(text.map_or(Value::Missing, Value::Text));
        let json = |json: Option<&'a str>| match json {
            None => Ok(Value::Missing),
            Some(json) => parse(json, arena, &ReadLimits::default())
                .map_err(|_| format!("cannot read the {name} for `{}`", self.file)),
        };
        match name {
            "identifier" => Ok(Value::Text(input.identifier)),
            "record" => json(input.record),
            "account" => json(input.account),
            "outcome" => text(input.outcome.map(DecisionOutcome::name)),
            _ => text(input.reason.map(DecisionReason::name)),
        }
    }

    fn failed(&self, failure: &ScriptFailure) -> String {
        let before = failure.at.as_ref().and_then(|at| self.text.get(..at.start));
        let place = before.map(|before| format!(" line {}", before.matches('\n').count() + 1)).unwrap_or_default();
        format!("{}, in `{}`{place}", failure.failure.message(), self.file)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diag::render::plain;
    use crate::ports::Refusal;

    const INPUT: HookInput<'static> = HookInput {
        identifier: "ada@example.org",
        record: Some(r#"{ "plan": "gold", "id": 123456789012345678901 }"#),
        account: Some(r#"{ "username": "ada" }"#),
        outcome: Some(DecisionOutcome::Refused),
        reason: Some(&DecisionReason::Refused(Refusal::WrongPassword)),
    };

    fn hooks(point: HookPoint, text: &str) -> Result<ScriptHooks, String> {
        let mut files = Files::default();
        ScriptHooks::compile(&[HookScript { point, file: "hook.rhai", text }], &mut files)
            .map_err(|findings| plain(&files, &findings))
    }

    fn run(point: HookPoint, text: &str) -> Result<HookAnswer, String> {
        hooks(point, text)?.run(point, INPUT).map_err(|error| error.to_string())
    }

    #[test]
    fn scripts_return_answers() {
        let answer = |deny: Option<&str>, facts: serde_json::Value, tags: &[&str]| HookAnswer {
            deny: deny.map(Into::into),
            facts: facts.as_object().unwrap().clone(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        for (point, text, want) in [
            (HookPoint::BeforeFetch, "", answer(None, json!({}), &[])),
            (HookPoint::BeforeFetch, "()", answer(None, json!({}), &[])),
            (HookPoint::BeforeFetch, "#{}", answer(None, json!({}), &[])),
            (HookPoint::BeforeFetch, r#"#{ deny: "not.yet" }"#, answer(Some("not.yet"), json!({}), &[])),
            (HookPoint::BeforeFetch, "#{ deny: () }", answer(None, json!({}), &[])),
            (
                HookPoint::AfterFetch,
                r#"#{ facts: #{ tier: record.plan, id: record.id }, tags: ["vip", "wave-1"] }"#,
                answer(None, json!({ "tier": "gold", "id": "123456789012345678901" }), &["vip", "wave-1"]),
            ),
            (
                HookPoint::BeforeCreate,
                r#"if account.username == "ada" { #{ deny: "taken" } }"#,
                answer(Some("taken"), json!({}), &[]),
            ),
            (HookPoint::AfterCreate, r#"#{ tags: ["welcome"] }"#, answer(None, json!({}), &["welcome"])),
            (
                HookPoint::OnRefusal,
                "#{ tags: [outcome, reason] }",
                answer(None, json!({}), &["refused", "wrong_password"]),
            ),
        ] {
            assert_eq!(run(point, text), Ok(want), "{text}");
        }
    }

    #[test]
    fn invalid_answers_are_errors() {
        let word = "must have 1 to 64 lower case letters, digits, `_`, `.` and `-`, in `hook.rhai`";
        for (point, text, want) in [
            (
                HookPoint::BeforeFetch,
                "true",
                "a hook must return nothing or a map, found boolean, in `hook.rhai`".to_owned(),
            ),
            (
                HookPoint::BeforeFetch,
                "#{ allow: true }",
                "the map that a hook returns can only have the keys `deny`, `facts` and `tags`, in `hook.rhai`"
                    .to_owned(),
            ),
            (HookPoint::BeforeFetch, "#{ deny: true }", format!("`deny` {word}")),
            (HookPoint::BeforeFetch, r#"#{ deny: "No entry" }"#, format!("`deny` {word}")),
            (HookPoint::BeforeFetch, "#{ tags: [identifier] }", format!("a tag {word}")),
            (HookPoint::BeforeFetch, r#"#{ tags: "vip" }"#, "`tags` must be a list, in `hook.rhai`".to_owned()),
            (HookPoint::BeforeFetch, "#{ facts: [] }", "`facts` must be a map, in `hook.rhai`".to_owned()),
            (
                HookPoint::BeforeFetch,
                r#"#{ facts: #{ "Tier": 1 } }"#,
                "the name of a fact must have 1 to 64 lower case letters, digits and `_`, in `hook.rhai`".to_owned(),
            ),
            (
                HookPoint::BeforeFetch,
                r#"let t = []; for i in 0..17 { t.push("a"); } #{ tags: t }"#,
                "a hook can add at most 16 tags, in `hook.rhai`".to_owned(),
            ),
            (
                HookPoint::BeforeFetch,
                r#"#{ facts: #{ a: pad_start("", 5000, "x") } }"#,
                "facts can have at most 4096 bytes, in `hook.rhai`".to_owned(),
            ),
            (
                HookPoint::AfterCreate,
                r#"#{ deny: "late" }"#,
                "this hook runs too late to deny the customer, in `hook.rhai`".to_owned(),
            ),
            (
                HookPoint::OnRefusal,
                r#"#{ deny: "late" }"#,
                "this hook runs too late to deny the customer, in `hook.rhai`".to_owned(),
            ),
            (
                HookPoint::BeforeFetch,
                "\n\nthrow \"closed\"",
                "the script threw `closed`, in `hook.rhai` line 3".to_owned(),
            ),
        ] {
            let want = format!("the hook `{}` failed: {want}", point.name());
            assert_eq!(run(point, text), Err(want), "{text}");
        }
    }

    /// Stopped by time or by the number of operations, whichever limit is reached first on this machine.
    #[test]
    fn an_endless_script_is_stopped() {
        let error = run(HookPoint::BeforeFetch, "\nloop {}").unwrap_err();
        assert!(error.contains("the script takes too ") && error.ends_with(", in `hook.rhai` line 2"), "{error}");
    }

    #[test]
    fn a_script_can_read_only_the_variables_of_its_point() {
        for (point, names) in [
            (HookPoint::BeforeFetch, "identifier"),
            (HookPoint::AfterFetch, "identifier record"),
            (HookPoint::BeforeCreate, "identifier record account"),
            (HookPoint::AfterCreate, "identifier record account"),
            (HookPoint::OnRefusal, "identifier record outcome reason"),
        ] {
            for name in ["identifier", "record", "account", "outcome", "reason", "password"] {
                let exists = names.split(' ').any(|known| known == name);
                assert_eq!(hooks(point, &format!("{name}; ()")).is_ok(), exists, "{} {name}", point.name());
            }
        }
    }

    #[test]
    fn errors_have_a_place() {
        let error = hooks(HookPoint::BeforeFetch, "let a = 1;\nb + a").unwrap_err();
        assert!(error.starts_with("hook.rhai:2:1: error[R303]: there is no variable `b`"), "{error}");
    }

    #[test]
    fn one_script_per_point() {
        let mut files = Files::default();
        let script = HookScript { point: HookPoint::AfterFetch, file: "a.rhai", text: "()" };
        let findings =
            ScriptHooks::compile(&[script, HookScript { file: "b.rhai", ..script }], &mut files).unwrap_err();
        assert!(
            plain(&files, &findings).contains("b.rhai:1:1: error[R303]: there is already a script at `after_fetch`")
        );
    }

    #[test]
    fn a_record_that_is_too_large_fails_without_its_values() {
        let hooks = hooks(HookPoint::AfterFetch, "()").unwrap();
        let record = format!(r#"{{ "note": "{}" }}"#, "secret".repeat(10_000));
        let error = hooks.run(HookPoint::AfterFetch, HookInput { record: Some(&record), ..INPUT }).unwrap_err();
        assert_eq!(error.message, "the input `record` has more than 16384 bytes of text, in `hook.rhai`");
        let error = hooks.run(HookPoint::AfterFetch, HookInput { record: Some("{"), ..INPUT }).unwrap_err();
        assert_eq!(error.message, "cannot read the record for `hook.rhai`");
    }
}
