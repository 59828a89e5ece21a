//! Logto takes the address of a sign-in as verified, and asks for users whom it has.

use serde_json::{Value, json};

use crate::clients::logto::{Logto, ask};
use crate::clients::{Asked, Client, Decision};
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_in_by_an_unverified_address_is_refused_and_not_handed_over() {
    let shop = Shop::start(&Logto, "").await;
    let (name, address, password) = ("ida.brandt", "Ida.Brandt@example.com", "harbour-lamp-42");
    let by_address = shop.sign_in(&Logto, address, password).await;
    assert_eq!(by_address.decision, Decision::Refused, "{}", by_address.raw);
    let by_name = shop.sign_in(&Logto, name, password).await;
    assert_eq!(by_name.decision, Decision::SignedIn { must_change: false }, "{}", by_name.raw);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_may_be_sent_as_they_are() {
    struct Trusting;
    impl Client for Trusting {
        fn kind(&self) -> &'static str {
            Logto.kind()
        }

        fn settings(&self) -> String {
            "callers: [ idp ], rule_params: { unverified: send }".to_owned()
        }

        fn sign_in<'a>(
            &'a self,
            http: &'a reqwest::Client,
            bridge: &'a str,
            identifier: &'a str,
            password: &'a str,
        ) -> Asked<'a> {
            Logto.sign_in(http, bridge, identifier, password)
        }
    }
    let shop = Shop::start(&Trusting, "").await;
    let seen = shop.sign_in(&Trusting, "ida.brandt@example.com", "harbour-lamp-42").await;
    assert_eq!(seen.decision, Decision::SignedIn { must_change: false }, "{}", seen.raw);
    assert!(seen.raw.contains(r#""email_verified":false"#), "an unknown is never verified: {}", seen.raw);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_changed_only_while_they_wait_for_the_password() {
    let shop = Shop::start(&Logto, "").await;
    let bridge = format!("{}/bridge/logto", shop.base());
    let (name, password) = ("ida.brandt", "harbour-lamp-42");
    let asked = async |marks: Value, password: &str| {
        let user = json!({ "id": "u1", "username": name, "customData": marks });
        let answer = ask(&shop.http, &bridge, name, &user, password).await;
        (answer.status, serde_json::from_str::<Value>(&answer.body).expect("JSON"))
    };
    let refused = (401, json!({ "outcome": "refused" }));
    assert_eq!(asked(json!({}), password).await, refused, "somebody took the name");
    assert_eq!(asked(json!({ "landfall_external_id": "of somebody else" }), "not hers").await, refused);
    assert_eq!(asked(json!({ "landfall_waiting": true }), "not hers").await, refused);

    let (status, result) = asked(json!({ "landfall_waiting": true }), password).await;
    assert_eq!((status, &result["action"]), (200, &json!("updateUser")), "{result}");
    let marks = &result["user"]["customData"];
    assert_eq!(asked(marks.clone(), password).await, refused, "the old password after the hand-over");
    // the answer was lost, and bulk has made the user: the id is that of the customer
    let (status, again) = asked(json!({ "landfall_external_id": marks["landfall_external_id"] }), password).await;
    assert_eq!((status, &again["user"]), (200, &result["user"]));
    assert_eq!(asked(json!({ "landfall_external_id": "of somebody else" }), password).await, refused);
}
