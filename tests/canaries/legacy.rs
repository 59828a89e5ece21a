//! Legacy systems behind HTTP that tell everything they were told: in bodies, headers, addresses and errors.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum_server::tls_rustls::RustlsConfig;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::{Value, json};

use super::canary::{Aviary, Kind};

/// What becomes of the right password.
pub const STATES: [&str; 5] = ["fine", "locked", "disabled", "expired", "visited"];

/// A customer of a system.
#[derive(Debug, Clone)]
pub struct Person {
    pub login: String,
    pub password: String,
    state: &'static str,
    record: Value,
}

impl Person {
    /// A customer of canaries.
    pub fn new(aviary: &mut Aviary, system: &str, state: &'static str) -> Self {
        let of = |what: &str| format!("the {what} of the {state} customer of {system}");
        let login = format!("{}@{system}.example", aviary.word(Kind::Login, &of("login")));
        let password = aviary.password(&of("password"));
        let record = json!({
            "id": aviary.word(Kind::LegacyId, &of("id")), "login": login,
            "name": format!("{} Özil", aviary.word(Kind::Personal, &of("name"))),
            "hash": aviary.token(&of("stored hash")), "pin": aviary.token(&of("pin")),
        });
        Self { login, password, state, record }
    }

    /// The record as a file, for commands.
    pub fn json(&self) -> String {
        self.record.to_string()
    }
}

/// How a system answers that has lost its manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// A status and a content type, with everything in the body.
    Told(u16, &'static str),
    /// A redirect with everything in the address.
    Redirected,
    /// 401, with everything in the challenge.
    Challenged,
    /// 429, with everything in `Retry-After`.
    Limited,
    /// JSON with everything as a duplicate key.
    Duplicate,
    /// JSON that ends in the middle of everything.
    Cut,
    /// Everything as a charset.
    Charset,
    /// Everything as a content coding.
    Coding,
    /// Everything as the link to the next page.
    Linked,
    /// The right status, with everything in place of each value.
    Shifted,
}

pub const MOODS: [Mood; 16] = [
    Mood::Told(500, "text/plain"),
    Mood::Told(500, "application/json"),
    Mood::Told(503, "text/html"),
    Mood::Told(200, "text/html"),
    Mood::Told(400, "application/json"),
    Mood::Told(403, "application/json"),
    Mood::Told(404, "text/html"),
    Mood::Redirected,
    Mood::Challenged,
    Mood::Limited,
    Mood::Duplicate,
    Mood::Cut,
    Mood::Charset,
    Mood::Coding,
    Mood::Linked,
    Mood::Shifted,
];

/// The requests whose answers a mood changes, and the systems that make them; none stands for all that answer.
pub const PLACES: [(&str, &[&str]); 5] = [
    ("/record", &[]),
    ("/verify", &[]),
    ("/userinfo", &["oauth"]),
    ("/token", &["oauth", "oauthbody"]),
    ("/parts", &["bearer"]),
];

impl Mood {
    fn answer(self, all: &str) -> Response {
        let encoded = utf8_percent_encode(all, NON_ALPHANUMERIC).to_string();
        let quoted = json!(all).to_string();
        let response = |status: u16| Response::builder().status(status);
        let json = |status: u16| response(status).header("content-type", "application/json");
        let text = |builder: axum::http::response::Builder, body: String| builder.body(Body::from(body)).unwrap();
        match self {
            Self::Told(status, "application/json") => text(json(status), format!("{{\"told\":{quoted}}}")),
            Self::Told(status, kind) => text(response(status).header("content-type", kind), all.to_owned()),
            Self::Redirected => text(response(302).header("location", format!("/next?all={encoded}")), String::new()),
            Self::Challenged => {
                let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{encoded}\"");
                text(json(401).header("www-authenticate", challenge), quoted)
            }
            Self::Limited => text(json(429).header("retry-after", encoded), quoted),
            Self::Duplicate => text(json(200), format!("{{{quoted}:1,{quoted}:2}}")),
            Self::Cut => text(json(200), format!("{{\"all\":{}", &quoted[..quoted.len() - 1])),
            Self::Charset => {
                text(response(200).header("content-type", format!("application/json; charset={encoded}")), quoted)
            }
            Self::Coding => text(json(200).header("content-encoding", encoded), quoted),
            Self::Linked => {
                text(json(200).header("link", format!("<//x.example/{encoded}>; rel=\"next\"")), format!("[{quoted}]"))
            }
            Self::Shifted => text(
                json(200),
                json!({ "ok": all, "id": [all], "login": { all: all }, "access_token": all, "token_type": all })
                    .to_string(),
            ),
        }
    }
}

/// The systems: all customers by login, what they were asked, and their mood.
#[derive(Default)]
pub struct Legacy {
    pub people: BTreeMap<String, Person>,
    pub access_token: String,
    mood: Mutex<Option<(&'static str, Mood)>>,
    heard: Mutex<Vec<u8>>,
    moody: Mutex<usize>,
}

impl Legacy {
    /// Answers from now on in this mood, where it is asked for this.
    pub fn set(&self, place: &'static str, mood: Mood) {
        *self.mood.lock().unwrap() = Some((place, mood));
    }

    pub fn calm(&self) {
        *self.mood.lock().unwrap() = None;
    }

    /// All requests so far.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }

    /// How many answers a mood has changed.
    pub fn moody(&self) -> usize {
        *self.moody.lock().unwrap()
    }

    async fn answer(self: Arc<Self>, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        let asked = format!("{} {}\n{:?}\n\n{body}\n", head.method, head.uri, head.headers);
        self.heard.lock().unwrap().extend(asked.as_bytes());
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let sent: Value = serde_json::from_str(&body).unwrap_or_default();
        let login = query.get("login").map(String::as_str).or(sent["login"].as_str()).unwrap_or_default();
        let person = self.people.get(login);
        let path = head.uri.path();
        if let Some((_, mood)) = self.mood.lock().unwrap().filter(|(place, _)| path.ends_with(place)) {
            *self.moody.lock().unwrap() += 1;
            let record = person.map(Person::json).unwrap_or_default();
            return mood.answer(&format!("{asked}{record}\n{}", self.access_token));
        }
        let (status, answer) = match path.rsplit('/').next().unwrap_or_default() {
            "token" => (200, json!({ "access_token": self.access_token, "token_type": "Bearer", "expires_in": 0 })),
            "record" => person.map_or((404, json!({})), |person| (200, person.record.clone())),
            "parts" => (200, json!({ "id": query.get("id"), "orders": 3 })),
            "userinfo" => (200, json!({ "id": query.get("id") })),
            "written" => (200, json!({ "written": true })),
            "verify" => {
                let basic = head.headers.get("authorization").and_then(|value| value.to_str().ok());
                person.map_or((404, json!({})), |person| self.verdict(person, &sent, basic))
            }
            _ => (404, json!({ "path": path })),
        };
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(Body::from(answer.to_string()))
            .unwrap()
    }

    fn verdict(&self, person: &Person, sent: &Value, basic: Option<&str>) -> (u16, Value) {
        use base64::Engine as _;
        let pair = format!("{}:{}", person.login, person.password);
        let own = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let is_right = sent["password"].as_str() == Some(&person.password) || basic == Some(&own);
        let told = |error: &str| json!({ "error": error, "sent": sent, "record": person.record });
        match person.state {
            _ if !is_right => (401, told("wrong")),
            "locked" => (423, told("locked")),
            state @ ("disabled" | "expired") => (403, told(state)),
            _ => (200, json!({ "ok": true, "id": person.record["id"], "access_token": self.access_token })),
        }
    }

    fn routes(self: &Arc<Self>) -> Router {
        let legacy = Arc::clone(self);
        Router::new().fallback(move |request: Request| Arc::clone(&legacy).answer(request))
    }

    /// Serves plain HTTP.
    pub async fn serve(self: &Arc<Self>) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = self.routes();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        address
    }

    /// Serves HTTP/2 with TLS to those with a certificate of this authority.
    pub async fn serve_tls(self: &Arc<Self>, authority: &Authority) -> SocketAddr {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.issuer.pem().as_bytes()).unwrap()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let (certificate, key) = authority.issue(&["localhost"]);
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let mut config =
            builder.with_client_cert_verifier(clients).with_single_cert(vec![certificate], key).expect("a certificate");
        config.alpn_protocols = vec![b"h2".to_vec()];
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(Arc::new(config))).unwrap();
        tokio::spawn(server.serve(self.routes().into_make_service()));
        address
    }
}

/// A certificate authority for servers and clients.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn issue(&self, names: &[&str]) -> (String, KeyPair) {
        let params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key)
    }

    /// Writes `ca.pem`, `NAME.pem` and `NAME.key`; the key is a canary, as a whole and line by line.
    pub fn write(&self, folder: &Path, name: &str, aviary: &mut Aviary) {
        let (certificate, key) = self.issue(&["landfall"]);
        let pem = key.serialize_pem();
        aviary.add(Kind::Secret, &format!("the key of {name}"), key.serialize_der());
        for line in pem.lines().filter(|line| !line.starts_with('-') && line.len() >= 16) {
            aviary.add(Kind::Secret, &format!("a line of the key of {name}"), line);
        }
        fs::write(folder.join("ca.pem"), self.issuer.pem()).expect("a file");
        fs::write(folder.join(format!("{name}.pem")), certificate).expect("a file");
        fs::write(folder.join(format!("{name}.key")), pem).expect("a file");
    }
}
