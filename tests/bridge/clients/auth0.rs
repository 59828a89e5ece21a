//! Auth0, by the answers on which its scripts decide: only the outcome in the body counts.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, json_body, send};

pub struct Auth0;

impl Client for Auth0 {
    fn kind(&self) -> &'static str {
        "auth0"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let login = json!({ "operation": "login", "identifier": identifier, "password": password });
            let answer = send(json_body(http.post(bridge), &login), true).await;
            let body: Value = serde_json::from_str(&answer.body).expect("JSON");
            answer.seen(match body["outcome"].as_str() {
                Some("accepted") => {
                    let profile = &body["profile"];
                    assert!(profile["user_id"].is_string() && profile["email_verified"].is_boolean(), "{profile}");
                    Decision::SignedIn { must_change: profile["app_metadata"]["must_change_password"] == json!(true) }
                }
                Some("refused") => Decision::Refused,
                _ => Decision::Unavailable,
            })
        })
    }
}
