//! The behaviour of every source.

mod cases;
#[cfg(feature = "ldap")]
mod directory;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::adapters::file::{FileSettings, FileSource};
use crate::adapters::http::{HttpSettings, HttpSource};
#[cfg(feature = "ldap")]
use crate::adapters::ldap::{LdapSettings, LdapSource};
use crate::adapters::memory::MemorySource;
use crate::adapters::sql::{SqlSettings, SqlSource};
use crate::ports::{self, IdentifierProfile};

use cases::{check_behaviour, customers, filler};

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

#[cfg(feature = "ldap")]
#[tokio::test]
pub(in crate::adapters) async fn ldap_source_passes() {
    let entry = |(at, [login, email, mark]): (usize, [String; 3])| {
        let filler = filler(&login, LIMIT);
        let attributes = [("uid", login), ("mail", email), ("description", mark), ("street", filler)];
        let attributes = attributes.into_iter().filter(|(_, value)| !value.is_empty());
        directory::Entry { dn: format!("cn={at},dc=example"), attributes: attributes.collect() }
    };
    let address = directory::serve(customers().into_iter().enumerate().map(entry).collect()).await;
    let settings = json!({
        "directory": { "servers": [format!("ldap://{address}")] },
        "search": { "base": "dc=example", "filter": "(|(uid={filter:identifier})(mail={filter:identifier}))" },
    });
    let settings = LdapSettings { record_limit: LIMIT, ..serde_json::from_value(settings).expect("settings") };
    let source = LdapSource::open(settings, Path::new("")).expect("a source");
    check_behaviour("ldap", &source).await;
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
