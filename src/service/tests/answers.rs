//! The responses of the operations, byte for byte.

use std::sync::Arc;

use super::*;
use crate::adapters::memory::MemoryLedger;
use crate::callers::{Caller, CallerCredential, SignedRequest};
use crate::signing::SigningKey;

/// The only refusal.
const REFUSED: &str = "\
HTTP/1.1 401 Unauthorized
content-type: application/problem+json
cache-control: no-store
x-request-id: …
content-length: 95
connection: close
date: …

{\"type\":\"urn:landfall:problem:refused\",\"title\":\"the customer cannot be signed in\",\"status\":401}";

#[test]
fn every_refusal_has_the_same_bytes() {
    let service = Running::start(|_| {});
    let mut seen = 0;
    for (name, outcome) in outcomes() {
        if !outcome.is_success() && !outcome.is_temporary() {
            assert_eq!(comparable(&service.login(&name)), REFUSED, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, Refusal::ALL.len() + 4);
}

#[test]
fn successful_logins_name_the_outcome() {
    let service = Running::start(|_| {});
    for (name, expected) in [
        ("authenticated", r#"{"outcome":"authenticated","account_id":"a-1","password_change_required":false}"#),
        ("migrated", r#"{"outcome":"migrated","account_id":"a-1","password_change_required":false}"#),
        (
            "migrated_must_change_password",
            r#"{"outcome":"migrated","account_id":"a-1","password_change_required":true}"#,
        ),
        (
            "password_policy",
            r#"{"outcome":"migrated","account_id":"a-1","password_change_required":true,"password_change_reason":"password_policy"}"#,
        ),
    ] {
        let response = service.login(name);
        assert_eq!((status(&response), body(&response)), (200, expected), "{name}");
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
    }
}

#[test]
fn temporary_failures_are_identical_and_not_refusals() {
    let service = Running::start(|_| {});
    let answers = ["legacy_unavailable", "target_unavailable", "overloaded"].map(|name| service.login(name));
    for response in &answers {
        assert_eq!((status(response), header(response, "retry-after")), (503, Some("3")));
        assert_eq!(comparable(response), comparable(&answers[0]));
    }
}

#[test]
fn malformed_bodies_are_rejected_before_anything_is_looked_up() {
    let service = Running::start(|_| {});
    let long = login(&"a".repeat(20_000));
    for (body, expected) in [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        (r#"{"identifier":"a"}"#, 400),
        (r#"{"identifier":"a","password":1}"#, 400),
        (r#"{"identifier":null,"password":"b"}"#, 400),
        (r#"{"identifier":"a","password":"b","tenant":"c"}"#, 400),
        (r#"{"identifier":"a","password":"b","challenge_passed":"true"}"#, 400),
        (r#"{"identifier":"a","password":"b","challenge_passed":null}"#, 400),
        (r#"{"identifier":"a","identifier":"b","password":"c"}"#, 400),
        (r#"{"identifier":"a","password":"b","password":"c"}"#, 400),
        (r#"{"identifier":"a","password":"b"} {}"#, 400),
        (r#"{"identifier":"\ud800","password":"b"}"#, 400),
        (long.as_str(), 413),
    ] {
        let response = service.post("/v1/login", body);
        assert_eq!(status(&response), expected, "{body:.80}");
        assert_eq!(header(&response, "content-type"), Some("application/problem+json"), "{body:.80}");
    }
    for (from, to, expected) in [
        ("application/json", "text/plain", 415),
        ("application/json", "application/x-www-form-urlencoded", 415),
        ("content-type: application/json\r\n", "", 415),
        ("content-length: 0\r\n", "transfer-encoding: chunked\r\n", 413),
    ] {
        let mut request = post("/v1/login", "", if expected == 413 { "" } else { "{}" }).replace(from, to);
        if expected == 413 {
            request.push_str(&format!("{:x}\r\n{}\r\n0\r\n\r\n", 20_000, "a".repeat(20_000)));
        }
        assert_eq!(status(&service.exchange(&request)), expected, "{to}");
    }
    let latin1 = [post("/v1/login", "", "").replace("length: 0", "length: 1").as_bytes(), b"\xe9"].concat();
    let mut stream = service.connect();
    stream.write_all(&latin1).unwrap();
    assert_eq!(status(&rest(&mut stream)), 400);
    assert_eq!(service.asked(), 0, "nothing was looked up");
}

#[test]
fn a_malformed_body_is_described_without_its_values() {
    let service = Running::start(|_| {});
    for (path, sent, expected) in [
        (
            "/v1/login",
            r#"{"identifier":"ida.brandt"}"#,
            r#""detail":"`password` is missing","member":"password","line":1,"column":27}"#,
        ),
        (
            "/v1/login",
            r#"{"identifier":"ida.brandt","password":["hunter2"]}"#,
            r#""detail":"`password` must be text","member":"password","line":1,"column":38}"#,
        ),
        (
            "/v1/password-reset",
            "{\n  \"identifier\": hunter2\n}",
            r#""detail":"the body is not valid JSON","line":2,"column":17}"#,
        ),
        (
            "/v1/accounts/a-1/password",
            r#"{"password":""}"#,
            r#""detail":"`password` must have 1 to 1024 bytes and no NUL","member":"password"}"#,
        ),
    ] {
        let response = service.post(path, sent);
        let start = r#"{"type":"urn:landfall:problem:malformed","title":"the request body is malformed","status":400,"#;
        assert_eq!((status(&response), body(&response)), (400, format!("{start}{expected}").as_str()), "{sent}");
    }
}

#[test]
fn signup_and_reset_answer() {
    let service = Running::start(|_| {});
    let ask = |path: &str, identifier: &str| service.post(path, &format!(r#"{{"identifier":"{identifier}"}}"#));
    let free = ask("/v1/signup-check", "free");
    assert_eq!((status(&free), body(&free)), (200, r#"{"available":true}"#));
    assert_eq!(body(&ask("/v1/signup-check", "reserved")), r#"{"available":false}"#);
    let unknown = ask("/v1/signup-check", "outage");
    assert_eq!((status(&unknown), header(&unknown, "retry-after")), (503, Some("7")));
    assert!(!body(&unknown).contains("\"available\""));

    let known = ask("/v1/password-reset", "known");
    assert_eq!((status(&known), body(&known)), (202, r#"{"status":"accepted"}"#));
    let outage = ask("/v1/password-reset", "outage");
    assert_eq!((status(&outage), header(&outage, "retry-after")), (503, Some("7")), "not accepted");
}

#[test]
fn an_unknown_tenant_is_a_mistake_of_the_caller() {
    let service = Running::start(|_| {});
    for path in ["/v1/login", "/v1/password-reset"] {
        let ask = |tenant: &str| {
            let password = if path == "/v1/login" { r#""password":"x","# } else { "" };
            service.post(path, &format!(r#"{{"identifier":"known",{password}"tenant":"{tenant}"}}"#))
        };
        let unknown = ask("clubb");
        assert_eq!(status(&unknown), 400, "{path}");
        assert!(body(&unknown).contains("urn:landfall:problem:tenant"), "{path}");
        assert_ne!(status(&ask("club")), 400, "{path}");
    }
}

#[test]
fn accounts_keep_every_digit_and_accept_passwords() {
    let service = Running::start(|_| {});
    let found = service.get("/v1/accounts/a-1");
    assert_eq!(status(&found), 200);
    assert_eq!(
        body(&found),
        r#"{"id":"a-1","state":"pending","claims":{"id":123456789012345678901,"balance":1.10},"created_at":"2026-01-02T03:04:05Z","changed_at":"2026-02-02T03:04:05Z","password_change_required":true,"source":"shop"}"#
    );
    for (path, expected) in [("a-2", 404), ("out", 503), ("bad", 503), ("%00", 404), ("%ff", 404)] {
        assert_eq!(status(&service.get(&format!("/v1/accounts/{path}"))), expected, "{path}");
    }
    let set = |id: &str, body: &str| status(&service.post(&format!("/v1/accounts/{id}/password"), body));
    assert_eq!(set("a-1", r#"{"password":" new \u00e9"}"#), 204);
    assert_eq!(set("a-2", r#"{"password":" new \u00e9"}"#), 404);
    let asked = service.asked();
    assert_eq!(set("a-1", r#"{"password":""}"#), 400);
    assert_eq!(set("a-1", r#"{"password":"a\u0000b"}"#), 400);
    assert_eq!(set("a-1", &format!(r#"{{"password":"{}"}}"#, "a".repeat(1025))), 400);
    assert_eq!(service.asked(), asked);
}

#[test]
fn request_ids_are_accepted_or_generated() {
    let service = Running::start(|_| {});
    let ask =
        |id: &str| service.exchange(&format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{id}connection: close\r\n\r\n"));
    assert_eq!(header(&ask("x-request-id: caller-7\r\n"), "x-request-id"), Some("caller-7"));
    for id in ["", "x-request-id: not a token\r\n"] {
        assert_eq!(header(&ask(id), "x-request-id").map(str::len), Some(32));
    }
}

#[test]
fn unknown_routes_and_methods_are_problems() {
    let service = Running::start(|_| {});
    for (response, expected) in [(service.get("/nothing"), 404), (service.get("/v1/login"), 405)] {
        assert_eq!(status(&response), expected);
        assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
    }
    assert_eq!(header(&service.get("/v1/login"), "allow"), Some("POST"));
}

pub(super) const TOKEN: &str = "right-token-0123456789-0123456789";
pub(super) const SECRET: &str = "a-signing-secret-of-the-tests-0123456789";

pub(super) fn callers() -> Option<Arc<Callers>> {
    let token = CallerCredential::Bearer(TOKEN.to_owned().into());
    let key = CallerCredential::Signed(vec![SECRET.to_owned().into()]);
    let callers =
        [("idp", token), ("shop", key)].map(|(name, credential)| Caller { name: name.to_owned(), credential });
    Some(Arc::new(Callers::new(&callers, Arc::new(MemoryLedger::new())).unwrap()))
}

#[test]
fn every_route_except_the_health_routes_needs_credentials() {
    let service = Running::start_with(callers(), None, |_| {});
    for path in ["/metrics", "/openapi.json", "/v1/accounts/a-1", "/nothing"] {
        let response = service.get(path);
        assert_eq!(status(&response), 401, "{path}");
        assert!(body(&response).contains("problem:caller"), "{response}");
        assert!(header(&response, "www-authenticate").is_some());
    }
    let ask = |headers: &str| status(&service.exchange(&post("/v1/login", headers, &login("migrated"))));
    let right = format!("authorization: Bearer {TOKEN}\r\n");
    for wrong in [
        "authorization: Bearer wrong-token-0123456789\r\n".to_owned(),
        right.repeat(2),
        "webhook-id: a\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,AAAA\r\n".to_owned(),
    ] {
        assert_eq!((ask(&wrong), service.asked()), (401, 0), "{wrong}");
    }
    assert_eq!((ask(&right), service.asked()), (200, 1));
    let (key, now) = (SigningKey::new(&SECRET.to_owned().into()).unwrap(), jiff::Timestamp::now().as_second());
    let body = login("migrated");
    let request = SignedRequest { method: "POST", path: "/v1/login", body: body.as_bytes() };
    let signature = key.sign("call-1", now, &request.content());
    let signed = format!("webhook-id: call-1\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\n");
    assert_eq!((ask(&signed), ask(&signed), service.asked()), (200, 401, 2), "a signed call is accepted once");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(status(&service.get(path)), 200, "{path}");
    }
}

#[test]
fn without_callers_only_loopback_is_allowed() {
    let operations = Running::start(|_| {}).fake.clone();
    let settings = ServiceSettings { listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..ServiceSettings::default() };
    let served = || Served {
        operations: operations.clone(),
        callers: None,
        metrics: Metrics::new(),
        reload: Vec::new(),
        bridges: Bridges::default(),
    };
    assert!(matches!(bind(served(), settings.clone()), Err(ServiceError::Open(_))));
    assert!(bind(Served { callers: callers(), ..served() }, settings).is_ok());
}

#[test]
fn a_caller_can_report_a_passed_challenge() {
    let service = Running::start(|_| {});
    for (member, expected) in [
        ("", Challenge::None),
        (r#","challenge_passed":false"#, Challenge::None),
        (r#","challenge_passed":true"#, Challenge::Passed),
    ] {
        let body = format!(r#"{{"identifier":"migrated","password":"b"{member}}}"#);
        assert_eq!(status(&service.post("/v1/login", &body)), 200);
        assert_eq!(*service.fake.challenge.lock().unwrap(), expected, "{member}");
    }
}

#[test]
fn the_network_is_the_peer_or_the_forwarded_address() {
    let ask = |service: &Running| {
        service.exchange(&post("/v1/login", "x-forwarded-for: 203.0.113.9\r\n", &login("migrated")));
        *service.fake.network.lock().unwrap()
    };
    assert_eq!(ask(&Running::start(|_| {})), Some("127.0.0.1".parse().unwrap()));
    let behind = Running::start(|settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    assert_eq!(ask(&behind), Some("203.0.113.9".parse().unwrap()));
}

#[test]
fn metrics_contain_no_customer_values() {
    let service = Running::start(|_| {});
    for (name, _) in outcomes() {
        service.login(&name);
    }
    service.login("grace.hopper@example.org");
    service.get("/v1/accounts/secret-account");
    service.get("/secret-path");
    let text = service.get("/metrics");
    assert_eq!(header(&text, "content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "landfall_logins_total{outcome=\"refused\",reason=\"locked\"} 1",
        "landfall_logins_total{outcome=\"denied_by_rule\",reason=\"\"} 1",
        "landfall_http_requests_total{route=\"/v1/accounts/{id}\",status=\"404\"} 1",
        "landfall_http_requests_total{route=\"none\",status=\"404\"} 1",
        "landfall_connections ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for value in ["grace", "ada@", "horse", "secret-"] {
        assert!(!text.contains(value), "{value}");
    }
}

#[test]
fn panics_are_contained_and_reveal_nothing() {
    let service = Running::start(|settings| settings.limits.requests = 1);
    for _ in 0..3 {
        let response = service.login("panic");
        assert_eq!(status(&response), 500);
        assert!(!response.contains("secret"), "{response}");
    }
    assert_eq!(status(&service.login("migrated")), 200);
    assert!(service.metrics.render().contains("landfall_panics_total 3"));
}

#[test]
fn the_openapi_document_matches_the_routes() {
    let service = Running::start(|_| {});
    let served: serde_json::Value = serde_json::from_str(body(&service.get("/openapi.json"))).unwrap();
    let document = crate::service::openapi();
    assert_eq!(served, serde_json::to_value(&document).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
    insta::assert_snapshot!("openapi", document.to_pretty_json().unwrap());
}
