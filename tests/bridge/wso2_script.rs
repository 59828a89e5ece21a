//! The login script of WSO2 under Node.js, with functions of our own in place of the product's, against a running service.

use std::process::Command;

use serde_json::{Value, json};

use crate::clients::Client as _;
use crate::clients::wso2::Wso2;
use crate::node;
use crate::servers::program;
use crate::shop::{Shop, TOKEN, customers};

const RUN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bridge/scripts/wso2_run.js");

/// What became of a login.
async fn login(shop: &Shop, url: &str, token: &str, password: &str, migrated: bool) -> Value {
    let script = node::script(Wso2.kind(), "login", url);
    let path = shop.path().join("login.js");
    std::fs::write(&path, script).expect("a file");
    let login = json!({
        "script": path, "token": token, "username": "ida.brandt", "password": password, "migrated": migrated,
    });
    let mut node = Command::new(program("node"));
    node.arg(RUN).env("LOGIN", login.to_string());
    tokio::task::spawn_blocking(move || node::printed(&mut node)).await.expect("it ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Node.js; run by tests/run"]
async fn the_script_stores_only_a_verified_password_and_tells_an_outage_from_a_wrong_one() {
    let mut shop = Shop::start(&Wso2, "").await;
    let url = format!("{}/bridge/wso2", shop.base());
    let ida = customers().into_iter().find(|customer| customer.login == "ida.brandt").expect("a customer").password;
    let wrong = json!({ "ended": "Login failed!", "stored": null, "steps": 1 });
    let unavailable = json!({ "ended": "Temporarily unavailable", "stored": null, "steps": 1 });

    assert_eq!(login(&shop, &url, TOKEN, "not hers", false).await, wrong);
    assert_eq!(login(&shop, &url, TOKEN, &ida, true).await, wrong);
    assert_eq!(login(&shop, &url, "the token of nobody", &ida, false).await, unavailable);
    let signed_in = json!({ "ended": "signed in", "stored": ida, "steps": 2 });
    assert_eq!(login(&shop, &url, TOKEN, &ida, false).await, signed_in);
    shop.kill();
    assert_eq!(login(&shop, &url, TOKEN, &ida, false).await, unavailable);
}
