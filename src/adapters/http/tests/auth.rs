//! Landfall's own credentials.

use super::*;

fn oauth(token_url: &str) -> Json {
    json!({ "kind": "oauth", "token_url": token_url, "client_id": "land:fall", "client_secret": "s&c", "scope": "read" })
}

fn settings(auth: Json) -> Json {
    json!({ "server": { "auth": auth }, "record": { "path": "/customers/{identifier}" } })
}

/// A system with a token endpoint that counts the tokens it issues; `accepts` is the number of the token it accepts.
async fn system(expires_in: u64, accepts: Arc<AtomicUsize>) -> (Server, Arc<AtomicUsize>) {
    let issued = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&issued);
    let server = Server::answering(move |request: Request| {
        let (issued, accepts) = (Arc::clone(&count), Arc::clone(&accepts));
        async move {
            if request.uri().path() == "/token" {
                // `land:fall` and `s&c`, encoded before they are joined
                assert_eq!(request.headers()["authorization"], "Basic bGFuZCUzQWZhbGw6cyUyNmM=");
                let body = axum::body::to_bytes(request.into_body(), 1000).await.unwrap();
                assert_eq!(&body[..], b"grant_type=client_credentials&scope=read");
                tokio::time::sleep(Duration::from_millis(20)).await;
                let token = format!("t-{}", issued.fetch_add(1, Ordering::SeqCst) + 1);
                let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in });
                return reply(200, "application/json", body.to_string());
            }
            let want = format!("Bearer t-{}", accepts.load(Ordering::SeqCst));
            let status = if request.headers()["authorization"] == want.as_str() { 200 } else { 401 };
            reply(status, "application/json", r#"{"id":7}"#)
        }
    })
    .await;
    (server, issued)
}

#[tokio::test]
async fn a_token_is_kept_and_fetched_once() {
    let (server, issued) = system(3600, Arc::new(AtomicUsize::new(1))).await;
    let source = server.source(settings(oauth("/token")));
    let many = futures_util::future::join_all((0..20).map(|_| fetch(&source, "ada"))).await;
    assert!(many.into_iter().all(|found| found.unwrap().is_some()));
    assert_eq!(issued.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let accepts = Arc::new(AtomicUsize::new(1));
    let (server, issued) = system(1, Arc::clone(&accepts)).await;
    let source = server.source(settings(oauth(&format!("http://{}/token", server.address))));
    fetch(&source, "ada").await.unwrap();
    fetch(&source, "ada").await.unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(950)).await;
    accepts.store(2, Ordering::SeqCst);
    fetch(&source, "ada").await.unwrap();
    assert_eq!((issued.load(Ordering::SeqCst), server.asked()), (2, 5));
}

#[tokio::test]
async fn a_revoked_token_is_renewed_once() {
    let accepts = Arc::new(AtomicUsize::new(1));
    let (server, issued) = system(3600, Arc::clone(&accepts)).await;
    let source = server.source(settings(oauth("/token")));
    fetch(&source, "ada").await.unwrap();
    accepts.store(2, Ordering::SeqCst);
    assert!(fetch(&source, "ada").await.unwrap().is_some());
    // one that is refused at once is a matter for the operator
    accepts.store(99, Ordering::SeqCst);
    assert_eq!(kind(fetch(&source, "ada").await), PortErrorKind::Denied);
    assert_eq!(issued.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_revoked_token_is_no_wrong_password_and_no_second_request() {
    let accepts = Arc::new(AtomicUsize::new(1));
    let (server, issued) = system(3600, Arc::clone(&accepts)).await;
    let verifier = server.verifier(json!({
        "server": { "auth": oauth("/token") },
        "request": { "path": "/login", "body": { "json": { "u": "{identifier}", "p": "{password}" } } },
        "verified_when": [{ "status": 200, "body": { "$.id": { "exists": true } } }],
        "mismatch_when": [{ "status": 401, "body": { "$.error": "wrong" } }],
    }));
    assert_eq!(verify(&verifier, json!({})).await.unwrap(), Verdict::Match);
    accepts.store(2, Ordering::SeqCst);
    let before = server.asked();
    assert_eq!(kind(verify(&verifier, json!({})).await), PortErrorKind::Denied);
    assert_eq!(server.asked(), before + 1);
    assert_eq!(verify(&verifier, json!({})).await.unwrap(), Verdict::Match);
    assert_eq!(issued.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn token_endpoints_that_do_not_give_a_token() {
    for (status, body, want) in [
        (400, json!({ "error": "invalid_client" }), PortErrorKind::Denied),
        (401, json!({}), PortErrorKind::Denied),
        (503, json!({}), PortErrorKind::Unavailable),
        (302, json!({ "access_token": "t" }), PortErrorKind::BadResponse),
        (200, json!({ "access_token": "" }), PortErrorKind::BadResponse),
        (200, json!({ "access_token": "a\nb" }), PortErrorKind::BadResponse),
        (200, json!({ "access_token": "t", "token_type": "mac" }), PortErrorKind::BadResponse),
    ] {
        let server = Server::always(status, body.clone()).await;
        let source = server.source(settings(oauth("/token")));
        assert_eq!(kind(fetch(&source, "ada").await), want, "{status} {body}");
        assert_eq!(server.asked(), 1);
    }
}

#[tokio::test]
async fn constant_credentials() {
    for (auth, header, value) in [
        (json!({ "kind": "bearer", "token": "t-1" }), "authorization", "Bearer t-1"),
        (json!({ "kind": "basic", "user": "ada", "password": "pw:x" }), "authorization", "Basic YWRhOnB3Ong="),
        (json!({ "kind": "header", "name": "X-Api-Key", "value": "k-1" }), "x-api-key", "k-1"),
    ] {
        let server = Server::answering(move |request: Request| async move {
            assert_eq!(request.headers()["x-request-id"], "r1");
            let status = if request.headers()[header] == value { 200 } else { 401 };
            reply(status, "application/json", r#"{"id":1}"#)
        })
        .await;
        assert_eq!(fetch(&server.source(settings(auth)), "ada").await.unwrap(), Some(json!({ "id": 1 })));
    }
    let aws = json!({ "kind": "aws", "region": "eu-1", "service": "s", "access_key": "AK", "secret_key": "x" });
    let server = Server::answering(|request: Request| async move {
        let header = request.headers()["authorization"].to_str().unwrap().to_owned();
        assert!(header.starts_with("AWS4-HMAC-SHA256 Credential=AK/"), "{header}");
        assert!(header.contains("SignedHeaders=host;x-amz-date, "), "{header}");
        reply(200, "application/json", r#"{"id":1}"#)
    })
    .await;
    fetch(&server.source(settings(aws)), "ada").await.unwrap();
    let wrong = json!({ "server": { "url": "https://a.example", "auth": { "kind": "bearer", "token": "a\nb" } },
        "record": { "path": "/{identifier}" } });
    assert!(source(wrong).is_err());
}

#[tokio::test]
async fn the_second_request_and_customers_credentials_replace_landfalls() {
    let server = Server::answering(|request: Request| async move {
        assert_eq!(request.headers().get_all("authorization").iter().count(), 1);
        let status = if request.headers()["authorization"] == "Basic YWRhOnJpZ2h0IGhvcnNl" { 200 } else { 401 };
        reply(status, "application/json", r#"{"id":7}"#)
    })
    .await;
    let verifier = server.verifier(json!({
        "server": { "auth": { "kind": "bearer", "token": "t-1" } },
        "request": { "path": "/me", "basic": {} },
        "verified_when": [{ "status": 200, "body": { "$.id": 7 } }],
        "mismatch_when": [{ "status": 401, "body": { "$.error": "wrong" } }],
    }));
    assert_eq!(verify(&verifier, json!({})).await.unwrap(), Verdict::Match);
}
