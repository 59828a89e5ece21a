//! Requests forged through a login: nothing that a customer types, a record has, a server answers or a name resolves to
//! leads to an address that is not allowed. The legacy system is at 127.0.0.2; 127.0.0.1 and ::1 are closed.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::house::{Caller, House, RULES};
use super::running::Running;

/// What customers type, what records have, and where answers lead: ways to write `PORT` of this machine, and other closed
/// addresses.
const FORMS: [&str; 78] = [
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT@127.0.0.2/",
    "http://ada@127.0.0.1:PORT/",
    "http://ada:pw@127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "///127.0.0.1:PORT/",
    "////127.0.0.1:PORT",
    "\\\\127.0.0.1:PORT\\",
    "/\\127.0.0.1:PORT",
    "\\/127.0.0.1:PORT",
    "http:\\\\127.0.0.1:PORT",
    "http:/127.0.0.1:PORT",
    "http:127.0.0.1:PORT",
    "HTTP://127.0.0.1:PORT/",
    "hTtP://LOCALHOST:PORT/",
    "http://localhost:PORT/",
    "http://localhost.:PORT/",
    "http://loc%61lhost:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://017700000001:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.0.0.1%2f@127.0.0.2:PORT/",
    "http://127.0.0.2@127.0.0.1:PORT/",
    "http://127.0.0.2#@127.0.0.1:PORT/",
    "http://127.0.0.2?@127.0.0.1:PORT/",
    "http://127.0.0.2\\@127.0.0.1:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://１２７.0.0.1:PORT/",
    "http://127。0。0。1:PORT/",
    "http://ｌｏｃａｌｈｏｓｔ:PORT/",
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/latest",
    "https://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_x",
    "file:///etc/passwd",
    "dict://127.0.0.1:PORT/x",
    "ws://127.0.0.1:PORT/",
    "data:application/json,{}",
    "@127.0.0.1:PORT/",
    "@169.254.169.254/",
    ":80@127.0.0.1:PORT/",
    ".127.0.0.1:PORT",
    "x@127.0.0.1:PORT",
    "..",
    ".",
    "../../../../127.0.0.1:PORT",
    "..//127.0.0.1:PORT",
    "..\\..\\127.0.0.1:PORT",
    "..;/admin",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fadmin",
    "%252e%252e%252fadmin",
    "..%2f..%2fadmin",
    "..%5c..%5cadmin",
    "%2f%2f127.0.0.1:PORT",
    "?host=127.0.0.1:PORT",
    "#@127.0.0.1:PORT/",
    "ada?x=http://127.0.0.1:PORT/#",
    "{$.next}http://127.0.0.1:PORT",
    "{param.host}",
    "ada%0d%0aHost:127.0.0.1:PORT",
    "ada\r\nHost: 127.0.0.1:PORT\r\n\r\nGET / HTTP/1.1",
];

/// Somebody listens at 127.0.0.1 and ::1, and must not hear anything.
struct Closed {
    port: u16,
    heard: Arc<AtomicUsize>,
}

impl Closed {
    async fn start() -> Self {
        let four = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (port, heard) = (four.local_addr().expect("an address").port(), Arc::new(AtomicUsize::new(0)));
        let six = tokio::net::TcpListener::bind(("::1", port)).await.ok();
        for listener in [Some(four), six].into_iter().flatten() {
            let heard = Arc::clone(&heard);
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    heard.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, heard }
    }

    fn forms(&self) -> Vec<String> {
        FORMS.iter().map(|form| form.replace("PORT", &self.port.to_string())).collect()
    }

    /// Nobody came; and somebody who comes is heard.
    async fn assert_silence(&self) {
        assert_eq!(self.heard.load(Ordering::SeqCst), 0, "a closed address was reached");
        tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection");
        while self.heard.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// A legacy system that remembers what it was asked.
#[derive(Clone, Default)]
struct Legacy {
    forms: Arc<Vec<String>>,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Legacy {
    async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let legacy = self.clone();
        let routes = Router::new().fallback(move |request: Request| {
            let legacy = legacy.clone();
            async move { legacy.answer(&request) }
        });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        address
    }

    /// `rN` gets redirects and links to a form, and `vN` is a record with it.
    fn answer(&self, request: &Request) -> Response {
        let path = request.uri().path();
        self.asked.lock().unwrap().push((request.uri().to_string(), request.headers().clone()));
        // each request resolves the name again
        let json = |status: u16| {
            Response::builder().status(status).header("content-type", "application/json").header("connection", "close")
        };
        let login = path.strip_prefix("/api/customers/").unwrap_or_default();
        let number = login.get(1..).and_then(|number| number.parse::<usize>().ok());
        let form = number.and_then(|number| self.forms.get(number % self.forms.len())).map(String::as_str);
        let body = |text: serde_json::Value| Body::from(text.to_string());
        match (login.chars().next(), form) {
            (Some('r'), Some(form)) => {
                let statuses = [301, 302, 303, 307, 308, 300, 305, 200, 201];
                let status = statuses[number.unwrap_or_default() / self.forms.len() % statuses.len()];
                let to = form.replace(['\r', '\n'], "");
                let answer = json(status).header("location", &to).header("content-location", &to);
                let answer = answer.header("refresh", format!("0; url={to}")).header("alt-svc", format!("h2=\"{to}\""));
                answer.header("link", format!("<{to}>; rel=\"next\"")).body(body(json!([]))).unwrap()
            }
            (Some('v'), Some(form)) => {
                json(200).body(body(json!({ "id": login, "login": login, "next": form }))).unwrap()
            }
            _ if path.starts_with("/api/parts/") => json(200).body(body(json!([]))).unwrap(),
            _ => json(404).body(body(json!({}))).unwrap(),
        }
    }

    /// What stood in a segment of the paths that were asked for, as a server decodes it.
    fn segments(&self, prefix: &str) -> BTreeSet<String> {
        let asked = self.asked.lock().unwrap();
        let paths = asked.iter().map(|(uri, _)| uri.split('?').next().unwrap_or_default());
        let found = paths.filter_map(|path| path.strip_prefix(prefix));
        found.map(|segment| percent_decode_str(segment).decode_utf8().expect("UTF-8").into_owned()).collect()
    }
}

fn systems(address: SocketAddr) -> String {
    let server = format!("server: {{ url: 'http://{address}/api', allow: [ 127.0.0.2 ] }}");
    format!(
        "rules: shop.yaml
source:
  kind: http
  {server}
  record: {{ path: '/customers/{{typed}}', query: {{ q: '{{identifier}}' }} }}
  none_when: [ {{ status: 404 }} ]
  lists: {{ parts: {{ request: {{ path: '/parts/{{$.next}}', query: {{ q: 'http://{{$.next}}' }} }} }} }}
verifiers:
  shop:
    kind: http
    {server}
    request: {{ path: '/login/{{$.next}}', body: {{ json: {{ next: '{{$.next}}', password: '{{password}}' }} }} }}
    verified_when: [ {{ status: 200, body: {{ $.ok: true }} }} ]
    mismatch_when: [ {{ status: 401, body: {{ $.ok: false }} }} ]
"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_a_login_leads_to_a_closed_address() {
    let closed = Closed::start().await;
    let forms = closed.forms();
    let legacy = Legacy { forms: Arc::new(forms.clone()), ..Legacy::default() };
    let address = legacy.start().await;
    let house = House::new(&systems(address));
    let proxy = format!("http://127.0.0.1:{}", closed.port);
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let environment = names.map(|name| (name, proxy.as_str()));
    let running = Running::start(house.folder.path(), &environment);
    let caller = Caller::new(&running);
    for (number, form) in forms.iter().enumerate() {
        let typed = caller.login(form, "pw").await;
        // `.` and `..` cannot be a segment of a path
        assert_eq!(typed, 401, "{form:?}");
        // no condition describes the 404 of the verifier's path
        let verified = caller.login(&format!("v{number}"), "pw").await;
        assert!(matches!(verified, 401 | 503), "{form:?}: {verified}");
        for turn in 0..9 {
            let redirected = caller.login(&format!("r{}", turn * forms.len() + number), "pw").await;
            assert!(matches!(redirected, 401 | 503), "{form:?}: {redirected}");
        }
    }
    let known: BTreeSet<&str> = forms.iter().map(String::as_str).collect();
    let is_alias = |text: &str| text.len() > 1 && text[1..].bytes().all(|byte| byte.is_ascii_digit());
    // a link leads to a further page, but not away from the system
    let page = url::Url::parse(&format!("http://{address}/api/customers/r1")).unwrap();
    let pages = forms.iter().filter_map(|form| page.join(form).ok()).map(String::from);
    let pages: BTreeSet<String> =
        pages.map(|url| percent_decode_str(&url).decode_utf8().expect("UTF-8").into_owned()).collect();
    let is_page = |segment: &str| pages.iter().any(|url| url.contains(&format!("{address}/api/customers/{segment}")));
    for segment in legacy.segments("/api/customers/") {
        assert!(known.contains(segment.as_str()) || is_alias(&segment) || is_page(&segment), "{segment:?}");
    }
    // all forms that can be a segment have arrived in the place of a value of the record
    for prefix in ["/api/parts/", "/api/login/"] {
        let arrived = legacy.segments(prefix);
        assert!(arrived.iter().all(|segment| known.contains(segment.as_str())), "{prefix}: {arrived:?}");
        assert_eq!(arrived.len(), forms.len() - 2, "{prefix}: `.` and `..` were not sent");
    }
    for (uri, headers) in legacy.asked.lock().unwrap().iter() {
        assert!(uri.starts_with("/api/"), "{uri}");
        assert_eq!(headers.get_all("host").iter().collect::<Vec<_>>(), [address.to_string().as_str()]);
    }
    closed.assert_silence().await;
}

/// Hosts in settings that mean a closed address, for a server and for the endpoint of tokens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_settings_leads_to_a_closed_address() {
    let closed = Closed::start().await;
    let urls: Vec<String> = closed.forms().into_iter().filter(|form| !form.contains(['\r', '\n'])).collect();
    let mut settings = "rules: shop.yaml\nverifiers:\n".to_owned();
    let quoted = |url: &str| serde_json::to_string(url).unwrap();
    let conditions = "request: { path: /login, body: { json: { u: '{identifier}', p: '{password}' } } }, \
                      verified_when: [ { status: 200, body: { $.ok: true } } ], \
                      mismatch_when: [ { status: 401, body: { $.ok: false } } ]";
    let tokens = |number: usize, url: &str| {
        let auth = format!("{{ kind: oauth, token_url: {}, client_id: a, client_secret: b }}", quoted(url));
        format!(
            "  t{number}: {{ kind: http, server: {{ url: 'http://127.0.0.2:9', allow: [ 127.0.0.2 ], auth: {auth} }}, {conditions} }}\n"
        )
    };
    for (number, url) in urls.iter().enumerate() {
        let server = format!("{{ url: {}, plain_http: true }}", quoted(url));
        settings += &format!("  v{number}: {{ kind: http, server: {server}, {conditions} }}\n");
        settings += &tokens(number, url);
    }
    settings += "source: { kind: file, path: export.ndjson, logins: [ $.login ] }\n";
    let check = |settings: &str| {
        let house = House::new(settings);
        house.write("export.ndjson", "{}\n");
        house.write("shop.yaml", &RULES.replace("source: shop", "source: t0").replace("[ shop ]", "[ t0 ]"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(["check", "--config", "landfall.yaml", "--connect"]).current_dir(house.folder.path());
        let done = command.output().expect("the program");
        (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };
    let (is_fine, said) = check(&settings);
    assert!(!is_fine);
    // what the settings alone do not tell is tried
    let is_reported = |name: &str| said.contains(&format!("  {name}: {{")) && said.contains("error[");
    assert!(is_reported("v0") && is_reported("t0"), "{said}");
    for (number, url) in urls.iter().enumerate().filter(|(_, url)| url.starts_with("//") || url.starts_with("/\\")) {
        let alone = format!(
            "rules: shop.yaml\nverifiers:\n{}source: {{ kind: file, path: export.ndjson, logins: [ $.login ] }}\n",
            tokens(number, url)
        );
        let (is_fine, said) = check(&alone.replace(&format!("  t{number}:"), "  t0:"));
        assert!(!is_fine && said.contains("token_url"), "{url}: {said}");
    }
    closed.assert_silence().await;
}

/// Names and their addresses; `CLOSED` listens.
const HOSTS: &str = "\
127.0.0.1 localhost loopback.test
::1 six.test
::ffff:127.0.0.1 mapped.test
8.8.8.8 mixed.test
127.0.0.1 mixed.test
127.0.0.2 allowed.test
10.9.9.9 private.test
169.254.169.254 metadata.test
0.0.0.0 zero.test
";

/// The names of closed addresses, with what a resolver overlooks.
const NAMES: [&str; 9] = [
    "loopback.test",
    "LOOPBACK.test",
    "loopback.test.",
    "six.test",
    "mapped.test",
    "mixed.test",
    "private.test",
    "metadata.test",
    "zero.test",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs namespaces of mounts, for a file of hosts of its own; run tests/run"]
async fn names_of_closed_addresses_lead_nowhere() {
    let (closed, legacy) = (Closed::start().await, Legacy::default());
    let address = legacy.start().await;
    let mut settings = systems(address).replace(&address.to_string(), &format!("allowed.test:{}", address.port()));
    settings = settings.replace("allow: [ 127.0.0.2 ]", "allow: [ allowed.test ], plain_http: true");
    settings += "domains: [ allowed.example ]\nmore_sources:\n";
    for (number, name) in NAMES.iter().enumerate() {
        settings += &format!(
            "  - {{ rules: shop.yaml, domains: [ n{number}.example ], source: {{ kind: http, name: n{number}, \
             server: {{ url: 'http://{name}:{}', plain_http: true, allow: [ allowed.test, other.test ] }}, \
             record: {{ path: '/customers/{{identifier}}' }} }} }}\n",
            closed.port
        );
    }
    let house = House::new(&settings);
    house.write("hosts", HOSTS);
    let before = "[ -n \"$OWN_HOSTS\" ] || OWN_HOSTS=1 exec unshare $([ \"$(id -u)\" = 0 ] || echo -r) -m sh -c \
                  'mount --bind hosts /etc/hosts && exec \"$0\" serve' \"$0\"; ";
    let running = Running::start_by(before, house.folder.path(), &[]);
    let caller = Caller::new(&running);
    assert_eq!(caller.login("ada@allowed.example", "pw").await, 401, "the legacy system does not know her");
    assert_eq!(legacy.segments("/api/customers/").len(), 1);
    for (number, name) in NAMES.iter().enumerate() {
        assert_eq!(caller.login(&format!("ada@n{number}.example"), "pw").await, 503, "{name}");
    }
    // a name that is allowed leads to another address one day
    for address in ["169.254.169.254", "0.0.0.0"] {
        house.write("hosts", &format!("{address} allowed.test\n"));
        drop(legacy.asked.lock().unwrap().drain(..));
        assert_eq!(caller.login("bob@allowed.example", "pw").await, 503, "{address}");
        assert_eq!(legacy.segments("/api/customers/").len(), 0, "{address}");
    }
    let log = std::fs::read_to_string(house.path("log")).expect("a log");
    assert!(log.contains("not public"), "{log}");
    closed.assert_silence().await;
}
