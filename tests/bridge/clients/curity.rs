//! The JSON data source of Curity: a POST of a form (`post-as-urlencoded-formdata`) for the verdict and the attributes.

use serde_json::Value;

use super::{Asked, Client, Decision, OWN_STORE, segment, send};

pub struct Curity;

impl Client for Curity {
    fn kind(&self) -> &'static str {
        "curity"
    }

    /// Curity asks at every login, so that somebody has to keep the passwords.
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
            let form = format!("username={}&password={}", segment(identifier), segment(password));
            // its `url-path` is `/` unless somebody changes it
            let asked = http.post(format!("{bridge}/")).header("accept", "application/json");
            let asked = asked.header("content-type", "application/x-www-form-urlencoded").body(form);
            let verdict = send(asked, true).await;
            verdict.seen(match verdict.status {
                200 if verdict.body.is_empty() => Decision::Refused,
                200 => {
                    let subject: Value = serde_json::from_str(&verdict.body).expect("JSON");
                    let attributes = subject.as_object().expect("attributes");
                    // it would replace the name that the customer typed
                    assert!(!attributes.contains_key("subject"));
                    let must_change = attributes.get("must_change_password") == Some(&Value::Bool(true));
                    Decision::SignedIn { must_change }
                }
                401 => Decision::Refused,
                _ => Decision::Unavailable,
            })
        })
    }
}
