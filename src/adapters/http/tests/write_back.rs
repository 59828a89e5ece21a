//! A web API that is told of migrated customers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::to_bytes;

use super::*;
use crate::adapters::http::HttpWriteBack;
use crate::adapters::registry::{WriteBackAdapter as _, WriteBackContext};
use crate::adapters::suites::write_back::{check_behaviour, customer, ids};
use crate::ports::{BoxFuture, LegacyWriter, Written};

async fn opened(settings: Json) -> Result<Arc<dyn LegacyWriter>, String> {
    let settings: HttpWriteBack = serde_json::from_value(settings).unwrap();
    let opened = settings.open(WriteBackContext { name: "legacy", folder: Path::new("") }).await;
    opened.map_err(|error| error.to_string())
}

async fn written(settings: Json) -> Result<Written, PortError> {
    let writer = opened(settings).await.unwrap();
    writer.write(Call::outside_login("wb_1_2"), &customer("1")).await
}

#[tokio::test]
pub(in crate::adapters) async fn http_is_written_back() {
    let marked: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
    let marks = Arc::clone(&marked);
    let server = Server::answering(move |request: Request| {
        let marks = Arc::clone(&marks);
        async move {
            let (head, body) = request.into_parts();
            let named = head.uri.path().strip_prefix("/users/").unwrap_or_default();
            let id = percent_encoding::percent_decode_str(named).decode_utf8().unwrap().into_owned();
            let body: Json = serde_json::from_slice(&to_bytes(body, 10_000).await.unwrap()).unwrap();
            let is_known = ids().contains(&id) && body["email"] == format!("{id}@shop.example");
            if !is_known {
                return reply(404, "application/json", "{}");
            }
            marks.lock().unwrap().insert(id, body["at"].as_str().unwrap().to_owned());
            reply(204, "application/json", String::new())
        }
    })
    .await;
    let writer = opened(json!({
        "server": { "url": format!("http://{}", server.address), "allow": ["127.0.0.1"] },
        "request": {
            "method": "PUT", "path": "/users/{id}",
            "body": { "json": { "email": "{email}", "at": "{migrated_at}" } },
        },
    }));
    let writer = writer.await.unwrap();
    let marks = || -> BoxFuture<'_, Vec<Option<String>>> {
        let marked = marked.lock().unwrap().clone();
        Box::pin(async move { ids().iter().map(|id| marked.get(id).cloned()).collect() })
    };
    check_behaviour("http", &*writer, &marks).await;
}

fn settings(server: &Server, more: &Json) -> Json {
    let mut settings = json!({
        "server": { "url": format!("http://{}", server.address), "allow": ["127.0.0.1"] },
        "request": { "method": "DELETE", "path": "/users/{id}" },
    });
    let members = settings.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    settings
}

#[tokio::test]
async fn outages_are_temporary_and_refusals_are_final() {
    for (status, expected) in [
        (200, Ok(Written::Done)),
        (204, Ok(Written::Done)),
        (404, Ok(Written::Gone)),
        (410, Ok(Written::Gone)),
        (500, Err(true)),
        (503, Err(true)),
        (429, Err(true)),
        (408, Err(true)),
        (400, Err(false)),
        (401, Err(false)),
        (403, Err(false)),
        (405, Err(false)),
        (409, Err(false)),
        (422, Err(false)),
        (302, Err(false)),
    ] {
        let server = Server::always(status, json!({})).await;
        let found = written(settings(&server, &json!({}))).await;
        assert_eq!(found.map_err(|error| error.is_temporary()), expected, "{status}");
        assert_eq!(server.asked.load(Ordering::SeqCst), 1, "{status}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = Server { address: closed, asked: Arc::default() };
    assert_eq!(written(settings(&gone, &json!({}))).await.map_err(|error| error.is_temporary()), Err(true));
}

#[tokio::test]
async fn conditions_decide_what_an_answer_means() {
    let conditions = json!({
        "done_when": [{ "status": 200, "body": { "$.state": "disabled" } }],
        "gone_when": [{ "status": 200, "body": { "$.state": "unknown" } }],
    });
    for (body, expected) in [
        (json!({ "state": "disabled" }), Ok(Written::Done)),
        (json!({ "state": "unknown" }), Ok(Written::Gone)),
        (json!({ "state": "active" }), Err(true)),
        (json!("a page"), Err(true)),
    ] {
        let server = Server::always(200, body.clone()).await;
        let found = written(settings(&server, &conditions)).await;
        assert_eq!(found.map_err(|error| error.is_temporary()), expected, "{body}");
    }
    let server = Server::always(404, json!({})).await;
    let found = written(settings(&server, &conditions)).await;
    assert_eq!(found.map_err(|error| error.is_temporary()), Err(false), "a wrong path");
}

#[tokio::test]
async fn mistakes_are_found() {
    let server = Server::always(200, json!({})).await;
    for (more, part) in [
        (json!({ "request": { "method": "DELETE", "path": "/users" } }), "which customer"),
        (json!({ "request": { "path": "/users/{id}" } }), "needs a method"),
        (json!({ "request": { "method": "DELETE", "path": "/users/{password}" } }), "`{password}` is unknown"),
        (json!({ "request": { "method": "DELETE", "path": "/users/{$.id}" } }), "`{$.id}` is unknown"),
        (json!({ "done_when": [] }), "no answer"),
        (json!({ "done_when": [{ "status": 503 }] }), "not available"),
        (json!({ "gone_when": [{ "status": [401] }] }), "credentials"),
        (json!({ "server": { "url": "http://169.254.169.254" } }), "169.254.169.254"),
        (json!({ "server": { "url": "http://crm.example" } }), "without TLS"),
    ] {
        let error = opened(settings(&server, &more)).await.map(drop).unwrap_err();
        assert!(error.contains(part), "{more}: {error}");
    }
}
