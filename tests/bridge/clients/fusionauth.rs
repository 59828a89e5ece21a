//! The generic connector of FusionAuth: one call, and a user with an id, a login, and a registration for the application that
//! asked.

use serde_json::{Value, json};

use super::{Asked, Client, Decision, json_body, send};

pub struct FusionAuth;

/// The application at which the customer signs in.
const APPLICATION: &str = "85a03867-dccf-4882-adde-1a79aeec50df";

impl Client for FusionAuth {
    fn kind(&self) -> &'static str {
        "fusionauth"
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let body = json!({
                "applicationId": APPLICATION, "loginId": identifier, "password": password, "newDevice": true, "noJWT": true,
                "eventInfo": { "deviceName": "Firefox", "deviceType": "BROWSER", "userAgent": "Mozilla/5.0" },
            });
            let answer = send(json_body(http.post(bridge), &body), true).await;
            if answer.status != 200 {
                assert_eq!((answer.status, answer.body.as_str()), (404, ""));
                return answer.seen(Decision::Refused);
            }
            let answered: Value = serde_json::from_str(&answer.body).expect("JSON");
            let user = &answered["user"];
            assert!(uuid::Uuid::try_parse(user["id"].as_str().expect("an id")).is_ok(), "{user}");
            assert!(user["email"].is_string() || user["username"].is_string(), "{user}");
            assert!(user["verified"].is_boolean(), "{user}");
            // without it the user is created, and may not sign in
            assert_eq!(user["registrations"][0]["applicationId"], APPLICATION, "{user}");
            answer.seen(Decision::SignedIn { must_change: user["passwordChangeRequired"] == json!(true) })
        })
    }
}
