//! The JSON Schema of test files.

use serde_json::{Value as Json, json};

use super::parts::{closed, described, one_or_more, part, reason, scalar};

/// The schema of a test file: a map with `tests`, or simply the list of tests.
pub(super) fn schema() -> Json {
    let keys = [
        ("landfall", "The version of the rule language", json!({ "const": 1 })),
        ("rules", "The rule file, relative to this file", json!({ "type": "string" })),
        ("params", "Parameters of all tests", json!({ "type": "object" })),
        ("tests", "The tests", part("tests")),
    ];
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Landfall test file",
        "anyOf": [closed("A test file of Landfall", &keys, &["tests"]), part("tests")],
        "definitions": { "tests": tests(), "test_case": test_case() },
    })
}

/// A list of tests.
pub(super) fn tests() -> Json {
    json!({ "type": "array", "items": part("test_case"), "minItems": 1 })
}

/// One test.
pub(super) fn test_case() -> Json {
    let wants = closed("What is expected of one of several accounts", &wants(), &[]);
    let mut keys = vec![
        ("name", "The name of the test", scalar()),
        (
            "record",
            "The record, or a file of records; `*` in the last part of the path stands for any text",
            json!({ "type": ["object", "string"] }),
        ),
        ("records", "Path of the list of records in the document, such as `$.users`", json!({ "type": "string" })),
        ("with", "Fields to set: a map of paths to values", json!({ "type": "object" })),
        ("without", "Paths of fields to remove from the record", one_or_more(&json!({ "type": "string" }))),
        ("params", "Parameters of this test", json!({ "type": "object" })),
        ("facts", "What the caller knows besides the record", facts()),
        (
            "accounts",
            "What is expected of each account, if the record yields several",
            json!({ "type": "array", "items": wants, "minItems": 1 }),
        ),
        ("snapshot", "A file, or a folder ending in `/`, that contains the whole outcome", json!({ "type": "string" })),
    ];
    keys.extend(self::wants());
    closed("A test", &keys, &["name", "record"])
}

fn facts() -> Json {
    let keys = [
        ("now", "The time, RFC 3339", scalar()),
        ("tenant", "The tenant", scalar()),
        ("identifier", "What the customer typed", scalar()),
        ("added", "What hooks add", json!({ "type": "object" })),
    ];
    closed("What the caller knows besides the record", &keys, &[])
}

/// What a test may expect of an account.
fn wants() -> Vec<(&'static str, &'static str, Json)> {
    let object = json!({ "type": "object" });
    let invalid = closed(
        "Why the record is invalid",
        &[("rule", "The claim, working value or check", scalar()), ("step", "The op that failed", scalar())],
        &["rule"],
    );
    let invalid = json!({ "anyOf": [{ "type": "boolean" }, one_or_more(&json!({ "anyOf": [scalar(), invalid] }))] });
    vec![
        ("expect", "Claims that the account has; `null` means not written", object.clone()),
        ("exactly", "The whole account", object.clone()),
        (
            "credential",
            "Parts of the credential; `null` means no credential",
            json!({ "type": ["object", "null", "string"] }),
        ),
        ("warnings", "The claims that are left out with a warning", json!({ "type": "array", "items": scalar() })),
        ("denied", "The reason for which the customer is denied", reason()),
        ("invalid", "Why the record is invalid", described("Why the record is invalid", &invalid)),
        ("password", "A password that the credential must verify", scalar()),
        ("wrong_password", "A password that the credential must not verify", scalar()),
    ]
}

#[cfg(test)]
mod unit {
    use super::*;

    fn fits(yaml: &str) -> bool {
        let document: Json = serde_yaml::from_str(yaml).unwrap();
        jsonschema::draft7::new(&schema()).unwrap().is_valid(&document)
    }

    #[test]
    fn test_files_fit_and_mistakes_do_not() {
        let test =
            "name: a\n    record: { ID: 1 }\n    expect: { username: ada, email: null }\n    warnings: [ phone.value ]";
        for (yaml, wanted) in [
            (format!("rules: shop.yaml\ntests:\n  - {test}\n"), true),
            (format!("  - {test}\n"), true),
            ("- { name: b, record: 'records/*.json', snapshot: snapshots/ }".to_owned(), true),
            ("- { name: c, record: r.json, invalid: [ { rule: email.value, step: email } ] }".to_owned(), true),
            ("- { name: d, record: r.json, expects: {} }".to_owned(), false),
            ("- { record: r.json }".to_owned(), false),
            ("rules: shop.yaml\ntests: []".to_owned(), false),
            ("- { name: e, record: [ 1 ] }".to_owned(), false),
        ] {
            assert_eq!(fits(&yaml), wanted, "{yaml}");
        }
    }
}
