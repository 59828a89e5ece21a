//! Pairs of outcomes, by small rules.

use bumpalo::Bump;

use super::*;
use crate::diag::{Files, Findings};
use crate::engine::compile::{NoFiles, compile};
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::Settings;

fn plan(rules: &str) -> Plan {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("rules.yaml", format!("landfall: 1\nname: t\n{rules}"));
    compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"))
}

/// The differences as `part change reason`.
fn differences(old: &str, new: &str, record: &str) -> Vec<String> {
    let (old, new) = (plan(old), plan(new));
    let comparison = Comparison::new(&old, &new);
    let (arena, settings) = (Bump::new(), Settings::default());
    let side = |plan| Side::from(Plan::run(plan, record, &settings, &arena, &mut Silent));
    let mut found = Vec::new();
    comparison.differences(&side(&old), &side(&new), |difference| {
        let reason = difference.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        found.push(format!("{} {}{reason}", difference.part.name(), difference.change));
    });
    found
}

#[test]
fn the_order_of_members_and_the_notation_of_numbers_are_no_difference() {
    let old = "account:\n  custom.a: $.a\n  custom.b: $.b\n";
    let new = "account:\n  custom.b: $.b\n  custom.a: $.c\n";
    let record = r#"{"a":{"x":1,"y":2.0},"b":null,"c":{"y":2,"x":1.0}}"#;
    assert_eq!(differences(old, new, record), Vec::<String>::new());
    let record = r#"{"a":{"x":1},"b":1,"c":{"x":"1"}}"#;
    assert_eq!(differences(old, new, record), ["custom.a changed"]);
}

#[test]
fn outcomes_without_an_account_differ_by_their_reasons() {
    let denies =
        |key: &str| format!("admit: [ {{ deny: {key}, when: {{ $.a: 1 }} }} ]\naccount: {{ username: $.b }}\n");
    let invalid = "account: { username: { from: $.c, required: true, on_error: reject } }\n";
    let record = r#"{"a":1,"b":"x"}"#;
    assert_eq!(differences(&denies("x"), &denies("x"), record), Vec::<String>::new());
    assert_eq!(differences(&denies("x"), &denies("y"), record), ["account other_reason (denied: y)"]);
    assert_eq!(differences(invalid, invalid, record), Vec::<String>::new());
    let found = differences(&denies("x"), invalid, record);
    assert!(found.len() == 1 && found[0].starts_with("account invalid (username: "), "{found:?}");
    assert_eq!(differences(invalid, &denies("y"), record), ["account denied (y)"]);
    assert_eq!(differences(&denies("x"), "account: { username: $.b }\n", record), ["account made (denied: x)"]);
    assert_eq!(differences(invalid, invalid, "[1]"), Vec::<String>::new());
}
