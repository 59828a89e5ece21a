//! Web APIs: a fault server in front of nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};

use crate::expected::{Adapter, FAULTS, Fault};
use crate::servers::http_faults::{Answer, BadTls, Fault as Played, FaultServer, Request};
use crate::service::{Service, name, password, record};
use crate::shop::RULES;
use crate::stage::Stage;

/// How many customers the export has.
const CUSTOMERS: usize = 2000;

/// Plays all faults of a web API that has this role.
pub async fn play(adapter: Adapter) {
    let server = FaultServer::start_tls(answer);
    let mut stage = Stage::new(adapter, service(adapter, &server)).await;
    for fault in FAULTS {
        stage.play(fault, || server.set(played(fault)), || server.heal()).await;
    }
    stage.end();
}

/// What the API answers without a fault: a record, the parts of one, or that a password is right.
fn answer(request: &Request) -> Answer {
    let found = |value: &Value| Answer::json(value.to_string());
    match request.target.split_at_checked(7) {
        Some(("/users/", name)) => found(&record(name)),
        Some(("/parts/", id)) => found(&json!({ "of": id, "number": 3 })),
        _ => {
            let typed: Value = serde_json::from_slice(&request.body).expect("JSON");
            let name = typed["login"].as_str().expect("a login");
            if typed["password"] == password(name).as_str() {
                found(&json!({ "id": format!("id-{name}") }))
            } else {
                Answer::status(401, r#"{"error":"bad_credentials"}"#)
            }
        }
    }
}

fn service(adapter: Adapter, server: &FaultServer) -> Service {
    let reach = format!("server: {{ url: '{}', tls: {{ ca: ca.pem }}, allow: [ 127.0.0.1 ] }}", server.url());
    let shop = "rules: rules.yaml\nsource: { name: shop, kind: file, path: export.ndjson, logins: [ $.login ] }\n";
    let part = |required: bool| {
        let source = format!("{{ name: crm, kind: http, {reach}, record: {{ path: '/parts/{{typed}}' }} }}");
        format!("{shop}enrich: {{ crm: {{ source: {source}, by: $.id, required: {required}, timeout: 500ms }} }}\n")
    };
    let settings = match adapter {
        Adapter::HttpSource => format!(
            "rules: rules.yaml\nsource: {{ name: shop, kind: http, {reach}, record: {{ path: '/users/{{identifier}}' }}, \
             unique_logins: true }}\n"
        ),
        Adapter::HttpVerifier => format!(
            "{shop}verifiers:\n  api:\n    kind: http\n    {reach}\n    request: {{ path: /login, body: {{ json: {{ login: \
             '{{identifier}}', password: '{{password}}' }} }} }}\n    \
             verified_when: [ {{ status: 200, body: {{ $.id: {{ exists: true }} }} }} ]\n    \
             mismatch_when: [ {{ status: 401, body: {{ $.error: bad_credentials }} }} ]\n    \
             subject: {{ answer: $.id, record: $.id }}\nverify_with: [ api ]\n"
        ),
        Adapter::RequiredPart => part(true),
        Adapter::OptionalPart => part(false),
        other => panic!("{other:?} is no web API"),
    };
    let export: String = (0..CUSTOMERS).map(|number| format!("{}\n", record(&name(number)))).collect();
    let files = [("rules.yaml", RULES), ("export.ndjson", &export), ("ca.pem", server.authority())];
    Service::start(&files, &settings)
}

/// What the server does to play a fault.
pub fn played(fault: Fault) -> Played {
    match fault {
        Fault::ShortLatency => Played::Latency(Duration::from_millis(200)),
        Fault::LongLatency => Played::Latency(Duration::from_secs(5)),
        Fault::Drip => Played::Drip,
        Fault::BlackHole => Played::BlackHole,
        Fault::Refuse => Played::Refuse,
        Fault::Reset => Played::Reset,
        Fault::ShortAnswer => Played::ShortBody,
        Fault::Broken => Played::Status(500),
        Fault::Unavailable => Played::Status(503),
        Fault::Busy => Played::TooMany(None),
        Fault::BusyUntil => Played::TooMany(Some("30")),
        Fault::Html => Played::Html,
        Fault::Empty => Played::Empty,
        Fault::OtherProtocol => Played::NotHttp,
        // nobody goes there
        Fault::Redirect => Played::Redirect(302, SocketAddr::from((Ipv4Addr::LOCALHOST, 9))),
        Fault::GzipBomb => Played::GzipBomb,
        Fault::Huge => Played::HugeBody { announced: true },
        Fault::Endless => Played::HugeBody { announced: false },
        Fault::EndlessHeaders => Played::EndlessHeaders,
        Fault::Malformed => Played::BadJson,
        Fault::Deep => Played::DeepNesting,
        Fault::DuplicateKeys => Played::DuplicateKeys,
        Fault::Charset => Played::WrongCharset,
        Fault::Flapping => Played::Flapping,
        Fault::Expired => Played::Tls(BadTls::Expired),
        Fault::SelfSigned => Played::Tls(BadTls::SelfSigned),
        Fault::WrongHost => Played::Tls(BadTls::WrongHost),
        Fault::UnknownAuthority => Played::Tls(BadTls::WrongAuthority),
        Fault::NoTls => Played::Tls(BadTls::Plain),
    }
}
