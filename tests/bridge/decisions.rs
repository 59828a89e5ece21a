//! One rule file and one population through every dialect: the same decision for the same customer everywhere.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use crate::clients::{self, Client, Decision};
use crate::page;
use crate::shop::{Shop, customers};

/// How many customers sign in at the same time.
const AT_ONCE: usize = 32;

/// How often somebody tries again.
const PATIENCE: usize = 5;

/// How a customer signs in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    login: String,
    password: String,
}

/// Everybody with a wrong password, then with the right one, and some whom nobody knows.
fn attempts() -> [Vec<Attempt>; 2] {
    let (mut wrong, mut right) = (Vec::new(), Vec::new());
    for customer in customers() {
        wrong.push(Attempt { login: customer.login.clone(), password: "not the password of anybody".to_owned() });
        right.push(Attempt { login: customer.login, password: customer.password });
    }
    for name in ["nobody.here", "x@y.invalid", " ", "ünknown"] {
        wrong.push(Attempt { login: name.to_owned(), password: "anything".to_owned() });
    }
    [wrong, right]
}

/// What becomes of every attempt at one product.
async fn decided(client: &dyn Client) -> BTreeMap<Attempt, Decision> {
    let shop = Shop::start(client, "").await;
    let mut decided = BTreeMap::new();
    for attempts in attempts() {
        let asked = attempts.into_iter().map(|attempt| {
            let shop = &shop;
            async move {
                let mut seen = shop.sign_in(client, &attempt.login, &attempt.password).await;
                // a busy machine is an outage, which a product may show as a wrong password
                for _ in 0..PATIENCE {
                    if !seen.raw.starts_with("503") {
                        break;
                    }
                    seen = shop.sign_in(client, &attempt.login, &attempt.password).await;
                }
                (attempt, seen.decision)
            }
        });
        decided.extend(futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    }
    decided
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialect_decides_alike() {
    let mut first: Option<(&'static str, BTreeMap<Attempt, Decision>)> = None;
    let mut rows = Vec::new();
    let mut clients = clients::all();
    // those that know most are compared with each other first
    clients.sort_by_key(|client| client.is_told_early());
    for client in clients {
        let decisions = decided(&*client).await;
        let signed_in = decisions.values().filter(|decision| decision.is_signed_in()).count();
        let refused = decisions.values().filter(|decision| **decision == Decision::Refused).count();
        let must_change = |decision: &&Decision| **decision == Decision::SignedIn { must_change: true };
        let must_change = decisions.values().filter(must_change).count();
        rows.push(
            [client.kind().to_owned(), signed_in.to_string(), must_change.to_string(), refused.to_string()].to_vec(),
        );
        assert_eq!(signed_in + refused, decisions.len(), "{}: nothing is out of order", client.kind());
        assert!(signed_in > 100, "{}", client.kind());
        match &first {
            None => first = Some((client.kind(), decisions)),
            Some((kind, expected)) => {
                for (attempt, decision) in &decisions {
                    let expected = expected.get(attempt).expect("the same attempts");
                    let is_same = expected == decision || client.is_told_early() && decision.is_stricter(*expected);
                    assert!(is_same, "{}: {decision:?}, {kind}: {expected:?}, {attempt:?}", client.kind());
                }
            }
        }
    }
    rows.sort();
    rows.dedup();
    let head = ["bridge", "signed in", "of them with a new password needed", "refused"];
    page::compare("decisions", &page::table(&head, rows.into_iter()));
}

#[tokio::test]
async fn every_dialect_has_a_client() {
    let mut clients: Vec<&str> = clients::all().iter().map(|client| client.kind()).collect();
    clients.sort_unstable();
    clients.dedup();
    assert_eq!(clients, landfall::bridge::KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>());
}

/// Whatever the reason of a refusal, it has the same bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_a_dialect_have_the_same_bytes() {
    for client in clients::all() {
        let shop = Shop::start(&*client, "").await;
        let mut raw: Option<String> = None;
        for (login, password) in [
            ("ida.brandt", "not-her-password"),
            ("nadia.haddad", "blue-door-7"),
            ("petra.vogel", "rainy-tuesday"),
            ("nobody.here", "anything"),
        ] {
            let seen = shop.sign_in(&*client, login, password).await;
            assert_eq!(seen.decision, Decision::Refused, "{} {login}", client.kind());
            if !client.asks_twice() {
                assert_eq!(*raw.get_or_insert_with(|| seen.raw.clone()), seen.raw, "{} {login}", client.kind());
            }
        }
    }
}
