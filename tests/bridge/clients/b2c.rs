//! A custom policy of Azure AD B2C: just-in-time, where it goes on with its own accounts if there is no claim, or seamless. It
//! shows the message of a 409, and no other.

use serde_json::{Value, json};

use super::{Answer, Asked, Client, Decision, json_body, send};

pub struct B2c {
    /// Whether the accounts exist, without passwords.
    pub seamless: bool,
}

impl Client for B2c {
    fn kind(&self) -> &'static str {
        "b2c"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let (path, claims) = if self.seamless {
                ("identity", json!({ "email": identifier, "password": password }))
            } else {
                ("migrate", json!({ "signInName": identifier, "password": password, "useInputPassword": false }))
            };
            let answer = send(json_body(http.post(format!("{bridge}/{path}")), &claims), true).await;
            let claims: Value = serde_json::from_str(&answer.body).expect("JSON");
            answer.seen(decided(&answer, &claims, self.seamless))
        })
    }
}

fn decided(answer: &Answer, claims: &Value, seamless: bool) -> Decision {
    let is_flat = claims.as_object().is_some_and(|claims| claims.values().all(|claim| !claim.is_object()));
    assert!(is_flat, "claims are flat: {claims}");
    let is_ours =
        if seamless { claims["tokenSuccess"] == json!(true) } else { claims["needToMigrate"] == json!("local") };
    match answer.status {
        200 if is_ours && seamless => {
            assert_eq!(claims["migrationRequired"], json!(false));
            Decision::SignedIn { must_change: claims["mustChangePassword"] == json!(true) }
        }
        200 if is_ours => {
            // the account is created from these
            assert!(claims["displayName"].is_string() && claims["emailVerified"].is_boolean(), "{claims}");
            assert!(claims.get("password").is_none() && claims.get("newPassword").is_none());
            Decision::SignedIn { must_change: claims["mustChangePassword"] == json!(true) }
        }
        // the policy goes on with its own accounts, and has none
        200 => {
            assert!(!seamless, "only another status stops the policy");
            Decision::Refused
        }
        409 if claims["code"] == json!("wrong_credentials") && claims["userMessage"].is_string() => Decision::Refused,
        _ => Decision::Unavailable,
    }
}
