//! Logto: asks for everybody whose password it does not accept, takes a result only if it is exactly right, and asks again for
//! users whom it has.

use serde_json::{Value, json};

use super::{Answer, Asked, Client, Decision, json_body, send};

/// How often somebody tries again.
const PATIENCE: usize = 5;

pub struct Logto;

/// The members of a user that the action may write.
const MEMBERS: [&str; 7] = ["username", "primaryEmail", "primaryPhone", "name", "avatar", "customData", "profile"];

/// Asks for somebody with a user at Logto, or `null`.
pub async fn ask(http: &reqwest::Client, bridge: &str, identifier: &str, user: &Value, password: &str) -> Answer {
    let kind = if identifier.contains('@') { "email" } else { "username" };
    let event = json!({
        "key": "action.postFirstFactorVerification",
        "interactionEvent": "SignIn",
        "verificationType": "Password",
        "identifier": { "type": kind, "value": identifier },
        "user": user,
        "password": password,
    });
    send(json_body(http.post(bridge), &event), true).await
}

/// The user of a result that Logto takes, for a user whom it does not have.
fn created(result: &Value, identifier: &str) -> Value {
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(result), ["action", "passwordVerified", "user"]);
    assert_eq!((&result["action"], &result["passwordVerified"]), (&json!("createUser"), &json!(true)));
    let user = &result["user"];
    assert!(names(user).iter().all(|name| MEMBERS.contains(&name.as_str())), "{user}");
    let is_other = |name: &str| user.get(name).is_some_and(|value| value != identifier);
    assert!(!is_other("username"), "Logto refuses another identifier than that of the sign-in: {user}");
    user.clone()
}

impl Client for Logto {
    fn kind(&self) -> &'static str {
        "logto"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let answer = ask(http, bridge, identifier, &Value::Null, password).await;
            let body: Value = serde_json::from_str(&answer.body).expect("JSON");
            if answer.status != 200 {
                let is_refused = answer.status == 401 && body["outcome"] == "refused";
                return answer.seen(if is_refused { Decision::Refused } else { Decision::Unavailable });
            }
            let user = created(&body, identifier);
            // The password is changed at Logto; then somebody tries the old one.
            let mut old = ask(http, bridge, identifier, &user, password).await;
            // a busy machine is an outage
            for _ in 0..PATIENCE {
                if old.status != 503 {
                    break;
                }
                old = ask(http, bridge, identifier, &user, password).await;
            }
            assert_eq!(old.status, 401, "an old password never overwrites a new one: {}", old.body);
            answer.seen(Decision::SignedIn { must_change: user["customData"]["must_change_password"] == json!(true) })
        })
    }
}
