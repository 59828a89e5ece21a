//! Okta: a POST for the verdict within three seconds, and one more after 5xx.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Asked, Client, Decision, json_body, send};

/// How long it waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// The largest answer.
const MAX_BYTES: usize = 256 * 1024;

pub struct Okta;

impl Client for Okta {
    fn kind(&self) -> &'static str {
        "okta"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let event = json!({
                "eventId": "3o9jBzq1SmOGmmsDsqyyeQ",
                "eventTime": "2026-03-09T11:05:42.000Z",
                "eventType": "com.okta.user.credential.password.import",
                "eventTypeVersion": "1.0",
                "contentType": "application/json",
                "cloudEventVersion": "0.1",
                "source": "https://shop.okta.com/api/v1/inlineHooks/cal7eyxOsnb20oWbZ0g4",
                "data": {
                    "context": {
                        "request": { "id": "XdKVP9CnQ1", "method": "POST", "url": { "value": "/api/v1/authn" } },
                        "credential": { "username": identifier, "password": password },
                    },
                    "action": { "credential": "UNVERIFIED" },
                },
            });
            let ask = || async {
                tokio::time::timeout(PATIENCE, send(json_body(http.post(bridge), &event), true)).await.ok()
            };
            let mut verdict = ask().await;
            if verdict.as_ref().is_none_or(|verdict| verdict.status >= 500) {
                verdict = ask().await;
            }
            let verdict = verdict.expect("an answer in time");
            verdict.seen(match verdict.status {
                204 => Decision::Refused,
                200 if verdict.body.len() < MAX_BYTES => {
                    let body: Value = serde_json::from_str(&verdict.body).expect("JSON");
                    let command = &body["commands"][0];
                    match (command["type"].as_str(), command["value"]["credential"].as_str()) {
                        (Some("com.okta.action.update"), Some("VERIFIED")) => Decision::SignedIn { must_change: false },
                        (Some("com.okta.action.update"), Some("UNVERIFIED")) => Decision::Refused,
                        other => panic!("Okta knows no {other:?}"),
                    }
                }
                _ => Decision::Unavailable,
            })
        })
    }
}
