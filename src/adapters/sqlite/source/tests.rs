//! Real SQLite files: shapes, values, limits, and failures.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use sqlx::SqliteConnection;
use tempfile::TempDir;
use tokio::time::Instant;

use super::relative_to;
use super::tests_support::make;
use crate::adapters::sql::{SqlError, SqlSettings, SqlSource};
use crate::ports::IdentifierProfile;
use crate::ports::{Call, PortError, PortErrorKind, Source as _};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn settings(path: &Path, yaml: &str) -> SqlSettings {
    serde_yaml::from_str(&format!("url: 'sqlite:{}'\n{yaml}", path.display())).expect("settings")
}

async fn fetch(source: &SqlSource, typed: &str, deadline: Instant) -> Result<Option<String>, PortError> {
    let identifier = IdentifierProfile::default().canonical(typed).expect("an identifier");
    Ok(source.fetch(Call { deadline, request_id: "r1" }, &identifier).await?.map(|record| record.json().to_owned()))
}

/// A database created by these statements, and its path.
async fn database(schema: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("legacy.db");
    make(&path, schema, async |_| {}).await;
    (folder, path)
}

const WORDPRESS: &str = r#"
record: >-
  SELECT * FROM wp_users WHERE user_login = :identifier COLLATE landfall OR user_email = :identifier COLLATE landfall
lists:
  meta:
    query: SELECT meta_key, meta_value FROM wp_usermeta WHERE user_id = :ID ORDER BY umeta_id
"#;

async fn insert(connection: &mut SqliteConnection, user: &Value) {
    let columns = "INSERT INTO wp_users VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let text = |key: &str| user[key].as_str().expect(key).to_owned();
    sqlx::query(columns)
        .bind(user["ID"].as_i64())
        .bind(text("user_login"))
        .bind(text("user_pass"))
        .bind(text("user_nicename"))
        .bind(text("user_email"))
        .bind(text("user_url"))
        .bind(text("user_registered"))
        .bind(text("user_activation_key"))
        .bind(user["user_status"].as_i64())
        .bind(text("display_name"))
        .execute(&mut *connection)
        .await
        .expect("a user");
    for row in user["meta"].as_array().expect("meta") {
        sqlx::query("INSERT INTO wp_usermeta(user_id, meta_key, meta_value) VALUES (?1, ?2, ?3)")
            .bind(user["ID"].as_i64())
            .bind(row["meta_key"].as_str())
            .bind(row["meta_value"].as_str())
            .execute(&mut *connection)
            .await
            .expect("a row");
    }
}

#[tokio::test]
async fn a_wordpress_database_yields_the_records_for_the_rules() {
    let text = include_str!("../../../../examples/wordpress_users.ndjson");
    let users: Vec<Value> = text.lines().take(40).map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("wordpress.db");
    let schema = "CREATE TABLE wp_users(ID INTEGER PRIMARY KEY, user_login, user_pass, user_nicename, user_email,
            user_url, user_registered, user_activation_key, user_status INTEGER, display_name);
        CREATE TABLE wp_usermeta(umeta_id INTEGER PRIMARY KEY, user_id INTEGER, meta_key, meta_value);";
    make(&path, schema, async |connection| {
        for user in &users {
            insert(connection, user).await;
        }
    })
    .await;
    let source = SqlSource::new("wordpress", settings(&path, WORDPRESS)).expect("settings");
    source.check(soon()).await.expect("queries that fit");
    let mut seen = 0;
    for user in &users {
        let Some(login) = user["user_login"].as_str().filter(|login| !login.contains(' ')) else { continue };
        let found = fetch(&source, login, soon()).await.expect("an answer").expect("a record");
        assert_eq!(&serde_json::from_str::<Value>(&found).expect("JSON"), user);
        seen += 1;
    }
    assert!(seen > 20, "only {seen} users were looked up");
}

#[tokio::test]
async fn values_are_exact_and_columns_keep_their_order() {
    let schema = "CREATE TABLE u(z, a, i INTEGER, r REAL, b BLOB, t TEXT, d BOOLEAN, n);
        INSERT INTO u VALUES ('ada', 'é', 9007199254740993, 0.1, x'fffe', '007', 1, NULL);
        CREATE TABLE l(k, v, o); INSERT INTO l VALUES ('x', 1, 0.1), ('y', '2', 0.1), ('x', NULL, 0.1);";
    let (_folder, path) = database(schema).await;
    let yaml = r#"
record: SELECT * FROM u WHERE z = :identifier
lists:
  m: { query: "SELECT k, v FROM l WHERE o = :r", as: map, key: k, value: v }
  v: { query: "SELECT v FROM l WHERE o = :R AND :b = x'fffe'", as: values }
"#;
    let source = SqlSource::new("legacy", settings(&path, yaml)).expect("settings");
    let found = fetch(&source, "ada", soon()).await.expect("an answer").expect("a record");
    let expected = r#"{"z":"ada","a":"é","i":9007199254740993,"r":0.1,"b":"//4=","t":"007","d":1,"n":null,"m":{"x":[1,null],"y":"2"},"v":[1,"2",null]}"#;
    assert_eq!(found, expected);
}

#[tokio::test]
async fn unusable_answers_are_errors() {
    let schema = "CREATE TABLE u(l); INSERT INTO u VALUES ('ada'); CREATE TABLE many(n);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001) INSERT INTO many SELECT i FROM n;";
    let (_folder, path) = database(schema).await;
    for (yaml, kind, words) in [
        (
            "record: SELECT l, l FROM u WHERE l = :identifier",
            PortErrorKind::Misconfigured,
            "the column `l` occurs twice",
        ),
        ("record: SELECT 9e999 AS r FROM u WHERE l = :identifier", PortErrorKind::BadResponse, "without a JSON form"),
        (
            "record: SELECT CAST(x'ff' AS TEXT) AS t FROM u WHERE l = :identifier",
            PortErrorKind::BadResponse,
            "not UTF-8",
        ),
        (
            "record: SELECT zeroblob(2000000) AS b FROM u WHERE l = :identifier",
            PortErrorKind::BadResponse,
            "larger than",
        ),
        (
            "record: SELECT l FROM u WHERE :typed = l UNION ALL SELECT l FROM u",
            PortErrorKind::BadResponse,
            "more than one",
        ),
        ("record: SELECT nobody FROM u WHERE l = :identifier", PortErrorKind::Misconfigured, "does not match"),
        (
            "record: DELETE FROM u WHERE l = :identifier RETURNING l",
            PortErrorKind::Misconfigured,
            "a query must not write",
        ),
        (
            "{ record: SELECT l FROM u WHERE l = :identifier, lists: { x: { query: SELECT n FROM many WHERE :l = 'ada' } } }",
            PortErrorKind::BadResponse,
            "the list `x` has more than 1000 rows",
        ),
        (
            "{ record: SELECT l FROM u WHERE l = :identifier, lists: { x: { query: SELECT n FROM many WHERE n = :id } } }",
            PortErrorKind::Misconfigured,
            "the record has no column `id`",
        ),
        (
            "{ record: SELECT l FROM u WHERE l = :identifier, lists: { l: { query: SELECT n FROM many WHERE n = :l } } }",
            PortErrorKind::Misconfigured,
            "a column and a list `l`",
        ),
    ] {
        let yaml = yaml.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).map_or_else(
            || yaml.replacen("record: ", "record: \"", 1) + "\"",
            |inner| inner.trim().replacen("record: ", "record: \"", 1).replacen(", lists:", "\"\nlists:", 1),
        );
        let yaml = yaml.replace("query: ", "query: \"").replace(" } }", "\" } }");
        let source = SqlSource::new("legacy", settings(&path, &yaml)).expect(&yaml);
        let error = fetch(&source, "ada", soon()).await.expect_err(&yaml);
        assert_eq!(error.kind(), kind, "{yaml}: {error}");
        assert!(error.to_string().contains(words), "{yaml}: {error}");
    }
}

#[tokio::test]
async fn an_endless_query_is_stopped_and_frees_its_connection() {
    let (_folder, path) = database("CREATE TABLE u(l); INSERT INTO u VALUES ('ada'), ('slow');").await;
    let yaml = r#"
record: >-
  SELECT l, CASE WHEN l = 'slow' THEN (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
  SELECT count(*) FROM n) END AS n FROM u WHERE l = :identifier
connections: 1
"#;
    let source = SqlSource::new("legacy", settings(&path, yaml)).expect("settings");
    let error = fetch(&source, "slow", Instant::now() + Duration::from_millis(60)).await.expect_err("no end");
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
    assert!(fetch(&source, "ada", soon()).await.expect("an answer").is_some());
}

#[tokio::test]
async fn a_missing_database_is_never_an_unknown_customer() {
    let (folder, path) = database("CREATE TABLE u(l); INSERT INTO u VALUES ('ada');").await;
    let yaml = "record: 'SELECT l FROM u WHERE l = :identifier'";
    let source = SqlSource::new("legacy", settings(&path, yaml)).expect("settings");
    assert!(fetch(&source, "bo", soon()).await.expect("an answer").is_none());
    let away = folder.path().join("away.db");
    fs::rename(&path, &away).expect("a file");
    for typed in ["ada", "bo"] {
        assert_eq!(fetch(&source, typed, soon()).await.expect_err("no file").kind(), PortErrorKind::Unavailable);
    }
    fs::create_dir(&path).expect("a folder");
    assert_eq!(fetch(&source, "ada", soon()).await.expect_err("a folder").kind(), PortErrorKind::Unavailable);
    fs::remove_dir(&path).expect("a folder");
    fs::copy(&away, &path).expect("a file");
    assert!(fetch(&source, "ada", soon()).await.expect("an answer of the new file").is_some());
    make(&away, "DELETE FROM u; INSERT INTO u VALUES ('bo')", async |_| {}).await;
    fs::rename(&away, &path).expect("a file");
    assert!(fetch(&source, "ada", soon()).await.expect("an answer").is_none(), "no connection to the old file is used");
    assert!(fetch(&source, "bo", soon()).await.expect("an answer").is_some());
    let nothing = folder.path().join("text.db");
    fs::write(&nothing, "this is no database, however long the text of it may be ".repeat(40)).expect("a file");
    let source = SqlSource::new("legacy", settings(&nothing, yaml)).expect("settings");
    assert_eq!(fetch(&source, "ada", soon()).await.expect_err("no database").kind(), PortErrorKind::BadResponse);
}

#[tokio::test]
async fn customers_are_found_in_any_stored_spelling() {
    let (_folder, path) = database(
        "CREATE TABLE u(l, id); INSERT INTO u VALUES ('ÄNNE', 1), ('ada ', 2), (' BO', 3), ('jo\u{308}rg', 4),
            ('two words', 5), ('straße', 6), (x'616461', 7), (NULL, 8), (42, 9);",
    )
    .await;
    let yaml = "record: 'SELECT * FROM u WHERE l = :identifier COLLATE landfall'";
    let source = SqlSource::new("legacy", settings(&path, yaml)).expect("settings");
    source.check(soon()).await.expect("a known collation");
    for (typed, id) in [("änne", 1), ("A\u{308}nne", 1), ("ADA", 2), ("bo", 3), ("JÖRG", 4), ("Straße", 6)] {
        let found = fetch(&source, typed, soon()).await.expect(typed).expect(typed);
        assert!(found.contains(&format!("\"id\":{id}")), "{typed}: {found}");
    }
    for typed in ["anne", "strasse", "two", "42x"] {
        assert!(fetch(&source, typed, soon()).await.expect(typed).is_none(), "{typed}");
    }
    let ascii = "record: 'SELECT * FROM u WHERE lower(l) = :identifier'";
    let source = SqlSource::new("legacy", settings(&path, ascii)).expect("settings");
    assert!(fetch(&source, "änne", soon()).await.expect("an answer").is_none(), "ASCII comparisons need the collation");
}

#[tokio::test]
async fn the_collation_follows_the_kind_of_identifiers() {
    use crate::ports::IdentifierKind;
    let (_folder, path) =
        database("CREATE TABLE u(l); INSERT INTO u VALUES ('030 901820'), ('Ada@Bücher.example');").await;
    let yaml = "record: 'SELECT * FROM u WHERE l = :identifier COLLATE landfall'";
    for (kind, typed) in [
        (IdentifierKind::Phone { region: Some("DE".to_owned()) }, "+49 30 901820"),
        (IdentifierKind::Email, "ada@xn--bcher-kva.example"),
    ] {
        let profile = IdentifierProfile { kind };
        let source =
            SqlSource::open("legacy", settings(&path, yaml), profile.clone(), Path::new("")).expect("settings");
        let identifier = profile.canonical(typed).expect("an identifier");
        assert!(
            source.fetch(Call { deadline: soon(), request_id: "r1" }, &identifier).await.expect("an answer").is_some(),
            "{typed}"
        );
    }
}

#[tokio::test]
async fn a_locked_database_is_an_outage() {
    let (_folder, path) = database("CREATE TABLE u(l); INSERT INTO u VALUES ('ada');").await;
    let yaml = "record: 'SELECT l FROM u WHERE l = :identifier'";
    let source = SqlSource::new("legacy", settings(&path, yaml)).expect("settings");
    make(&path, "BEGIN EXCLUSIVE", async |_| {
        let error = fetch(&source, "ada", soon()).await.expect_err("a lock");
        assert_eq!(error.kind(), PortErrorKind::Unavailable);
        assert!(error.to_string().contains("the database is locked"), "{error}");
    })
    .await;
    assert!(fetch(&source, "ada", soon()).await.expect("an answer").is_some());
}

#[tokio::test]
async fn invalid_settings_are_rejected() {
    let path = Path::new("legacy.db");
    for (yaml, message) in [
        ("record: SELECT 1", "the query of `record` is invalid: the query uses no parameter such as `:identifier`"),
        ("record: 'SELECT :id'", "the record query uses `:id`, but only `:identifier` and `:typed` are available"),
        (
            "{ record: 'SELECT :typed', lists: { a: { query: 'SELECT :b', as: map, key: k } } }",
            "the list `a` needs both `key` and `value` with `as: map`, and neither without it",
        ),
        (
            "{ record: 'SELECT :typed', lists: { a: { query: 'SELECT ?' } } }",
            "the query of `a` is invalid: the placeholder `?` is not supported; use a name such as `:identifier`",
        ),
    ] {
        let inner = yaml.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(yaml).trim();
        let settings = settings(path, &inner.replace(", lists:", "\nlists:"));
        assert_eq!(SqlSource::new("legacy", settings).expect_err(yaml).to_string(), message);
    }
    let elsewhere = SqlSettings::new("oracle://user:secret@host/db", "SELECT :identifier");
    let error = SqlSource::new("legacy", elsewhere).expect_err("an address");
    assert!(matches!(error, SqlError::Scheme(_)), "{error}");
}

#[tokio::test]
async fn a_check_names_the_mismatch() {
    let (_folder, path) = database("CREATE TABLE u(l, id); CREATE TABLE m(k, v);").await;
    for (yaml, words) in [
        ("record: 'SELECT nobody FROM u WHERE l = :identifier'", "no such column: nobody"),
        (
            "record: 'SELECT l FROM u WHERE l = :identifier'\nlists: { a: { query: 'SELECT k FROM m WHERE v = :id' } }",
            "the record has no column `id`, which the list `a` uses",
        ),
        (
            "record: 'SELECT * FROM u WHERE l = :identifier'\nlists: { a: { query: 'SELECT k, v FROM m WHERE v = :id', as: values } }",
            "more than one column",
        ),
        (
            "record: 'SELECT * FROM u WHERE l = :identifier'\nlists: { a: { query: 'SELECT k FROM m WHERE v = :id', as: map, key: k, value: v } }",
            "the list `a` has no column `v`",
        ),
    ] {
        let source = SqlSource::new("legacy", settings(&path, yaml)).expect(yaml);
        let error = source.check(soon()).await.expect_err(yaml);
        assert_eq!(error.kind(), PortErrorKind::Misconfigured);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn paths_are_relative_to_the_folder_of_the_settings() {
    assert_eq!(relative_to(Path::new("etc"), "sqlite:a.db?mode=ro"), "sqlite:etc/a.db?mode=ro");
    assert_eq!(relative_to(Path::new("etc"), "sqlite:///var/b.db"), "sqlite:/var/b.db");
}
