//! The user-migration plugin of Keycloak: a GET for the profile, which must have the name that was asked for, and a POST for
//! the verdict.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, json_body, segment, send};

pub struct Keycloak;

impl Client for Keycloak {
    fn kind(&self) -> &'static str {
        "keycloak"
    }

    fn asks_twice(&self) -> bool {
        true
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let url = format!("{bridge}/{}", segment(identifier));
            let profile = send(http.get(&url), true).await;
            if profile.status != 200 {
                return profile.seen(Decision::Refused);
            }
            let user: Value = serde_json::from_str(&profile.body).expect("JSON");
            let is_same = |name: &str| user[name].as_str().is_some_and(|have| have.eq_ignore_ascii_case(identifier));
            if user["enabled"] != json!(true) || !(is_same("username") || is_same("email")) {
                return profile.seen(Decision::Refused);
            }
            let verdict = send(json_body(http.post(&url), &json!({ "password": password })), true).await;
            let actions = user["requiredActions"].as_array().map(Vec::as_slice).unwrap_or_default();
            verdict.seen(match verdict.status {
                200 => Decision::SignedIn { must_change: actions.iter().any(|action| action == "UPDATE_PASSWORD") },
                _ => Decision::Refused,
            })
        })
    }
}
