//! Mistakes in settings, and what is shown of them.

use super::super::check;
use super::*;
use crate::adapters::registry::{SourceAdapter as _, SourceContext, VerifierAdapter as _, VerifierContext};

fn keys_of_source(mut settings: Json) -> Vec<String> {
    settings["server"] = json!({ "url": "https://legacy.example" });
    let settings: HttpSettings = serde_json::from_value(settings).unwrap();
    let found = check::source_plan(&settings, Path::new("")).err().unwrap_or_default();
    found.into_iter().map(|mistake| mistake.key).collect()
}

fn keys_of_verifier(change: impl Fn(&mut Json)) -> Vec<String> {
    let mut settings = json!({
        "server": { "url": "https://legacy.example" },
        "request": { "path": "/login", "body": { "json": { "u": "{identifier}", "p": "{password}" } } },
        "verified_when": [{ "status": 200, "body": { "$.ok": true } }],
        "mismatch_when": [{ "status": 401, "body": { "$.ok": false } }],
    });
    change(&mut settings);
    let settings: HttpVerifierSettings = serde_json::from_value(kinded(settings)).unwrap();
    let found = check::verifier_plan(&settings, Path::new("")).err().unwrap_or_default();
    found.into_iter().map(|mistake| mistake.key).collect()
}

#[test]
fn mistakes_of_sources_have_a_place() {
    let record = |record: Json| keys_of_source(json!({ "record": record }));
    assert_eq!(record(json!({ "path": "/c/{identifier}" })), [""; 0]);
    for (request, key) in [
        (json!({ "path": "/c" }), "record"),
        (json!({ "path": "c/{identifier}" }), "record.path"),
        (json!({ "path": "https://evil.example/{identifier}" }), "record.path"),
        (json!({ "path": "/c/{identifier}?x=1" }), "record.path"),
        (json!({ "path": "/../{identifier}" }), "record.path"),
        (json!({ "path": "/%2e%2E/{identifier}" }), "record.path"),
        (json!({ "path": "/c/{name}" }), "record.path"),
        (json!({ "path": "/c/{$.id}" }), "record.path"),
        (json!({ "path": "/{identifier}", "method": "TRACE" }), "record.method"),
        (json!({ "path": "/{identifier}", "query": { "p": "{password}" } }), "record.query.p"),
        (json!({ "path": "/{identifier}", "headers": { "Host": "evil.example" } }), "record.headers.Host"),
        (json!({ "path": "/{identifier}", "headers": { "content-length": "0" } }), "record.headers.content-length"),
        (json!({ "path": "/{identifier}", "headers": { "x": "a\nb" } }), "record.headers.x"),
        (
            json!({ "path": "/{identifier}", "headers": { "Authorization": "Bearer x" } }),
            "record.headers.Authorization",
        ),
        (json!({ "path": "/{identifier}", "query": { "api_key": "x" } }), "record.query.api_key"),
        (json!({ "path": "/{identifier}", "headers": { "Cookie": "u={identifier}" } }), "record.headers.Cookie"),
        (
            json!({ "path": "/", "body": { "text": "<a><![CDATA[{identifier}]]></a>", "content_type": "text/xml" } }),
            "record.body.text",
        ),
        (
            json!({ "path": "/", "body": { "text": "[{identifier}]", "content_type": "application/json" } }),
            "record.body.text",
        ),
        (
            json!({ "path": "/", "body": { "text": "{identifier}", "content_type": "text/xml; charset=iso-8859-1" } }),
            "record.body",
        ),
        (json!({ "path": "/{identifier}", "body": {} }), "record.body"),
        (json!({ "path": "/{identifier}", "body": { "json": "{password}" } }), "record.body.json"),
        (json!({ "path": "/{identifier}", "body": { "json": {}, "form": {} } }), "record.body"),
        (json!({ "path": "/{identifier}", "body": { "text": "x" } }), "record.body.content_type"),
        (
            json!({ "path": "/{identifier}", "body": { "text": "x", "content_type": "text/plain" } }),
            "record.body.content_type",
        ),
        (json!({ "path": "/{identifier}", "basic": {} }), "record.basic.password"),
    ] {
        assert_eq!(record(request.clone()), [key], "{request}");
    }
    let settings = json!({
        "record": { "path": "/{identifier}", "headers": { "X-Api-Key": "{param.key}" }, "query": { "api_key": "" } },
        "params": { "key": "k" },
    });
    assert_eq!(keys_of_source(settings), [""; 0]);
    let with = |key: &str, value: Json| keys_of_source(json!({ "record": { "path": "/{identifier}" }, key: value }));
    assert_eq!(with("pick", json!("items")), ["pick"]);
    assert_eq!(with("pick", json!("$.items[0]")), ["pick"]);
    for nothing in
        [json!([]), json!([{ "status": 200 }]), json!([{ "status": 200, "body": { "$.e": { "exists": false } } }])]
    {
        assert_eq!(with("found_when", nothing.clone()), ["found_when"], "{nothing}");
    }
    assert_eq!(with("match", json!(["$..a"])), ["match"]);
    assert_eq!(with("or", json!([{ "path": "/by-mail", "query": { "q": "{identifier}" } }])), ["key"]);
    assert_eq!(with("or", json!([{ "path": "/by-mail" }])), ["or", "key"]);
    assert_eq!(with("key", json!("id")), ["key"]);
    assert_eq!(with("none_when", json!([{ "status": 302 }])), ["none_when"]);
    assert_eq!(with("lists", json!({ "o": { "request": { "path": "/o/{$.x[*]}" } } })), ["lists.o.request.path"]);
    for status in [401, 403, 429, 500, 503] {
        assert_eq!(with("none_when", json!([{ "status": status }])), ["none_when"], "{status}");
        let with_body = json!([{ "status": status, "body": { "$.error": "no_such_customer" } }]);
        assert_eq!(with("none_when", with_body), [""; 0], "{status}");
    }
    let waived = json!([{ "status": 404, "body": { "$.error": "unknown" }, "subject": false }]);
    assert_eq!(with("none_when", waived), ["none_when"]);
    // a found record has the same status
    assert_eq!(with("none_when", json!([{ "status": [200, 404] }])), ["none_when"]);
    assert_eq!(with("none_when", json!([{ "status": 200, "body": { "$.id": { "exists": false } } }])), [""; 0]);
    assert_eq!(with("none_when", json!([{ "status": 204 }])), [""; 0]);
    assert_eq!(with("preset", json!("nothing")), ["preset"]);
    assert_eq!(keys_of_source(json!({})), ["record"]);
    assert_eq!(keys_of_source(json!({ "preset": "firebase", "params": { "api_key": "k" } })), ["preset"]);
}

#[test]
fn mistakes_of_verifiers_have_a_place() {
    assert_eq!(keys_of_verifier(|_| {}), [""; 0]);
    let with = |key: &'static str, value: Json| keys_of_verifier(move |settings| settings[key] = value.clone());
    assert_eq!(with("request", json!({ "path": "/{identifier}" })), ["request"]);
    assert_eq!(with("request", json!({ "path": "/", "body": { "form": { "p": "{password}" } } })), ["request"]);
    assert_eq!(with("request", json!({ "path": "/{password}", "basic": {} })), ["request.path"]);
    let header = json!({ "path": "/", "headers": { "x": "{password}" }, "basic": {} });
    assert_eq!(with("request", header), ["request.headers.x"]);
    assert_eq!(with("verified_when", json!([])), ["verified_when"]);
    assert_eq!(with("mismatch_when", json!(null)), ["mismatch_when"]);
    assert_eq!(with("verified_when", json!([{ "status": 200 }])), ["verified_when"]);
    let absent = json!([{ "status": 200, "body": { "$.error": { "exists": false } } }]);
    assert_eq!(with("verified_when", absent), ["verified_when"]);
    // what every answer has
    for body in [json!({ "$": { "exists": true } }), json!({})] {
        let usual = json!([{ "status": 200, "body": body, "headers": { "Content-Type": { "contains": "json" } } }]);
        assert_eq!(with("verified_when", usual), ["verified_when"]);
    }
    assert_eq!(with("must_change_when", json!([{ "status": 403 }])), ["must_change_when"]);
    assert_eq!(with("locked_when", json!([{ "status": [] }])), ["locked_when"]);
    let nothing = json!([{ "status": 200, "body": { "$.error": { "exists": false } } }]);
    assert_eq!(with("mismatch_when", nothing), ["mismatch_when"]);
    assert_eq!(with("verified_when", json!([{ "status": 200, "text": " " }])), ["verified_when"]);
    assert_eq!(with("then", json!({ "path": "/me" })), ["then"]);
    let waived = json!([{ "status": 403, "body": { "$.error": "change" }, "subject": false }]);
    assert_eq!(with("must_change_when", waived.clone()), ["must_change_when"]);
    for (key, want) in [("must_change_when", vec![]), ("verified_when", vec!["verified_when"])] {
        let found = keys_of_verifier(|settings| {
            settings["subject"] = json!({ "answer": "$.sub" });
            settings[key] = waived.clone();
        });
        assert_eq!(found, want, "{key}");
    }
    assert_eq!(with("subject", json!({ "answer": "sub" })), ["subject.answer"]);
    for auth in [
        json!({ "kind": "bearer", "token": "t" }),
        json!({ "kind": "aws", "region": "r", "service": "s", "access_key": "a", "secret_key": "k" }),
    ] {
        let bare = keys_of_verifier(|settings| {
            settings["server"]["auth"] = auth.clone();
            settings["mismatch_when"] = json!([{ "status": [401, 403] }]);
        });
        assert_eq!(bare, ["mismatch_when"]);
    }
    for status in [408, 429, 500, 503] {
        assert_eq!(with("mismatch_when", json!([{ "status": status }])), ["mismatch_when"], "{status}");
    }
    assert_eq!(with("mismatch_when", json!([{ "status": 401 }])), [""; 0]);
    // without JSON a status could be anybody's
    let text = keys_of_verifier(|settings| {
        settings["verified_when"] = json!([{ "status": 200, "text": "<ok/>" }]);
        settings["mismatch_when"] = json!([{ "status": 401 }]);
    });
    assert_eq!(text, ["mismatch_when"]);
}

#[tokio::test]
async fn a_trial_names_the_status_and_no_value() {
    let server = Server::always(404, json!({ "secret": "canary" })).await;
    let mut settings = json!({ "record": { "path": "/c/{identifier}" } });
    settings["server"] = server.settings();
    let settings: HttpSettings = serde_json::from_value(settings).unwrap();
    let context = || SourceContext { folder: Path::new(""), identifiers: IdentifierProfile::default() };
    let trial = settings.connect(context()).await;
    assert!(trial.summary.as_deref().is_some_and(|text| text.starts_with("HTTP/1.1, status 404, ")), "{trial:?}");
    assert!(trial.findings.is_empty() && !format!("{trial:?}").contains("canary"), "{trial:?}");

    let server = Server::always(401, json!({ "secret": "canary" })).await;
    let settings = HttpSettings { server: serde_json::from_value(server.settings()).unwrap(), ..settings };
    let trial = settings.connect(context()).await;
    let message = &trial.findings[0].message;
    assert!(message.contains("status 401") && !message.contains("canary"), "{message}");

    let verifier = json!({ "server": server.settings(), "preset": "rest" });
    let verifier: HttpVerifierSettings = serde_json::from_value(verifier).unwrap();
    let (folder, identifiers) = (Path::new(""), IdentifierProfile::default());
    let trial = verifier.connect(VerifierContext { name: "shop", folder, identifiers }).await;
    let summary = trial.summary.as_deref().unwrap();
    assert!(summary.starts_with("reached by HTTP/1.1, ") && summary.ends_with("; no password was sent"), "{summary}");
}

#[test]
fn credentials_go_to_no_other_host_and_set_no_reserved_header() {
    let oauth = |url: &str| json!({ "kind": "oauth", "token_url": url, "client_id": "a", "client_secret": "b" });
    let header = |name: &str| json!({ "kind": "header", "name": name, "value": "v" });
    let open = |auth: Json| {
        let server = json!({ "url": "https://legacy.example/api", "auth": auth });
        source(json!({ "server": server, "record": { "path": "/{identifier}" } })).map(drop)
    };
    assert!(open(oauth("/token")).is_ok() && open(oauth("https://sso.example/token")).is_ok());
    for url in ["//evil.example/token", "/\\evil.example/token", "/\t/evil.example/token"] {
        assert!(open(oauth(url)).unwrap_err().contains("another host"), "{url:?}");
    }
    assert!(open(header("X-Api-Key")).is_ok() && open(header("authorization")).is_ok());
    for name in ["Host", "content-length", "Transfer-Encoding", "connection"] {
        assert!(open(header(name)).unwrap_err().contains("cannot be set"), "{name}");
    }
}

#[test]
fn mistakes_in_preset_files_quote_no_value() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.yaml"), "verifier:\n  request: canary-canary\n").unwrap();
    let settings = json!({ "server": { "url": "https://legacy.example" }, "preset": "./shop.yaml" });
    let settings: HttpVerifierSettings = serde_json::from_value(settings).unwrap();
    let found = check::verifier_plan(&settings, folder.path()).unwrap_err();
    assert_eq!(found[0].message, "the preset is invalid at `verifier.request`, near line 2");
}

#[test]
fn debug_shows_no_secret() {
    let server = json!({
        "url": "https://legacy.example", "auth": { "kind": "bearer", "token": "canary" },
    });
    let settings = json!({ "server": server, "preset": "keycloak", "params": { "realm": "canary" } });
    let settings: HttpSettings = serde_json::from_value(kinded(settings)).unwrap();
    let source = HttpSource::open(&settings, IdentifierProfile::default(), Path::new("")).unwrap();
    let shown = format!("{settings:?} {source:?} {}", serde_json::to_string(&settings).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}
