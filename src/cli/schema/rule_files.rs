//! The JSON Schema of rule files, generated from the keys of the language, the steps and the standard schema.

use serde_json::{Map, Value as Json, json};

use super::parts::{closed, described, map_of, one_or_more, part, reason, reference, scalar};
use super::test_files;
use crate::engine::op::{ArgumentKind, ArgumentSpec, OpSpec, Output};
use crate::engine::{late, ops};
use crate::model::Kinds;
use crate::rules::CREDENTIAL_PARTS;
use crate::rules::body::POLICIES;
use crate::schema::Schema;

/// The schema of a rule file.
pub(super) fn schema() -> Json {
    let mut schema = closed("A rule file of Landfall", &sections(), &["landfall"]);
    if let Some(members) = schema.as_object_mut() {
        members.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
        members.insert("title".to_owned(), "Landfall rule file".into());
        members.insert("definitions".to_owned(), definitions());
    }
    schema
}

/// The keys of a rule file, each with a description and the schema of its value.
fn sections() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("landfall", "The version of the rule language", json!({ "const": 1 })),
        ("name", "The name of the rules, shown in events and traces", scalar()),
        ("about", "What the rules are for", scalar()),
        ("use", "Files whose lookups and steps are shared", json!({ "type": "array", "items": { "type": "string" } })),
        ("schema", "The schema of the account: `standard`, `scim`, or a JSON Schema file", json!({ "type": "string" })),
        ("params", "Values that are set per deployment, read as `$params.NAME`", json!({ "type": "object" })),
        ("defaults", "Defaults for all rules", defaults()),
        ("lookups", "Tables that map legacy values to target values", map_of(&lookup())),
        ("steps", "Named chains of steps", map_of(&part("steps"))),
        ("identify", "The legacy id, and what a customer may type to sign in", identify()),
        (
            "admit",
            "Which customers may not migrate; the first entry that applies decides",
            json!({ "type": "array", "items": admit() }),
        ),
        ("let", "Working values, read as `$NAME`", map_of(&part("rule"))),
        ("accounts", "The accounts in a record that yields several", accounts()),
        ("account", "The claims of the account", account()),
        ("credential", "The stored password", credential()),
        ("ignore", "Fields that are left out on purpose", json!({ "type": "array", "items": reference() })),
        ("checks", "Conditions between claims", json!({ "type": "array", "items": check() })),
        (
            "verifiers",
            "The verifiers that `credential.source` may name",
            json!({ "type": "array", "items": { "type": "string" } }),
        ),
        ("tests", "Tests of these rules", part("tests")),
    ]
}

fn definitions() -> Json {
    json!({
        "rule": { "anyOf": [{ "type": ["string", "number", "boolean"] }, part("body")] },
        "body": body(),
        "steps": one_or_more(&part("step")),
        "step": step(),
        "condition": condition(),
        "test": condition_test(),
        "on_error": on_error(),
        "tests": test_files::tests(),
        "test_case": test_files::test_case(),
    })
}

fn defaults() -> Json {
    let keys = [
        ("blank", "Whether blank text counts as no value", json!({ "enum": ["missing", "keep"] })),
        ("on_error", "What happens to a claim whose steps fail", json!({ "enum": POLICIES })),
        ("unread", "What happens to fields that no rule reads", json!({ "enum": ["allow", "warn", "reject"] })),
    ];
    closed("Defaults for all rules", &keys, &[])
}

fn lookup() -> Json {
    let keys = [
        ("file", "A CSV, JSON or YAML file beside the rules", json!({ "type": "string" })),
        ("key", "The column of the keys", json!({ "type": "string" })),
        ("value", "The column of the values", json!({ "type": "string" })),
    ];
    json!({ "anyOf": [closed("A table in a file", &keys, &["file"]), { "type": "object", "minProperties": 1 }] })
}

fn identify() -> Json {
    let keys = [
        ("id", "The legacy id: stable, never reused", scalar()),
        ("logins", "What a customer may type to sign in", from()),
    ];
    closed("The legacy id, and what a customer may type to sign in", &keys, &["id"])
}

fn admit() -> Json {
    let keys = [("deny", "The key of the reason", reason()), ("when", "When it applies", part("condition"))];
    closed("A denial", &keys, &["deny", "when"])
}

fn check() -> Json {
    let keys = [
        ("that", "When the check applies; default: always", part("condition")),
        ("needs", "The condition that must then hold", part("condition")),
        ("because", "The key of the reason", reason()),
        (
            "on_error",
            "Whether the record is invalid, or the account is made with a warning",
            json!({ "enum": ["reject", "warn"] }),
        ),
    ];
    closed("A check between claims", &keys, &["needs", "because"])
}

fn accounts() -> Json {
    let keys = [
        ("from", "Where the elements are", from()),
        ("name", "The name under which the element is read", json!({ "type": "string" })),
        ("do", "Steps on the whole value", part("steps")),
        ("where", "Which elements are kept; the condition reads `$item`", part("condition")),
        ("on_error", "What happens if a step fails", part("on_error")),
        ("let", "Working values of each account", json!({ "type": "object", "additionalProperties": part("rule") })),
        (
            "all_or_none",
            "Whether an invalid account makes the others of its record invalid",
            json!({ "type": "boolean" }),
        ),
    ];
    closed("The accounts in a record that yields several", &keys, &["from", "name"])
}

/// The claims. Those of the standard schema are offered by name; other schemas have others.
fn account() -> Json {
    let mut claims = Map::new();
    if let Some(schema) = Schema::builtin("standard") {
        for name in schema.claim_names() {
            let about = schema.claim(&name).map_or("", |claim| claim.shape.about.as_str());
            claims.insert(name, described(about, &part("rule")));
        }
    }
    // in another schema these may be claims
    let start = [
        ("from", "The object that the account begins with; rules for claims take precedence over it", from()),
        ("do", "Steps on that object", part("steps")),
        ("where", "Which members are kept; the condition reads `$item`, or `$key` for their names", part("condition")),
        ("on_error", "What happens if a step fails, or if the schema does not allow a member", part("on_error")),
    ];
    for (word, about, schema) in start {
        claims.insert(word.to_owned(), described(about, &json!({ "anyOf": [schema, part("rule")] })));
    }
    json!({ "type": "object", "properties": claims, "additionalProperties": part("rule") })
}

fn credential() -> Json {
    let scheme = json!({ "anyOf": [
        { "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }, part("body"),
    ] });
    let mut keys = vec![
        ("when", "When the record has a credential", part("condition")),
        ("from", "Where the stored text is", from()),
        ("do", "Steps on the stored text", part("steps")),
        ("on_error", "What happens if a part fails, or the credential cannot be used", part("on_error")),
        ("check", "Whether the stored password is checked against its scheme", json!({ "type": "boolean" })),
        (
            "scheme",
            "A scheme, a list of schemes that differ in their prefix, or a rule that reads it from the record",
            scheme,
        ),
    ];
    keys.extend(CREDENTIAL_PARTS.iter().map(|name| (*name, "A part of the credential", part("rule"))));
    closed("The stored password", &keys, &[])
}

fn from() -> Json {
    let source = json!({ "type": "string", "pattern": r"^\$|\{" });
    one_or_more(&source)
}

fn body() -> Json {
    let list = json!({ "type": "array" });
    let example = closed(
        "An example",
        &[("input", "The input", json!({})), ("gives", "The result", json!({}))],
        &["input", "gives"],
    );
    let keys = [
        ("about", "What the rule is for", scalar()),
        ("when", "When the rule applies; otherwise the value is that of `otherwise`", part("condition")),
        ("from", "Where the value comes from; of a list, the first entry that has a value", from()),
        ("value", "A constant or a template, instead of `from`", json!({})),
        ("script", "A script, instead of `from`; it sees only what `with` names", json!({ "type": "string" })),
        ("with", "The inputs of the script, by name", json!({ "type": "object" })),
        ("do", "Steps on the whole value", part("steps")),
        ("where", "Which elements are kept; the condition reads `$item`", part("condition")),
        (
            "each",
            "Steps on each element, or the members of the object made from each element",
            json!({ "anyOf": [part("steps"), map_of(&part("rule"))] }),
        ),
        ("then", "Steps on the whole list, after `each`", part("steps")),
        ("as", "The type of the result", json!({ "type": "string" })),
        ("default", "The value if there is none", json!({})),
        ("otherwise", "The value if `when` does not hold", json!({})),
        (
            "required",
            "Whether the record is invalid without a value; `warn`: the claim is added to the warnings",
            json!({ "enum": [true, false, "warn"] }),
        ),
        ("on_error", "What happens if a step fails", part("on_error")),
        ("keep_empty", "Whether empty text, lists and objects are kept", json!({ "type": "boolean" })),
        (
            "examples",
            "Inputs with their results",
            json!({ "anyOf": [{ "type": "object" }, { "type": "array", "items": example }] }),
        ),
        ("rejects", "Inputs that must fail", list),
    ];
    let mut body = closed("How a value is made: when, from, do, where, each, then, as, default, on_error", &keys, &[]);
    if let Some(members) = body.as_object_mut() {
        let origins: Vec<Json> = ["from", "value", "script"].iter().map(|key| json!({ "required": [key] })).collect();
        members.insert("oneOf".to_owned(), origins.into());
    }
    body
}

fn on_error() -> Json {
    let named = closed("Another name in `warnings`", &[("warn", "The name", scalar())], &["warn"]);
    json!({ "description": "What happens if a step fails", "anyOf": [{ "enum": POLICIES }, named] })
}

/// A step: the name of an op or a chain, or a map with one op.
fn step() -> Json {
    let bare = ops::all().filter(|spec| spec.arguments.iter().all(|argument| !argument.required));
    let mut ways: Vec<Json> = bare.map(|spec| json!({ "const": spec.name, "description": about(spec) })).collect();
    ways.push(
        json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$", "description": "A named chain of steps" }),
    );
    let with: Map<String, Json> = ops::all()
        .filter(|spec| !spec.arguments.is_empty())
        .map(|spec| (spec.name.to_owned(), arguments(spec)))
        .collect();
    ways.push(json!({
        "type": "object", "properties": with, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
    }));
    json!({ "anyOf": ways })
}

fn about(spec: &OpSpec) -> String {
    if spec.details.is_empty() { spec.summary.to_owned() } else { format!("{}\n\n{}", spec.summary, spec.details) }
}

/// The schema of a step's arguments.
fn arguments(spec: &OpSpec) -> Json {
    let keys: Vec<_> =
        spec.arguments.iter().map(|argument| (argument.name, argument.about, argument_kind(argument))).collect();
    let required: Vec<&str> =
        spec.arguments.iter().filter(|argument| argument.required).map(|argument| argument.name).collect();
    let mut ways = Vec::new();
    if let Some(main) = spec.arguments.iter().find(|argument| argument.main) {
        ways.push(described(main.about, &argument_kind(main)));
    }
    if required.is_empty() {
        ways.push(json!({ "type": "null" }));
    }
    ways.push(closed(spec.summary, &keys, &required));
    json!({ "description": about(spec), "anyOf": ways })
}

fn argument_kind(argument: &ArgumentSpec) -> Json {
    let constant = constant_kind(argument.kind);
    let is_text = matches!(argument.kind, ArgumentKind::Text | ArgumentKind::Texts);
    if late::may_be_read(argument) && !is_text { json!({ "anyOf": [constant, reference()] }) } else { constant }
}

fn constant_kind(kind: ArgumentKind) -> Json {
    match kind {
        ArgumentKind::Text | ArgumentKind::Regex | ArgumentKind::Lookup | ArgumentKind::Path => scalar(),
        ArgumentKind::Texts => one_or_more(&scalar()),
        ArgumentKind::Integer => json!({ "type": "integer" }),
        ArgumentKind::Boolean => json!({ "type": "boolean" }),
        ArgumentKind::Choice(words) => {
            json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": r"^\$params\." }] })
        }
        ArgumentKind::Operand | ArgumentKind::Operands => json!({}),
        ArgumentKind::Condition => part("condition"),
        ArgumentKind::Steps => part("steps"),
        ArgumentKind::Fields => json!({ "type": "object" }),
    }
}

fn condition() -> Json {
    let several = json!({ "type": "array", "items": part("condition"), "minItems": 1 });
    json!({
        "description": "A map of references to tests; all entries must hold",
        "type": "object",
        "minProperties": 1,
        "properties": { "any": several, "all": several, "not": part("condition") },
        "patternProperties": { r"^\$": part("test") },
        "additionalProperties": false,
    })
}

/// A test of a value: equal, one of, present, missing, or a predicate.
fn condition_test() -> Json {
    let predicates = ops::all().filter(|spec| spec.output == Output::Is(Kinds::BOOLEAN));
    let mut tests: Map<String, Json> = predicates
        .map(|spec| {
            let schema = if spec.arguments.is_empty() { json!({ "type": "null" }) } else { arguments(spec) };
            (spec.name.to_owned(), described(spec.summary, &schema))
        })
        .collect();
    for word in ["present", "missing"] {
        tests.insert(word.to_owned(), json!({ "type": "null" }));
    }
    tests.insert("not".to_owned(), described("The test must not pass", &part("test")));
    json!({ "anyOf": [
        { "type": ["string", "number", "boolean", "null"], "description": "Equal; or `present`, `missing`, `blank`, or a predicate without arguments" },
        { "type": "array", "description": "One of these" },
        { "type": "object", "properties": tests, "additionalProperties": false, "minProperties": 1 },
    ] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{KEYS, body};

    const WHOLE: &str = include_str!("whole_file.yaml");

    fn problems(yaml: &str) -> Vec<String> {
        let validator = jsonschema::draft7::new(&schema()).unwrap();
        let document: Json = serde_yaml::from_str(yaml).unwrap();
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[test]
    fn a_complete_rule_file_is_valid() {
        assert_eq!(problems(WHOLE), Vec::<String>::new());
    }

    #[test]
    fn every_key_of_the_language_is_in_the_schema() {
        let schema = schema();
        let keys = |place: &str| schema.pointer(place).unwrap().as_object().unwrap().len();
        assert_eq!(keys("/properties"), KEYS.len());
        assert!(KEYS.iter().all(|key| schema["properties"].get(*key).is_some()));
        assert_eq!(keys("/definitions/body/properties"), body::KEYS.len());
        assert!(body::KEYS.iter().all(|key| schema["definitions"]["body"]["properties"].get(*key).is_some()));
    }

    #[test]
    fn mistakes_are_invalid() {
        let mistakes = [
            ("identify:", "identifi:"),
            ("required: true", "requird: true"),
            ("pivot: { key: meta_key", "pivot: { kye: meta_key"),
            ("phone: { region", "phon: { region"),
            ("on_error: warn", "on_error: shrug"),
            ("when: { $.user_status", "when: { user_status"),
            ("script: |", "from: $.x\n    script: |"),
            ("scheme: wordpress", "scheme: wordpress\n  salty: $.x"),
            ("landfall: 1 ", "landfall: 2 "),
        ];
        for (right, wrong) in mistakes {
            assert!(WHOLE.contains(right), "{right}");
            assert!(!problems(&WHOLE.replacen(right, wrong, 1)).is_empty(), "{wrong}");
        }
    }
}
