//! Whose address failed attempts are counted on: the customer's, if the product says it, and never the product's.

use std::fs;

use serde_json::json;

use crate::clients::basic::Basic;
use crate::clients::fusionauth::FusionAuth;
use crate::clients::{Client, Decision, json_body, send};
use crate::shop::{Shop, customers};

/// A network may fail so often.
const LIMIT: &str = "login: { attempts: { network: { limit: 10, window: 15m } } }";

fn password(login: &str) -> String {
    customers().into_iter().find(|customer| customer.login == login).expect("a customer").password
}

/// Whoever connects is a customer, as far as the service knows, unless a bridge says otherwise.
fn without_callers(shop: &mut Shop) {
    let path = shop.path().join("landfall.yaml");
    let settings = fs::read_to_string(&path).expect("the settings");
    let kept: Vec<&str> = settings.lines().filter(|line| !line.starts_with("service:")).collect();
    shop.kill();
    fs::write(path, kept.join("\n")).expect("the settings");
    shop.resume();
}

/// The status for a login at FusionAuth from an address.
async fn from(shop: &Shop, address: &str, login: &str, password: &str) -> u16 {
    let body = json!({ "loginId": login, "password": password, "eventInfo": { "ipAddress": address } });
    let url = format!("{}/bridge/{}", shop.base(), FusionAuth.kind());
    send(json_body(shop.http.post(url), &body), true).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_attempts_count_on_the_network_of_the_customer() {
    let shop = Shop::start(&FusionAuth, LIMIT).await;
    for attempt in 0..10 {
        assert_eq!(from(&shop, "203.0.113.9", &format!("nobody.{attempt}"), "guess").await, 404);
    }
    let ida = password("ida.brandt");
    assert_eq!(from(&shop, "203.0.113.10", "ida.brandt", &ida).await, 404, "her network is over its limit");
    assert_eq!(from(&shop, "198.51.100.7", "ida.brandt", &ida).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_attempts_never_count_on_the_product() {
    let mut shop = Shop::start(&Basic, LIMIT).await;
    without_callers(&mut shop);
    for attempt in 0..20 {
        let seen = shop.sign_in(&Basic, &format!("nobody.{attempt}"), "guess").await;
        assert_eq!(seen.decision, Decision::Refused);
    }
    let seen = shop.sign_in(&Basic, "ida.brandt", &password("ida.brandt")).await;
    assert!(seen.decision.is_signed_in(), "{}", seen.raw);
}
