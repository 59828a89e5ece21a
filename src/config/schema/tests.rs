//! The schema, the reader and the starter agree.

use super::super::STARTER;
use super::*;
use crate::diag::render::plain;
use crate::diag::{Files, Findings};

fn findings(yaml: &str) -> String {
    let (mut files, mut found) = (Files::default(), Findings::default());
    let file = files.add("landfall.yaml", yaml);
    let environment = |_: &str| Some("0123456789abcdef".repeat(4));
    let _ = Settings::parse(&files, file, &environment, &mut found);
    plain(&files, &found.sorted())
}

fn is_valid(yaml: &str) -> bool {
    let document: Json = serde_yaml::from_str(yaml).unwrap();
    jsonschema::draft7::new(json_schema()).unwrap().is_valid(&document)
}

/// Every map of a schema with its keys, as a path; variants of a kind and list elements have their own path.
fn maps(schema: &Json, at: &Json, found: &mut Vec<(Json, Vec<String>)>) {
    for way in schema["anyOf"].as_array().into_iter().flatten() {
        maps(way, at, found);
    }
    if let Some(items) = schema.get("items") {
        maps(items, &append(at, &json!("[]")), found);
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        maps(values, &append(at, &json!("any")), found);
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let here = properties.get("kind").map_or_else(|| at.clone(), |kind| append(at, &json!({ "kind": kind["const"] })));
    found.push((here.clone(), properties.keys().cloned().collect()));
    for (key, below) in properties {
        maps(below, &append(&here, &json!(key)), found);
    }
}

fn append(path: &Json, step: &Json) -> Json {
    let mut steps = path.as_array().cloned().unwrap_or_default();
    steps.push(step.clone());
    Json::Array(steps)
}

/// Settings with a single key, at a path.
fn settings(path: &[Json], key: &str) -> Json {
    match path.split_first() {
        None => json!({ key: null }),
        Some((Json::String(name), rest)) if name == "[]" => json!([settings(rest, key)]),
        Some((Json::String(name), rest)) => json!({ name: settings(rest, key) }),
        Some((kind, rest)) => {
            let mut below = settings(rest, key);
            if let (Some(below), Some(kind)) = (below.as_object_mut(), kind.as_object()) {
                below.extend(kind.clone());
            }
            below
        }
    }
}

#[test]
fn schema_and_reader_have_the_same_keys() {
    let mut all = Vec::new();
    maps(json_schema(), &json!([]), &mut all);
    assert!(all.len() > 20, "{}", all.len());
    for (path, keys) in all {
        let steps = path.as_array().unwrap();
        // a word unlike every key makes the reader list them all
        let shown = findings(&settings(steps, "zzzzzzzzzzzzzzzzzz").to_string());
        let line = shown.lines().find(|line| line.contains("`zzzzzzzzzzzzzzzzzz` is not a key")).unwrap_or_default();
        let (_, listed) = line.split_once(" are ").unwrap_or_else(|| panic!("{path}: {shown}"));
        let mut listed: Vec<&str> = listed.split('`').skip(1).step_by(2).filter(|key| *key != "kind").collect();
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).filter(|key| *key != "kind").collect();
        listed.sort_unstable();
        keys.sort_unstable();
        assert_eq!(listed, keys, "{path}");
    }
}

#[test]
fn the_starter_is_valid_and_mistakes_are_not() {
    assert!(is_valid(STARTER) && findings(STARTER).is_empty(), "{}", findings(STARTER));
    for (right, wrong) in [
        ("listen:", "lisen:"),
        ("kind: file", "kind: fil"),
        ("memory: 19MiB", "memory: 19MB"),
        ("passes: 2", "passes: two"),
        ("level: info", "level: loud"),
        ("url: sqlite:ledger.db", "path: ledger.db"),
        ("logins: [ $.user_login, $.user_email ]", "logins: $.user_login"),
    ] {
        let text = STARTER.replacen(right, wrong, 1);
        assert!(text != STARTER && !is_valid(&text) && findings(&text).contains("error["), "{wrong}");
    }
}

#[test]
fn schema_and_reader_have_the_same_choices() {
    for (place, yaml) in [
        ("/properties/log/properties/level/anyOf/0/enum", "log: { level: x }"),
        ("/properties/log/properties/format/anyOf/0/enum", "log: { format: x }"),
        ("/properties/source/anyOf/0/properties/format/anyOf/0/enum", "source: { kind: file, format: x }"),
        (
            "/properties/hooks/properties/webhooks/items/properties/events/items/anyOf/0/enum",
            "hooks: { webhooks: [ { events: [ x ] } ] }",
        ),
        (
            "/properties/source/anyOf/1/properties/lists/additionalProperties/properties/as/anyOf/0/enum",
            "source: { kind: sql, lists: { a: { as: x } } }",
        ),
    ] {
        let words = json_schema().pointer(place).unwrap_or_else(|| panic!("{place}: {:#}", json_schema()));
        let listed: Vec<String> =
            words.as_array().unwrap().iter().flat_map(Json::as_str).map(|word| format!("`{word}`")).collect();
        assert!(findings(yaml).contains(&format!("expected one of {}, found `x`", listed.join(", "))), "{yaml}");
    }
}

#[test]
fn a_variable_may_stand_for_any_scalar() {
    for (right, variable) in [
        ("level: info", "level: '${LEVEL:-info}'"),
        ("passes: 2", "passes: '${PASSES:-2}'"),
        ("memory: 19MiB", "memory: '${MEMORY:-19MiB}'"),
    ] {
        let text = STARTER.replacen(right, variable, 1);
        assert!(text != STARTER && is_valid(&text), "{variable}");
    }
}

#[test]
fn descriptions_and_defaults_are_those_of_the_structs() {
    let at = |place: &str| json_schema().pointer(place).unwrap_or_else(|| panic!("{place}: {:#}", json_schema()));
    assert_eq!(at("/properties/login/properties/lease/default"), "2s");
    assert_eq!(at("/properties/login/properties/attempts/properties/reset/properties/window/default"), "1h");
    assert_eq!(at("/properties/source/anyOf/0/properties/record_limit/default"), "256KiB");
    assert_eq!(at("/properties/source/anyOf/1/properties/url/writeOnly"), true);
    let lane = at("/properties/lane/properties");
    // they depend on the machine
    assert!(lane["threads"].get("default").is_none() && lane["memory"].get("default").is_none());
    let mut all = Vec::new();
    texts(json_schema(), &mut all);
    assert!(all.len() > 100, "{}", all.len());
    for text in all {
        assert!(!text.contains("[`") && !text.contains("](crate"), "a link of the code's documentation: {text}");
    }
}

fn texts<'s>(schema: &'s Json, found: &mut Vec<&'s str>) {
    match schema {
        Json::Object(members) => {
            found.extend(members.get("description").and_then(Json::as_str));
            members.values().for_each(|below| texts(below, found));
        }
        Json::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}
