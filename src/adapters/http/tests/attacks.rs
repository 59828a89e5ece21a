//! Answers that look like a verdict and are none, and answers that could become somebody else's.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

fn by_password() -> Json {
    json!({
        "request": { "path": "/login", "body": { "json": { "u": "{identifier}", "p": "{password}" } } },
        "verified_when": [{ "status": 200, "body": { "$.token": { "exists": true }, "$.ok": true } }],
        "mismatch_when": [{ "status": 200, "body": { "$.ok": false } }, { "status": 401, "body": { "$.ok": false } }],
        "locked_when": [{ "status": 200, "body": { "$.locked": { "exists": true } } }],
        "subject": { "answer": "$.id", "record": "$.id" },
    })
}

/// Answers these bytes to each request, on connections that stay open.
async fn open_server(answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let (count, answer) = (Arc::clone(&asked), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (count, answer) = (Arc::clone(&count), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut head = [0_u8; 4096];
                while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    let bytes = answer(count.fetch_add(1, Ordering::SeqCst));
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    Server { address, asked }
}

fn whole(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn values_that_say_nothing_prove_nothing() {
    for token in [json!(""), json!(null), json!(false), json!(0), json!([]), json!({})] {
        let server = Server::always(200, json!({ "ok": true, "id": 7, "token": token })).await;
        let found = verify(&server.verifier(by_password()), json!({ "id": 7 })).await;
        assert_eq!(kind(found), PortErrorKind::BadResponse, "{token}");
    }
    let server = Server::always(200, json!({ "ok": true, "id": 7, "token": "t", "locked": false })).await;
    assert_eq!(verify(&server.verifier(by_password()), json!({ "id": 7 })).await.unwrap(), Verdict::Match);
}

#[tokio::test]
async fn other_spellings_of_a_right_answer_prove_nothing() {
    let right = r#"{"ok":true,"id":7,"token":"t"}"#;
    for body in [
        r#"{"ok":"true","id":7,"token":"t"}"#,
        r#"{"ok":1,"id":7,"token":"t"}"#,
        r#"{"ok":[true],"id":7,"token":"t"}"#,
        r#"{"ok":{"ok":true},"id":7,"token":"t"}"#,
        r#"{"ok":false,"ok":true,"id":7,"token":"t"}"#,
        r#"{"ok":false,"\u006fk":true,"id":7,"token":"t"}"#,
        r#"{"x":{"a":1,"a":2},"ok":true,"id":7,"token":"t"}"#,
        r#"{"OK":true,"id":7,"token":"t"}"#,
        r#"{"ok":true,"id":8,"token":"t"}"#,
        r#"{"ok":true,"id":70e-1,"token":"t"}"#,
        r#"{"ok":true,"id":[7],"token":"t"}"#,
        r#"{"ok":true,"id":" 7","token":"t"}"#,
        r#"[{"ok":true,"id":7,"token":"t"}]"#,
        r#""{\"ok\":true,\"id\":7,\"token\":\"t\"}""#,
        r#"{"ok":true,"id":7,"token":"t"} {"ok":false}"#,
        "{'ok':true,'id':7,'token':'t'}",
        r#"{"ok":true,"id":7,"token":"t",}"#,
        r#"{"ok":true,/* */"id":7,"token":"t"}"#,
        "\u{feff}{\"ok\":true,\"id\":7,\"token\":\"t\"}",
        "callback({\"ok\":true,\"id\":7,\"token\":\"t\"})",
        ")]}',\n{\"ok\":true,\"id\":7,\"token\":\"t\"}",
    ] {
        let server = open_server(move |_| whole("200 OK", "", body)).await;
        let found = verify(&server.verifier(by_password()), json!({ "id": 7 })).await;
        assert!(found.is_err(), "{body}: {found:?}");
    }
    for headers in [
        "content-type: text/html\r\n",
        "content-encoding: identity\r\ncontent-encoding: br\r\n",
        "content-encoding: gzip, gzip\r\n",
        "content-encoding: x-gzip\r\n",
        "content-encoding: GZIP\r\n",
    ] {
        let server = open_server(move |_| whole("200 OK", headers, right)).await;
        let found = verify(&server.verifier(by_password()), json!({ "id": 7 })).await;
        assert!(found.is_err(), "{headers}: {found:?}");
    }
    for status in ["201 Created", "202 Accepted", "203 Other", "206 Partial Content", "299 Fine", "100 Continue"] {
        let server = open_server(move |_| whole(status, "", right)).await;
        let verifier = server.verifier(by_password());
        let found = tokio::time::timeout(Duration::from_millis(500), verify(&verifier, json!({ "id": 7 }))).await;
        assert!(!matches!(found, Ok(Ok(_))), "{status}");
    }
}

#[tokio::test]
async fn trailers_and_bodies_without_a_place_say_nothing() {
    // a header of the condition that comes as a trailer
    let trailers = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntrailer: x-ok\r\n\
                    transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-ok: yes\r\n\r\n";
    let server = open_server(move |_| trailers.as_bytes().to_vec()).await;
    let mut settings = by_password();
    settings["verified_when"] = json!([{ "status": 200, "headers": { "x-ok": "yes" } }]);
    assert!(verify(&server.verifier(settings.clone()), json!({ "id": 7 })).await.is_err());
    // 204 with a body
    let server = open_server(|_| whole("204 No Content", "", r#"{"ok":true,"id":7,"token":"t"}"#)).await;
    settings["verified_when"] = json!([{ "status": 204, "body": { "$.ok": true } }]);
    assert!(verify(&server.verifier(settings), json!({ "id": 7 })).await.is_err());
}

#[tokio::test]
async fn a_header_twice_is_there_and_is_neither_of_its_values() {
    let mut settings = by_password();
    settings["subject"] = json!(null);
    settings["verified_when"] =
        json!([{ "status": 200, "body": { "$.ok": true }, "headers": { "x-error": { "exists": false } } }]);
    settings["locked_when"] = json!([{ "status": 200, "headers": { "x-locked": "yes" } }]);
    for (headers, is_verified) in [
        ("", true),
        ("x-error: a\r\n", false),
        ("x-error: a\r\nx-error: b\r\n", false),
        ("x-error: \u{e4}\r\n", false),
        ("x-locked: no\r\nx-locked: yes\r\n", true),
    ] {
        let server = open_server(move |_| whole("200 OK", headers, r#"{"ok":true}"#)).await;
        let found = verify(&server.verifier(settings.clone()), json!({})).await;
        assert_eq!(found.ok() == Some(Verdict::Match), is_verified, "{headers:?}");
    }
}

/// Behind each refusal comes a second answer that nobody asked for, at once, or in the same write.
#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_nobodys() {
    let refusal = whole("401 Unauthorized", "", r#"{"ok":false}"#);
    let success = whole("200 OK", "", r#"{"ok":true,"id":7,"token":"t"}"#);
    let both = [refusal, success].concat();
    let server = open_server(move |_| both.clone()).await;
    let mut settings = by_password();
    settings["subject"] = json!(null);
    let verifier = server.verifier(settings);
    for turn in 0..200 {
        let found = verify(&verifier, json!({ "id": 7 })).await;
        assert!(matches!(found, Ok(Verdict::Mismatch) | Err(_)), "{turn}: {found:?}");
    }
    // several customers at once
    for _ in 0..20 {
        let many = (0..16).map(|_| verify(&verifier, json!({ "id": 7 })));
        for found in futures_util::future::join_all(many).await {
            assert!(matches!(found, Ok(Verdict::Mismatch) | Err(_)), "{found:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_came_too_late_is_nobodys() {
    let server = Server::answering(|request: Request| async move {
        let body = axum::body::to_bytes(request.into_body(), 1000).await.unwrap();
        let sent: Json = serde_json::from_slice(&body).unwrap();
        let is_slow = sent["p"] == "slow";
        tokio::time::sleep(Duration::from_millis(if is_slow { 60 } else { 0 })).await;
        reply(200, "application/json", json!({ "ok": is_slow, "id": 7, "token": "t" }).to_string())
    })
    .await;
    let verifier = server.verifier(by_password());
    let (identifier, record) = (identifier("ada"), Record::new(r#"{"id":7}"#.to_owned()));
    for _ in 0..20 {
        let password = Arc::new(Password::new(b"slow".to_vec()).unwrap());
        let presented = Presented { identifier: &identifier, record: &record, credential: None, password: &password };
        let call = Call { deadline: Instant::now() + Duration::from_millis(20), request_id: "r1" };
        assert!(verifier.verify(call, presented).await.is_err());
        assert_eq!(verify(&verifier, json!({ "id": 7 })).await.unwrap(), Verdict::Mismatch);
    }
}

#[tokio::test]
async fn nothing_of_an_answer_is_sent_with_the_next_request() {
    let server = Server::answering(|request: Request| async move {
        let headers = request.headers();
        let is_clean =
            ["cookie", "if-none-match", "referer", "authorization"].iter().all(|name| !headers.contains_key(*name));
        let body = json!({ "ok": is_clean, "id": 7, "token": "t" }).to_string();
        let mut answer = reply(200, "application/json", body);
        for (name, value) in
            [("set-cookie", "session=ada; Path=/"), ("etag", "\"1\""), ("cache-control", "max-age=3600")]
        {
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        answer
    })
    .await;
    let verifier = server.verifier(by_password());
    for _ in 0..3 {
        assert_eq!(verify(&verifier, json!({ "id": 7 })).await.unwrap(), Verdict::Match);
    }
    assert_eq!(server.asked(), 3);
}
