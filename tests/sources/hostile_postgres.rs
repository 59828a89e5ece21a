//! Values and schemas of PostgreSQL that few tests think of.

use landfall::ports::PortErrorKind;
use serde_json::{Value, json};

use crate::legacy::{Legacy, failure, fetch, record};
use crate::servers;

const BY_LOGIN: &str = "SELECT * FROM users WHERE lower(login) = :identifier";

/// The record of a customer whose column `v` has this type and value.
async fn value(kind: &str, value: &str) -> Result<Value, String> {
    let legacy = Legacy::new(
        servers::postgres(),
        &format!("CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TYPE part AS (a int, b text); CREATE DOMAIN tags AS text[];
            CREATE TABLE users (login text, v {kind}); INSERT INTO users VALUES ('ada', {value}), ('bob', NULL);"),
    );
    let source = legacy.source(BY_LOGIN);
    assert_eq!(record(&source, "bob").await.0["v"], Value::Null, "{kind}");
    match fetch(&source, "ada").await {
        Ok(found) => {
            let text = found.expect("a customer");
            Ok(serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{kind}: {error}: {text}"))["v"]
                .clone())
        }
        Err(error) => {
            assert!(
                error.is_about_one_record() && error.kind() == PortErrorKind::BadResponse,
                "{kind} {value}: {error}"
            );
            Err(error.detail().to_owned())
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn unusual_values_have_a_form() {
    for (kind, stored, expected) in [
        ("json", r#"'{"a": "\u0000", "a": 2}'"#, json!({"a": 2})),
        ("json", "'null'", Value::Null),
        ("jsonb", "'null'", Value::Null),
        ("json", "'\"text\"'", json!("text")),
        ("jsonb", "'17'", json!(17)),
        ("date", "'infinity'", json!("infinity")),
        ("date", "'0044-03-15 BC'", json!("0044-03-15 BC")),
        ("timestamp", "'10000-01-01 00:00:00'", json!("10000-01-01T00:00:00")),
        ("timestamptz", "'-infinity'", json!("-infinity")),
        ("timestamptz", "'0044-03-15 12:00:00+00 BC'", json!("0044-03-15T12:00:00+00:00 BC")),
        ("interval", "'-1 day +02:03:04'", json!("P-1DT2H3M4S")),
        ("money", "'12.50'", json!("$12.50")),
        ("hstore", "'a=>1, b=>NULL'", json!({"a": "1", "b": null})),
        ("citext", "'MiXed'", json!("MiXed")),
        ("tags", "ARRAY['a', 'b,c']", json!(["a", "b,c"])),
        ("part[]", "ARRAY[ROW(1, 'x')::part, NULL]", json!([{"a": 1, "b": "x"}, null])),
        ("text", "repeat(E'\\x01\\u2028\"\\\\', 3)", json!("\u{1}\u{2028}\"\\\u{1}\u{2028}\"\\\u{1}\u{2028}\"\\")),
        ("numeric", "'-0.00'", json!(-0.0)),
        ("bytea", "''", json!("")),
        ("bytea[]", "ARRAY['\\x00ff'::bytea]", json!(["\\x00ff"])),
        ("point", "'(1,2)'", json!("(1,2)")),
        ("xml", "'<a/>'", json!("<a/>")),
        ("int[]", "'[0:1]={1,2}'", json!([1, 2])),
        ("bit varying", "b'0101'", json!("0101")),
        ("name", "'n'", json!("n")),
        ("oid", "4294967295", json!("4294967295")),
        ("tsvector", "'a b'", json!("'a' 'b'")),
    ] {
        assert_eq!(value(kind, stored).await, Ok(expected), "{kind} {stored}");
    }
    for (kind, stored) in
        [("numeric", "'NaN'"), ("double precision", "'Infinity'"), ("real", "'-Infinity'"), ("numeric", "'Infinity'")]
    {
        let error = value(kind, stored).await.expect_err(kind);
        assert!(error.contains("without a JSON form"), "{kind}: {error}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn large_values_keep_every_digit() {
    let legacy = Legacy::new(
        servers::postgres(),
        "CREATE TABLE users (login text, n numeric, deep json);
         INSERT INTO users VALUES ('digits', repeat('7', 10000)::numeric + 0.25, NULL), ('deep', 1, (repeat('[', 2000) || repeat(']', 2000))::json);",
    );
    let source = legacy.source(BY_LOGIN);
    let text = fetch(&source, "digits").await.unwrap().unwrap();
    assert!(text.contains(&format!(":{}.25,", "7".repeat(10_000))), "{}", text.len());
    let text = fetch(&source, "deep").await.unwrap().unwrap();
    assert!(text.contains(&format!("{}{}", "[".repeat(2000), "]".repeat(2000))));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn every_relation_can_be_read() {
    let legacy = Legacy::new(
        servers::postgres(),
        "CREATE SCHEMA \"Old Shop\";
         CREATE TABLE \"Old Shop\".\"User's\" (login text, \"e\"\"mail\" text, twice text GENERATED ALWAYS AS (login || login) STORED);
         INSERT INTO \"Old Shop\".\"User's\" VALUES ('Ada', 'ada@example.org');
         CREATE VIEW v AS SELECT * FROM \"Old Shop\".\"User's\";
         CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
         CREATE TABLE p (login text, region int) PARTITION BY LIST (region);
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
         INSERT INTO p VALUES ('Ada', 1);
         CREATE FUNCTION f(text) RETURNS SETOF v LANGUAGE sql STABLE AS 'SELECT * FROM v WHERE lower(login) = $1';
         CREATE FUNCTION t(text) RETURNS TABLE (login text, n int) LANGUAGE sql STABLE AS 'SELECT $1, 1';",
    );
    let reader = &legacy.reader;
    legacy.sql(&format!(
        "GRANT USAGE ON SCHEMA \"Old Shop\" TO {reader}; GRANT SELECT ON \"Old Shop\".\"User's\" TO {reader};"
    ));
    for query in [
        "SELECT * FROM \"Old Shop\".\"User's\" WHERE lower(login) = :identifier",
        "SELECT * FROM v WHERE lower(login) = :identifier",
        "SELECT * FROM m WHERE lower(login) = :identifier",
        "SELECT * FROM p WHERE lower(login) = :identifier",
        "SELECT * FROM f(:identifier)",
        "SELECT * FROM t(:typed)",
        "WITH u AS MATERIALIZED (SELECT * FROM v) SELECT u.* FROM u WHERE lower(login) = :identifier",
        "VALUES (:identifier::text)",
        "SELECT login, ROW(1, 'x') AS pair, ARRAY(SELECT 1) AS a, (SELECT v FROM v LIMIT 1) AS whole FROM v WHERE lower(login) = :identifier",
        "SELECT :identifier AS login",
        "SELECT * FROM v WHERE lower(login) = :identifier ORDER BY login LIMIT 1",
        "SELECT * FROM v WHERE lower(login) = :identifier UNION SELECT * FROM v WHERE login = :typed",
    ] {
        let (_, text) = record(&legacy.source(query), "Ada").await;
        assert!(text.to_lowercase().contains("\"ada\""), "{query}: {text}");
    }
    assert_eq!(
        record(&legacy.source("SELECT * FROM v WHERE lower(login) = :identifier"), "ada").await.0["twice"],
        "AdaAda"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn settings_of_the_role_change_nothing() {
    let legacy = Legacy::new(
        servers::postgres(),
        "CREATE TABLE users (login text, at timestamptz, d double precision, raw bytea[], span interval);
         INSERT INTO users VALUES ('a\\', '2024-01-02 03:04:05+02', 0.1::float8 + 0.2::float8, ARRAY['\\x00ff'::bytea], '1 day');",
    );
    let reader = &legacy.reader;
    let query = "SELECT *, ':no\\' AS quoted, current_setting('TimeZone') AS zone FROM users WHERE login = :identifier";
    let source = legacy.source(query);
    let (before, _) = record(&source, "a\\").await;
    assert_eq!((&before["zone"], &before["quoted"]), (&json!("UTC"), &json!(":no\\")));
    for setting in [
        "timezone = 'Asia/Tokyo'",
        "datestyle = 'German, DMY'",
        "intervalstyle = 'sql_standard'",
        "extra_float_digits = -5",
        "bytea_output = 'escape'",
        "standard_conforming_strings = off",
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = '1min'",
        "client_encoding = 'LATIN1'",
        "default_transaction_deferrable = on",
    ] {
        legacy.sql(&format!("ALTER ROLE {reader} SET {setting};"));
        let (after, _) = record(&legacy.source(query), "a\\").await;
        assert_eq!(after, before, "{setting}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn values_arrive_under_their_own_names_when_tables_change() {
    let legacy = Legacy::new(
        servers::postgres(),
        "CREATE TABLE users (login text, email text, points numeric); INSERT INTO users VALUES ('ada', 'ada@example.org', 1.5);",
    );
    let source = legacy.source(BY_LOGIN);
    assert_eq!(record(&source, "ada").await.0["email"], "ada@example.org");
    // as many columns as before
    legacy.sql("ALTER TABLE users DROP COLUMN email, ADD COLUMN secret text DEFAULT 'no address';");
    let (ada, _) = record(&source, "ada").await;
    assert_eq!((ada.get("email"), &ada["secret"]), (None, &json!("no address")));
    legacy.sql("ALTER TABLE users ALTER COLUMN points TYPE text USING 'many';");
    assert_eq!(record(&source, "ada").await.0["points"], "many");
    legacy.sql("ALTER TABLE users RENAME TO gone; CREATE TABLE users (login int);");
    assert_eq!(failure(&source, "ada").await.kind(), PortErrorKind::Misconfigured);
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn texts_outside_the_encoding_of_the_database_are_no_outage() {
    let server = servers::postgres();
    let database = server.create_database_with("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let legacy = Legacy::with(
        server,
        database,
        "CREATE TABLE users (login text); INSERT INTO users VALUES (convert_from('\\x7a6fc3ab', 'UTF8'));",
    );
    let source = legacy.source(BY_LOGIN);
    assert_eq!(record(&source, "Zoë").await.0["login"], "zoë");
    let error = failure(&source, "жanna").await;
    assert!(error.is_about_one_record(), "{error}");
    let database = server.create_database_with("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
    let legacy = Legacy::with(
        server,
        database,
        "CREATE TABLE users (login text, name text); INSERT INTO users VALUES ('ada', E'\\xff\\xfe'), ('bob', E'Zo\\xc3\\xab');",
    );
    let source = legacy.source(BY_LOGIN);
    let error = failure(&source, "ada").await;
    assert!(error.is_about_one_record() && error.kind() == PortErrorKind::BadResponse, "{error}");
    assert_eq!(record(&source, "bob").await.0["name"], "Zoë", "the connection goes on");
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn errors_that_one_record_causes_do_not_look_like_an_outage() {
    let legacy = Legacy::new(
        servers::postgres(),
        "CREATE TABLE users (login text, n text); INSERT INTO users VALUES ('ada', 'x'), ('bob', '0'), ('eve', '0');
         CREATE FUNCTION complains(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', $1; END $$;",
    );
    for query in [
        "SELECT n::int FROM users WHERE login = :identifier",
        "SELECT 1 / length(replace(n, 'x', '')) AS n FROM users WHERE login = :identifier",
        "SELECT (SELECT n FROM users) AS n FROM users WHERE login = :identifier",
        "SELECT complains(n) FROM users WHERE login = :identifier",
    ] {
        let error = failure(&legacy.source(query), "ada").await;
        assert!(!error.is_temporary(), "{query}: {error}");
        assert!(!error.to_string().contains("ada"), "{error}");
    }
}
