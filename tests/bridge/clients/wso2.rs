//! The login script of WSO2: starts the verification, polls as the browser does, and fetches the verdict.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, json_body, send};

pub struct Wso2;

/// How often the waiting page asks before it gives up.
const POLLS: usize = 5;

impl Client for Wso2 {
    fn kind(&self) -> &'static str {
        "wso2"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let body = json!({ "id": "b6c7", "username": identifier, "password": password });
            let started = send(json_body(http.post(format!("{bridge}/start-authentication")), &body), true).await;
            if started.status != 200 {
                return started.seen(Decision::Unavailable);
            }
            let started: Value = serde_json::from_str(&started.body).expect("JSON");
            assert_eq!(started["message"], "Received");
            let id = started["contextId"].as_str().expect("a context id");
            let status = format!("{bridge}/authentication-status");
            let mut is_complete = false;
            for _ in 0..POLLS {
                // the browser has no token, and puts the id into the address as it is
                let polled = send(http.get(format!("{status}?contextId={id}")), false).await;
                let polled: Value = serde_json::from_str(&polled.body).expect("JSON");
                is_complete = polled["status"] == "COMPLETE";
                if is_complete {
                    break;
                }
            }
            assert!(is_complete, "the waiting page gave up");
            let body = json!({ "contextId": id, "username": identifier });
            let fetched = send(json_body(http.post(&status), &body), true).await;
            let verdict: Value = serde_json::from_str(&fetched.body).expect("JSON");
            fetched.seen(match (verdict["status"].as_str(), verdict["message"].as_str()) {
                (Some("SUCCESS"), _) => Decision::SignedIn { must_change: false },
                (Some("FAIL"), Some("Invalid credentials")) => Decision::Refused,
                _ => Decision::Unavailable,
            })
        })
    }
}
