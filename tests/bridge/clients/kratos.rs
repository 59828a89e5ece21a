//! Ory Kratos 1.3: a POST for the verdict, and up to two more after a failure. Only one body of a 200 is a right password, and
//! of what else there is only 403 is a wrong one.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, json_body, send};

/// How many times it asks.
const ATTEMPTS: usize = 3;

/// How much of an answer it reads.
const READ: usize = 1024;

pub struct Kratos;

impl Client for Kratos {
    fn kind(&self) -> &'static str {
        "kratos"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let ask = || async {
                let asked = json_body(http.post(bridge), &json!({ "identifier": identifier, "password": password }));
                send(asked.header("ory-webhook-request-id", "e0b1"), true).await
            };
            let mut verdict = ask().await;
            for _ in 1..ATTEMPTS {
                let is_repeated = verdict.status == 429 || (verdict.status >= 500 && verdict.status != 501);
                if !is_repeated {
                    break;
                }
                verdict = ask().await;
            }
            verdict.seen(match verdict.status {
                200 => {
                    let body = verdict.body.get(..READ).unwrap_or(&verdict.body);
                    match serde_json::from_str::<Value>(body) {
                        Ok(body) if body["status"] == "password_match" => Decision::SignedIn { must_change: false },
                        _ => Decision::Refused,
                    }
                }
                403 => Decision::Refused,
                _ => Decision::Unavailable,
            })
        })
    }
}
