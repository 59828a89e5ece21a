//! A verdict for WSO2 is told by any process with the key of the ledger, and once by all of them together.

use serde_json::{Value, json};

use crate::clients::wso2::Wso2;
use crate::clients::{Client as _, json_body, send};
use crate::shop::{Shop, customers};

/// An answer to a POST below the bridge.
async fn post(shop: &Shop, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}/bridge/{}{path}", shop.base(), Wso2.kind());
    let answer = send(json_body(shop.http.post(url), body), true).await;
    (answer.status, serde_json::from_str(&answer.body).expect("JSON"))
}

async fn started(shop: &Shop, username: &str, password: &str) -> String {
    let body = json!({ "id": "1", "username": username, "password": password });
    let (status, answer) = post(shop, "/start-authentication", &body).await;
    assert_eq!((status, answer["message"].as_str()), (200, Some("Received")));
    answer["contextId"].as_str().expect("a context id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_survives_a_restart_and_is_told_once() {
    let mut shop = Shop::start(&Wso2, "").await;
    let ida = customers().into_iter().find(|customer| customer.login == "ida.brandt").expect("a customer").password;
    let right = started(&shop, "ida.brandt", &ida).await;
    let wrong = started(&shop, "ida.brandt", "not hers").await;
    let stolen = started(&shop, "ida.brandt", &ida).await;
    assert_eq!((right.len(), stolen.len()), (wrong.len(), wrong.len()), "the length says nothing");

    shop.kill();
    shop.resume();
    let fetch = |id: &str, name: &str| json!({ "contextId": id, "username": name });
    let status = "/authentication-status";
    let success = json!({ "status": "SUCCESS", "message": "Authenticated successful" });
    assert_eq!(post(&shop, status, &fetch(&right, "ida.brandt")).await, (200, success));
    let fail = json!({ "status": "FAIL", "message": "Invalid credentials" });
    assert_eq!(post(&shop, status, &fetch(&wrong, "ida.brandt")).await, (200, fail));
    let invalid = json!({ "status": "FAIL", "message": "Invalid request" });
    assert_eq!(post(&shop, status, &fetch(&stolen, "nadia.haddad")).await, (200, invalid));

    shop.kill();
    shop.resume();
    let unknown = json!({ "message": "Invalid context id" });
    for id in [&right, &wrong, &stolen] {
        assert_eq!(post(&shop, status, &fetch(id, "ida.brandt")).await, (400, unknown.clone()));
    }
}
