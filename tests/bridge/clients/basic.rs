//! The HTTP user module of glewlwyd: a `GET` with what the customer typed as its credentials; 200 is a valid password, and every
//! other status is not. Other products read the body.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, OWN_STORE, send};

pub struct Basic;

impl Client for Basic {
    fn kind(&self) -> &'static str {
        "basic"
    }

    fn settings(&self) -> String {
        "networks: [ 127.0.0.1 ]".to_owned()
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
            let answer = send(http.get(bridge).basic_auth(identifier, Some(password)), false).await;
            match answer.status {
                200 => {
                    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
                    answer.seen(Decision::SignedIn { must_change: body["must_change_password"] == json!(true) })
                }
                503 => answer.seen(Decision::Unavailable),
                _ => answer.seen(Decision::Refused),
            }
        })
    }
}
