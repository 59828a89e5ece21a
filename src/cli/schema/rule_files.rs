//! The JSON Schema of rule files, made from the keys of the language, the step table and the standard schema.

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

/// The keys of a rule file, each with what it is for and what may stand there.
fn sections() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("landfall", "The version of the rule language", json!({ "const": 1 })),
        ("name", "The name of the rules; events and traces show it", scalar()),
        ("about", "What the rules are for", scalar()),
        ("use", "Files whose lookups and steps are shared", json!({ "type": "array", "items": { "type": "string" } })),
        ("schema", "The schema of the account: `standard`, `scim`, or a JSON Schema file", json!({ "type": "string" })),
        ("params", "Values set per deployment, read as `$params.NAME`", json!({ "type": "object" })),
        ("defaults", "What holds for every claim that does not say otherwise", defaults()),
        ("lookups", "Tables: legacy words to target words", map_of(&lookup())),
        ("steps", "Named chains of steps", map_of(&part("steps"))),
        ("identify", "Who the record is", identify()),
        ("admit", "Who may not migrate; the first that applies wins", json!({ "type": "array", "items": admit() })),
        ("let", "Working values, read as `$NAME`", map_of(&part("rule"))),
        ("accounts", "One record that yields several accounts", accounts()),
        ("account", "The claims of the account", account()),
        ("credential", "The stored password", credential()),
        ("ignore", "Fields left behind on purpose", json!({ "type": "array", "items": reference() })),
        ("checks", "What must hold between claims", json!({ "type": "array", "items": check() })),
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
    closed("What holds for every claim that does not say otherwise", &keys, &[])
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
    closed("Who the record is", &keys, &["id"])
}

fn admit() -> Json {
    let keys = [("deny", "The reason's key", reason()), ("when", "When it applies", part("condition"))];
    closed("A denial", &keys, &["deny", "when"])
}

fn check() -> Json {
    let keys = [
        ("that", "When the check applies; always, when left out", part("condition")),
        ("needs", "What must hold then", part("condition")),
        ("because", "The reason's key", reason()),
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
        ("name", "The variable that holds the element", json!({ "type": "string" })),
        ("do", "Steps of the whole value", part("steps")),
        ("where", "Which elements stay; they are `$item`", part("condition")),
        ("on_error", "What happens when a step fails", part("on_error")),
        ("let", "Working values of each account", json!({ "type": "object", "additionalProperties": part("rule") })),
        (
            "all_or_none",
            "Whether an invalid account makes the others of its record invalid",
            json!({ "type": "boolean" }),
        ),
    ];
    closed("One record that yields several accounts", &keys, &["from", "name"])
}

/// The claims. Those of the standard schema are offered by name; other targets have others.
fn account() -> Json {
    let mut claims = Map::new();
    if let Some(schema) = Schema::builtin("standard") {
        for name in schema.claim_names() {
            let about = schema.claim(&name).map_or("", |claim| claim.shape.about.as_str());
            claims.insert(name, described(about, &part("rule")));
        }
    }
    // with another target they may be claims
    let start = [
        ("from", "The object that the account begins with; the claims are put over it", from()),
        ("do", "Steps of that object", part("steps")),
        ("where", "Which of its members stay; they are `$item`, their names `$key`", part("condition")),
        ("on_error", "What happens when a step fails, or the schema does not admit a member", part("on_error")),
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
        ("when", "When there is one at all", part("condition")),
        ("from", "Where the stored text is", from()),
        ("do", "Steps of the stored text", part("steps")),
        ("on_error", "What happens when a part fails, or the whole cannot be used", part("on_error")),
        ("check", "Whether what is stored is checked against its scheme", json!({ "type": "boolean" })),
        ("scheme", "A scheme, a list told apart by prefix, or a rule that reads it from the record", scheme),
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
        &[("input", "What comes in", json!({})), ("gives", "What comes out", json!({}))],
        &["input", "gives"],
    );
    let keys = [
        ("about", "What the rule is for", scalar()),
        ("when", "When the value is made at all", part("condition")),
        ("from", "Where it comes from; of several the first present one", from()),
        ("value", "A fixed value or a template, instead of `from`", json!({})),
        ("script", "A script, instead of `from`; it sees what `with` names", json!({ "type": "string" })),
        ("with", "The inputs of the script, by name", json!({ "type": "object" })),
        ("do", "Steps of the whole value", part("steps")),
        ("where", "Which elements stay; they are `$item`", part("condition")),
        (
            "each",
            "Steps of each element, or the claims of the object made of each",
            json!({ "anyOf": [part("steps"), map_of(&part("rule"))] }),
        ),
        ("then", "Steps of the whole list, after `each`", part("steps")),
        ("as", "The type it ends in", json!({ "type": "string" })),
        ("default", "The value when there is none", json!({})),
        ("otherwise", "The value when `when` does not hold", json!({})),
        (
            "required",
            "Whether the record is invalid without it, or the claim is missed with a warning",
            json!({ "enum": [true, false, "warn"] }),
        ),
        ("on_error", "What happens when a step fails", part("on_error")),
        ("keep_empty", "Whether empty text, lists and objects stay", json!({ "type": "boolean" })),
        (
            "examples",
            "Inputs and what they give",
            json!({ "anyOf": [{ "type": "object" }, { "type": "array", "items": example }] }),
        ),
        ("rejects", "Inputs that must end in `on_error`", list),
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
    json!({ "description": "What happens when a step fails", "anyOf": [{ "enum": POLICIES }, named] })
}

/// A step: a bare word, a named chain, or a map with one op.
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

/// What may stand behind a step's name.
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
        "description": "A map whose entries all hold",
        "type": "object",
        "minProperties": 1,
        "properties": { "any": several, "all": several, "not": part("condition") },
        "patternProperties": { r"^\$": part("test") },
        "additionalProperties": false,
    })
}

/// What is asked of a value: equal, one of, present, missing, or a predicate.
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
    fn the_language_page_fits() {
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
    fn mistakes_do_not_fit() {
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
