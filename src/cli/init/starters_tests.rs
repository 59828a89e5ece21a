//! How much of real exports the starters understand, measured against the ready rules.
//!
//! A claim counts for a file if the ready rules make it in at least one of its records. It counts as made if the starter
//! makes it, with the same value, in more than half of the records in which the ready rules do. Members of objects are
//! claims of their own (`email.value`, `custom.title`); lists are equal if they have the same elements in any order. Records
//! that the ready rules deny or find invalid do not count. Where there are no ready rules, the reference is a rule file
//! that was written by hand, beside the export.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use super::*;
use crate::cli::input::Input;
use crate::ready_rules;

/// The accounts that a plan makes of records, as claims with their values.
fn accounts(plan: &Plan, records: &[String]) -> Vec<Option<BTreeMap<String, Json>>> {
    let params = plan.params.iter().filter(|param| param.default.is_none());
    let params = params.map(|param| (param.name.clone(), Json::from("8888888888888888"))).collect();
    let settings = Settings { params, ..Settings::default() };
    let mut all = Vec::new();
    for record in records {
        let arena = Bump::new();
        let run = plan.run(record, &settings, &arena, &mut Silent);
        all.push(match run.outcomes.as_slice() {
            [Outcome::Account(made)] => {
                let mut text = Vec::new();
                made.write_json(&mut text);
                let mut claims = BTreeMap::new();
                leaves("", &serde_json::from_slice(&text).unwrap(), &mut claims);
                Some(claims)
            }
            _ => None,
        });
    }
    all
}

/// The claims below a place.
fn leaves(place: &str, value: &Json, claims: &mut BTreeMap<String, Json>) {
    match value {
        Json::Object(members) if place.matches('.').count() < 1 || !place.starts_with("custom.") => {
            for (name, value) in members {
                let below = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                leaves(&below, value, claims);
            }
        }
        Json::Array(items) => {
            let mut items = items.clone();
            items.sort_by_key(Json::to_string);
            claims.insert(place.to_owned(), items.into());
        }
        other => {
            claims.insert(place.to_owned(), other.clone());
        }
    }
}

/// Compares the starter for an export with a plan: the claims that it makes, and those that it misses.
fn compare(file: &str, at: Option<&str>, reference: &Plan) -> (Vec<String>, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/starters").join(file);
    let at = at.map(|at| at.parse().unwrap());
    let records = Input::whole_file(path, None, ReadOptions::default(), at).first(MAX_RECORDS).unwrap();
    let text = starter("starter", &records);
    let plan = checked("starter", &text).unwrap();
    let (wanted, found) = (accounts(reference, &records), accounts(&plan, &records));
    let mut counts = BTreeMap::<String, (usize, usize)>::new();
    for (wanted, found) in wanted.iter().zip(&found) {
        for (claim, value) in wanted.iter().flatten() {
            let (all, same) = counts.entry(claim.clone()).or_default();
            *all += 1;
            *same += usize::from(found.as_ref().is_some_and(|found| found.get(claim) == Some(value)));
        }
    }
    let (made, missed): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(_, (all, same))| same * 2 > *all);
    let names = |list: Vec<(String, _)>| list.into_iter().map(|(name, _)| name).collect::<Vec<String>>();
    let (made, missed) = (names(made), names(missed));
    println!("{file}: {}/{}, missed: {missed:?}\n{text}", made.len(), made.len() + missed.len());
    assert!(!made.is_empty());
    (made, missed)
}

/// Fails unless the starter makes three quarters of the claims of the reference.
fn measure(file: &str, at: Option<&str>, reference: &Plan) {
    let (made, missed) = compare(file, at, reference);
    let all = made.len() + missed.len();
    assert!(made.len() * 4 >= all * 3, "{file}: {}/{all}, missed: {}", made.len(), missed.join(", "));
}

fn ready(name: &str) -> Plan {
    ready_rules::find(name).unwrap().plan().unwrap()
}

/// Rules written by hand.
fn by_hand(name: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/starters").join(name);
    let compiled = crate::config::compiled(&path).unwrap();
    compiled.plan.unwrap_or_else(|| panic!("{}", crate::diag::render::plain(&compiled.files, &compiled.findings)))
}

#[test]
fn starters_of_akamai() {
    measure("akamai.json", Some("$.results"), &ready("akamai"));
}

#[test]
fn starters_of_auth0() {
    measure("auth0.ndjson", None, &ready("auth0"));
}

#[test]
fn starters_of_cognito() {
    measure("cognito.json", Some("$.Users"), &ready("cognito"));
}

#[test]
fn starters_of_django() {
    measure("django.json", None, &ready("django"));
}

#[test]
fn starters_of_firebase() {
    measure("firebase.json", None, &ready("firebase"));
}

#[test]
fn starters_of_keycloak() {
    measure("keycloak-zitadel.json", Some("$.users"), &ready("keycloak"));
    measure("keycloak-testrealm.json", Some("$.users"), &ready("keycloak"));
}

#[test]
fn starters_of_ldap() {
    measure("ldap.ldif", None, &ready("ldap"));
}

#[test]
fn starters_of_okta() {
    measure("okta.json", None, &ready("okta"));
}

#[test]
fn starters_of_parse() {
    measure("parse.json", None, &ready("parse"));
}

#[test]
fn starters_of_scim() {
    measure("scim.json", None, &ready("scim"));
}

#[test]
fn starters_of_wordpress() {
    measure("wordpress.json", None, &ready("wordpress"));
}

#[test]
fn starters_of_rails() {
    for file in ["devise.json", "rails.json", "omniauth.json"] {
        measure(file, None, &by_hand("devise.reference.yaml"));
    }
}

#[test]
fn starters_of_salesforce() {
    for file in ["salesforce-brokers.json", "salesforce-contacts.json"] {
        measure(file, None, &by_hand("salesforce.reference.yaml"));
    }
}
