//! What a product is answered when it asks about the same customer again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::clients::basic::Basic;
use crate::clients::fusionauth::FusionAuth;
use crate::clients::gravitee::Gravitee;
use crate::clients::kinde::{Kinde, seal};
use crate::clients::strivacity::Strivacity;
use crate::clients::{Client, Decision, send};
use crate::shop::{Shop, customers};

/// The password of a customer of the shop.
fn password(login: &str) -> String {
    customers().into_iter().find(|customer| customer.login == login).expect("a customer").password
}

/// Products that ask at every login, because they store nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_store_answers_later_logins_alike() {
    let ida = password("ida.brandt");
    for client in [&Basic as &dyn Client, &Gravitee, &Strivacity] {
        let shop = Shop::start(client, "").await;
        let first = shop.sign_in(client, "ida.brandt", &ida).await;
        let second = shop.sign_in(client, "ida.brandt", &ida).await;
        assert_eq!(first.decision, Decision::SignedIn { must_change: false }, "{}", client.kind());
        assert_eq!(first.raw, second.raw, "{}", client.kind());
        assert_eq!(shop.decisions(2), ["authenticated", "migrated"], "{}", client.kind());
    }
}

/// Products that store what they are handed, and lose an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_hand_over_is_the_same_until_its_time_is_over() {
    let ida = password("ida.brandt");
    for client in [&FusionAuth as &dyn Client, &Kinde] {
        let shop = Shop::start(client, "").await;
        let first = shop.sign_in(client, "ida.brandt", &ida).await;
        let second = shop.sign_in(client, "IDA.BRANDT@example.com", &ida).await;
        assert_eq!(first.raw, second.raw, "{}", client.kind());
        assert!(first.decision.is_signed_in(), "{}", client.kind());
    }
}

/// Gravitee reads users who are signed in already, without their passwords.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gravitee_reads_a_user_as_at_the_login() {
    let shop = Shop::start(&Gravitee, "").await;
    let bridge = format!("{}/bridge/gravitee", shop.base());
    let read = async |name: &str, token: bool| {
        let answer = send(shop.http.get(format!("{bridge}/users?username={name}")), token).await;
        (answer.status, answer.body)
    };
    let login = shop.sign_in(&Gravitee, "ida.brandt", &password("ida.brandt")).await;
    let (status, body) = read("ida.brandt", true).await;
    assert_eq!((status, Some(body.as_str())), (200, login.raw.rsplit("\n\n").next()));
    assert_eq!(read("nobody.here", true).await, (404, String::new()));
    assert_eq!(read("ida.brandt", false).await.0, 401);
}

/// The same call in another order, which is understood too.
fn tag_last(sealed: &str) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).expect("Base64");
    let (nonce, rest) = bytes.split_at(12);
    let (tag, ciphertext) = rest.split_at(16);
    URL_SAFE_NO_PAD.encode([nonce, ciphertext, tag].concat())
}

/// A call of Kinde that somebody has recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_kinde_counts_once() {
    let shop = Shop::start(&Kinde, "").await;
    let bridge = format!("{}/bridge/kinde", shop.base());
    let at = jiff::Timestamp::now().as_millisecond();
    let call = json!({ "email": "ida.brandt@example.com", "password": password("ida.brandt"), "at": at });
    let sealed = seal(&[9; 12], call.to_string().as_bytes());
    let send = async |sealed: &str| send(shop.http.post(&bridge).body(sealed.to_owned()), false).await;
    let first = send(&sealed).await;
    let user: Value = serde_json::from_str(&first.body).expect("a user");
    assert_eq!((first.status, &user["user"]["profile"]["given_name"]), (200, &json!("Ida")));
    for again in [sealed.clone(), format!("\"{sealed}\""), tag_last(&sealed)] {
        let second = send(&again).await;
        assert_eq!((second.status, second.body.as_str()), (401, ""), "{again}");
    }
}
