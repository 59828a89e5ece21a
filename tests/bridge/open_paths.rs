//! What a bridge answers without a caller: the polling of WSO2's waiting page, whether Entra's address answers, and nothing
//! else.

use landfall::bridge::{Authentication, Kind};
use reqwest::Method;

use crate::clients;
use crate::shop::Shop;

/// Paths below a bridge, with those of all products and spellings that a router may take for them.
const PATHS: &[&str] = &[
    "",
    "/",
    "/maud",
    "/authentication",
    "/register",
    "/start-authentication",
    "/authentication-status",
    "/authentication-status/",
    "/authentication-status/x",
    "//authentication-status",
    "/Authentication-Status",
    "/authentication%2Dstatus",
    "/x/../start-authentication",
    "/list-users",
    "/set-session",
    "/set-password",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_is_answered_without_a_caller() {
    let mut open = Vec::new();
    for client in clients::all() {
        let shop = Shop::start(&*client, "").await;
        for path in PATHS {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
                let url = format!("{}/bridge/{}{path}", shop.base(), client.kind());
                let answer = shop.http.request(method.clone(), url).body("{}").send().await.expect("an answer");
                let status = answer.status().as_u16();
                // a dialect that authenticates by itself may say first that there is no such path or method
                let is_own = Kind::named(client.kind()).is_some_and(|kind| kind.authentication == Authentication::Own);
                let is_refused = matches!(status, 401 | 403) || (is_own && matches!(status, 404 | 405));
                if !is_refused {
                    open.push(format!("{} {method} {path}: {status}", client.kind()));
                }
            }
        }
        let outside = shop.http.get(format!("{}/v1/accounts/x", shop.base())).send().await.expect("an answer");
        assert_eq!(outside.status().as_u16(), 401, "{}", client.kind());
    }
    // Entra looks whether the address answers; without an id, the question of WSO2's page is malformed
    let health = ["entra GET : 200", "entra HEAD : 200", "entra GET /: 200", "entra HEAD /: 200"];
    assert_eq!(open, [health.as_slice(), &["wso2 GET /authentication-status: 400"]].concat());
}
