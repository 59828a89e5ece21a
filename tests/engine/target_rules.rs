//! The rules for targets: complete for every product, and true for every profile. Their own tests (`rules/targets/*.test.yaml`)
//! run with all others in `rule_tests.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use landfall::diag::render::plain;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{Loaded, Loader, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;
use landfall::model::json::to_json;
use serde_json::{Value, json};

/// Every product, and the parameters with which it takes every profile.
fn products() -> [(&'static str, Value); 13] {
    [
        ("auth0", json!({ "username": true, "phone": "identifier" })),
        ("clerk", json!({})),
        ("cognito", json!({ "disabled": "create" })),
        ("firebase", json!({})),
        ("fusionauth", json!({ "disabled": "expire" })),
        ("keycloak", json!({})),
        ("kratos", json!({ "traits": ["email", "username", "phone", "name"] })),
        ("logto", json!({ "disabled": "create" })),
        (
            "okta",
            json!({ "disabled": "create", "unverified_email": "send", "email_verified_attribute": "mailVerified" }),
        ),
        ("scim", json!({})),
        ("strivacity", json!({ "disabled": "create" })),
        ("workos", json!({ "disabled": "create" })),
        ("zitadel", json!({ "disabled": "create" })),
    ]
}

const EXTERNAL_ID: &str = "7c1f0a9e3b5d4826a0c2e4f68b1d3f57";

/// What came of a profile.
#[derive(Debug)]
enum Made {
    Body(Value),
    Denied(String),
    Invalid(Vec<String>),
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

struct Beside(PathBuf);

impl Loader for Beside {
    fn load(&self, asker: &str, name: &str) -> Result<Loaded, String> {
        // the program contains the rules of targets, so that they refer to nothing but their schema
        let own = asker.replace(".yaml", ".schema.json");
        assert!(!self.0.ends_with("targets") || name == own, "{asker} refers to {name}");
        let text = fs::read_to_string(self.0.join(name)).map_err(|error| error.to_string())?;
        Ok(Loaded { name: name.to_owned(), text })
    }
}

fn plan(folder: &Path, name: &str) -> Plan {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add(name, fs::read_to_string(folder.join(name)).expect(name));
    let plan = compile(&mut files, file, &Beside(folder.to_owned()), &mut findings);
    let findings = findings.sorted();
    assert!(findings.is_empty(), "{}", plain(&files, &findings));
    plan.expect(name)
}

fn run(plan: &Plan, params: &Value, profile: &Value) -> Made {
    let settings = Settings {
        params: params.as_object().expect("parameters").clone().into_iter().collect(),
        ..Settings::default()
    };
    let (arena, text) = (Bump::new(), profile.to_string());
    match plan.run(&text, &settings, &arena, &mut Silent).outcomes.as_slice() {
        [Outcome::Account(made)] => Made::Body(to_json(made.account.value())),
        [Outcome::Denied(reason)] => Made::Denied((*reason).to_string()),
        [Outcome::Invalid(reasons)] => Made::Invalid(reasons.iter().map(|reason| reason.rule.clone()).collect()),
        outcomes => panic!("{} outcomes", outcomes.len()),
    }
}

fn body(product: &str, params: &Value, profile: &Value) -> Value {
    match run(&plan(&folder().join("targets"), &format!("{product}.yaml")), params, profile) {
        Made::Body(body) => body,
        other => panic!("{product}: {other:?}"),
    }
}

fn profile() -> Value {
    json!({
        "external_id": "C-1", "username": "ines_valdez", "email": { "value": "ines@example.org", "verified": true },
        "phone": { "value": "+442079460188", "verified": true }, "name": { "given": "Inés", "family": "Valdez" },
        "status": "active",
        "landfall": { "external_id": EXTERNAL_ID, "source": "shop", "legacy_id": "C-1", "logins": ["ines_valdez"],
            "must_change_password": false, "has_password": true },
    })
}

/// Every member inside, with its name.
fn members<'v>(value: &'v Value, found: &mut Vec<(&'v str, &'v Value)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| members(item, found)),
        Value::Object(map) => map.iter().for_each(|(name, member)| {
            found.push((name, member));
            members(member, found);
        }),
        _ => {}
    }
}

#[test]
fn every_product_has_rules_a_schema_and_tests() {
    let mut expected = BTreeSet::new();
    for (product, _) in products() {
        expected.extend([format!("{product}.yaml"), format!("{product}.test.yaml")]);
        if product != "scim" {
            expected.insert(format!("{product}.schema.json"));
        }
    }
    // to be copied; its schema is the standard one, and the product is tested with the presets
    expected.insert("rest.yaml".to_owned());
    let folder = folder().join("targets");
    let found: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, expected);
    for (product, _) in products().iter().filter(|(product, _)| *product != "scim") {
        let text = fs::read_to_string(folder.join(format!("{product}.schema.json"))).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{product}");
    }
}

#[test]
fn rules_and_tests_are_formatted() {
    for entry in fs::read_dir(folder().join("targets")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = fs::read_to_string(&path).unwrap();
            let formatted = landfall::rules::format(&text).unwrap_or_else(|_| panic!("{}", path.display()));
            assert_eq!(formatted, text, "{}", path.display());
        }
    }
}

#[test]
fn every_body_has_landfall_s_id_and_no_password() {
    let dashed = "7c1f0a9e-3b5d-4826-a0c2-e4f68b1d3f57";
    for (product, params) in products() {
        let body = body(product, &params, &profile());
        let text = body.to_string();
        assert!(text.contains(EXTERNAL_ID) || text.contains(dashed), "{product}: {text}");
        let mut found = Vec::new();
        members(&body, &mut found);
        let secret = |name: &str| matches!(name.to_lowercase().as_str(), "password" | "passwordhash" | "password_hash");
        assert!(!found.iter().any(|(name, _)| secret(name)), "{product}: {text}");
    }
}

#[test]
fn no_body_calls_an_address_verified_that_is_not() {
    for state in [json!({ "verified": false }), json!({})] {
        let mut unverified = profile();
        for (claim, value) in [("email", "ines@example.org"), ("phone", "+442079460188")] {
            unverified[claim] = state.clone();
            unverified[claim]["value"] = json!(value);
        }
        for (product, params) in products() {
            let body = body(product, &params, &unverified);
            let mut found = Vec::new();
            members(&body, &mut found);
            let speaks = |name: &str| name.to_lowercase().contains("verif");
            let claimed = found.iter().find(|(name, value)| {
                speaks(name) && (*value == &json!(true) || *value == &json!("true") || *value == &json!(["true"]))
            });
            assert_eq!(claimed, None, "{product}");
            // attributes as rows, and words for the state
            let text = body.to_string();
            for claim in [r#"_verified","Value":"true""#, r#":["verified"]"#, r#""completed""#] {
                assert!(!text.contains(claim), "{product}: {text}");
            }
            match product {
                "firebase" => assert_eq!(body.get("phoneNumber"), None),
                "logto" => assert_eq!((body.get("primaryEmail"), body.get("primaryPhone")), (None, None)),
                "scim" => {}
                _ => assert!(speaks(&text) || text.contains("reserved"), "{product}: {text}"),
            }
        }
    }
}

#[test]
fn nobody_is_enabled_who_was_disabled() {
    for status in ["disabled", "locked"] {
        let mut profile = profile();
        profile["status"] = json!(status);
        for (product, _) in products() {
            let params = if product == "okta" { json!({ "unverified_email": "send" }) } else { json!({}) };
            let made = run(&plan(&folder().join("targets"), &format!("{product}.yaml")), &params, &profile);
            let body = match made {
                Made::Denied(reason) => {
                    assert_eq!(reason, "disabled", "{product}");
                    continue;
                }
                Made::Body(body) => body,
                Made::Invalid(reasons) => panic!("{product}: {reasons:?}"),
            };
            let off = [
                ("active", json!(false)),
                ("enabled", json!(false)),
                ("blocked", json!(true)),
                ("disabled", json!(true)),
                ("banned", json!(true)),
                ("locked", json!(true)),
                ("state", json!("inactive")),
            ];
            assert!(off.iter().any(|(name, value)| body.get(name) == Some(value)), "{product}: {body}");
        }
    }
}

#[test]
fn the_accounts_of_all_rules_become_bodies_of_all_products() {
    let mut profiles = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".yaml") || name.ends_with(".test.yaml") {
            continue;
        }
        let record = folder().join("records").join(name.replace(".yaml", ".json"));
        let record: Value = serde_json::from_str(&fs::read_to_string(record).unwrap()).unwrap();
        if let Made::Body(account) = run(&plan(&folder(), name), &json!({}), &record) {
            profiles.push((name.to_owned(), account));
        }
    }
    assert!(profiles.len() >= 15, "{} profiles", profiles.len());
    for (product, params) in products() {
        let plan = plan(&folder().join("targets"), &format!("{product}.yaml"));
        for (rules, profile) in &profiles {
            match run(&plan, &params, profile) {
                Made::Body(_) => {}
                Made::Invalid(reasons) if reasons == ["no_login"] => {}
                other => panic!("{rules} for {product}: {other:?}"),
            }
        }
    }
}
