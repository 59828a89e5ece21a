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
    let rules = "account: { status: active, custom.a: { from: $.a, default: $.b } }";
    for b in [json!(null), json!(""), json!([]), json!({})] {
        assert_eq!(outcome(rules, json!({ "b": b })), json!({ "status": "active" }), "{b}");
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
    let rules = "account: { status: active, mfa_reenroll: { from: $.a, keep_empty: true, on_error: warn } }";
    let wanted = json!({ "account": { "status": "active" }, "warnings": ["mfa_reenroll"] });
    assert_eq!(outcome(rules, json!({ "a": [] })), wanted);
}

#[test]
fn parts_of_a_value_that_have_no_value_are_left_out_however_deep_they_stand() {
    let value =
        "{ id: $.id, note: $.note, deep: { a: $.a, list: [ $.a, $.note, { b: $.b } ] }, made: \"{$.a}-{$.id}\" }";
    let rules = format!("account: {{ custom.origin: {{ value: {value} }} }}");
    let one = |record: Json| outcome(&rules, record);
    let wanted = json!({ "id": 1, "deep": { "a": "x", "list": ["x"] }, "made": "x-1" });
    for empty in [json!(null), json!(""), json!("  "), json!([]), json!({})] {
        let record = json!({ "id": 1, "note": empty, "a": "x", "b": empty });
        assert_eq!(one(record), json!({ "custom": { "origin": wanted } }), "{empty}");
    }
    assert_eq!(one(json!({ "id": 1, "a": null })), json!({ "custom": { "origin": { "id": 1 } } }));
    // what the record holds is copied as it is
    let copied = json!({ "x": null, "y": [] });
    assert_eq!(
        one(json!({ "note": copied })),
        json!({ "custom": { "origin": { "note": copied, "deep": { "list": [copied] } } } })
    );
    let kept = rules.replace("value:", "keep_empty: true, value:");
    let wanted = json!({ "custom": { "origin": { "note": {}, "deep": { "list": [{}, {}] } } } });
    assert_eq!(outcome(&kept, json!({ "note": {}, "a": null })), wanted);
    let rules = "account: { tags: { from: $.tags, default: [ $.a, null, new ] } }";
    assert_eq!(outcome(rules, json!({ "a": null })), json!({ "tags": ["new"] }));
    assert_eq!(codes(rules), ["R404"]);
}

#[test]
fn an_account_without_any_claim_is_an_invalid_record() {
    let rules = "account: { username: $.login, email.value: { from: $.mail, do: [ email ], on_error: warn } }";
    assert_eq!(outcome(rules, json!({ "login": "ada", "mail": "x" }))["warnings"], json!(["email.value"]));
    for record in [json!({}), json!({ "users": [{ "login": "ada" }] }), json!({ "login": " ", "mail": "x" })] {
        assert_eq!(outcome(rules, record), json!({ "invalid": ["account"] }));
    }
}

/// What becomes of each account of a record, and the ids.
fn accounts(rules: &str, record: &Json) -> (Vec<Json>, Vec<Json>) {
    let mut files = Files::default();
    let file = files.add("case.yaml", format!("landfall: 1\nname: case\n{rules}"));
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
    let (arena, settings, record) = (Bump::new(), Settings::default(), record.to_string());
    let run = plan.run(&record, &settings, &arena, &mut Silent);
    let shown = run.outcomes.iter().map(|outcome| match outcome {
        Outcome::Account(made) => {
            let mut account = landfall::model::json::to_json(made.account.value());
            if !made.warnings.is_empty() {
                account["warnings"] = json!(made.warnings);
            }
            account
        }
        Outcome::Denied(reason) => json!({ "denied": reason }),
        Outcome::Invalid(reasons) => json!(reasons.iter().map(|reason| reason.rule.as_str()).collect::<Vec<_>>()),
    });
    (shown.collect(), run.ids.iter().map(|id| landfall::model::json::to_json(*id)).collect())
}

const MEMBERS: &str = "
defaults: { on_error: warn }
identify: { id: \"{$.id}-{$member.no}\", logins: [ $member.login ] }
admit: [ { refuse: closed, when: { $member.closed: true } } ]
let:
  shared: { from: $.shared, do: [ parse_json ] }
  city: $shared.city
";

#[test]
fn accounts_of_a_record_stand_alone() {
    let rules = format!(
        "{MEMBERS}
accounts: {{ name: member, from: $.members, let: {{ full: \"{{$member.first}} {{$member.last}}\", hello: \"Hi {{$full}}\" }} }}
account:
  username: {{ from: $member.login, required: true }}
  name.full: $full
  custom.hello: $hello
  custom.city: {{ from: $city, when: {{ $member.login: {{ not: b }} }} }}
"
    );
    let record = json!({ "id": 7, "shared": "{\"city\": \"Ulm\"}", "members": [
        { "no": 1, "login": "a", "first": "A", "last": "B" }, { "no": 2, "login": "b", "first": "C" },
        { "no": 3 }, { "no": 4, "login": "d", "closed": true },
    ] });
    let (made, ids) = accounts(&rules, &record);
    let first = json!({ "username": "a", "name": { "full": "A B" }, "custom": { "hello": "Hi A B", "city": "Ulm" } });
    assert_eq!(made, [first, json!({ "username": "b" }), json!(["username"]), json!({ "denied": "closed" })]);
    assert_eq!(ids, [json!("7-1"), json!("7-2"), json!("7-3"), json!("7-4")]);
    let together = rules.replace("name: member,", "name: member, all_or_none: true,");
    let (made, _) = accounts(&together, &record);
    assert_eq!(made, [json!(["accounts"]), json!(["accounts"]), json!(["username"]), json!({ "denied": "closed" })]);
}

#[test]
fn a_failed_working_value_warns_the_accounts_that_use_it_under_the_names_of_claims() {
    let rules = format!(
        "{MEMBERS}  named: {{ from: $.named, do: [ parse_json ], on_error: {{ warn: names }} }}
accounts:
  name: member
  from: $.members
  let: {{ born: {{ from: $member.born, do: [ to_integer ] }} }}
account:
  username: $member.login
  custom.city: {{ from: [ $member.city, $city ] }}
  custom.town: {{ from: $shared.town, when: {{ $member.no: 1 }} }}
  custom.born: $born
  custom.name: {{ from: $named.name, when: {{ $member.no: 3 }} }}
"
    );
    let record = json!({ "id": 7, "shared": "{", "named": "[", "members": [
        { "no": 1, "login": "a" }, { "no": 2, "login": "b", "city": "Ulm", "born": "x" }, { "no": 3, "login": "c", "born": 5 },
    ] });
    let wanted = [
        json!({ "username": "a", "warnings": ["custom.city", "custom.town"] }),
        json!({ "username": "b", "custom": { "city": "Ulm" }, "warnings": ["custom.born"] }),
        json!({ "username": "c", "custom": { "born": 5 }, "warnings": ["custom.city", "names"] }),
    ];
    assert_eq!(accounts(&rules, &record).0, wanted);
    // what decides about every account is told for every account
    let rules = "defaults: { on_error: warn }\nlet: { flags: { from: $.flags, do: [ parse_json ] } }\n\
                 admit: [ { refuse: shut, when: { $flags.shut: true } } ]\n\
                 accounts: { name: m, from: $.m }\naccount: { username: $m }\n";
    let wanted = [json!({ "username": "a", "warnings": ["flags"] }), json!({ "username": "b", "warnings": ["flags"] })];
    assert_eq!(accounts(rules, &json!({ "flags": "{", "m": ["a", "b"] })).0, wanted);
}

fn unread(rules: &str, record: &Json) -> Vec<String> {
    let mut files = Files::default();
    let file = files.add("case.yaml", format!("landfall: 1\nname: case\ndefaults: {{ on_error: warn }}\n{rules}"));
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
    let (arena, record) = (Bump::new(), record.to_string());
    let settings = Settings { unread: true, ..Settings::default() };
    plan.run(&record, &settings, &arena, &mut Silent).unread
}

#[test]
fn what_is_read_through_the_whole_record_is_counted() {
    let record =
        json!({ "login": "ada", "mail": "a@b.c", "p_a": 1, "p_b": 2, "x": { "y": 1, "z": { "v": 1, "w": 2 } } });
    let cases: &[(&str, &[&str])] = &[
        ("let: { r: $ }\naccount: { username: $r.login }", &["$.mail", "$.p_a", "$.p_b", "$.x"]),
        (
            "let: { r: $ }\naccount: { username: $r.login, custom.v: $r.x.z.v }",
            &["$.mail", "$.p_a", "$.p_b", "$.x.y", "$.x.z.w"],
        ),
        (
            "let: { r: $, x: $r.x, z: { from: [ $x.none, $x.z ] } }\naccount: { username: $.login, custom.v: $z.v }",
            &["$.mail", "$.p_a", "$.p_b", "$.x.y", "$.x.z.w"],
        ),
        (
            "let: { r: $ }\naccount: { username: $r.login, email.value: $.mail, custom.v: $r.x.y }\nignore: [ $.p_a, $r.p_b, $r.x.z ]",
            &[],
        ),
        ("account: { custom: { from: $, do: [ strip_key_prefix: p_ ] } }", &["$.login", "$.mail", "$.x"]),
        (
            "account: { custom: { from: $, do: [ pick: [ p_a, login ], rename_keys: { names: { p_a: a } } ] } }",
            &["$.mail", "$.p_b", "$.x"],
        ),
        ("account: { custom: { from: $, do: [ omit: { matching: \"^[lm]\" } ] } }", &["$.login", "$.mail"]),
        ("account: { custom: { from: $, where: { $key: { starts_with: p_ } } } }", &["$.login", "$.mail", "$.x"]),
        ("account: { custom.y: { from: $, do: [ get: login, lowercase ] } }", &["$.mail", "$.p_a", "$.p_b", "$.x"]),
        ("account: { custom.n: { from: $, do: [ count ] } }", &[]),
        (
            "let: { p: { from: $, do: [ strip_key_prefix: p_ ] } }\naccount: { custom.a: $p.a }",
            &["$.login", "$.mail", "$.p_b", "$.x"],
        ),
        (
            "let: { p: { from: $, do: [ strip_key_prefix: p_ ] } }\naccount: { custom.a: $p.a, custom.x: $.x }\nignore: [ $p.b, $.login, $.mail ]",
            &[],
        ),
        (
            "let: { p: { from: $, do: [ strip_key_prefix: p_ ] } }\naccount: { custom.a: $p.a, custom.x: $.x }\nignore: [ $.p_b, $.login, $.mail ]",
            &[],
        ),
        (
            "accounts: { name: row, from: $ }\naccount: { username: $row.login, custom.x: $row.x.z }",
            &["$.mail", "$.p_a", "$.p_b", "$.x.y"],
        ),
        ("account: { custom.all: { with: { r: $ }, script: r.login } }", &[]),
    ];
    for (rules, wanted) in cases {
        assert_eq!(unread(rules, &record), *wanted, "{rules}");
    }
}

#[test]
fn what_is_read_of_accounts_and_of_made_values_is_counted() {
    let record = json!({ "members": [ { "login": "a", "age": 1 }, { "login": "b", "p": { "q": 1, "r": 2 } }, { "gone": 1 } ],
        "prefs": "{\"lang\":\"en\",\"theme\":\"x\",\"deep\":{\"a\":1,\"b\":2}}" });
    let cases: &[(&str, &[&str])] = &[
        (
            "accounts: { name: m, from: $.members, where: { $item.login: present } }\naccount: { username: $m.login, custom.q: $m.p.q }\nignore: [ $.prefs ]",
            &["$m.age", "$m.p.r"],
        ),
        (
            "accounts: { name: m, from: $.members, do: [ compact ] }\naccount: { username: $m.login }\nignore: [ $.prefs, $m.gone ]",
            &["$m.age", "$m.p"],
        ),
        (
            "let: { rows: { from: $.members, each: { row: $item, no: $index } } }\naccounts: { name: pair, from: $rows }\n\
             account: { username: $pair.row.login, custom.no: $pair.no }\nignore: [ $.prefs, $pair.row.gone ]",
            &["$pair.row.age", "$pair.row.p"],
        ),
        (
            "let: { prefs: { from: $.prefs, do: [ parse_json ] } }\naccount: { custom.lang: $prefs.lang, custom.a: $prefs.deep.a }\nignore: [ $.members ]",
            &["$prefs.theme", "$prefs.deep.b"],
        ),
        (
            "let: { prefs: { from: $.prefs, do: [ parse_json ] } }\naccount: { custom.lang: $prefs.lang }\nignore: [ $.members, $.prefs.theme, $prefs.deep ]",
            &[],
        ),
        (
            "let: { prefs: { from: $.prefs, do: [ parse_json ] } }\naccount: { custom.lang: $prefs.lang }\nignore: [ $.members, $.prefs ]",
            &[],
        ),
    ];
    for (rules, wanted) in cases {
        assert_eq!(unread(rules, &record), *wanted, "{rules}");
    }
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
