//! Values and schemas of MariaDB that few tests think of.

use std::time::Duration;

use landfall::ports::PortErrorKind;
use serde_json::{Value, json};

use crate::legacy::{Legacy, failure, fetch, fetch_within, record};
use crate::servers::{self, MARIADB, Options, Server};

const BY_LOGIN: &str = "SELECT * FROM users WHERE login = :identifier";

#[tokio::test]
#[ignore = "needs MariaDB; run tests/run"]
async fn unusual_values_have_a_form() {
    for (kind, stored, expected) in [
        ("json", "'{\"a\": \"\\\\u0000\"}'", json!("{\"a\": \"\\u0000\"}")),
        ("longtext", "JSON_OBJECT('a', 1, 'b', JSON_ARRAY(1, NULL))", json!("{\"a\": 1, \"b\": [1, null]}")),
        ("decimal(65,30)", "12345678901234567890123456789012345.5", Value::Null),
        ("datetime", "'9999-12-31 23:59:59'", json!("9999-12-31T23:59:59")),
        ("datetime", "'0000-00-00'", json!("0000-00-00")),
        ("datetime(3)", "'2024-00-00 00:00:00.5'", json!("2024-00-00T00:00:00.500000")),
        ("date", "'1000-01-01'", json!("1000-01-01")),
        ("year", "0", json!(0)),
        ("time", "'-00:00:01'", json!("-00:00:01")),
        ("bit(64)", "b'1111111111111111111111111111111111111111111111111111111111111111'", json!(u64::MAX)),
        ("varchar(20) CHARACTER SET utf16", "'Zo\u{eb}\u{1f600}'", json!("Zoë\u{1f600}")),
        ("varchar(20) CHARACTER SET sjis", "'\u{8868}'", json!("\u{8868}")),
        ("varchar(20) CHARACTER SET binary", "'abc'", json!("YWJj")),
        ("tinytext", "'t'", json!("t")),
        ("enum('a','') ", "'zzz'", json!("")),
        ("set('a','b')", "''", json!("")),
        ("inet6", "'::1'", json!("::1")),
        ("double", "-0.0", json!(-0.0)),
        ("float", "3.4e38", json!(3.4e38)),
        ("char(5)", "'a'", json!("a")),
        ("text", "CONCAT('a', CHAR(0), 'b')", json!("a\u{0}b")),
        ("point", "POINT(1, 2)", json!("AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==")),
    ] {
        let legacy = Legacy::new(
            servers::mariadb(),
            &format!(
                "SET sql_mode = ''; CREATE TABLE users (login varchar(20), v {kind} NULL); INSERT INTO users VALUES ('ada', {stored}), ('bob', NULL);"
            ),
        );
        let source = legacy.source(BY_LOGIN);
        assert_eq!(record(&source, "bob").await.0["v"], Value::Null, "{kind}");
        let (ada, text) = record(&source, "ada").await;
        if expected.is_null() {
            assert!(text.contains(":12345678901234567890123456789012345.500000000000000000000000000000}"), "{text}");
        } else {
            assert_eq!(ada["v"], expected, "{kind} {stored}");
        }
    }
}

#[tokio::test]
#[ignore = "needs MariaDB; run tests/run"]
async fn every_relation_can_be_read() {
    let legacy = Legacy::new(
        servers::mariadb(),
        "CREATE TABLE `User's` (login varchar(20), `e``mail` text, twice varchar(50) AS (CONCAT(login, login)) STORED, v varchar(50) AS (UPPER(login)) VIRTUAL);
         INSERT INTO `User's` (login) VALUES ('Ada');
         CREATE SQL SECURITY DEFINER VIEW definer AS SELECT * FROM `User's`;
         CREATE SQL SECURITY INVOKER VIEW invoker AS SELECT * FROM `User's`;
         CREATE TABLE p (login varchar(20), region int) PARTITION BY LIST (region) (PARTITION p1 VALUES IN (1));
         INSERT INTO p VALUES ('Ada', 1);
         CREATE TABLE Upper (login varchar(20)); INSERT INTO Upper VALUES ('Ada');",
    );
    for query in [
        "SELECT * FROM `User's` WHERE login = :identifier",
        "SELECT * FROM definer WHERE login = :identifier",
        "SELECT * FROM invoker WHERE login = :identifier",
        "SELECT * FROM p WHERE login = :identifier",
        "SELECT * FROM Upper WHERE login = :identifier",
        "WITH u AS (SELECT * FROM definer) SELECT u.* FROM u WHERE login = :identifier",
        "SELECT login, JSON_OBJECT('a', login) AS doc FROM Upper WHERE login = :identifier",
        "SELECT login, '' AS ` a`, 1 AS `x.y` FROM Upper WHERE login = :identifier LIMIT 1",
        "SELECT :identifier AS login",
    ] {
        let (_, text) = record(&legacy.source(query), "Ada").await;
        assert!(text.to_lowercase().contains("\"ada\""), "{query}: {text}");
    }
    let (reader, database) = (&legacy.reader, legacy.database());
    legacy.sql(&format!(
        "REVOKE SELECT ON {database}.* FROM {reader}@'%'; GRANT SELECT ON {database}.definer TO {reader}@'%'; GRANT SELECT ON {database}.invoker TO {reader}@'%';"
    ));
    assert!(fetch(&legacy.source("SELECT * FROM definer WHERE login = :identifier"), "ada").await.unwrap().is_some());
    let error = failure(&legacy.source("SELECT * FROM invoker WHERE login = :identifier"), "ada").await;
    assert_eq!(error.kind(), PortErrorKind::Misconfigured, "{error}");
}

/// Our reading of quotes does not depend on the server's, and values are always bound.
#[tokio::test]
#[ignore = "needs MariaDB; run tests/run"]
async fn modes_of_the_server_open_no_injection() {
    let server =
        Server::start(&MARIADB, Options::default().set("sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT"));
    let legacy = Legacy::new(
        &server,
        "CREATE TABLE users (login varchar(60), mark varchar(20)) COLLATE utf8mb4_bin; INSERT INTO users VALUES ('ada', 'a'), ('\\', 'b'), ('x''y', 'c');",
    );
    for query in [
        "SELECT \"login\", mark, 'it\\'s :no' AS quoted FROM users WHERE login = :identifier",
        "SELECT login, mark, 'a' || :typed AS joined FROM \"users\" WHERE \"login\" = :identifier AND '\\\\' <> :typed",
    ] {
        let source = legacy.source(query);
        assert_eq!(record(&source, "ada").await.0["mark"], "a", "{query}");
        assert_eq!(record(&source, "x'y").await.0["mark"], "c", "{query}");
        for typed in ["'or/**/1=1--", "\\'or/**/1=1--", "\\'", "a\\"] {
            assert_eq!(fetch(&source, typed).await.unwrap(), None, "{query}: {typed}");
        }
    }
    assert_eq!(
        record(&legacy.source("SELECT *, 'a' || 'b' AS joined FROM users WHERE login = :identifier"), "ada").await.0["joined"],
        "ab"
    );
    let server = Server::start(
        &MARIADB,
        Options::default().set("lower_case_table_names", "1").set("default_time_zone", "+09:00"),
    );
    let legacy = Legacy::new(&server, "CREATE TABLE Users (Login varchar(60)); INSERT INTO Users VALUES ('ada');");
    assert_eq!(
        record(
            &legacy.source(
                "SELECT *, TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW()) AS hours FROM USERS WHERE LOGIN = :identifier"
            ),
            "ada"
        )
        .await
        .0["Login"],
        "ada"
    );
}

/// Functions that a time limit interrupts return as if they had ended.
#[tokio::test]
#[ignore = "needs MariaDB; run tests/run"]
async fn a_query_that_was_cut_off_finds_nobody_unknown() {
    let legacy =
        Legacy::new(servers::mariadb(), "CREATE TABLE users (login varchar(60)); INSERT INTO users VALUES ('ada');");
    for query in [
        "SELECT * FROM users WHERE login = :identifier AND SLEEP(5) = 0",
        "SELECT * FROM users WHERE login = :identifier AND BENCHMARK(1000000000, MD5('x')) = 1",
    ] {
        let source = legacy.source(query);
        for wait in [30, 100, 300] {
            let found = fetch_within(&source, "ada", Duration::from_millis(wait)).await;
            assert_eq!(found.expect_err(query).kind(), PortErrorKind::Unavailable, "{query}");
        }
    }
}

#[tokio::test]
#[ignore = "needs MariaDB; run tests/run"]
async fn errors_that_one_record_causes_do_not_look_like_an_outage() {
    let legacy = Legacy::new(
        servers::mariadb(),
        "CREATE TABLE users (login varchar(60), n bigint unsigned); INSERT INTO users VALUES ('ada', 18446744073709551615), ('bob', 0);
         DELIMITER //
         CREATE FUNCTION complains(t text) RETURNS text BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = t; RETURN t; END //",
    );
    legacy.sql(&format!("GRANT EXECUTE ON {}.* TO {}@'%';", legacy.database(), legacy.reader));
    for query in [
        "SELECT n + 1 AS n FROM users WHERE login = :identifier",
        "SELECT (SELECT n FROM users) AS n FROM users WHERE login = :identifier",
        "SELECT complains(login) AS n FROM users WHERE login = :identifier",
        "SELECT * FROM users WHERE login = :identifier AND (1, 2) = (SELECT 1)",
    ] {
        let error = failure(&legacy.source(query), "ada").await;
        assert!(!error.is_temporary(), "{query}: {error}");
    }
}

#[tokio::test]
#[ignore = "needs MariaDB; run tests/run"]
async fn values_arrive_under_their_own_names_when_tables_change() {
    let legacy = Legacy::new(
        servers::mariadb(),
        "CREATE TABLE users (login varchar(60), email varchar(60), points int); INSERT INTO users VALUES ('ada', 'ada@example.org', 1);",
    );
    let source = legacy.source(BY_LOGIN);
    assert_eq!(record(&source, "ada").await.0["email"], "ada@example.org");
    legacy.sql("ALTER TABLE users DROP COLUMN email, ADD COLUMN secret varchar(60) DEFAULT 'no address';");
    let (ada, _) = record(&source, "ada").await;
    assert_eq!((ada.get("email"), &ada["secret"]), (None, &json!("no address")));
    legacy.sql("ALTER TABLE users MODIFY points varchar(20); UPDATE users SET points = 'many';");
    assert_eq!(record(&source, "ada").await.0["points"], "many");
    legacy.sql("ALTER TABLE users ADD COLUMN added int DEFAULT 5;");
    assert_eq!(record(&source, "ada").await.0["added"], 5);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn an_identifier_outside_the_character_set_of_a_column_is_no_outage() {
    let legacy = Legacy::new(
        servers::mariadb(),
        "CREATE TABLE mix (login varchar(30) CHARACTER SET latin1, email varchar(60) CHARACTER SET utf8mb4);
         SET NAMES utf8mb4; INSERT INTO mix VALUES ('maria', 'мария@x.example')",
    );
    for record in [
        "SELECT * FROM mix WHERE login = :identifier OR email = :identifier",
        "SELECT * FROM mix WHERE (login = :identifier AND LOWER(login) = :identifier COLLATE utf8mb4_bin)
           OR (email = :identifier AND LOWER(email) = :identifier COLLATE utf8mb4_bin)",
    ] {
        let source = legacy.source(record);
        for known in ["maria", "мария@x.example"] {
            assert!(fetch(&source, known).await.expect("an answer").is_some(), "{known}: {record}");
        }
        for unknown in ["иван", "日本"] {
            assert_eq!(fetch(&source, unknown).await.expect("an answer"), None, "{unknown}: {record}");
        }
    }
}
