//! The behaviour of every source.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::adapters::file::{FileSettings, FileSource};
use crate::adapters::http::{HttpSettings, HttpSource};
use crate::adapters::memory::MemorySource;
use crate::adapters::sql::{SqlSettings, SqlSource};
use crate::ports::{Call, IdentifierProfile, PortErrorKind, Source};

/// The records of the suite: login, email address, mark. Twins share a login.
fn customers() -> Vec<[String; 3]> {
    let long = "x".repeat(IdentifierProfile::MAX_BYTES);
    let hostile = ["'OR/**/1=1--", "%", "_", "*", ")(uid=*", "a'b", "\"", "\\2a", "${x}", ":identifier", long.as_str()];
    let plain = [["Ada", "Ada@Example.org", "mark-ada"], ["twin", "one@example.org", "mark-one"]];
    let more = [["TWIN", "two@example.org", "mark-two"], ["large", "large@example.org", "mark-large"]];
    plain
        .into_iter()
        .chain(more)
        .map(|customer| customer.map(str::to_owned))
        .chain(hostile.iter().map(|name| [(*name).to_owned(), String::new(), format!("mark-{name}")]))
        .collect()
}

/// The filler that takes the record `large` over the limit of its source.
fn filler(login: &str, limit: usize) -> String {
    if login == "large" { "f".repeat(limit) } else { String::new() }
}

/// The record limit in memory.
const MEMORY_LIMIT: usize = 256 * 1024;

/// The record limit in files and databases. YAML is never read beyond 256 KiB.
const LIMIT: usize = 64 * 1024;

fn objects(limit: usize) -> impl Iterator<Item = serde_json::Value> {
    customers().into_iter().map(move |[login, email, mark]| {
        let filler = filler(&login, limit);
        json!({"login": login, "email": email, "mark": mark, "filler": filler})
    })
}

async fn check_behaviour(kind: &str, source: &dyn Source) {
    let profile = IdentifierProfile::default();
    let fetch = async |typed: &str| {
        let identifier = profile.canonical(typed).expect("an identifier");
        let found = source.fetch(Call::outside_login("r1"), &identifier).await;
        found.map(|record| record.map(|record| record.json().to_owned())).map_err(|error| error.kind())
    };
    for spelling in ["Ada", "ada", " ADA ", "ada@example.org", "ADA@EXAMPLE.ORG"] {
        let found = fetch(spelling).await.expect(kind).expect(kind);
        assert!(found.contains("mark-ada"), "{kind}: {spelling}");
    }
    for unknown in ["adam", "ad", "ada@example.or", "mark-ada", "ada%", "a_a", "x", "null", "0", "'", "--"] {
        assert_eq!(fetch(unknown).await, Ok(None), "{kind}: {unknown}");
    }
    for two in ["twin", "Twin"] {
        assert_eq!(fetch(two).await, Err(PortErrorKind::BadResponse), "{kind}: {two}");
    }
    assert!(fetch("two@example.org").await.expect(kind).is_some_and(|json| json.contains("mark-two")), "{kind}");
    assert_eq!(fetch("large").await, Err(PortErrorKind::BadResponse), "{kind}");
    for [login, ..] in customers().into_iter().skip(4) {
        let found = fetch(&login).await.expect(kind).expect(kind);
        let mark = json!(format!("mark-{login}")).to_string();
        assert!(found.contains(&mark), "{kind}: {login}");
        serde_json::from_str::<serde::de::IgnoredAny>(&found).expect(kind);
    }
    // These never reach a source.
    for typed in ["' OR 1=1 --", "ada\0", "\u{202e}ada", ""] {
        assert!(profile.canonical(typed).is_err(), "{typed:?}");
    }
}

/// A web API that finds customers as the other sources do.
async fn web_api() -> std::net::SocketAddr {
    use axum::extract::Query;
    let find = async |Query(query): Query<std::collections::BTreeMap<String, String>>| {
        let profile = IdentifierProfile::default();
        let asked = profile.canonical(&query["login"]).map(|found| found.canonical().to_owned());
        let is_asked = |login: &String| profile.canonical(login).map(|found| found.canonical().to_owned()) == asked;
        let found = objects(LIMIT).zip(customers());
        let found = found.filter(|(_, [login, email, _])| is_asked(login) || is_asked(email)).map(|(object, _)| object);
        axum::Json(json!({ "items": found.collect::<Vec<_>>() }))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = axum::Router::new().route("/customers", axum::routing::get(find));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

#[tokio::test]
pub(in crate::adapters) async fn http_source_passes() {
    let settings = json!({
        "server": { "url": format!("http://{}", web_api().await), "allow": ["127.0.0.1"] },
        "record": { "path": "/customers", "query": { "login": "{identifier}" } },
        "pick": "$.items",
    });
    let settings = HttpSettings { record_limit: LIMIT, ..serde_json::from_value(settings).expect("settings") };
    let source = HttpSource::open(&settings, IdentifierProfile::default(), Path::new("")).expect("a source");
    check_behaviour("http", &source).await;
}

fn file(folder: &Path, name: &str, text: &str) -> FileSource {
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    let settings = FileSettings { record_limit: LIMIT, ..FileSettings::new(path, &["$.login", "$.email"]) };
    FileSource::open(settings, IdentifierProfile::default()).expect(name)
}

#[tokio::test]
async fn memory_source_passes() {
    let source = MemorySource::new("legacy", IdentifierProfile::default());
    for (object, [login, email, _]) in objects(MEMORY_LIMIT).zip(customers()) {
        let logins = [login.as_str(), email.as_str()];
        let logins: Vec<&str> = logins.into_iter().filter(|login| !login.is_empty()).collect();
        source.insert(&logins, object.to_string()).expect("identifiers");
    }
    check_behaviour("memory", &source).await;
}

#[tokio::test]
pub(in crate::adapters) async fn file_source_passes_in_every_format() {
    let folder = TempDir::new().expect("a folder");
    let lines: String = objects(LIMIT).map(|object| format!("{object}\n")).collect();
    let list = serde_json::to_string_pretty(&objects(LIMIT).collect::<Vec<_>>()).expect("JSON");
    let yaml = serde_yaml::to_string(&objects(LIMIT).collect::<Vec<_>>()).expect("YAML");
    let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let row = |[login, email, mark]: [String; 3]| {
        let filler = filler(&login, LIMIT);
        format!("{},{},{},{filler}\r\n", quote(&login), quote(&email), quote(&mark))
    };
    let csv = format!("login,email,mark,filler\r\n{}", customers().into_iter().map(row).collect::<String>());
    let encoded = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let entry = |(at, [login, email, mark]): (usize, [String; 3])| {
        let email = if email.is_empty() { String::new() } else { format!("email: {email}\n") };
        let filler = filler(&login, LIMIT);
        let (login, mark) = (encoded(&login), encoded(&mark));
        format!("dn: cn={at}\nlogin:: {login}\n{email}mark:: {mark}\nfiller: {filler}\n\n")
    };
    let ldif: String = customers().into_iter().enumerate().map(entry).collect();
    for (name, text) in [("a.ndjson", lines), ("a.json", list), ("a.yaml", yaml), ("a.csv", csv), ("a.ldif", ldif)] {
        check_behaviour(name, &file(folder.path(), name, &text)).await;
    }
}

#[tokio::test]
pub(in crate::adapters) async fn sqlite_source_passes() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("legacy.db");
    crate::adapters::sqlite::source::tests_support::make(
        &path,
        "CREATE TABLE users(login, email, mark, filler)",
        async |connection| {
            for [login, email, mark] in customers() {
                let filler = filler(&login, LIMIT);
                let insert = sqlx::query("INSERT INTO users VALUES (?1, ?2, ?3, ?4)");
                insert.bind(login).bind(email).bind(mark).bind(filler).execute(&mut *connection).await.expect("a row");
            }
        },
    )
    .await;
    let query =
        "SELECT * FROM users WHERE login = :identifier COLLATE landfall OR email = :identifier COLLATE landfall";
    let settings = SqlSettings { record_limit: LIMIT, ..SqlSettings::new(format!("sqlite:{}", path.display()), query) };
    let source = SqlSource::new("legacy", settings).expect("settings");
    source.check(Instant::now() + Duration::from_secs(30)).await.expect("queries that fit");
    check_behaviour("sqlite", &source).await;
}
