//! The customers behind a web API with TLS, in a process of its own: a record, its roles, and a login.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::customers::{RULES, customer, password};
use crate::servers::certificates::{Authority, LOCAL};
use crate::systems::Asked;

/// The argument that makes this program the web API; the number of customers and the folder of its certificates follow.
pub const ARGUMENT: &str = "--web-api";

/// The running process. It ends when its input does.
pub struct WebApi {
    child: Child,
    _input: ChildStdin,
    folder: TempDir,
    port: u16,
}

impl WebApi {
    pub fn start(customers: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        authority.write(folder.path());
        let certificate = authority.issue(&LOCAL);
        std::fs::write(folder.path().join("cert.pem"), certificate.certificate).unwrap();
        std::fs::write(folder.path().join("key.pem"), certificate.key).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([ARGUMENT, &customers.to_string()]).arg(folder.path());
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, _input: input, folder, port: line.trim().parse().unwrap() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the API is asked.
    pub fn asked(&self) -> Asked {
        let server = format!(
            "{{ url: 'https://127.0.0.1:{}', allow: [ 127.0.0.1 ], tls: {{ ca: '{}' }} }}",
            self.port,
            self.folder.path().join("ca.pem").display()
        );
        let lists = "{ roles: { request: { path: '/customers/{$.id}/roles' }, pick: $.items } }";
        let body = "{ json: { login: '{identifier}', password: '{password}' } }";
        Asked {
            source: format!(
                "{{ kind: http, name: shop, server: {server}, record: {{ path: /customers, query: {{ login: '{{identifier}}' }} }}, \
                 pick: $.items, lists: {lists} }}"
            ),
            verifiers: format!(
                "{{ shop: {{ kind: http, server: {server}, request: {{ path: /login, body: {body} }}, \
                 verified_when: [ {{ status: 200, body: {{ $.ok: true }} }} ], \
                 mismatch_when: [ {{ status: 401, body: {{ $.error: wrong }} }} ], subject: {{ answer: $.id, record: $.id }} }} }}"
            ),
            rules: RULES.to_owned(),
        }
    }
}

impl Drop for WebApi {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A login as customers type it.
#[derive(Deserialize)]
struct Typed {
    login: String,
    #[serde(default)]
    password: String,
}

/// The web API: prints its port, and ends with its input.
pub fn run(runtime: &Runtime, arguments: &[String]) {
    let [customers, folder] = arguments else { return };
    let (customers, folder): (u64, _) = (customers.parse().unwrap(), std::path::Path::new(folder).to_owned());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    runtime.spawn(async move {
        let tls = RustlsConfig::from_pem_file(folder.join("cert.pem"), folder.join("key.pem")).await.unwrap();
        let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new());
        let server = axum_server::from_tcp(listener).unwrap().acceptor(acceptor);
        server.serve(routes(customers).into_make_service()).await.unwrap();
    });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn routes(customers: u64) -> Router {
    let number_of = move |login: &str| {
        let digits = login.trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits = digits.split('@').next().unwrap_or_default();
        digits.parse().ok().filter(|number: &u64| *number < customers)
    };
    let record = move |Query(typed): Query<Typed>| async move {
        let found = number_of(&typed.login).map(|number| {
            let mut record = serde_json::to_value(customer(number)).unwrap();
            record["id"] = number.into();
            record
        });
        Json(json!({ "items": found.into_iter().collect::<Vec<Value>>() }))
    };
    let roles = |Path(_): Path<u64>| async { Json(json!({ "items": ["cust", "vip"] })) };
    let login = move |Json(typed): Json<Typed>| async move {
        match number_of(&typed.login).filter(|number| password(*number) == typed.password) {
            Some(number) => (StatusCode::OK, Json(json!({ "ok": true, "id": number }))),
            None => (StatusCode::UNAUTHORIZED, Json(json!({ "error": "wrong" }))),
        }
    };
    Router::new()
        .route("/customers", get(record))
        .route("/customers/{id}/roles", get(roles))
        .route("/login", post(login))
}
