//! What a real Keycloak says of its users: the facts that settings for it rest on.

use reqwest::Client;
use serde_json::Value;

use crate::servers::keycloak::{ADMIN_CLIENT, Keycloak, PUBLIC_CLIENT};

/// The status of the token endpoint, and the description of its error.
async fn grant(keycloak: &Keycloak, form: &[(&str, &str)]) -> (u16, Value) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let client = Client::builder().no_proxy().build().expect("a client");
    let call = client.post(keycloak.token_url()).header("content-type", "application/x-www-form-urlencoded");
    let answer = call.body(body.join("&")).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
}

async fn sign_in(keycloak: &Keycloak, user: &str, password: &str) -> (u16, String) {
    let form = [("grant_type", "password"), ("client_id", PUBLIC_CLIENT), ("username", user), ("password", password)];
    let (status, answer) = grant(keycloak, &form).await;
    (status, answer["error_description"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
#[ignore = "needs Keycloak; run tests/run"]
async fn the_token_endpoint_tells_disabled_and_unfinished_users_but_not_locked_ones() {
    let keycloak = Keycloak::start();
    let wrong = (400, "Invalid user credentials".to_owned());
    assert_eq!(sign_in(&keycloak, "ida.brandt", "harbour-lamp-42").await, (200, String::new()));
    assert_eq!(sign_in(&keycloak, "ida.brandt", "wrong").await, wrong);
    assert_eq!(sign_in(&keycloak, "nobody", "wrong").await, wrong);
    assert_eq!(sign_in(&keycloak, "otto", "old-anchor-60").await, (400, "Account disabled".to_owned()));
    assert_eq!(sign_in(&keycloak, "mia", "copper-kettle-5").await, (400, "Account is not fully set up".to_owned()));
    for _ in 0..3 {
        assert_eq!(sign_in(&keycloak, "lina", "wrong").await, wrong);
    }
    assert_eq!(sign_in(&keycloak, "lina", "winter-coat-88").await, wrong, "locked for a minute");
    let (id, secret) = ADMIN_CLIENT;
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let (status, answer) = grant(&keycloak, &form).await;
    assert_eq!(status, 200, "{answer}");
    let client = Client::builder().no_proxy().build().expect("a client");
    let token = answer["access_token"].as_str().expect("a token");
    for (user, count) in [("ida.brandt", 1), ("ida.bran", 0)] {
        let call = client.get(format!("{}?username={user}&exact=true", keycloak.users_url())).bearer_auth(token);
        let text = call.send().await.expect("an answer").text().await.expect("a body");
        let users: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(users.len(), count, "{text}");
        assert!(users.iter().all(|found| found["username"] == user), "{text}");
    }
    keycloak.stop();
}
