//! What goes wrong on the way is an outage, and never a verdict or an unknown customer.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

fn by_path() -> Json {
    json!({ "record": { "path": "/customers/{identifier}" } })
}

fn by_password() -> Json {
    json!({
        "request": { "path": "/login", "body": { "form": { "u": "{identifier}", "p": "{password}" } } },
        "verified_when": [{ "status": 200, "body": { "$.ok": true } }],
        "mismatch_when": [{ "status": 401, "body": { "$.ok": false } }, { "status": 200, "body": { "$.ok": false } }],
    })
}

/// A server that reads the head of a request and then does something of its own.
async fn raw<F>(answer: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Server
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut head = [0_u8; 4096];
            if stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                tokio::spawn(answer(stream));
            }
        }
    });
    Server { address, asked }
}

async fn sending(bytes: Vec<u8>) -> Server {
    let bytes: Arc<[u8]> = bytes.into();
    raw(move |mut stream| {
        let bytes = Arc::clone(&bytes);
        async move {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn head(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat()
}

#[tokio::test]
async fn broken_answers_are_outages() {
    let json = "content-type: application/json";
    let ok = br#"{"ok":true}"#;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("html", head("200 OK\r\ncontent-type: text/html", b"<html>maintenance</html>")),
        ("html 404", head("404 Not Found\r\ncontent-type: text/html", b"<html>not here</html>")),
        ("html 401", head("401 Unauthorized\r\ncontent-type: text/html", b"<html>log in</html>")),
        ("no type", head("200 OK", ok)),
        ("text", head("200 OK\r\ncontent-type: text/plain", ok)),
        ("empty", head(&format!("200 OK\r\n{json}\r\ncontent-length: 0"), b"")),
        ("charset", head("200 OK\r\ncontent-type: application/json; charset=iso-8859-1", ok)),
        ("utf-16", head(&format!("200 OK\r\n{json}"), b"\xff\xfe{\0}\0")),
        ("not utf-8", head(&format!("200 OK\r\n{json}"), b"{\"ok\":true,\"name\":\"\xe4\"}")),
        ("duplicate", head(&format!("200 OK\r\n{json}"), br#"{"ok":false,"ok":true}"#)),
        ("trailing", head(&format!("200 OK\r\n{json}"), br#"{"ok":true}{"ok":true}"#)),
        ("cut", head(&format!("200 OK\r\n{json}"), br#"{"ok":tr"#)),
        ("short", head(&format!("200 OK\r\n{json}\r\ncontent-length: 100"), ok)),
        ("short chunks", head(&format!("200 OK\r\n{json}\r\ntransfer-encoding: chunked"), b"b\r\n{\"ok\":true}\r\n")),
        ("deep", head(&format!("200 OK\r\n{json}"), deep.as_bytes())),
        ("coding", head(&format!("200 OK\r\n{json}\r\ncontent-encoding: br"), ok)),
        ("bad gzip", head(&format!("200 OK\r\n{json}\r\ncontent-encoding: gzip"), ok)),
        ("redirect", head(&format!("302 Found\r\n{json}\r\nlocation: http://127.0.0.1:9/"), ok)),
        ("not http", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("nothing", Vec::new()),
        ("500", head(&format!("500 Oops\r\n{json}"), ok)),
        ("429", head(&format!("429 Slow down\r\n{json}\r\nretry-after: 30"), ok)),
    ];
    for (name, bytes) in cases {
        let server = sending(bytes).await;
        let found = fetch(&server.source(by_path()), "ada").await;
        assert!(found.is_err(), "{name}: {found:?}");
        let found = verify(&server.verifier(by_password()), json!({})).await;
        assert!(found.is_err(), "{name}: {found:?}");
        assert_eq!(server.asked(), 2, "{name}: nothing is tried again");
    }
}

#[tokio::test]
async fn kinds_of_failures() {
    for (status, kind) in [
        (401, PortErrorKind::Denied),
        (403, PortErrorKind::Denied),
        (429, PortErrorKind::RateLimited),
        (503, PortErrorKind::Unavailable),
        (504, PortErrorKind::Unavailable),
        (400, PortErrorKind::BadResponse),
        (307, PortErrorKind::BadResponse),
    ] {
        let server = Server::always(status, json!({})).await;
        assert_eq!(self::kind(fetch(&server.source(by_path()), "ada").await), kind, "{status}");
    }
    let server = sending(head("429 Slow down\r\nretry-after: 30", b"")).await;
    let error = fetch(&server.source(by_path()), "ada").await.unwrap_err();
    assert!(error.detail().contains("wait 30 s") && error.is_temporary(), "{error}");
    // 404 means nobody only where the path names somebody
    let server = Server::always(404, json!({})).await;
    assert_eq!(fetch(&server.source(by_path()), "ada").await.unwrap(), None);
    let search = json!({ "record": { "path": "/search", "query": { "q": "{identifier}" } } });
    assert_eq!(kind(fetch(&server.source(search), "ada").await), PortErrorKind::Misconfigured);
}

#[tokio::test]
async fn large_answers_end_at_the_limit() {
    let endless = raw(|mut stream| async move {
        let _ = stream
            .write_all(&head("200 OK\r\ncontent-type: application/json\r\ncontent-length: 1073741824", b""))
            .await;
        while stream.write_all(&[b' '; 65536]).await.is_ok() {}
    })
    .await;
    let error = fetch(&endless.source(by_path()), "ada").await.unwrap_err();
    assert!(error.detail().contains("larger than"), "{error}");
    // 200 MiB in 1.3 MiB
    let bomb =
        sending(head("200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip", &bomb_of(200 << 20))).await;
    let error = verify(&bomb.verifier(by_password()), json!({})).await.unwrap_err();
    assert!(error.detail().contains("larger than"), "{error}");
}

/// A gzip stream of spaces (RFC 1951): one literal, then copies of 258 bytes of 13 bits each. It has no end, because nobody
/// may read that far.
fn bomb_of(bytes: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false];
    // huffman codes begin with their highest bit
    let mut code = |value: u32, length: u32| bits.extend((0..length).rev().map(|bit| value >> bit & 1 == 1));
    code(0x30 + u32::from(b' '), 8);
    for _ in 0..bytes / 258 {
        code(0b1100_0101, 8);
        code(0, 5);
    }
    let byte = |bits: &[bool]| bits.iter().enumerate().map(|(at, bit)| u8::from(*bit) << at).sum::<u8>();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    head.into_iter().chain(bits.chunks(8).map(byte)).collect()
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let bytes = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03\x01\x0b\x00\xf4\xff\x7b\x22\x6f\x6b\x22\x3a\x74\x72\x75\x65\x7d\x90\x5f\xd4\xa7\x0b\x00\x00\x00";
    let server = sending(head("200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip", bytes)).await;
    assert_eq!(fetch(&server.source(by_path()), "ada").await.unwrap(), Some(json!({ "ok": true })));
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let silent = raw(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let source = silent.source(by_path());
    let (began, deadline) = (Instant::now(), Instant::now() + Duration::from_millis(200));
    let call = Call { deadline, request_id: "r1" };
    let error = source.fetch(call, &identifier("ada")).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
    assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    // nobody listens
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let settings = json!({ "server": { "url": format!("http://{closed}"), "allow": ["127.0.0.1"] } });
    assert_eq!(
        kind(fetch(&super::source(merged(by_path(), settings)).unwrap(), "ada").await),
        PortErrorKind::Unavailable
    );
}

#[tokio::test]
async fn records_and_their_parts() {
    let server = Server::answering(|request: Request| async move {
        let body = match request.uri().path() {
            "/customers" => json!({ "items": [
                { "id": 7, "login": "Ada", "exact": "X" }, { "id": 8, "login": "adam" },
            ] }),
            "/customers/7/orders" => json!({ "items": [{ "n": 1 }] }),
            "/customers/7/roles" => return reply(404, "application/json", "{}"),
            _ => return reply(500, "application/json", "{}"),
        };
        reply(200, "application/json", body.to_string().replace("\"X\"", "12345678901234567890.10"))
    })
    .await;
    let mut settings = json!({
        "record": { "path": "/customers", "query": { "q": "{identifier}" } },
        "pick": "$.items",
        "match": ["$.email", "$.login"],
        "lists": {
            "orders": { "request": { "path": "/customers/{$.id}/orders" }, "pick": "$.items" },
            "roles": { "request": { "path": "/customers/{$.id}/roles" }, "none_when": [{ "status": 404 }] },
        },
    });
    let source = server.source(settings.clone());
    let record = source.fetch(call(), &identifier("ada")).await.unwrap().unwrap();
    let want = r#"{"id":7,"login":"Ada","exact":12345678901234567890.10,"orders":[{"n":1}],"roles":[]}"#;
    assert_eq!(serde_json::from_str::<Json>(record.json()).unwrap(), serde_json::from_str::<Json>(want).unwrap());
    assert!(record.json().contains("12345678901234567890.10"), "{}", record.json());
    assert_eq!(fetch(&source, "nobody").await.unwrap(), None);

    settings["match"] = json!([]);
    let error = fetch(&server.source(settings.clone()), "ada").await.unwrap_err();
    assert!(error.is_about_one_record() && error.detail().contains("more than one"), "{error}");
    settings["match"] = json!(["$.login"]);
    settings["lists"]["login"] = json!({ "request": { "path": "/customers/{$.id}/orders" } });
    assert_eq!(kind(fetch(&server.source(settings.clone()), "ada").await), PortErrorKind::Misconfigured);
    settings["lists"] = json!({ "x": { "request": { "path": "/customers/{$.none}/orders" } } });
    assert!(fetch(&server.source(settings.clone()), "ada").await.unwrap_err().is_about_one_record());
    settings["lists"] = json!({});
    settings["record_limit"] = json!("32B");
    assert!(fetch(&server.source(settings), "ada").await.unwrap_err().detail().contains("larger than"));
}
