//! The hook PRE_PASSWORD of Strivacity, as the generated script asks.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, OWN_STORE, json_body, send};

pub struct Strivacity;

impl Client for Strivacity {
    fn kind(&self) -> &'static str {
        "strivacity"
    }

    fn target(&self) -> String {
        OWN_STORE.to_owned()
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let body = json!({ "identifier": identifier, "password": password });
            let answer = send(json_body(http.post(format!("{bridge}/password")), &body), true).await;
            let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            match (answer.status, said["outcome"].as_str()) {
                (200, Some("accepted")) => {
                    answer.seen(Decision::SignedIn { must_change: said["mustChangePassword"] == json!(true) })
                }
                (200, Some("refused")) => answer.seen(Decision::Refused),
                _ => answer.seen(Decision::Unavailable),
            }
        })
    }
}
