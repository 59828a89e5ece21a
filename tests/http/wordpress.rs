//! A real WordPress as legacy system by the preset of its REST API.

use serde_json::json;

use crate::servers::wordpress::{ADMIN, WordPress};
use crate::service::{Service, about_somebody_else, outage, refused, signed_in};

fn service(wordpress: &WordPress) -> Service {
    let (url, (user, password)) = (wordpress.url(), ADMIN);
    let legacy = format!(
        "source:\n  kind: http\n  preset: wordpress-rest\n  server:\n    url: {url}\n    allow: [ 127.0.0.1 ]\n    \
         auth: {{ kind: basic, user: {user}, password: {password} }}\n\
         verifiers:\n  wordpress: {{ kind: http, preset: wordpress-rest, server: {{ url: {url}, allow: [ 127.0.0.1 ] }} }}\n\
         verify_with: [ wordpress ]\n"
    );
    Service::start("wordpress.yaml", &legacy)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs WordPress and MariaDB; run tests/run"]
async fn customers_are_migrated_and_sign_in_without_wordpress() {
    let wordpress = WordPress::start(true);
    let service = service(&wordpress);
    assert_eq!(service.sign_in("ida.brandt", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("ida.bran", "harbour-lamp-42").await, refused("unknown"));
    // a text with `@` is looked for in addresses only: it is lina's, although it is mia's user name
    assert_eq!(service.sign_in("mia@example.org", "copper-kettle-5").await, refused("wrong_password"));
    // the user name that is sent for mia verifies lina's password, too: the answer is about lina
    assert_eq!(service.sign_in("mia@example.com", "winter-coat-88").await, about_somebody_else());
    assert_eq!(service.accounts(), 0, "nothing is stored for a refusal");
    assert_eq!(service.sign_in("ida.brandt", "harbour-lamp-42").await, signed_in("migrated"));
    assert_eq!(service.sign_in("Ida.Brandt@example.com", "harbour-lamp-42").await, signed_in("authenticated"));
    let account = service.account("ida.brandt");
    assert_eq!(account["claims"]["roles"], json!(["subscriber"]), "{account}");
    wordpress.stop();
    assert_eq!(service.sign_in("ida.brandt", "harbour-lamp-42").await, signed_in("authenticated"));
    for password in ["five-red-boats", "wrong"] {
        assert_eq!(service.sign_in("hanna", password).await, outage());
    }
    wordpress.serve();
    assert_eq!(service.sign_in_at_last("hanna", "five-red-boats").await, signed_in("migrated"));
    assert_eq!(service.accounts(), 2);
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs WordPress and MariaDB; run tests/run"]
async fn without_the_plugin_it_is_an_outage() {
    let wordpress = WordPress::start(false);
    let service = service(&wordpress);
    for (user, password) in [("ida.brandt", "harbour-lamp-42"), ("ida.brandt", "wrong"), ("nobody", "wrong")] {
        assert_eq!(service.sign_in(user, password).await, outage(), "{user} {password}");
    }
    service.stop();
}
