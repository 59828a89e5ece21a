//! glewlwyd with its HTTP user module: customers of the shop sign in at its login page, and it asks Landfall.

use std::process::Command;

use reqwest::Method;
use serde_json::json;

use crate::client::call;
use crate::clients::Client as _;
use crate::clients::basic::Basic;
use crate::driver::Browser;
use crate::servers::glewlwyd::{API_KEY, Glewlwyd};
use crate::servers::proxy::{Mode, Proxy};
use crate::shop::{Shop, customers};
use crate::visit;

/// The administrator of glewlwyd, whose account is in its own database.
const ADMIN: (&str, &str) = ("admin", "password");

/// glewlwyd asks the proxy about everybody whom it does not have.
async fn asks(glewlwyd: &Glewlwyd, proxy: &Proxy) {
    let module = json!({
        "module": "http", "name": "landfall", "display_name": "Landfall", "order_rank": 1, "readonly": true,
        "parameters": {
            "url": format!("http://{}/bridge/{}", proxy.address, Basic.kind()),
            "check-server-certificate": true,
            "default-scope": ["g_profile"],
        },
    });
    let modules = format!("{}/api/mod/user/", glewlwyd.url());
    let (status, answer) = call(Method::POST, &modules, &format!("token {API_KEY}"), &module).await;
    assert_eq!(status, 200, "{answer}");
}

/// Changes the customers of the shop.
fn change(shop: &Shop, statement: &str) {
    let mut command = Command::new("sqlite3");
    command.args(["shop.db", statement]).current_dir(shop.path());
    assert!(command.status().expect("sqlite3").success());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs glewlwyd and chromium; run by tests/run"]
async fn customers_sign_in_at_glewlwyd() {
    let shop = Shop::start(&Basic, "").await;
    let address = shop.base().strip_prefix("http://").expect("an address").parse().expect("an address");
    let (proxy, glewlwyd, browser) = (Proxy::to(address), Glewlwyd::start(), Browser::start());
    asks(&glewlwyd, &proxy).await;
    let password =
        |login: &str| customers().into_iter().find(|customer| customer.login == login).expect("a customer").password;
    let sign_in = |login: &str, password: &str| visit::glewlwyd(&browser, &glewlwyd, login, password);
    let ida = password("ida.brandt");

    assert_eq!(sign_in("ida.brandt", "not her password"), None);
    assert_eq!(sign_in("nobody.here", "anything"), None);
    let profile = sign_in("ida.brandt", &ida).expect("she is signed in");
    assert_eq!(profile["username"], "ida.brandt");
    assert_eq!(shop.decisions(3), ["migrated", "refused", "refused"]);

    // a customer with the name of one of its own users is nobody there
    change(&shop, "UPDATE wp_users SET user_login = 'admin' WHERE user_login = 'tomas.novak';");
    assert_eq!(sign_in(ADMIN.0, &password("tomas.novak")), None);
    assert_eq!(shop.decisions(1), ["migrated"], "Landfall was not asked");

    // glewlwyd stores nothing of her: it asks again, and the account store answers
    change(&shop, "UPDATE wp_users SET user_pass = '*';");
    assert!(sign_in("ida.brandt", &ida).is_some());
    assert_eq!(shop.decisions(1), ["authenticated"]);
    assert_eq!(sign_in("ida.brandt", "not her password"), None);

    // it shows an outage as a wrong password, and serves its own users meanwhile
    proxy.set(Mode::Refuse);
    assert_eq!(sign_in("ida.brandt", &ida), None);
    assert!(sign_in(ADMIN.0, ADMIN.1).is_some());
    proxy.heal();
    assert!(sign_in("ida.brandt", &ida).is_some());
}
