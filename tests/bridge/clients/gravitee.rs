//! The HTTP identity provider of Gravitee: one call, whose status counts only through the error conditions that the page of
//! the product names, and whose body is a user if it is an object with `sub`.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, OWN_STORE, json_body, send};

pub struct Gravitee;

impl Client for Gravitee {
    fn kind(&self) -> &'static str {
        "gravitee"
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
            let body = json!({ "username": identifier, "password": password });
            let answer = send(json_body(http.post(bridge), &body), true).await;
            if answer.status == 401 {
                return answer.seen(Decision::Refused);
            }
            let Ok(Value::Object(user)) = serde_json::from_str::<Value>(&answer.body) else {
                return answer.seen(Decision::Unavailable);
            };
            match user.get("sub").and_then(Value::as_str) {
                Some(_) => {
                    assert!(user["email_verified"].is_boolean());
                    answer.seen(Decision::SignedIn { must_change: user["password_change_required"] == json!(true) })
                }
                None => answer.seen(Decision::Unavailable),
            }
        })
    }
}
