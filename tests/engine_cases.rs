//! Faults of the engine that the comparison with the reference found, each in its smallest form.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]

use bumpalo::Bump;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;
use serde_json::{Value as Json, json};

/// The codes of what is found when the rules are read.
fn codes(rules: &str) -> Vec<&'static str> {
    let mut files = Files::default();
    let file = files.add("case.yaml", format!("landfall: 1\nname: case\n{rules}"));
    let mut findings = Findings::default();
    compile(&mut files, file, &NoFiles, &mut findings);
    findings.iter().map(|finding| finding.code).collect()
}

/// The account and its warnings, or the names of the rules that reject the record.
fn outcome(rules: &str, record: Json) -> Json {
    let mut files = Files::default();
    let file = files.add("case.yaml", format!("landfall: 1\nname: case\n{rules}"));
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
    let (arena, settings, record) = (Bump::new(), Settings::default(), record.to_string());
    let run = plan.run(&record, &settings, &arena, &mut Silent);
    match &run.outcomes[0] {
        Outcome::Account(made) if made.warnings.is_empty() => landfall::model::json::to_json(made.account.value()),
        Outcome::Account(made) => {
            json!({ "account": landfall::model::json::to_json(made.account.value()), "warnings": made.warnings })
        }
        Outcome::Denied(reason) => json!({ "denied": reason }),
        Outcome::Invalid(reasons) => {
            json!({ "invalid": reasons.iter().map(|reason| reason.rule.as_str()).collect::<Vec<_>>() })
        }
    }
}

#[test]
fn a_default_without_a_value_is_no_value() {
    let rules = "account: { custom.a: { from: $.a, default: $.b } }";
    for b in [json!(null), json!(""), json!([]), json!({})] {
        assert_eq!(outcome(rules, json!({ "b": b })), json!({}), "{b}");
    }
}

#[test]
fn a_required_claim_whose_default_has_no_value_holds_the_record_back() {
    let rules = "account: { custom.a: { from: $.a, default: $.b, required: true } }";
    assert_eq!(outcome(rules, json!({})), json!({ "invalid": ["custom.a"] }));
    assert_eq!(outcome(rules, json!({ "b": 1 })), json!({ "custom": { "a": 1 } }));
}

#[test]
fn a_default_takes_the_type_of_the_claim() {
    let rules = "account: { external_id: { from: $.id, default: $.number } }";
    assert_eq!(outcome(rules, json!({ "number": 7 })), json!({ "external_id": "7" }));
    assert_eq!(outcome(rules, json!({ "number": true })), json!({ "invalid": ["external_id"] }));
}

#[test]
fn a_field_that_warns_by_itself_is_named_with_its_claim() {
    let body = "on_error: warn, each: { subject: { from: $item.id, do: [ to_integer ], on_error: warn } }";
    let rules = format!("account: {{ custom.ids: {{ from: $.ids, {body} }} }}");
    let record = json!({ "ids": [{ "id": "1" }, { "id": "x" }] });
    let wanted = json!({ "account": { "custom": { "ids": [{ "subject": 1 }] } }, "warnings": ["custom.ids.subject"] });
    assert_eq!(outcome(&rules, record), wanted);
}

#[test]
fn an_empty_value_that_stays_must_fit_the_claim_too() {
    let rules = "account: { mfa_reenroll: { from: $.a, keep_empty: true, on_error: warn } }";
    assert_eq!(outcome(rules, json!({ "a": [] })), json!({ "account": {}, "warnings": ["mfa_reenroll"] }));
}

#[test]
fn a_constant_default_that_the_claim_cannot_hold_does_not_load() {
    assert_eq!(codes("account: { status: { from: $.s, default: sleeping } }"), ["R401"]);
    assert_eq!(codes("account: { must_change_password: { from: $.s, default: maybe } }"), ["R401"]);
    assert_eq!(codes("account: { status: { from: $.s, default: active } }"), [""; 0]);
    assert_eq!(codes("account: { external_id: { from: $.s, default: 7 } }"), [""; 0]);
}

#[test]
fn the_matrix_of_targets_names_schemes_that_exist() {
    use landfall::password::{find, matrix};
    for target in matrix::targets() {
        for (scheme, _) in matrix::taken_by(target) {
            assert!(find(scheme).is_some(), "{target} takes `{scheme}`, which is no scheme");
        }
    }
}
