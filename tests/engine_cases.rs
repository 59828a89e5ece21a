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

#[test]
fn a_missing_value_that_is_asked_for_is_a_warning() {
    let rules = "defaults: { on_error: warn }
account:
  username: { from: $.login, required: warn }
  email.value: { from: $.mail, do: [ email ], required: warn, on_error: { warn: no_mail } }
  name.given: { when: { $.first: present }, from: $.first, required: warn }
  mfa: { from: $.factors, each: { type: $item.kind, label: { from: $item.name, required: warn } } }";
    assert_eq!(
        outcome(rules, json!({ "factors": [{ "kind": "sms" }] })),
        json!({ "account": { "mfa": [{ "type": "sms" }] }, "warnings": ["username", "no_mail", "mfa.label"] })
    );
    assert_eq!(
        outcome(rules, json!({ "login": "ada", "mail": "none" })),
        json!({ "account": { "username": "ada" }, "warnings": ["no_mail"] })
    );
}

#[test]
fn a_required_member_that_is_missing_is_warned_of_by_its_own_name() {
    let rules = |list: &str, member: &str| {
        format!(
            "defaults: {{ on_error: warn }}
account:
  external_identities:
    from: $.identities
    each:
      provider: $item.provider
      subject: {{ from: $item.id, required: true{member} }}
{list}"
        )
    };
    let record = json!({ "identities": [{ "provider": "a" }, { "provider": "b", "id": 2 }] });
    let account = json!({ "external_identities": [{ "provider": "b", "subject": "2" }] });
    for (list, member, warning) in [
        ("", "", "external_identities.subject"),
        ("    on_error: { warn: identities }\n", "", "identities"),
        ("", ", on_error: { warn: no_subject }", "no_subject"),
        ("    on_error: { warn: \"identity {$index}\" }\n", "", "identity 0"),
    ] {
        let made = outcome(&rules(list, member), record.clone());
        assert_eq!(made, json!({ "account": account, "warnings": [warning] }), "{list}{member}");
    }
}

#[test]
fn warnings_inside_lists_are_named_by_index_and_key() {
    let rules = "account:
  consents:
    from: $.consents
    each:
      id: $key
      granted: { from: $item, do: [ to_boolean ], on_error: { warn: \"consent.{$key}\" } }
  tags: { from: $.tags, each: [ uuid ], on_error: { warn: \"tag {$index}\" } }
  groups: { from: $.groups, do: [ parse_json ], each: [ trim ], on_error: { warn: \"group {$index}\" } }";
    let record = json!({ "consents": { "ads": "maybe", "news": "yes" }, "tags": ["x", "y"], "groups": "[" });
    assert_eq!(
        outcome(rules, record),
        json!({
            "account": { "consents": [{ "id": "ads" }, { "id": "news", "granted": true }] },
            // before there is an element there is no number
            "warnings": ["consent.ads", "tag 0", "tag 1", "groups"],
        })
    );
}

#[test]
fn a_check_may_warn() {
    let rules = "account: { username: $.login, status: active }
checks:
  - { needs: { $account.username: present }, because: no_login, on_error: warn }
  - { that: { $.bad: true }, needs: { $.good: present }, because: bad }";
    assert_eq!(outcome(rules, json!({})), json!({ "account": { "status": "active" }, "warnings": ["no_login"] }));
    assert_eq!(outcome(rules, json!({ "bad": true })), json!({ "invalid": ["bad"] }));
}

/// The stored password of a record, its warnings, and why it cannot be used; or the rules that reject the record.
fn credential(rules: &str, record: Json, check: bool) -> Json {
    let mut files = Files::default();
    let file = files.add("case.yaml", format!("landfall: 1\n{rules}"));
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
    let settings = Settings { check_credentials: check, ..Settings::default() };
    let (arena, record) = (Bump::new(), record.to_string());
    let run = plan.run(&record, &settings, &arena, &mut Silent);
    match &run.outcomes[0] {
        Outcome::Account(made) => {
            let stored = landfall::model::json::to_json(made.credential);
            json!([stored["scheme"], made.warnings, made.unusable])
        }
        Outcome::Denied(reason) => json!({ "denied": reason }),
        Outcome::Invalid(reasons) => {
            json!(reasons.iter().map(|reason| format!("{}: {}", reason.rule, reason.message)).collect::<Vec<_>>())
        }
    }
}

#[test]
fn a_stored_password_that_cannot_be_used_falls_under_on_error() {
    let rules =
        |more: &str| format!("account: {{ username: $.login }}\ncredential: {{ from: $.hash, scheme: bcrypt{more} }}");
    let (locked, cut) = (json!({ "login": "ada", "hash": "*" }), json!({ "login": "ada", "hash": "$2y$10$abc" }));
    for (more, check) in [("", true), (", check: true", false), (", check: true, on_error: warn", false)] {
        let found = credential(&rules(more), locked.clone(), check);
        assert_eq!((&found[0], &found[1]), (&json!(null), &json!(["credential.value"])), "{more} {found}");
        assert!(found[2].as_str().is_some_and(|why| !why.contains("ada")), "{found}");
        assert!(credential(&rules(more), cut.clone(), check)[2].is_string(), "{more}");
    }
    assert_eq!(credential(&rules(", check: false"), locked.clone(), true), json!(["bcrypt", [], null]));
    assert_eq!(credential(&rules(""), cut.clone(), false), json!(["bcrypt", [], null]));
    let named = credential(&rules(", check: true, on_error: { warn: hash }"), locked.clone(), false);
    assert_eq!(named[1], json!(["hash"]));
    let rejected = credential(&rules(", check: true, on_error: reject"), locked, false);
    assert!(rejected[0].as_str().is_some_and(|reason| reason.starts_with("credential.value: ")), "{rejected}");
    let good = json!({ "login": "ada", "hash": "$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW" });
    assert_eq!(credential(&rules(", check: true"), good, true), json!(["bcrypt", [], null]));
}

#[test]
fn a_parameter_chooses_a_word_of_a_step() {
    let rules = "landfall: 1
defaults: { on_error: warn }
params:
  check: { default: valid, values: [ valid, possible, shape ] }
account:
  phone.value: { from: $.phone, do: [ { phone: { check: $params.check } } ] }";
    let mut files = Files::default();
    let file = files.add("case.yaml", rules);
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
    assert!(findings.is_empty(), "{findings:?}");
    for (check, wanted) in [(None, None), (Some("valid"), None), (Some("shape"), Some("+9991234567"))] {
        let params: Vec<_> = check.map(|check| ("check".to_owned(), json!(check))).into_iter().collect();
        let (arena, settings) = (Bump::new(), Settings { params, ..Settings::default() });
        assert!(plan.unlisted_params(&settings).is_empty());
        let run = plan.run(r#"{ "phone": "+9991234567" }"#, &settings, &arena, &mut Silent);
        let Outcome::Account(made) = &run.outcomes[0] else { panic!("{run:?}") };
        assert_eq!(made.account.claim("phone.value").as_text(), wanted, "{check:?}");
    }
    let settings = Settings { params: vec![("check".to_owned(), json!("strict"))], ..Settings::default() };
    assert_eq!(plan.unlisted_params(&settings).len(), 1);
}
