//! Cognito: the function forwards the event, and a call whose answer was lost is repeated, up to three times in all. The same
//! question by the Lambda Invoke API has the same answer.

use serde_json::{Value, json};

use super::{Answer, Asked, Client, Decision, json_body, send};

pub struct Cognito;

/// The event of a sign-in.
fn event(identifier: &str, password: &str) -> Value {
    json!({
        "version": "1",
        "triggerSource": "UserMigration_Authentication",
        "region": "eu-west-3",
        "userPoolId": "eu-west-3_k7Qm2Wd9x",
        "userName": identifier,
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "5u1hs8c0example" },
        "request": { "password": password, "validationData": { "page": "/fr" }, "clientMetadata": null },
        "response": { "userAttributes": null, "finalUserStatus": null, "messageAction": null },
    })
}

/// The response of the function, which Cognito takes only if everything else is as it was and every attribute is text.
fn response(event: &Value, body: &str) -> Value {
    let mut answered: Value = serde_json::from_str(body).expect("JSON");
    let response = answered["response"].take();
    let mut expected = event.clone();
    expected["request"].as_object_mut().expect("a request").remove("password");
    expected["response"] = Value::Null;
    assert_eq!(answered, expected, "the event is repeated");
    let attributes = response["userAttributes"].as_object().expect("attributes");
    assert!(!attributes.is_empty() && attributes.values().all(Value::is_string), "{attributes:?}");
    for flag in ["email", "phone_number"] {
        let is_known = |value: &Value| *value == json!("true") || *value == json!("false");
        assert!(!attributes.contains_key(flag) || is_known(&attributes[&format!("{flag}_verified")]), "{attributes:?}");
    }
    assert_eq!((&response["messageAction"], &response["forceAliasCreation"]), (&json!("SUPPRESS"), &json!(false)));
    response
}

async fn forwarded(http: &reqwest::Client, bridge: &str, event: &Value) -> Answer {
    send(json_body(http.post(bridge), event), true).await
}

async fn invoked(http: &reqwest::Client, bridge: &str, event: &Value) -> Answer {
    let url = format!("{bridge}/2015-03-31/functions/migrate/invocations");
    send(http.post(url).header("x-amz-invocation-type", "RequestResponse").body(event.to_string()), true).await
}

impl Client for Cognito {
    fn kind(&self) -> &'static str {
        "cognito"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let event = event(identifier, password);
            let answer = forwarded(http, bridge, &event).await;
            if answer.status != 200 {
                let error: Value = serde_json::from_str(&answer.body).expect("JSON");
                let is_refused = error["errorType"] == "NotAuthorizedException";
                assert_eq!(answer.status, if is_refused { 403 } else { 503 }, "{error}");
                return answer.seen(if is_refused { Decision::Refused } else { Decision::Unavailable });
            }
            let first = response(&event, &answer.body);
            for again in [invoked(http, bridge, &event).await, forwarded(http, bridge, &event).await] {
                assert!(!again.headers.contains("x-amz-function-error"), "{}", again.body);
                assert_eq!(response(&event, &again.body), first, "the same answer");
            }
            answer.seen(match first["finalUserStatus"].as_str() {
                Some("CONFIRMED") => Decision::SignedIn { must_change: false },
                Some("RESET_REQUIRED") => Decision::SignedIn { must_change: true },
                status => panic!("Cognito has no status {status:?}"),
            })
        })
    }
}
