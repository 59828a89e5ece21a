//! Where a rule cannot know: references without a value, predicates that fail, parameters that are set to nothing.

use bumpalo::Bump;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;
use landfall::engine::trace::{Trace, View};
use landfall::model::json::to_json;
use serde_json::{Value as Json, json};

fn plan(rules: &str) -> Plan {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("case.yaml", format!("landfall: 1\nname: case\n{rules}"));
    compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"))
}

/// The account, `denied`, or the reasons as `rule: step`.
fn outcome(plan: &Plan, record: &Json, settings: &Settings) -> Json {
    let (arena, record) = (Bump::new(), record.to_string());
    match &plan.run(&record, settings, &arena, &mut Silent).outcomes[0] {
        Outcome::Account(made) => to_json(made.account.value()),
        Outcome::Denied(reason) => json!({ "denied": reason }),
        Outcome::Invalid(reasons) => {
            let told = reasons.iter().map(|reason| format!("{}: {}", reason.rule, reason.step));
            json!({ "invalid": told.collect::<Vec<_>>() })
        }
    }
}

/// Whether a condition holds for a record.
fn holds(condition: &str, record: Json) -> bool {
    let plan = plan(&format!("account: {{ custom.x: {{ when: {condition}, value: 1 }} }}"));
    outcome(&plan, &record, &Settings::default()) == json!({ "custom": { "x": 1 } })
}

#[test]
fn a_reference_without_a_value_equals_nothing() {
    let conditions = [
        "{ $.a: $.b }",
        "{ $.a: [ $.b, x ] }",
        "{ $.a: [ [ $.b ], x ] }",
        "{ $.a: \"{$.b}\" }",
        "{ $.a: [ \"{$.b}\" ] }",
        "{ $.a: { equals: $.b } }",
        "{ $.a: { one_of: [ $.b, x ] } }",
        "{ $.a: { not: { not: $.b } } }",
        "{ any: [ { $.a: $.b } ] }",
    ];
    for condition in conditions {
        for record in [json!({}), json!({ "a": null, "b": null }), json!({ "a": "", "b": " " }), json!({ "b": [null] })]
        {
            assert!(!holds(condition, record.clone()), "{condition} {record}");
        }
        assert!(holds(condition, json!({ "a": 1, "b": "1" })), "{condition}");
    }
}

#[test]
fn null_that_is_written_is_no_value() {
    for condition in ["{ $.a: null }", "{ $.a: missing }", "{ $.a: [ x, null ] }", "{ $.a: { one_of: [ x, null ] } }"] {
        assert!(holds(condition, json!({})), "{condition}");
        assert!(holds(condition, json!({ "a": null })), "{condition}");
        assert!(!holds(condition, json!({ "a": "y" })), "{condition}");
    }
}

#[test]
fn a_foreign_key_that_is_missing_finds_no_row() {
    let rows = json!([{ "name": "no key" }, { "id": null, "name": "null" }, { "id": 2, "name": "two" }]);
    let flags = json!({ "x": null, "y": 2 });
    for (step, list, found) in [
        ("{ find: { $item.id: $.key } }", &rows, json!({ "id": 2, "name": "two" })),
        ("{ find: { $item.id: [ $.key, 9 ] } }", &rows, json!({ "id": 2, "name": "two" })),
        ("{ find: { $item.id: { equals: $.key } } }", &rows, json!({ "id": 2, "name": "two" })),
        ("{ filter: { $item.id: $.key } }", &rows, json!([{ "id": 2, "name": "two" }])),
        ("{ find_key: $.key }", &flags, json!("y")),
        ("{ keys: { where: $.key } }", &flags, json!(["y"])),
    ] {
        let plan = plan(&format!("account: {{ custom.x: {{ from: $.rows, do: [ {step} ] }} }}"));
        let run = |record: Json| outcome(&plan, &record, &Settings::default());
        assert_eq!(run(json!({ "rows": list })), json!({ "invalid": ["account: required"] }), "{step}");
        assert_eq!(run(json!({ "rows": list, "key": 2 })), json!({ "custom": { "x": found } }), "{step}");
    }
}

/// What becomes of a record under one condition of `admit`.
fn admitted(condition: &str, record: Json) -> Json {
    let plan = plan(&format!("admit: [ {{ deny: closed, when: {condition} }} ]\naccount: {{ username: $.login }}"));
    outcome(&plan, &record, &Settings::default())
}

#[test]
fn a_predicate_of_admit_that_fails_lets_nobody_in() {
    let undecided = |step: &str| json!({ "invalid": [format!("admit.closed: {step}")] });
    let blocked = json!({ "flags": "blocked", "list": [1, "x"], "map": { "k": "x" } });
    for (condition, step) in [
        ("{ $.flags: { has_bits: 2 } }", "has_bits"),
        ("{ $.flags: { not: { has_bits: 2 } } }", "has_bits"),
        ("{ not: { $.flags: { at_least: 2 } } }", "at_least"),
        ("{ $.flags: { at_least: 2, not: x } }", "at_least"),
        ("{ any: [ { $.flags: { more_than: 2 } }, { $.login: present } ] }", "more_than"),
        ("{ $.list: { any: { where: { $item: { has_bits: 2 } } } } }", "any"),
        ("{ $.list: { all: { where: { $item: { at_most: 2 } } } } }", "all"),
        ("{ $.map: { any: { where: { $item: { at_least: 2 } } } } }", "any"),
        ("{ $.list: { not: { any: { where: { any: [ { $item: { has_bits: 2 } } ] } } } } }", "any"),
    ] {
        assert_eq!(admitted(condition, blocked.clone()), undecided(step), "{condition}");
    }
}

#[test]
fn a_list_that_admit_compares_with_a_text_lets_nobody_in() {
    let undecided = |step: &str| json!({ "invalid": [format!("admit.closed: {step}")] });
    let record = json!({ "login": "ada", "groups": ["banned"], "map": { "state": "banned" }, "word": "banned",
                         "words": ["banned"], "rows": [{ "group": ["banned"] }], "number": [1] });
    for (condition, step) in [
        ("{ $.groups: banned }", "equals"),
        ("{ $.groups: { not: active } }", "equals"),
        ("{ not: { $.groups: active } }", "equals"),
        ("{ $.number: 1 }", "equals"),
        ("{ $.map: banned }", "equals"),
        ("{ $.groups: \"{$.word}\" }", "equals"),
        ("{ $.groups: [ banned, closed ] }", "one_of"),
        ("{ $.groups: $.word }", "one_of"),
        ("{ $.map: $.words }", "one_of"),
        ("{ $.groups: { equals: banned } }", "equals"),
        ("{ $.groups: { equals: $.word } }", "equals"),
        ("{ $.groups: { one_of: [ banned, closed ] } }", "one_of"),
        ("{ $.rows: { any: { where: { $item.group: banned } } } }", "any"),
    ] {
        assert_eq!(admitted(condition, record.clone()), undecided(step), "{condition}");
        assert!(!holds(condition, record.clone()) || condition.contains("not"), "{condition}");
    }
    let (account, denied) = (json!({ "username": "ada" }), json!({ "denied": "closed" }));
    for (condition, wanted) in [
        ("{ $.groups: { contains: banned } }", &denied),
        ("{ $.groups: null }", &account),
        ("{ $.groups: { equals: { value: [ active ] } } }", &account),
        ("{ $.groups: { equals: { value: [ banned ] } } }", &denied),
        ("{ $.groups: $.words }", &denied),
        ("{ $.groups: banned, $.login: bob }", &account),
        ("{ any: [ { $.groups: banned }, { $.login: ada } ] }", &denied),
    ] {
        assert_eq!(admitted(condition, record.clone()), *wanted, "{condition}");
    }
}

#[test]
fn what_the_other_parts_decide_stays_decided() {
    let record = json!({ "login": "ada", "flags": "blocked", "list": [3, "x"], "age": 5 });
    let (account, denied) = (json!({ "username": "ada" }), json!({ "denied": "closed" }));
    for (condition, wanted) in [
        ("{ $.flags: { has_bits: 2 }, $.login: bob }", &account),
        ("{ any: [ { $.flags: { has_bits: 2 } }, { $.login: ada } ] }", &denied),
        ("{ $.flags: { has_bits: 2, not: blocked } }", &account),
        ("{ $.list: { any: { where: { $item: { has_bits: 2 } } } } }", &denied),
        ("{ $.list: { all: { where: { $item: { at_most: 2 } } } } }", &account),
        // nothing is asked of what is not there
        ("{ $.gone: { has_bits: 2 } }", &account),
        ("{ $.age: { at_least: 3 } }", &denied),
    ] {
        assert_eq!(admitted(condition, record.clone()), *wanted, "{condition}");
    }
    let two = "admit: [ { deny: a, when: { $.flags: { has_bits: 2 } } }, { deny: b, when: { $.login: ada } } ]\n\
               account: { username: $.login }";
    assert_eq!(outcome(&plan(two), &record, &Settings::default()), json!({ "denied": "b" }));
}

#[test]
fn a_predicate_of_a_check_that_fails_is_its_reason() {
    let check = |check: &str| {
        let plan = plan(&format!("account: {{ username: $.login }}\nchecks: [ {{ because: odd, {check} }} ]"));
        outcome(&plan, &json!({ "login": "ada", "n": "x" }), &Settings::default())
    };
    let account = json!({ "username": "ada" });
    assert_eq!(check("needs: { $.n: { not: { at_least: 2 } } }"), json!({ "invalid": ["odd: at_least"] }));
    assert_eq!(
        check("that: { $.n: { at_least: 2 } }, needs: { $.login: bob }"),
        json!({ "invalid": ["odd: at_least"] })
    );
    assert_eq!(check("that: { $.n: { at_least: 2 } }, needs: { $.login: ada }"), account);
    assert_eq!(check("that: { $.login: bob }, needs: { $.n: { at_least: 2 } }"), account);
    assert_eq!(check("needs: { $.login: bob }"), json!({ "invalid": ["odd: check"] }));
}

#[test]
fn conditions_that_do_not_decide_over_the_record_are_as_before() {
    let failing = "{ $.flags: { has_bits: 2 } }";
    assert!(!holds(failing, json!({ "flags": "x" })));
    assert!(holds(&format!("{{ not: {failing} }}"), json!({ "flags": "x" })));
    assert!(!holds("{ $.list: { any: { where: { $item: { has_bits: 2 } } } } }", json!({ "list": ["x"] })));
}

#[test]
fn the_trace_names_the_predicate_that_failed() {
    let plan = plan("admit:\n  - { deny: closed, when: { $.flags: { has_bits: 2 } } }\naccount: { username: $.login }");
    let (arena, settings, mut trace) = (Bump::new(), Settings::default(), Trace::new());
    let _ = plan.run(r#"{ "login": "ada", "flags": "x" }"#, &settings, &arena, &mut trace);
    let text = trace.render(&plan.files, View::default());
    let line = text.lines().next().unwrap();
    let wanted = "admit        { $.flags: { has_bits: 2 } } cannot be decided: `has_bits` fails: ";
    assert!(line.starts_with(wanted), "{line}");
    let json = trace.to_json(&plan.files, View::default());
    assert_eq!((&json[0]["holds"], &json[0]["failed"]["step"]), (&Json::Null, &json!("has_bits")));
}

#[test]
fn a_parameter_that_is_blank_is_not_set() {
    let rules = "params: { key: {}, zone: UTC }\naccount: { custom.key: \"{$params.key}/{$params.zone}\" }";
    let set = |plan: &Plan, key: Json, zone: Json| {
        let params = vec![("key".to_owned(), key), ("zone".to_owned(), zone)];
        let settings = Settings { params, ..Settings::default() };
        let missing: Vec<String> = plan.missing_params(&settings).into_iter().map(str::to_owned).collect();
        (missing, outcome(plan, &json!({}), &settings))
    };
    let missing_key = vec!["key".to_owned()];
    let plan_of = plan(rules);
    assert_eq!(set(&plan_of, json!("k"), json!("")), (vec![], json!({ "custom": { "key": "k/UTC" } })));
    for blank in [json!(""), json!("  "), json!(null)] {
        assert_eq!(
            set(&plan_of, blank, json!("CET")),
            (missing_key.clone(), json!({ "invalid": ["account: required"] }))
        );
    }
    let keeps = plan(&format!("defaults: {{ blank: keep }}\n{rules}"));
    assert_eq!(set(&keeps, json!(""), json!("")), (vec![], json!({ "custom": { "key": "/" } })));
}

#[test]
fn a_doubled_dollar_begins_keys_of_maps_too() {
    let plan = plan(
        "params: { t: { default: { \"$$a\": [ \"$$.b\" ] } } }\n\
         account: { custom.x: { value: { \"$$ref\": $.a, \"$5\": \"$$.c\", p: $params.t } } }",
    );
    let wanted = json!({ "custom": { "x": { "$ref": 1, "$5": "$.c", "p": { "$a": ["$.b"] } } } });
    assert_eq!(outcome(&plan, &json!({ "a": 1 }), &Settings::default()), wanted);
}

#[test]
fn keys_and_values_of_tables_are_fixed_text() {
    let plan = plan(
        "defaults: { on_error: warn }\nlookups: { t: { \"$$a\": 1, \"$$.b\": 2, \"$5\": 3, c: \"$$.d\", \"$$$e\": 4 } }\n\
         account: { custom.x: { from: $.key, do: [ { lookup: t } ] } }",
    );
    for (key, found) in [("$a", json!(1)), ("$.b", json!(2)), ("$5", json!(3)), ("c", json!("$.d")), ("$$e", json!(4))]
    {
        let wanted = json!({ "custom": { "x": found } });
        assert_eq!(outcome(&plan, &json!({ "key": key }), &Settings::default()), wanted, "{key}");
    }
}
