//! Logto takes the address of a sign-in as verified.

use crate::clients::{Asked, Client, Decision, logto::Logto};
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
