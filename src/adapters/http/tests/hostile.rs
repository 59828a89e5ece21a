//! What a server decodes is exactly the identifier, in whatever place it stands.

use std::collections::BTreeMap;

use axum::extract::{Form, FromRequest as _, Path as UrlPath, Query};

use super::*;

/// Identifiers made of what means something to a URL, a header, JSON, XML or a shell. Seeded, so that a failure repeats.
fn hostile() -> Vec<String> {
    const PARTS: [&str; 46] = [
        "/",
        "\\",
        "..",
        ".",
        "%2e%2e",
        "%2F",
        "%00",
        "%",
        "?",
        "#",
        "&",
        "=",
        "+",
        ";",
        ":",
        "@",
        "//",
        "https://evil",
        "{",
        "}",
        "{{",
        "{password}",
        "{$.id}",
        "{identifier}",
        "$",
        "\"",
        "'",
        "\\\"",
        "\\u0022",
        "<",
        ">",
        "&amp;",
        "]]>",
        "<!--",
        "*",
        ")(",
        "|",
        "`",
        "~",
        "!",
        "ü",
        "東",
        "😀",
        "ı",
        "a",
        "Z9",
    ];
    let profile = IdentifierProfile::default();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let mut found = std::collections::BTreeSet::new();
    while found.len() < 10_000 {
        let text: String = (0..=next(6)).map(|_| PARTS[next(PARTS.len())]).collect();
        if profile.canonical(&text).is_ok() {
            found.insert(text);
        }
    }
    found.into_iter().collect()
}

/// Builds the request without a network, and decodes it as a server does.
async fn decoded(settings: Json, typed: &str) -> Option<Request> {
    let settings: super::super::RequestSettings = serde_json::from_value(settings).unwrap();
    let known = super::super::template::Known { record: true, password: true, ..Default::default() };
    let request = super::super::request::Request::compile(&settings, known).unwrap();
    let (arena, identifier, params) = (bumpalo::Bump::new(), identifier(typed), BTreeMap::new());
    let mut values = super::super::template::Values::new(&identifier, &params, &arena);
    values.password = Some(typed);
    let base = "https://legacy.example/api".parse().unwrap();
    let built = request.build(&base, &values).ok()?;
    assert_eq!(built.url.host_str(), Some("legacy.example"), "{typed:?}");
    assert!(built.url.as_str().starts_with("https://legacy.example/api/"), "{typed:?}: {}", built.url);
    let mut http = axum::http::Request::builder().method(built.method).uri(built.url.as_str());
    *http.headers_mut().unwrap() = built.headers;
    let body = built.body.map(|body| body.to_vec()).unwrap_or_default();
    Some(http.body(Body::from(body)).unwrap())
}

#[tokio::test]
async fn ten_thousand_hostile_identifiers_arrive_as_they_are() {
    let everywhere = json!({
        "path": "/c/{typed}/x",
        "query": { "q": "{typed}", "both": "a {typed}&b" },
        "body": { "form": { "u": "{typed}", "pre": "x={typed}" } },
    });
    let in_json =
        json!({ "path": "/j", "body": { "json": { "u": "{typed}", "v": ["<{typed}>"], "p": "{password}" } } });
    let in_text = json!({
        "path": "/j",
        "body": { "text": "{{\"u\":\"{typed}\"}}", "content_type": "application/json" },
    });
    let (mut refused, all) = (0, hostile());
    for typed in &all {
        if let Some(request) = decoded(everywhere.clone(), typed).await {
            let Query(query) = Query::<BTreeMap<String, String>>::try_from_uri(request.uri()).unwrap();
            assert_eq!(query["q"], *typed);
            assert_eq!(query["both"], format!("a {typed}&b"));
            assert_eq!(query.len(), 2, "{typed:?}");
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let again = Request::from_parts(parts.clone(), Body::from(body));
            let Form(form) = Form::<BTreeMap<String, String>>::from_request(again, &()).await.unwrap();
            assert_eq!((form["u"].as_str(), form["pre"].as_str()), (typed.as_str(), format!("x={typed}").as_str()));
            assert_eq!(form.len(), 2, "{typed:?}");
            let segment = parts.uri.path().strip_prefix("/api/c/").unwrap().strip_suffix("/x").unwrap();
            assert!(!segment.contains('/'), "{segment}");
            let decoded = percent_encoding::percent_decode_str(segment).decode_utf8().unwrap();
            assert_eq!(decoded, typed.as_str());
        } else {
            assert!(matches!(typed.as_str(), "." | ".."), "{typed:?}");
            refused += 1;
        }
        let request = decoded(in_json.clone(), typed).await.unwrap();
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
        let want = json!({ "u": typed, "v": [format!("<{typed}>")], "p": typed });
        assert_eq!(serde_json::from_slice::<Json>(&body).unwrap(), want);
        let request = decoded(in_text.clone(), typed).await.unwrap();
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
        assert_eq!(serde_json::from_slice::<Json>(&body).unwrap(), json!({ "u": typed }));
        let xml = json!({ "path": "/x", "body": { "text": "<u a='{typed}'>{typed}</u>", "content_type": "text/xml" } });
        let request = decoded(xml, typed).await.unwrap();
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
        assert_is_one_element(std::str::from_utf8(&body).unwrap(), typed);
        let header = decoded(json!({ "path": "/h", "headers": { "x-user": "u:{typed}" } }), typed).await;
        match header {
            Some(request) => assert_eq!(request.headers()["x-user"], format!("u:{typed}")),
            None => assert!(!typed.is_ascii() || typed.trim() != typed, "{typed:?}"),
        }
    }
    assert_eq!(refused, 2, "`.` and `..` are among them");
}

/// The value stands in one attribute and one text, and nothing else is markup.
fn assert_is_one_element(xml: &str, typed: &str) {
    let (attribute, rest) = xml.strip_prefix("<u a='").unwrap().split_once('\'').unwrap();
    let text = rest.strip_prefix('>').unwrap().strip_suffix("</u>").unwrap();
    for part in [attribute, text] {
        assert!(!part.contains(['<', '>', '"', '\'']), "{xml}");
        let plain = part.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        assert_eq!(plain.replace("&amp;", "&"), typed);
    }
}

#[tokio::test]
async fn a_text_that_is_one_placeholder_keeps_its_type() {
    let body = json!({ "path": "/", "body": { "json": { "id": "{$.id}", "text": "{$.id}-{$.ok}", "ok": "{$.ok}" } } });
    let settings: super::super::RequestSettings = serde_json::from_value(body).unwrap();
    let known = super::super::template::Known { record: true, ..Default::default() };
    let request = super::super::request::Request::compile(&settings, known).unwrap();
    let (arena, identifier, params) = (bumpalo::Bump::new(), identifier("ada"), BTreeMap::new());
    let mut values = super::super::template::Values::new(&identifier, &params, &arena);
    let limits = crate::model::read::ReadLimits::default();
    let text = r#"{"id":123456789012345678901,"ok":false,"list":[1]}"#;
    values.record = crate::model::read::parse(text, &arena, &limits).unwrap();
    let built = request.build(&"https://a.example".parse().unwrap(), &values).unwrap();
    let body = String::from_utf8(built.body.unwrap().to_vec()).unwrap();
    assert_eq!(body, r#"{"id":123456789012345678901,"ok":false,"text":"123456789012345678901-false"}"#);
}

#[tokio::test]
async fn headers_refuse_what_would_end_them() {
    let headers = json!({ "path": "/", "headers": { "x-user": "{$.name}" } });
    let settings: super::super::RequestSettings = serde_json::from_value(headers).unwrap();
    let known = super::super::template::Known { record: true, ..Default::default() };
    let request = super::super::request::Request::compile(&settings, known).unwrap();
    for (name, is_sent) in
        [("ada", true), ("a\r\nx: y", false), ("a\n", false), ("ü", false), (" a", false), ("a\t", false)]
    {
        let (arena, identifier, params) = (bumpalo::Bump::new(), identifier("ada"), BTreeMap::new());
        let mut values = super::super::template::Values::new(&identifier, &params, &arena);
        let text = json!({ "name": name }).to_string();
        values.record = crate::model::read::parse(&text, &arena, &Default::default()).unwrap();
        assert_eq!(request.build(&"https://a.example".parse().unwrap(), &values).is_ok(), is_sent, "{name:?}");
    }
}

#[tokio::test]
async fn a_server_finds_the_literal_record_or_nothing() {
    let all: Vec<String> = hostile().into_iter().step_by(25).collect();
    let known: Arc<std::collections::BTreeSet<String>> =
        Arc::new(all.iter().map(|typed| identifier(typed).canonical().to_owned()).collect());
    let find = async move |UrlPath(name): UrlPath<String>| {
        if known.contains(&name) {
            (axum::http::StatusCode::OK, axum::Json(json!({ "login": name })))
        } else {
            (axum::http::StatusCode::NOT_FOUND, axum::Json(json!({})))
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/customers/{name}", axum::routing::get(find));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let server = json!({ "url": format!("http://{address}"), "allow": ["127.0.0.1"] });
    let source = source(json!({ "server": server, "record": { "path": "/customers/{identifier}" } })).unwrap();
    for typed in &all {
        match fetch(&source, typed).await {
            Ok(Some(record)) => assert_eq!(record["login"], identifier(typed).canonical()),
            Ok(None) => panic!("{typed:?} was not found"),
            Err(error) => assert!(error.is_about_one_record() && matches!(typed.as_str(), "." | ".."), "{typed:?}"),
        }
        assert_eq!(fetch(&source, &format!("{typed}x")).await.unwrap(), None, "{typed:?}");
    }
}
