//! A real Keycloak as legacy system by the preset: what it says of its users, and how their logins end.

use reqwest::Client;
use serde_json::{Value, json};

use crate::servers;
use crate::servers::keycloak::{ADMIN_CLIENT, Keycloak, PASSWORD_CLIENT, PUBLIC_CLIENT, QUERY_CLIENT};
use crate::service::{Service, about_somebody_else, outage, refused, signed_in};

/// The status of the token endpoint, and its answer.
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

/// The status of the token endpoint, and the description of its error.
async fn sign_in(keycloak: &Keycloak, user: &str, password: &str) -> (u16, String) {
    let form = [("grant_type", "password"), ("client_id", PUBLIC_CLIENT), ("username", user), ("password", password)];
    let (status, answer) = grant(keycloak, &form).await;
    (status, answer["error_description"].as_str().unwrap_or_default().to_owned())
}

/// The users with a name, as a client of the admin API sees them.
async fn users(keycloak: &Keycloak, (id, secret): (&str, &str), name: &str) -> Vec<Value> {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let (status, answer) = grant(keycloak, &form).await;
    assert_eq!(status, 200, "{answer}");
    let client = Client::builder().no_proxy().build().expect("a client");
    let token = answer["access_token"].as_str().expect("a token");
    let call = client.get(format!("{}?username={name}&exact=true", keycloak.users_url())).bearer_auth(token);
    let text = call.send().await.expect("an answer").text().await.expect("a body");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Settings of a source and a verifier by the preset, and further keys of the two.
fn settings(keycloak: &Keycloak, verifier_client: &str, source: &str, verifier: &str) -> String {
    let (url, (id, secret)) = (keycloak.url(), ADMIN_CLIENT);
    format!(
        "source:\n  kind: http\n  preset: keycloak\n  params: {{ realm: legacy }}\n  server:\n    url: {url}\n    \
         allow: [ 127.0.0.1 ]\n    auth: {{ kind: oauth, token_url: /realms/legacy/protocol/openid-connect/token, \
         client_id: {id}, client_secret: {secret} }}\n{source}\
         verifiers:\n  keycloak:\n    kind: http\n    preset: keycloak\n    params: {{ realm: legacy, {verifier_client} }}\n    \
         server: {{ url: {url}, allow: [ 127.0.0.1 ] }}\n{verifier}verify_with: [ keycloak ]\n"
    )
}

fn usual(keycloak: &Keycloak) -> Service {
    Service::start("keycloak.yaml", &settings(keycloak, &format!("client_id: {PUBLIC_CLIENT}"), "", ""))
}

#[tokio::test]
#[ignore = "needs Keycloak; run tests/run"]
async fn the_token_endpoint_tells_disabled_and_unfinished_users_but_not_locked_ones() {
    let keycloak = servers::keycloak();
    let wrong = (400, "Invalid user credentials".to_owned());
    assert_eq!(sign_in(keycloak, "ida.brandt", "harbour-lamp-42").await, (200, String::new()));
    assert_eq!(sign_in(keycloak, "ida.brandt", "wrong").await, wrong);
    assert_eq!(sign_in(keycloak, "nobody", "wrong").await, wrong);
    assert_eq!(sign_in(keycloak, "nora", "wrong").await, wrong, "there is no password");
    assert_eq!(sign_in(keycloak, "otto", "wrong").await, wrong);
    assert_eq!(sign_in(keycloak, "otto", "old-anchor-60").await, (400, "Account disabled".to_owned()));
    for (user, password) in [("mia", "copper-kettle-5"), ("kai", "plain-bread-11")] {
        assert_eq!(sign_in(keycloak, user, "wrong").await, wrong);
        assert_eq!(sign_in(keycloak, user, password).await, (400, "Account is not fully set up".to_owned()));
    }
    assert_eq!(sign_in(keycloak, "olga", "seven-green-kites").await, wrong, "there is no one-time password");
    // a name with `@` is looked up among the addresses first
    assert_eq!(sign_in(keycloak, "twin@example.com", "wide-open-sky-3").await, wrong);
    assert_eq!(sign_in(keycloak, "twin@example.com", "new-sails-2025").await, (200, String::new()));
    for _ in 0..3 {
        assert_eq!(sign_in(keycloak, "lina", "wrong").await, wrong);
    }
    assert_eq!(sign_in(keycloak, "lina", "winter-coat-88").await, wrong, "locked for a minute");
    for (client, name, count) in
        [(ADMIN_CLIENT, "ida.brandt", 1), (ADMIN_CLIENT, "ida.bran", 0), (QUERY_CLIENT, "ida.brandt", 0)]
    {
        let users = users(keycloak, client, name).await;
        assert_eq!(users.len(), count, "{client:?} {users:?}");
        assert!(users.iter().all(|found| found["username"] == name), "{users:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Keycloak; run tests/run"]
async fn logins_end_as_the_preset_says() {
    let keycloak = servers::keycloak();
    let service = usual(keycloak);
    assert_eq!(service.sign_in("ida.brandt", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("nobody", "harbour-lamp-42").await, refused("unknown"));
    assert_eq!(service.sign_in("nora", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("otto", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("otto", "old-anchor-60").await, refused("disabled"));
    for (user, password) in [("mia", "copper-kettle-5"), ("kai", "plain-bread-11")] {
        assert_eq!(service.sign_in(user, "wrong").await, refused("wrong_password"));
        assert_eq!(service.sign_in(user, password).await, refused("expired"));
    }
    assert_eq!(service.sign_in("olga", "seven-green-kites").await, refused("wrong_password"));
    for _ in 0..3 {
        assert_eq!(service.sign_in("nils", "wrong").await, refused("wrong_password"));
    }
    assert_eq!(service.sign_in("nils", "five-red-boats").await, refused("wrong_password"), "locked for a minute");
    // the user name of one is the address of another
    for password in ["wide-open-sky-3", "new-sails-2025"] {
        let twin = (401, "invalid_record, unreadable".to_owned());
        assert_eq!(service.sign_in("twin@example.com", password).await, twin);
    }
    assert_eq!(service.accounts(), 0, "nothing is stored for a refusal");
    assert_eq!(service.sign_in("Ida.Brandt@example.com", "harbour-lamp-42").await, signed_in("migrated"));
    assert_eq!(service.sign_in("ida.brandt", "harbour-lamp-42").await, signed_in("authenticated"));
    let account = service.account("ida.brandt");
    assert_eq!(account["claims"]["groups"], json!(["north"]), "{account}");
    assert_eq!(account["claims"]["roles"], json!(["vip"]), "{account}");
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Keycloak; run tests/run"]
async fn users_with_required_actions_can_be_migrated() {
    let (id, secret) = PASSWORD_CLIENT;
    let client = format!("client_id: {id}, client_secret: {secret}");
    let must_change = "    expired_when: []\n    must_change_when:\n      - status: 400\n        \
                       body: { $.error: invalid_grant, $.error_description: Account is not fully set up }\n        \
                       subject: false\n";
    let service = Service::start("keycloak.yaml", &settings(servers::keycloak(), &client, "", must_change));
    // the client's flow wants no one-time password
    assert_eq!(service.sign_in("tom@example.com", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("tom@example.com", "blue-window-31").await, signed_in("migrated"));
    assert_eq!(service.sign_in("vera", "wrong").await, refused("wrong_password"));
    let migrated = signed_in("migrated_must_change_password");
    assert_eq!(service.sign_in("vera", "tall-clock-19").await, migrated);
    assert_eq!(service.sign_in("vera@example.com", "tall-clock-19").await, signed_in("authenticated"));
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Keycloak; run tests/run"]
async fn the_preset_for_oauth_in_general_works_with_other_paths() {
    let keycloak = servers::keycloak();
    let (url, (id, secret)) = (keycloak.url(), ADMIN_CLIENT);
    let connect = "/realms/legacy/protocol/openid-connect";
    let legacy = format!(
        "source:\n  kind: http\n  preset: keycloak\n  params: {{ realm: legacy }}\n  server:\n    url: {url}\n    \
         allow: [ 127.0.0.1 ]\n    auth: {{ kind: oauth, token_url: {connect}/token, client_id: {id}, \
         client_secret: {secret} }}\n\
         verifiers:\n  oauth:\n    kind: http\n    preset: oauth-ropc\n    \
         params: {{ client_id: {PUBLIC_CLIENT}, client_secret: '' }}\n    \
         server: {{ url: {url}, allow: [ 127.0.0.1 ] }}\n    request:\n      path: {connect}/token\n      \
         body: {{ form: {{ grant_type: password, client_id: '{{param.client_id}}', scope: openid, \
         username: '{{identifier}}', password: '{{password}}' }} }}\n    \
         then: {{ path: {connect}/userinfo, headers: {{ Authorization: 'Bearer {{answer.$.access_token}}' }} }}\n\
         verify_with: [ oauth ]\n"
    );
    let service = Service::start("keycloak.yaml", &legacy);
    assert!(service.check().contains("status 200"), "{}", service.check());
    assert_eq!(service.sign_in("hanna", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("hanna", "north-pier-7").await, signed_in("migrated"));
    assert_eq!(service.sign_in("hanna@example.com", "north-pier-7").await, signed_in("authenticated"));
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Keycloak; run tests/run"]
async fn what_keycloak_does_not_let_landfall_do_is_an_outage() {
    let (keycloak, (id, _)) = (servers::keycloak(), PASSWORD_CLIENT);
    // found by user name only, so that the verifier's answer decides
    let by_name =
        "  record: { path: /admin/realms/legacy/users, query: { username: '{identifier}', exact: 'true' } }\n";
    // the token is rolf's, whose address is the user name of another: no outage of Keycloak, and nobody is verified
    let service =
        Service::start("keycloak.yaml", &settings(keycloak, &format!("client_id: {PUBLIC_CLIENT}"), by_name, ""));
    assert_eq!(service.sign_in("twin@example.com", "new-sails-2025").await, about_somebody_else());
    assert_eq!(service.accounts(), 0);
    service.stop();
    for (client, source, user, password) in [
        (format!("client_id: {id}, client_secret: wrong"), "", "ida.brandt", "harbour-lamp-42"),
        (
            format!("client_id: {}, client_secret: {}", QUERY_CLIENT.0, QUERY_CLIENT.1),
            "",
            "ida.brandt",
            "harbour-lamp-42",
        ),
        ("client_id: nothing".to_owned(), "", "ida.brandt", "harbour-lamp-42"),
    ] {
        let service = Service::start("keycloak.yaml", &settings(keycloak, &client, source, ""));
        assert_eq!(service.sign_in(user, password).await, outage(), "{client} {user}");
        assert_eq!(service.accounts(), 0);
        service.stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Keycloak; run tests/run"]
async fn customers_are_migrated_and_sign_in_without_keycloak() {
    let keycloak = Keycloak::start();
    let service = usual(&keycloak);
    assert_eq!(service.sign_in("ida.brandt", "harbour-lamp-42").await, signed_in("migrated"));
    assert_eq!(service.accounts(), 1);
    keycloak.stop();
    assert_eq!(service.sign_in("ida.brandt", "harbour-lamp-42").await, signed_in("authenticated"));
    assert_eq!(service.sign_in("ida.brandt@example.com", "harbour-lamp-42").await, signed_in("authenticated"));
    assert_eq!(service.sign_in("ida.brandt", "wrong").await, refused("wrong_password_at_target"));
    for password in ["north-pier-7", "wrong"] {
        assert_eq!(service.sign_in("hanna", password).await, outage());
    }
    assert_eq!(service.sign_in("nobody", "wrong").await, outage());
    keycloak.serve();
    assert_eq!(service.sign_in_at_last("hanna", "north-pier-7").await, signed_in("migrated"));
    assert_eq!(service.sign_in("nobody", "wrong").await, refused("unknown"));
    assert_eq!(service.accounts(), 2);
    service.stop();
}
