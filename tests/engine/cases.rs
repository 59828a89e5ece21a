//! Faults of the engine that the comparison with the reference found, each in its smallest form.

use bumpalo::Bump;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
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

/// The plan of rules without errors.
fn planned(rules: &str) -> Plan {
    let mut files = Files::default();
    let file = files.add("case.yaml", format!("landfall: 1\nname: case\n{rules}"));
    let mut findings = Findings::default();
    compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"))
}

/// The account and its warnings, or the names of the rules that reject the record.
fn outcome(rules: &str, record: Json) -> Json {
    let plan = planned(rules);
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
fn members_have_their_whole_path_in_reasons() {
    let inner = "each: { type: { from: $item.t, do: [ to_integer ], on_error: reject }, id: { from: $item.id, required: true } }";
    let rules = format!("account: {{ custom.a: {{ from: $.a, on_error: reject, {inner} }} }}");
    for (element, reason) in [(json!({ "t": "x", "id": 1 }), "custom.a.type"), (json!({ "t": 1 }), "custom.a.id")] {
        assert_eq!(outcome(&rules, json!({ "a": [element] })), json!({ "invalid": [reason] }));
    }
    let rules = format!(
        "account: {{ custom.a: {{ from: $.a, on_error: reject, each: {{ b: {{ from: $item.b, {inner} }} }} }} }}"
    );
    let record = json!({ "a": [{ "b": [{ "t": "x", "id": 1 }] }] });
    assert_eq!(outcome(&rules, record), json!({ "invalid": ["custom.a.b.type"] }));
}

#[test]
fn a_list_of_sources_passes_over_empty_lists_and_objects() {
    let rules = "account: { status: active, custom.a: { from: [ $.e, $.f ] } }";
    for empty in [json!([]), json!({}), json!(null)] {
        let wanted = json!({ "status": "active", "custom": { "a": 1 } });
        assert_eq!(outcome(rules, json!({ "e": empty, "f": 1 })), wanted);
        assert_eq!(outcome(rules, json!({ "e": empty })), json!({ "status": "active" }));
    }
    let rules = "account: { custom.a: { from: [ $.e, $.f ], keep_empty: true } }";
    assert_eq!(outcome(rules, json!({ "e": [], "f": 1 })), json!({ "custom": { "a": [] } }));
    let rules = "account: { custom.a: { from: [ $.e, $.f ], do: [ count ], on_error: skip } }";
    assert_eq!(outcome(rules, json!({ "e": [] })), json!({ "custom": { "a": 0 } }));
}

#[test]
fn elements_that_the_schema_rejects_fail_one_by_one() {
    let rules = "defaults: { on_error: warn }\naccount: { status: active, tags: $.tags, secondary_emails: $.mails, external_identities: $.links }";
    let record = json!({
        "tags": ["a", null], "mails": ["a@example.com", "none"], "links": [{ "provider": "g", "subject": "1" }, { "provider": "g" }]
    });
    let account = json!({
        "status": "active", "tags": ["a"], "secondary_emails": ["a@example.com"],
        "external_identities": [{ "provider": "g", "subject": "1" }]
    });
    let warnings = ["tags", "secondary_emails", "external_identities"];
    assert_eq!(outcome(rules, record), json!({ "account": account, "warnings": warnings }));
    let rules = "account: { tags: { from: $.tags, on_error: reject } }";
    assert_eq!(outcome(rules, json!({ "tags": ["a", null] })), json!({ "invalid": ["tags"] }));
    let rules = "account: { status: active, tags: { from: $.tags, on_error: skip } }";
    assert_eq!(outcome(rules, json!({ "tags": [null] })), json!({ "status": "active" }));
}

#[test]
fn members_of_an_object_that_are_no_objects_fail_where_only_their_members_are_read() {
    let rules = "account: { status: active, custom.a: { from: $.a, on_error: warn, REST } }";
    let scalars = json!({ "a": { "secret": "S", "id": 7 } });
    for (rest, is_warned) in [
        ("each: { type: totp, value: $item.secret }", true),
        ("where: { $item.secret: present }", true),
        ("each: { key: $key, value: $item.secret }", false),
        ("each: { value: { from: [ $item.secret, $item ] } }", false),
        ("where: { $key: id }, each: { value: $item.secret }", false),
        ("as: list, each: { value: $item.secret }", false),
        ("each: [ to_text ]", false),
    ] {
        let made = outcome(&rules.replace("REST", rest), scalars.clone());
        assert_eq!(made["warnings"] == json!(["custom.a"]), is_warned, "{rest}: {made}");
    }
    let objects = json!({ "a": { "x": { "secret": "S" }, "y": { "secret": "T" }, "z": null, "e": " " } });
    let made = outcome(&rules.replace("REST", "each: { value: $item.secret }"), objects);
    assert_eq!(made["custom"]["a"], json!([{ "value": "S" }, { "value": "T" }]));
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
    let plan = planned(rules);
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
fn an_element_of_which_the_rules_read_nothing_is_no_account() {
    let rules = "defaults: { on_error: skip }\naccounts: { name: m, from: $.members, let: { mail: $m.mail } }\n\
                 account: { username: $m.login, email.value: $mail, custom.household: $.name }\n";
    let members = json!([{ "login": "ada", "mail": "a@example.org" }, null, "x", ["y"], 7]);
    let (made, _) = accounts(rules, &json!({ "name": "Lind", "members": members }));
    let invalid = json!(["m"]);
    assert_eq!(made[0]["username"], json!("ada"));
    assert_eq!(made[1..], [invalid.clone(), invalid.clone(), invalid.clone(), invalid]);
    // text is an account where the rules read it as a whole, a list where they read its elements
    let whole = "defaults: { on_error: skip }\naccounts: { name: m, from: $.members }\naccount: { username: $m, custom.a: $.a }\n";
    let (made, _) = accounts(whole, &json!({ "members": ["ada", null], "a": 1 }));
    assert_eq!((&made[0]["username"], &made[1]), (&json!("ada"), &json!(["m"])));
    let listed = whole.replace("$m,", "\"$m[0]\",");
    let (made, _) = accounts(&listed, &json!({ "members": [["ada"], "x"], "a": 1 }));
    assert_eq!((&made[0]["username"], &made[1]), (&json!("ada"), &json!(["m"])));
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
    let plan = planned(&format!("defaults: {{ on_error: warn }}\n{rules}"));
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

#[test]
fn the_former_names_of_keys_are_accepted() {
    let rules = "target: standard\nadmit: [ { refuse: closed, when: { $.a: 1 } } ]\naccount: { username: $.b }\n";
    assert_eq!(codes(rules), Vec::<&str>::new());
    assert_eq!(outcome(rules, json!({ "a": 1 })), json!({ "denied": "closed" }));
}

#[test]
fn a_constant_replaces_values_and_not_their_absence() {
    let rules = "account: { status: { from: $.closed, do: [ { constant: disabled } ], default: active } }\n";
    assert_eq!(outcome(rules, json!({ "closed": 1 })), json!({ "status": "disabled" }));
    assert_eq!(outcome(rules, json!({})), json!({ "status": "active" }));
}

/// The claims of `custom`.
fn custom(rules: &str, record: Json) -> Json {
    outcome(rules, record)["custom"].clone()
}

#[test]
fn a_bare_predicate_is_the_predicate() {
    let rules = "account: { custom.a: { when: { $.h: is_integer }, value: whole, otherwise: $.h } }";
    assert_eq!(custom(rules, json!({ "h": 7 })), json!({ "a": "whole" }));
    assert_eq!(custom(rules, json!({ "h": "is_integer" })), json!({ "a": "is_integer" }));
    let quoted = "account: { custom.a: { when: { $.h: \"is_integer\" }, value: word } }";
    assert_eq!(custom(quoted, json!({ "h": "is_integer" })), json!({ "a": "word" }));
    assert_eq!(custom(quoted, json!({ "h": 7 })), json!(null));
    let nested = "account: { custom.a: { when: { any: [ { not: { $.h: is_present } }, { $.h: { not: is_text } } ] }, value: x } }";
    assert_eq!(custom(nested, json!({})), json!({ "a": "x" }));
    assert_eq!(custom(nested, json!({ "h": 1 })), json!({ "a": "x" }));
    assert_eq!(custom(nested, json!({ "h": "t" })), json!(null));
    let inside = "account: { custom.a: { from: $.l, do: [ { filter: { $item.k: is_present } } ], where: { $item.k: is_integer } } }";
    assert_eq!(custom(inside, json!({ "l": [{ "k": 1 }, { "k": "1" }, {}] })), json!({ "a": [{ "k": 1 }] }));
    let password = "account: { username: $.u }\ncredential: { when: { $.p: is_present }, from: $.p, scheme: bcrypt }";
    assert_eq!(codes(password), [""; 0]);
}

#[test]
fn a_list_stands_for_its_elements_wherever_several_values_stand() {
    let head = "params: { w: { default: [ x, y ] } }\nlet: { w: { value: [ x, y ] } }\n";
    let taken = ["nothing_if: $params.w", "nothing_if: [ $params.w, z ]", "nothing_if: $w", "nothing_if: [ z, $w ]"];
    for step in taken {
        let rules = format!(
            "{head}account: {{ custom.a: {{ from: $.v, do: [ {{ {step} }} ] }}, custom.w: $params.w, custom.v: $w }}"
        );
        let a = |value: &str| custom(&rules, json!({ "v": value }))["a"].clone();
        assert_eq!((a("y"), a("k")), (json!(null), json!("k")), "{step}");
    }
    let tests = [
        "$params.w",
        "[ $params.w, z ]",
        "$w",
        "[ z, $w ]",
        "{ one_of: $params.w }",
        "{ equals: $w }",
        "{ not: { not: $params.w } }",
    ];
    for test in tests {
        let rules = format!(
            "{head}account: {{ custom.a: {{ when: {{ $.v: {test} }}, value: yes }}, custom.w: $params.w, custom.v: $w }}"
        );
        let a = |value: &str| custom(&rules, json!({ "v": value }))["a"].clone();
        assert_eq!((a("y"), a("k")), (json!("yes"), json!(null)), "{test}");
    }
    let phone = "params: { r: { default: [ US ] } }\naccount: { phone.value: { from: $.p, do: [ phone: { region: $params.r } ], on_error: skip } }";
    assert_eq!(outcome(phone, json!({ "p": "(202) 555-0143" })), json!({ "phone": { "value": "+12025550143" } }));
    let time = "params: { n: { default: [ 0, -1 ] } }\naccount: { created_at: { from: $.t, do: [ epoch: { none: $params.n } ], on_error: skip } }";
    assert_eq!(outcome(time, json!({ "t": -1 })), json!({ "invalid": ["account"] }));
    let first = "params: { w: { default: [ x, y ] } }\naccount: { custom.a: { from: $.v, do: [ { coalesce: [ $.l, $params.w ] } ] } }";
    assert_eq!(custom(first, json!({})), json!({ "a": "x" }));
    assert_eq!(custom(first, json!({ "l": [1] })), json!({ "a": [1] }), "a list of the record is a value");
}

#[test]
fn otherwise_is_the_value_when_the_condition_does_not_hold() {
    let rules =
        "account: { locale: en, status: { when: { $.on: true }, value: active, otherwise: $.state, on_error: warn } }";
    assert_eq!(outcome(rules, json!({ "on": true, "state": "locked" })), json!({ "locale": "en", "status": "active" }));
    assert_eq!(
        outcome(rules, json!({ "on": false, "state": "locked" })),
        json!({ "locale": "en", "status": "locked" })
    );
    assert_eq!(outcome(rules, json!({ "on": false })), json!({ "locale": "en" }));
    let misfit = json!({ "account": { "locale": "en" }, "warnings": ["status"] });
    assert_eq!(outcome(rules, json!({ "on": false, "state": "asleep" })), misfit);
    // without a value it is none, and `required` does not count
    let required = "account: { status: { when: { $.on: true }, from: $.s, otherwise: $.state, required: true, on_error: reject } }";
    assert_eq!(outcome(required, json!({ "on": false })), json!({ "invalid": ["account"] }));
    assert_eq!(outcome(required, json!({ "on": true })), json!({ "invalid": ["status"] }));
    assert_eq!(codes("account: { status: { when: { $.a: 1 }, value: active, otherwise: asleep } }"), ["R401"]);
    let field =
        "account: { custom.l: { from: $.l, each: { k: { when: { $item.a: 1 }, value: one, otherwise: $item.a } } } }";
    assert_eq!(custom(field, json!({ "l": [{ "a": 1 }, { "a": 2 }] })), json!({ "l": [{ "k": "one" }, { "k": 2 }] }));
}

#[test]
fn a_value_becomes_a_list_before_anything_walks_it() {
    let rules = |rest: &str| format!("account: {{ roles: {{ from: $.r, as: list, {rest}, on_error: reject }} }}");
    for rest in ["then: [ unique ]", "each: [ lowercase ]", "where: { $item: { not: x } }"] {
        assert_eq!(outcome(&rules(rest), json!({ "r": "a" })), json!({ "roles": ["a"] }), "{rest}");
        assert_eq!(outcome(&rules(rest), json!({ "r": ["a", "b"] })), json!({ "roles": ["a", "b"] }), "{rest}");
    }
    assert_eq!(outcome(&rules("then: [ first ]"), json!({ "r": ["a", "b"] })), json!({ "roles": ["a"] }));
}

#[test]
fn a_lookup_is_held_to_the_claim_behind_as() {
    let table = "lookups: { t: { a: \"1\", b: x } }\n";
    let whole =
        format!("{table}account: {{ custom.n: {{ from: $.a, do: [ lookup: t ], as: integer, on_error: skip }} }}");
    assert_eq!(codes(&whole), ["R405"], "`x` is no whole number");
    let list = format!("{table}account: {{ roles: {{ from: $.a, do: [ lookup: t ], as: list, on_error: skip }} }}");
    assert_eq!(codes(&list), [""; 0]);
    let text = "lookups: { t: { a: true } }\naccount: { username: { from: $.a, do: [ lookup: t ], as: text, on_error: skip } }";
    assert_eq!(codes(text), [""; 0]);
}

#[test]
fn only_what_is_certain_never_takes_effect() {
    let silent = [
        "account: { custom.a: { when: { $.a: 1 }, from: $.b, default: x } }",
        "account: { custom.a: { value: \"{$.b}\", default: x } }",
        "account: { custom.a: { value: [ $.b ], default: x } }",
        "account: { custom.a: { from: $.b, do: [ { default: $.c } ], default: x } }",
        "account: { custom.a: { from: $.b, do: [ { equals: x } ], default: false } }",
        "account: { custom.a: { value: x, as: integer, default: 1, on_error: default } }",
        "account: { custom.a: { from: $.b, do: [ date, { default: x } ], default: y, on_error: default } }",
        "account: { status: { from: $.b, on_error: warn } }",
        "defaults: { on_error: warn }\naccount: { username: { from: $.b, default: x, required: true } }",
        "account: { phone.value: { from: $.p, do: [ phone: { region: [ $.c, US ] } ], on_error: skip } }",
        "account: { custom.a: { from: $.l, where: { $item: x }, default: [] } }",
        "account: { custom.a: { from: $.l, where: { $item: x, $.on: true } } }",
        "account: { custom.a: { when: { $.a: null, $.b: [ null, x ] }, value: x } }",
        "defaults: { blank: keep }\naccount: { custom.a: { when: { $.a: \"\" }, value: x } }",
    ];
    for rules in silent {
        assert_eq!(codes(rules), [""; 0], "{rules}");
    }
}

#[test]
fn a_list_among_the_logins_stands_for_its_elements() {
    let mut files = Files::default();
    let rules = "landfall: 1\nidentify: { id: $.id, logins: [ $.name, $.mails ] }\naccount: { username: $.name }";
    let file = files.add("case.yaml", rules);
    let plan = compile(&mut files, file, &NoFiles, &mut Findings::default()).unwrap();
    let (arena, settings) = (Bump::new(), Settings::default());
    let record = json!({ "id": 7, "name": "ada", "mails": ["a@example.com", " ", 12] }).to_string();
    let customers = plan.customers(&record, &settings, &arena).unwrap();
    let logins = landfall::model::json::to_json(customers[0].as_ref().unwrap().who.logins);
    assert_eq!(logins, json!(["ada", "a@example.com", "12"]));
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
    let plan = planned(rules);
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
  status: active
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

#[test]
fn parts_and_salts_are_not_ignored_in_silence() {
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    let md5 = "3cb4e732631f47e6eb961f34554b7cde";
    let found = |parts: &str, record: Json| {
        credential(
            &format!("defaults: {{ on_error: warn }}\naccount: {{ status: active }}\ncredential: {{ {parts} }}"),
            record,
            true,
        )[2]
        .clone()
    };
    let unused = |part: &str| json!(format!("the part `{part}` is not used by the scheme of this hash"));
    let lookup = "from: $.hash, scheme: { from: $.type, do: [ lowercase ] }";
    for (parts, record, why) in [
        ("pepper: $.p", json!({ "type": "bcrypt", "hash": bcrypt, "p": "x" }), unused("pepper")),
        ("salt: $.s", json!({ "type": "bcrypt", "hash": bcrypt, "s": "x" }), unused("salt")),
        ("username: $.u", json!({ "type": "bcrypt", "hash": bcrypt, "u": "x" }), unused("username")),
        ("salt: $.s", json!({ "type": "bcrypt", "hash": bcrypt }), Json::Null),
        ("salt: $.s", json!({ "type": "md5", "hash": md5 }), json!("the salt is missing")),
        ("salt: $.s", json!({ "type": "md5", "hash": md5, "s": "  " }), json!("the salt is missing")),
        ("salt: $.s", json!({ "type": "md5", "hash": md5, "s": 12 }), Json::Null),
        ("salt: { when: { $.v: 1 }, from: $.s }", json!({ "type": "md5", "hash": md5 }), Json::Null),
        (
            "salt: { when: { $.v: 1 }, from: $.s }",
            json!({ "type": "md5", "hash": md5, "v": 1 }),
            json!("the salt is missing"),
        ),
        ("salt: $.s", json!({ "hash": md5 }), json!("the record names no scheme")),
    ] {
        assert_eq!(found(&format!("{lookup}, {parts}"), record.clone()), why, "{parts} {record}");
    }
    let parts = "scheme: pbkdf2, digest: sha256, hash_hex: $.hash, salt: $.s, iterations: $.n, parameters: $.more";
    let hash = "4c8da0aedbd5d475b99f3dab058e2d72d96b98e8f96d9b34770f63f0d1e94517";
    for (more, why) in [
        (json!({ "n": 1000, "s": "a" }), Json::Null),
        (json!({ "n": 1000 }), json!("the salt is missing")),
        (json!({ "n": 1000, "s": "a", "more": { "cost": 3 } }), unused("cost")),
    ] {
        let mut record = more.clone();
        record["hash"] = json!(hash);
        assert_eq!(found(parts, record), why, "{more}");
    }
    let why = found(parts, json!({ "n": 2_000_000_000, "s": "a", "hash": hash }));
    assert!(why.is_string(), "a cost above the limits is not usable");
}

#[test]
fn a_scheme_that_fails_is_reported_once() {
    let rules = "defaults: { on_error: warn }\nlookups: { t: { 1: md5 } }\naccount: { status: active }\n\
        credential: { from: $.hash, scheme: { from: $.type, do: [ { lookup: t } ] } }";
    let found = credential(rules, json!({ "hash": "3cb4e732631f47e6eb961f34554b7cde", "type": 7 }), true);
    assert_eq!(found[1].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[2], json!("the record names no scheme"));
}

#[test]
fn facts_about_a_credential_have_their_kinds() {
    let rules = "defaults: { on_error: warn }\naccount: { status: active }\n\
        credential: { from: $.hash, scheme: md5, set_at: $.at, needs_rehash: $.old }";
    for (more, warned) in [
        (json!({ "at": "2020-03-07", "old": true }), json!([])),
        (json!({ "at": "2020-03-07T16:45:12Z" }), json!([])),
        (json!({ "at": "yesterday" }), json!(["credential.set_at"])),
        (json!({ "at": 1_583_599_512 }), json!(["credential.set_at"])),
        (json!({ "old": "yes" }), json!(["credential.needs_rehash"])),
    ] {
        let mut record = more.clone();
        record["hash"] = json!("3cb4e732631f47e6eb961f34554b7cde");
        assert_eq!(credential(rules, record, true)[1], warned, "{more}");
    }
}
