//! Web APIs as sources, verifiers and parts of records, with every way to identify Landfall.

use std::sync::Arc;

use super::canary::{Aviary, Kind};
use super::house::House;
use super::legacy::{Authority, Legacy, MOODS, Mood, PLACES, Person, STATES};
use super::receiver::Receiver;
use super::scan::Scanner;
use super::trace::Trace;

/// The systems: each has a domain of its own. `down` does not answer, and customers of `own` identify themselves.
const SYSTEMS: [&str; 9] = ["bearer", "basic", "header", "oauth", "oauthbody", "aws", "certificate", "own", "down"];

/// The section `server`, with secrets of its own for each use.
fn server(aviary: &mut Aviary, system: &str, usage: &str, url: &str) -> String {
    let mut token = |what: &str| aviary.token(&format!("the {what} of {system} as a {usage}"));
    let auth = match system {
        "basic" => format!("{{ kind: basic, user: landfall, password: '{}' }}", token("password")),
        "header" => format!("{{ kind: header, name: x-api-key, value: '{}' }}", token("key")),
        "oauth" | "oauthbody" => format!(
            "{{ kind: oauth, token_url: /token, client_id: landfall, client_secret: '{}', send_secret: {} }}",
            token("client secret"),
            if system == "oauth" { "basic" } else { "body" }
        ),
        "aws" => format!(
            "{{ kind: aws, region: eu-1, service: legacy, access_key: AKIA, secret_key: '{}' }}",
            token("secret key")
        ),
        "certificate" => {
            return format!(
                "{{ url: '{url}', allow: [ localhost ], tls: {{ ca: ca.pem, certificate: {usage}.pem, key: {usage}.key }} }}"
            );
        }
        _ => format!("{{ kind: bearer, token: '{}' }}", token("token")),
    };
    format!("{{ url: '{url}', allow: [ 127.0.0.1 ], auth: {auth} }}")
}

fn source(aviary: &mut Aviary, system: &str, url: &str) -> String {
    let (server, key) = (server(aviary, system, "source", url), aviary.token(&format!("the parameter of {system}")));
    let header = aviary.token(&format!("the header of {system} as a source"));
    format!(
        "{{ kind: http, name: {system}, server: {server}, params: {{ key: '{key}' }}, \
         record: {{ path: /{system}/record, query: {{ login: '{{identifier}}', key: '{{param.key}}' }}, headers: {{ X-Shop-Token: '{header}' }} }}, \
         none_when: [ {{ status: 404 }} ] }}"
    )
}

fn verifier(aviary: &mut Aviary, system: &str, url: &str) -> String {
    let key = aviary.token(&format!("the parameter of the verifier of {system}"));
    let literal = aviary.token(&format!("the secret in JSON of {system} as a verifier"));
    let server = server(aviary, system, "verifier", url);
    let sent = match system {
        "own" => "query: { login: '{identifier}' }, method: POST, basic: {}",
        _ => &format!(
            "body: {{ json: {{ login: '{{identifier}}', password: '{{password}}', pin: '{{$.pin}}', key: '{{param.key}}', \
             client: [ {{ secret: '{literal}' }} ] }} }}"
        ),
    };
    let then = match system {
        "oauth" => {
            "then: { path: /oauth/userinfo, query: { id: '{$.id}' }, \
             headers: { X-Token: '{answer.$.access_token}' } }, "
        }
        _ => "",
    };
    format!(
        "{{ kind: http, server: {server}, params: {{ key: '{key}' }}, request: {{ path: /{system}/verify, {sent} }}, \
         verified_when: [ {{ status: 200, body: {{ $.ok: true }} }} ], \
         mismatch_when: [ {{ status: 401, body: {{ $.error: wrong }} }} ], \
         locked_when: [ {{ status: 423, body: {{ $.error: locked }} }} ], \
         disabled_when: [ {{ status: 403, body: {{ $.error: disabled }} }} ], \
         expired_when: [ {{ status: 403, body: {{ $.error: expired }} }} ], {then}\
         subject: {{ answer: $.id, record: $.id }} }}"
    )
}

/// All sections of the settings that are about systems.
fn systems(house: &mut House, url: impl Fn(&str) -> String) -> String {
    let (mut sources, mut verifiers) = (String::new(), "verifiers:\n".to_owned());
    for (at, system) in SYSTEMS.into_iter().enumerate() {
        house.rules(system, &format!("credential: {{ source: {system} }}\n"));
        let url = url(system);
        let source = source(&mut house.aviary, system, &url);
        verifiers += &format!("  {system}: {}\n", verifier(&mut house.aviary, system, &url));
        if at == 0 {
            let parts = server(&mut house.aviary, "header", "part", &url);
            sources = format!(
                "rules: {system}.yaml\nsource: {source}\ndomains: [ {system}.example ]\nenrich:\n  orders:\n    \
                 source: {{ kind: http, name: orders, server: {parts}, \
                 record: {{ path: /parts, query: {{ id: '{{typed}}' }} }} }}\n    by: $.id\nmore_sources:\n"
            );
        } else {
            sources += &format!("  - {{ rules: {system}.yaml, source: {source}, domains: [ {system}.example ] }}\n");
        }
    }
    sources + verifiers.as_str()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_apis_leak_no_secrets() {
    let (receiver, mut house, authority) = (Receiver::start().await, House::new(), Authority::new());
    let mut legacy = Legacy::default();
    legacy.access_token = house.aviary.token("the access token");
    let mut people = Vec::new();
    for system in SYSTEMS {
        for state in STATES {
            let person = Person::new(&mut house.aviary, system, state);
            legacy.people.insert(person.login.clone(), person.clone());
            people.push((system, state, person));
        }
    }
    let legacy = Arc::new(legacy);
    let (plain, tls) = (legacy.serve().await, legacy.serve_tls(&authority).await);
    // nothing listens on this port any more
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for usage in ["source", "verifier"] {
        let folder = house.path("").clone();
        authority.write(&folder, usage, &mut house.aviary);
        for name in [format!("{usage}.key"), format!("{usage}.pem"), "ca.pem".to_owned()] {
            let text = std::fs::read_to_string(house.path(&name)).unwrap();
            house.write(&name, &text);
        }
    }
    let settings = systems(&mut house, |system| match system {
        "certificate" => format!("https://localhost:{}", tls.port()),
        "down" => format!("http://{closed}"),
        _ => format!("http://{plain}"),
    });
    house.configure(&settings, &receiver.base);
    house.write("record.json", &people[0].2.json());
    let (server, visitor) = house.start();
    let wrong = house.aviary.password("a wrong password");
    for (system, state, person) in &people {
        let is_down = *system == "down";
        let (refused, _) = visitor.login(&person.login, &wrong).await;
        assert_eq!(refused, if is_down { 503 } else { 401 }, "{system} {state}");
        let want = if is_down {
            503
        } else if matches!(*state, "fine") {
            200
        } else {
            401
        };
        if *state != "visited" {
            for _ in 0..2 {
                let (found, body) = visitor.login(&person.login, &person.password).await;
                assert_eq!(found, want, "{system} {state}: {body}");
            }
        }
    }
    let stranger = format!("{}@bearer.example", house.aviary.word(Kind::Login, "a stranger"));
    assert_eq!(visitor.login(&stranger, &wrong).await.0, 401);
    let mut traces = Vec::new();
    for (place, asking) in PLACES {
        for mood in MOODS {
            legacy.set(place, mood);
            let visited = people.iter().filter(|(_, state, _)| *state == "visited");
            for (system, _, person) in visited.filter(|(system, ..)| asking.is_empty() || asking.contains(system)) {
                let before = legacy.moody();
                let (status, body) = visitor.login(&person.login, &person.password).await;
                // a part may be any object
                let is_fine = status == 200 && place == "/parts" && mood == Mood::Shifted;
                assert!(is_fine || matches!(status, 401 | 503), "{system} {place} {mood:?}: {status} {body}");
                assert!(legacy.moody() > before || *system == "down", "{system} {place} {mood:?}");
            }
        }
        traces.push(house.command(&["check", "--config", "landfall.yaml", "--connect"], &[]));
        legacy.calm();
    }
    let explained = ["explain", "--rules", "bearer.yaml", "--record", "record.json"];
    traces.push(house.command(&explained, &[Kind::Personal, Kind::Login, Kind::LegacyId]));
    assert_everything_was_sent(&house.aviary, &legacy.heard());
    traces.push(Trace::of("the events", receiver.received(), &[]));
    house.search(server, visitor, traces).await;
}

/// Secrets that were never sent could not have leaked. Keys only sign, and stored hashes are only answered.
fn assert_everything_was_sent(aviary: &Aviary, heard: &[u8]) {
    let scanner = Scanner::new(aviary);
    let sent = scanner.scan(heard, &[]);
    for canary in aviary.canaries.iter().filter(|canary| canary.kind == Kind::Secret) {
        let name = &canary.name;
        let is_sent =
            [" as a source", " as a verifier", " as a part", "the parameter of", "the password of", "the pin"]
                .iter()
                .any(|part| name.contains(part));
        let is_never = [
            "down",
            "of own as a verifier",
            "secret key",
            "the key of source",
            "the key of verifier",
            "parameter of the verifier of own",
        ];
        if is_sent && !is_never.iter().any(|part| name.contains(part)) && !name.contains("customer of own") {
            assert!(sent.iter().any(|hit| hit.canary == *name), "{name} was not sent");
        }
    }
}
