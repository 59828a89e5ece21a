//! The bodies of the engine's fuzz targets: reading, compiling, running, and the decoders of untrusted bytes.
//!
//! A body returns when a promise holds and panics when it does not. `tests/engine/fuzz_bodies.rs` of the project runs the same file.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use bumpalo::Bump;
use landfall::diag::{Diagnostic, Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::context::Cx;
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;
use landfall::engine::script::{Sandbox, ScriptLimits};
use landfall::model::Value;
use landfall::model::json::write;

/// Every finding says something and points into its file, between characters.
fn check_findings<'f>(files: &Files, findings: impl IntoIterator<Item = &'f Diagnostic>) {
    for finding in findings {
        assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
        assert!(!finding.labels.is_empty(), "{finding:?}");
        for label in &finding.labels {
            let text = files.text(label.span.file);
            assert!(text.get(label.span.start..label.span.end).is_some(), "{finding:?} points out of the text");
        }
    }
}

/// Any bytes: reading never panics, places are right, and what can be formatted stays as it is when formatted again.
pub fn rules_read(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let mut files = Files::default();
    let file = files.add("fuzz.yaml", text.as_str());
    let mut findings = Findings::default();
    if let Some(tree) = landfall::rules::read(&files, file, &mut findings) {
        landfall::rules::rule_file(&tree, &mut findings);
    } else {
        assert!(findings.has_errors(), "nothing was read, and nothing says why");
    }
    check_findings(&files, findings.iter());
    if let Ok(formatted) = landfall::rules::format(&text) {
        assert_eq!(landfall::rules::format(&formatted).as_deref(), Ok(formatted.as_str()), "formatting is not stable");
    }
}

fn plan_of(text: &str) -> Option<Plan> {
    let mut files = Files::default();
    let file = files.add("fuzz.yaml", text);
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    assert_eq!(plan.is_some(), !findings.has_errors(), "a plan goes with no errors: {findings:?}");
    check_findings(&files, findings.iter());
    let sorted = findings.sorted();
    assert!(landfall::diag::render::plain(&files, &sorted).lines().count() >= sorted.len());
    plan
}

/// Any bytes as a rule file: it compiles, or there is an error at a place.
pub fn rules_compile(data: &[u8]) {
    plan_of(&String::from_utf8_lossy(data));
}

/// The outcomes of a run as bytes.
fn outcomes(plan: &Plan, record: &str) -> Vec<u8> {
    let (arena, settings) = (Bump::new(), Settings { unread: true, ..Settings::default() });
    let run = plan.run(record, &settings, &arena, &mut Silent);
    assert!(!run.outcomes.is_empty(), "a record without an outcome");
    let mut out = Vec::new();
    for outcome in &run.outcomes {
        match outcome {
            Outcome::Account(made) => {
                write(made.account.value(), &mut out);
                let mut credential = Vec::new();
                write(made.credential, &mut credential);
                out.extend_from_slice(&credential);
                out.extend(made.warnings.join(",").bytes());
            }
            Outcome::Denied(reason) => out.extend(reason.bytes()),
            Outcome::Invalid(reasons) => {
                assert!(!reasons.is_empty(), "rejected without a reason");
                out.extend(format!("{reasons:?}").bytes());
            }
        }
    }
    out.extend(run.unread.join(",").bytes());
    out
}

/// Rules, a NUL, a record: a run never panics, gives an outcome, and repeats.
pub fn transform(data: &[u8]) {
    let split = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (rules, record) = data.split_at(split);
    let Some(plan) = plan_of(&String::from_utf8_lossy(rules)) else { return };
    let record = String::from_utf8_lossy(record.get(1..).unwrap_or_default()).into_owned();
    assert_eq!(outcomes(&plan, &record), outcomes(&plan, &record), "the run does not repeat");
}

/// The plan that puts `$.v` through one op, made once.
fn with_op<T>(op: &'static str, use_plan: impl FnOnce(&Plan) -> T) -> T {
    static PLANS: LazyLock<Mutex<HashMap<&'static str, &'static Plan>>> = LazyLock::new(Mutex::default);
    let plan: &'static Plan = PLANS.lock().expect("no body panics under the lock").entry(op).or_insert_with(|| {
        let steps = format!("[ {{ from_base64: {{}} }}, {op} ]").replace(": {}", "");
        let rules = format!("landfall: 1\naccount: {{ custom.v: {{ from: $.v, do: {steps}, on_error: warn }} }}");
        Box::leak(Box::new(plan_of(&rules).expect("the op takes what base64 gives")))
    });
    use_plan(plan)
}

/// One op on any text: it answers within a second, as JSON that reads back, or the claim is left out.
fn decode(op: &'static str, data: &[u8]) {
    let record = serde_json::json!({ "v": encoded(data) }).to_string();
    let started = Instant::now();
    with_op(op, |plan| outcomes(plan, &record));
    assert!(started.elapsed() < Duration::from_secs(1), "`{op}` took {:?}", started.elapsed());
}

fn encoded(data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in data.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            text.push(if place > chunk.len() { '=' } else { char::from(DIGITS[digit]) });
        }
    }
    text
}

/// Any bytes as PHP's serialised data.
pub fn php_unserialize(data: &[u8]) {
    decode("php_unserialize", data);
}

/// Any bytes as what directories write: names, passwords, identifiers, times.
pub fn ldap(data: &[u8]) {
    for op in [
        "decode_text, dn_parts",
        "decode_text, rdn_value",
        "ldap_password",
        "sid",
        "guid",
        "decode_text, generalized_time",
    ] {
        decode(op, data);
    }
}

/// Any text as a script over one input: it loads or does not, and stops soon.
pub fn script(data: &[u8]) {
    static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(ScriptLimits::default()));
    let source = String::from_utf8_lossy(data);
    let script = match SANDBOX.compile(&source, &["a"]) {
        Ok(script) => script,
        Err(error) => {
            assert!(error.at.is_none_or(|at| source.get(at).is_some()), "the error points out of the script");
            return;
        }
    };
    let arena = Bump::new();
    let started = Instant::now();
    let input = [Value::List(&[Value::Text("Ada"), Value::Int(7), Value::Null])];
    let _ = script.run(&input, &Cx::bare(&arena));
    assert!(started.elapsed() < Duration::from_secs(1), "the script took {:?}", started.elapsed());
}
