//! A customer of Zitadel who chooses a new password before the first login is migrated by that.

use serde_json::{Value, json};

use crate::clients::zitadel::Zitadel;
use crate::clients::{Client as _, Decision};
use crate::shop::{Shop, TOKEN, customers};

/// The outcome of a login by Landfall's own API.
async fn outcome(shop: &Shop, password: &str) -> (u16, Value) {
    let body = json!({ "identifier": "ida.brandt", "password": password });
    let request = shop.http.post(format!("{}/v1/login", shop.base())).bearer_auth(TOKEN);
    let request = request.header("content-type", "application/json").body(body.to_string());
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    (status, body["outcome"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_chosen_at_zitadel_ends_the_legacy_one() {
    let zitadel = Zitadel::start();
    let shop = Shop::start(&zitadel, "").await;
    let bridge = format!("{}/bridge/{}", shop.base(), zitadel.kind());
    let old = customers().into_iter().find(|customer| customer.login == "ida.brandt").expect("a customer").password;

    let wrong = shop.sign_in(&zitadel, "ida.brandt", "not hers").await;
    assert_eq!(wrong.decision, Decision::Refused);
    let id = zitadel.id_of("ida.brandt");
    let told = zitadel.reset(&shop.http, &bridge, &id, "a new one of hers").await;
    assert_eq!((told.status, told.body.as_str()), (200, r#"{"details":{"sequence":"12"}}"#));

    assert_eq!(shop.sign_in(&zitadel, "ida.brandt", &old).await.decision, Decision::Refused);
    assert_eq!(outcome(&shop, &old).await.0, 401);
    let signed_in = Decision::SignedIn { must_change: false };
    assert_eq!(shop.sign_in(&zitadel, "ida.brandt", "a new one of hers").await.decision, signed_in);
    assert_eq!(outcome(&shop, "a new one of hers").await, (200, json!("authenticated")));
}
