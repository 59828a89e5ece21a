//! Bridges within the service: who may call what, and what happens before and after a dialect.

use std::time::Instant;

use axum::http::{Method, StatusCode};

use super::*;
use crate::adapters::memory::MemoryLedger;
use crate::bridge::{
    Ask, Authentication, Bridge, BridgeOutcome, BridgeRequest, Dialect, Kind, OpenContext, Question, Reply, Topology,
};
use crate::callers::{Caller, CallerCredential};

/// A dialect that the service authenticates, and one that authenticates by itself.
static PLAIN: Kind = kind("plain", Authentication::Callers);
static OWN: Kind = kind("own", Authentication::Own);

const fn kind(name: &'static str, authentication: Authentication) -> Kind {
    Kind {
        name,
        product: "the tests",
        about: "",
        topology: Topology::ReturnProfile,
        authentication,
        deadline: Duration::from_secs(8),
        repeat: Duration::from_secs(600),
        rules: None,
        needs: &[],
        takes: &[],
        docs: "",
        scripts: &[],
        open: |_: &OpenContext<'_>| Ok(Box::new(Plain)),
    }
}

/// A GET asks for a profile, anything else for a verdict, about the only segment of the path.
struct Plain;

impl Dialect for Plain {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        let identifier = request.only_segment().ok_or_else(|| Reply::empty(StatusCode::BAD_REQUEST))?;
        assert_ne!(identifier, "panic-question", "a secret of the question");
        if identifier == "page" {
            return Err(Reply::json(StatusCode::OK, &serde_json::json!("a page")));
        }
        Ok(match *request.method {
            Method::GET => Question::new(Ask::Profile, identifier),
            _ => Question::login(identifier, Zeroizing::new(b"correct horse".to_vec())),
        })
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        assert_ne!(question.identifier, "panic-reply", "a secret of the reply");
        let status = match outcome {
            BridgeOutcome::Accepted(_) => StatusCode::OK,
            BridgeOutcome::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        };
        Reply::json(status, &serde_json::json!({ "asked": question.identifier }))
    }

    fn is_open(&self, method: &Method, path: &str) -> bool {
        *method == Method::GET && matches!(path, "/page" | "/open")
    }

    fn admit<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async {
            match request.header("x-proof") {
                Some("right") => Ok(()),
                Some("panic") => panic!("a secret of the proof"),
                _ => Err(Reply::empty(StatusCode::UNAUTHORIZED)),
            }
        })
    }
}

const IDP: &str = "authorization: Bearer token-of-the-idp-0123456789-0123456789\r\n";
const SHOP: &str = "authorization: Bearer token-of-the-shop-0123456789-012345678\r\n";
const RIGHT: &str = "x-proof: right\r\n";

/// A service with both bridges; `idp` calls the first.
fn start(change: impl FnOnce(&mut ServiceSettings)) -> Running {
    let caller = |name: &str, header: &str| {
        let token = header.trim_end().rsplit(' ').next().unwrap().to_owned();
        Caller { name: name.to_owned(), credential: CallerCredential::Bearer(token.into()) }
    };
    let callers = [caller("idp", IDP), caller("shop", SHOP)];
    let callers = Some(Arc::new(Callers::new(&callers, Arc::new(MemoryLedger::new())).unwrap()));
    let bridges = vec![Bridge::of_test(&PLAIN, &["idp"], Box::new(Plain)), Bridge::of_test(&OWN, &[], Box::new(Plain))];
    Running::start_whole(callers, None, bridges, change)
}

impl Running {
    fn get_as(&self, headers: &str, target: &str) -> String {
        self.exchange(&format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n"))
    }

    fn ask(&self, headers: &str, path: &str) -> String {
        self.exchange(&post(path, headers, "{}"))
    }
}

#[test]
fn callers_of_a_bridge_call_it_and_nothing_else() {
    let service = start(|_| {});
    assert_eq!(status(&service.ask(IDP, "/bridge/plain/migrated")), 200);
    assert_eq!(status(&service.get_as(IDP, "/bridge/plain/known")), 200);
    assert_eq!(status(&service.ask(IDP, "/bridge/plain/locked")), 401);
    assert_eq!(status(&service.get_as(IDP, "/bridge/plain/outage")), 503);
    let asked = service.asked();
    for path in ["/v1/signup-check", "/v1/password-reset", "/v1/accounts/a-1/password", "/nothing"] {
        assert_eq!(status(&service.ask(IDP, path)), 403, "{path}");
    }
    assert_eq!(status(&service.exchange(&post("/v1/login", IDP, &login("migrated")))), 403);
    for path in ["/v1/accounts/a-1", "/metrics", "/openapi.json", "/"] {
        let response = service.get_as(IDP, path);
        assert_eq!((status(&response), body(&response).contains("not-allowed")), (403, true), "{path}");
    }
    for path in ["/bridge/plain/migrated", "/bridge/plain"] {
        let response = service.ask(SHOP, path);
        assert_eq!((status(&response), body(&response).contains("not-allowed")), (403, true), "{path}");
        assert_eq!(status(&service.get_as(SHOP, path)), 403, "{path}");
        assert_eq!(status(&service.ask("", path)), 401, "{path}");
        assert_eq!(status(&service.ask(RIGHT, path)), 401, "{path}");
    }
    // whoever the service knows is nobody for a dialect that authenticates by itself, and the other way round
    for headers in [IDP, SHOP, "", "x-proof: wrong\r\n", &RIGHT.repeat(2)] {
        assert_eq!(status(&service.ask(headers, "/bridge/own/migrated")), 401, "{headers}");
    }
    assert_eq!(status(&service.exchange(&post("/v1/login", RIGHT, &login("migrated")))), 401);
    assert_eq!(service.asked(), asked, "nothing was looked up");
    assert_eq!(status(&service.ask(RIGHT, "/bridge/own/migrated")), 200);
    assert_eq!(status(&service.exchange(&post("/v1/login", SHOP, &login("migrated")))), 200);
    assert_eq!(status(&service.get_as(IDP, "/health/live")), 200);
}

#[test]
fn only_paths_below_a_bridge_belong_to_it() {
    let service = start(|_| {});
    for (target, expected, identifier) in [
        ("/bridge/plain/migrated", 200, Some("migrated")),
        ("http://x/bridge/plain/migrated", 200, Some("migrated")),
        ("/bridge/plain/ada%40example.org?x=/bridge/own", 200, Some("ada@example.org")),
        ("/bridge/plain/..%2f..%2fv1%2flogin", 200, Some("../../v1/login")),
        ("/bridge/plain/%2e%2e", 200, Some("..")),
        ("/bridge/plain/%252e", 200, Some("%2e")),
        ("/bridge/plain", 400, None),
        ("/bridge/plain?migrated", 400, None),
        ("/bridge/plain//migrated", 400, None),
        ("/bridge/plain/migrated/", 400, None),
        ("/bridge/plain/a/b", 400, None),
        ("/bridge/plain/../own/migrated", 400, None),
        ("/bridge/plain/%ff", 400, None),
        ("/bridge/plain/", 400, None),
        ("/bridge/plainx/migrated", 403, None),
        ("/bridge/plain;x/migrated", 403, None),
        ("/bridge/plain%2fmigrated", 403, None),
        ("/bridge%2fplain/migrated", 403, None),
        ("/bridge/%70lain/migrated", 403, None),
        ("/BRIDGE/plain/migrated", 403, None),
        ("/bridge//plain/migrated", 403, None),
        ("//bridge/plain/migrated", 403, None),
        ("/x/../bridge/plain/migrated", 403, None),
        ("/bridge", 403, None),
        ("/bridge/ownx/migrated", 403, None),
    ] {
        let asked = service.asked();
        let response = service.ask(IDP, target);
        assert_eq!(status(&response), expected, "{target}: {response}");
        assert_eq!(service.asked() - asked, usize::from(identifier.is_some()), "{target}");
        if let Some(identifier) = identifier {
            let replied: serde_json::Value = serde_json::from_str(body(&response)).unwrap();
            assert_eq!(replied["asked"], identifier, "{target}");
        }
        // the proof of one bridge opens no path beside it
        let other = service.ask(RIGHT, target);
        assert_eq!(status(&other), 401, "{target}: {other}");
    }
    for target in ["/bridge/ownx/migrated", "/bridge/own%2fmigrated", "//bridge/own/migrated", "/bridge/plain/../own/a"]
    {
        assert_eq!(status(&service.ask(RIGHT, target)), 401, "{target}");
    }
}

/// A dialect that asks something in a request that it calls open makes a mistake, and nobody is looked up.
#[test]
fn open_requests_ask_nothing() {
    let service = start(|settings| settings.limits.requests = 1);
    for bridge in ["plain", "own"] {
        for headers in ["", SHOP, RIGHT] {
            let page = service.get_as(headers, &format!("/bridge/{bridge}/page"));
            assert_eq!((status(&page), body(&page)), (200, "\"a page\""), "{bridge} {headers}");
            for target in ["open", "open?x", "open/"] {
                let response = service.get_as(headers, &format!("/bridge/{bridge}/{target}"));
                assert!(matches!(status(&response), 400 | 401 | 403), "{bridge} {headers} {target}: {response}");
            }
        }
        for path in ["page", "open"] {
            assert_eq!(status(&service.ask("", &format!("/bridge/{bridge}/{path}"))), 401, "{bridge} {path}");
        }
    }
    assert_eq!(service.asked(), 0);
}

#[test]
fn replies_are_stored_nowhere() {
    let service = start(|_| {});
    for (headers, path) in [
        (IDP, "/bridge/plain/migrated"),
        (IDP, "/bridge/plain/locked"),
        (IDP, "/bridge/plain/overloaded"),
        (IDP, "/bridge/plain"),
        ("", "/bridge/own/migrated"),
    ] {
        let response = service.ask(headers, path);
        assert_eq!(header(&response, "cache-control"), Some("no-store"), "{path}: {response}");
    }
}

#[test]
fn bodies_have_limits_before_a_dialect_sees_them() {
    let service = start(|settings| settings.limits.body_time = Duration::from_millis(300));
    let large = "a".repeat(2 * service_limit());
    for (headers, path) in [(IDP, "/bridge/plain/migrated"), (RIGHT, "/bridge/own/migrated"), ("", "/bridge/own/a")] {
        assert_eq!(status(&service.exchange(&post(path, headers, &large))), 413, "{path}");
        let chunked = post(path, headers, "").replace("content-length: 0\r\n", "transfer-encoding: chunked\r\n");
        let chunked = format!("{chunked}{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
        assert_eq!(status(&service.exchange(&chunked)), 413, "{path}");
        let mut stream = service.connect();
        let whole = post(path, headers, "{}");
        stream.write_all(&whole.as_bytes()[..whole.len() - 1]).unwrap();
        assert_eq!(status(&rest(&mut stream)), 408, "{path}");
    }
    assert_eq!(service.asked(), 0);
}

/// The largest body of the service.
fn service_limit() -> usize {
    ServiceSettings::default().limits.body_bytes
}

#[test]
fn whoever_is_not_admitted_takes_no_permit() {
    let service = start(|settings| {
        settings.limits.requests = 1;
        (settings.limits.body_time, settings.limits.request_time) = (TIMEOUT * 10, TIMEOUT * 10);
    });
    // bodies that never arrive, with and without the proof: nobody knows before they have arrived
    let hanging: Vec<_> = (0..4)
        .map(|at| {
            let mut stream = service.connect();
            let whole = post("/bridge/own/migrated", if at % 2 == 0 { RIGHT } else { "" }, "{}");
            stream.write_all(&whole.as_bytes()[..whole.len() - 1]).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(status(&service.ask(RIGHT, "/bridge/own/migrated")), 200, "the only permit is free");
    drop(hanging);
    let mut slow = service.connect();
    slow.write_all(post("/bridge/own/slow", RIGHT, "{}").as_bytes()).unwrap();
    service.slow_began();
    let began = Instant::now();
    assert_eq!(status(&service.ask("", "/bridge/own/migrated")), 503, "nobody knows who asks, and there is no permit");
    assert_eq!(status(&service.ask(RIGHT, "/bridge/own/migrated")), 503);
    assert_eq!(status(&service.ask(IDP, "/bridge/plain/migrated")), 503);
    assert!(began.elapsed() < TIMEOUT / 2);
    service.fake.release.add_permits(1);
    assert_eq!(status(&rest(&mut slow)), 200);
}

#[test]
fn work_continues_when_the_product_hangs_up() {
    let service = start(|settings| settings.limits.requests = 1);
    let mut slow = service.connect();
    slow.write_all(post("/bridge/plain/slow", IDP, "{}").as_bytes()).unwrap();
    service.slow_began();
    drop(slow);
    assert_eq!(status(&service.ask(IDP, "/bridge/plain/migrated")), 503, "the permit is held while the work runs");
    service.fake.release.add_permits(1);
    let began = Instant::now();
    while status(&service.ask(IDP, "/bridge/plain/migrated")) != 200 {
        assert!(began.elapsed() < TIMEOUT, "the permit is free when the work is done");
    }
    assert_eq!(service.fake.finished.load(Ordering::SeqCst), 1);
}

#[test]
fn panics_of_a_dialect_are_contained() {
    let service = start(|settings| settings.limits.requests = 1);
    for (headers, path) in [
        (IDP, "/bridge/plain/panic-question"),
        (IDP, "/bridge/plain/panic-reply"),
        (IDP, "/bridge/plain/panic"),
        ("x-proof: panic\r\n", "/bridge/own/migrated"),
        (RIGHT, "/bridge/own/panic-question"),
    ] {
        let response = service.ask(headers, path);
        assert_eq!(status(&response), 500, "{path}");
        assert!(!response.contains("secret"), "{response}");
        assert_eq!(status(&service.ask(IDP, "/bridge/plain/migrated")), 200, "{path}: no permit is lost");
    }
    assert!(service.metrics.render().contains("landfall_panics_total 5"), "{}", service.metrics.render());
}

#[test]
fn metrics_name_the_route_and_not_the_path() {
    let service = start(|_| {});
    service.ask(IDP, "/bridge/plain/grace.hopper%40example.org");
    service.get_as(IDP, "/bridge/plain/grace.hopper%40example.org?token=secret-token");
    service.ask(RIGHT, "/bridge/own/grace.hopper@example.org");
    service.ask("", "/bridge/own/grace.hopper@example.org");
    service.ask(IDP, "/bridge/plain");
    let text = service.get_as(SHOP, "/metrics");
    for line in [
        "landfall_http_requests_total{route=\"/bridge/plain/{*below}\",status=\"200\"} 1",
        "landfall_http_requests_total{route=\"/bridge/plain/{*below}\",status=\"401\"} 1",
        "landfall_http_requests_total{route=\"/bridge/plain\",status=\"400\"} 1",
        "landfall_http_requests_total{route=\"/bridge/own/{*below}\",status=\"200\"} 1",
        "landfall_http_requests_total{route=\"/bridge/own/{*below}\",status=\"401\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for value in ["grace", "example.org", "horse", "secret-"] {
        assert!(!text.contains(value), "{value}");
    }
}
