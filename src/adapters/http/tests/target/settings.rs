//! Mistakes in the settings of targets, and what is shown of them.

use super::*;
use crate::adapters::http::HttpTargetSettings;
use crate::adapters::registry::TargetAdapter;

fn error(settings: Json) -> String {
    target_of(settings, Path::new("")).expect_err("a mistake")
}

fn with_requests(requests: Json) -> Json {
    json!({ "preset": "rest", "server": { "url": "https://login.example" }, "requests": requests })
}

#[test]
fn mistakes_have_a_place() {
    let create = |more: Json| {
        let whole = json!({
            "request": { "path": "/a" }, "id": "$.id", "created_when": [ { "status": 201 } ],
            "duplicate_when": [ { "status": 409 } ], "body": { "with_password": { "p": "{password}" } },
        });
        with_requests(json!({ "create": merged(whole, more) }))
    };
    target_of(create(json!({})), Path::new("")).unwrap();
    let write = |request: Json| json!({ "request": request });
    for (settings, wanted) in [
        (create(json!({ "created_when": [] })), "`create.created_when` is missing (`requests.create.created_when`)"),
        (create(json!({ "duplicate_when": [ { "status": 400 } ] })), "has a status that also means other things"),
        (create(json!({ "duplicate_when": [ { "status": 503 } ] })), "means the system is not available"),
        (create(json!({ "password_refused_when": [ { "status": 401 } ] })), "own credentials were refused"),
        (create(json!({ "id": "$..id" })), "(`requests.create.id`)"),
        (create(json!({ "body": {} })), "no request sends the password (`requests.create`)"),
        (create(json!({ "body": { "add": { "p": "{password}" } } })), "`{password}` may stand only"),
        (create(json!({ "body": { "add": [ 1 ] } })), "is not an object (`requests.create.body`)"),
        (create(json!({ "request": { "path": "/{password}" } })), "`{password}` may stand only"),
        (create(json!({ "request": { "path": "/{identifier}" } })), "`{identifier}` is unknown here"),
        (create(json!({ "request": { "path": "/{id}" } })), "`{id}` is unknown here"),
        (create(json!({ "request": { "path": "/{account.email}" } })), "not a plain path"),
        (
            with_requests(json!({ "lookup": { "request": { "path": "/a" }, "id": "$.id" } })),
            "does not say which account it is about (`requests.lookup.request`)",
        ),
        (
            with_requests(json!({ "delete": write(json!({ "path": "/a/{id}" })) })),
            "needs a method (`requests.delete.request.method`)",
        ),
        (
            with_requests(json!({ "set_password": write(json!({ "method": "PUT", "path": "/a/{id}" })) })),
            "does not send the password (`requests.set_password`)",
        ),
        (
            with_requests(json!({ "steps": [ write(json!({ "method": "PUT", "path": "/a" })) ] })),
            "(`requests.steps.0.request`)",
        ),
        (
            with_requests(json!({ "steps": [ write(json!({ "method": "PUT", "path": "/a/{id}/{item}" })) ] })),
            "`{item}` is unknown here",
        ),
        (
            with_requests(json!({ "hashes": [ { "schemes": [ "bcrypz" ], "add": { "h": "{hash}" } } ] })),
            "`bcrypz` is not a password scheme",
        ),
        (json!({ "preset": "okta-authn", "server": { "url": "https://login.example" } }), "no target"),
        (json!({ "server": { "url": "https://login.example" } }), "`rules` is missing"),
        (
            json!({ "preset": "cognito", "server": { "url": "https://login.example" } }),
            "the parameter `user_pool` is missing",
        ),
        (json!({ "preset": "keycloak", "server": { "url": "https://login.example" } }), "`realm` is missing"),
        (merged(with_requests(json!({})), json!({ "rule_params": { "other": 1 } })), "declare no parameter `other`"),
    ] {
        let found = error(settings);
        assert!(found.contains(wanted), "{found}, wanted {wanted}");
    }
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let server = Server::always(500, json!({ "error": "correct horse battery" })).await;
    let settings = json!({
        "preset": "keycloak",
        "params": { "realm": "shop", "client_secret": "very-secret-1" },
        "server": merged(server.settings(), json!({ "auth": { "kind": "bearer", "token": "very-secret-2" } })),
    });
    let target = target_of(settings.clone(), Path::new("")).unwrap();
    let failed = RemoteCustomer::new("1", "ada@example.org").try_create(&target).await.unwrap_err();
    let written: HttpTargetSettings = serde_json::from_value(kinded(settings)).unwrap();
    for shown in [format!("{target:?}"), format!("{failed} {failed:?}"), format!("{written:?}")] {
        for hidden in ["very-secret", "correct horse", "ada@example.org"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_trial_writes_nothing() {
    let product = fake::Product::default();
    let server = product.start().await;
    let settings: HttpTargetSettings = serde_json::from_value(rest(&server, json!({}))).unwrap();
    let trial = settings.connect(Path::new("")).await.unwrap();
    assert!(trial.summary.is_some_and(|summary| summary.contains("nothing was written")), "{:?}", trial.findings);
    assert_eq!(product.asked(), ["GET /health"]);
    let gone = json!({ "preset": "rest", "server": { "url": "http://127.0.0.1:9", "allow": [ "127.0.0.1" ] } });
    let settings: HttpTargetSettings = serde_json::from_value(gone).unwrap();
    let trial = settings.connect(Path::new("")).await.unwrap();
    assert_eq!((trial.summary, trial.findings[0].code, trial.findings[0].key.as_str()), (None, "R514", "server"));
}

#[tokio::test]
async fn rates_stop_calls_before_they_are_made() {
    let server = Server::always(429, json!({})).await;
    let target = target_of(rest(&server, json!({})), Path::new("")).unwrap();
    let failed = RemoteCustomer::new("1", "ada").try_create(&target).await.unwrap_err();
    assert_eq!(failed.kind(), PortErrorKind::RateLimited);
    assert!(failed.is_temporary() && server.asked() == 1);
}
