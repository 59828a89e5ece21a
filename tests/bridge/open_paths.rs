//! What a bridge answers without a caller: the polling of WSO2's waiting page, and nothing else.

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
                if !matches!(answer.status().as_u16(), 401 | 403) {
                    open.push(format!("{} {method} {path}: {}", client.kind(), answer.status().as_u16()));
                }
            }
        }
        let outside = shop.http.get(format!("{}/v1/accounts/x", shop.base())).send().await.expect("an answer");
        assert_eq!(outside.status().as_u16(), 401, "{}", client.kind());
    }
    // without an id it is malformed
    assert_eq!(open, ["wso2 GET /authentication-status: 400"]);
}
