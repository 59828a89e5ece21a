//! A product that verifies passwords at an old tenant: a token by the password grant, and then the profile.

use serde_json::Value;

use super::{Asked, Client, Decision, OWN_STORE, send};

pub struct Ropc;

const CLIENT: (&str, &str) = ("new-login", "a-secret-of-the-bridge-tests-0123456789");

impl Client for Ropc {
    fn kind(&self) -> &'static str {
        "ropc"
    }

    fn settings(&self) -> String {
        format!("clients: [ {{ id: {}, secret: {} }} ]", CLIENT.0, CLIENT.1)
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
            let form =
                [("grant_type", "password"), ("username", identifier), ("password", password), ("scope", "openid")];
            let form = form.map(|(name, value)| format!("{name}={}", super::segment(value))).join("&");
            let request = http.post(format!("{bridge}/oauth/token")).basic_auth(CLIENT.0, Some(CLIENT.1)).body(form);
            let token = send(request.header("content-type", "application/x-www-form-urlencoded"), false).await;
            let body: Value = serde_json::from_str(&token.body).unwrap_or_default();
            let Some(access) = body["access_token"].as_str().filter(|_| token.status == 200) else {
                let is_refused = token.status == 400 && body["error"] == "invalid_grant";
                return token.seen(if is_refused { Decision::Refused } else { Decision::Unavailable });
            };
            assert_eq!(body["token_type"], "Bearer");
            let profile = send(http.get(format!("{bridge}/userinfo")).bearer_auth(access), false).await;
            let claims: Value = serde_json::from_str(&profile.body).expect("JSON");
            assert!(
                profile.status == 200 && claims["sub"].as_str().is_some_and(|sub| !sub.is_empty()),
                "{}",
                profile.body
            );
            assert!(claims["email"].is_null() || claims["email_verified"].is_boolean(), "{}", profile.body);
            let must_change = claims["password_change_required"] == true;
            assert_eq!(must_change, body["password_change_required"] == true);
            profile.seen(Decision::SignedIn { must_change })
        })
    }
}
