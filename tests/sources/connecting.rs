//! `landfall check --config FILE --connect` on real servers.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::legacy::Legacy;
use crate::servers;

const RULES: &str = "landfall: 1\nname: shop\nschema: standard\nidentify: { id: $.id, logins: [ $.login ] }\n\
                     account: { username: $.login }\ncredential: { scheme: md5, hash_hex: $.hash }\n";

fn settings(folder: &Path, url: &str, record: &str) {
    let text = format!(
        "rules: rules.yaml\nsource:\n  kind: sql\n  url: ${{URL}}\n  record: {record}\n  lists:\n    roles: {{ query: 'SELECT role FROM r WHERE u = :id', \
         as: values }}\ntarget: {{ kind: sql, url: 'sqlite:accounts.db' }}\nledger: {{ url: 'sqlite:ledger.db', key: '${{KEY}}' }}\n"
    );
    fs::write(folder.join("rules.yaml"), RULES).unwrap();
    fs::write(folder.join("landfall.yaml"), text).unwrap();
    fs::write(folder.join("url"), url).unwrap();
}

fn check(folder: &Path) -> (Option<i32>, String) {
    let url = fs::read_to_string(folder.join("url")).unwrap();
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_landfall"))
        .args(["check", "--config", "landfall.yaml", "--connect", "--format", "plain"])
        .envs([("URL", url), ("KEY", "ab".repeat(32))])
        .current_dir(folder)
        .output()
        .unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// The output for a query, which never shows the password.
fn checked(legacy: &Legacy<'_>, record: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    settings(folder.path(), &legacy.url(), record);
    let (code, text) = check(folder.path());
    assert!(!text.contains(crate::legacy::PASSWORD) && !text.contains("p%40ss"), "{text}");
    (code, text)
}

#[tokio::test]
async fn an_sqlite_source_is_tried_out() {
    use sqlx::{ConnectOptions as _, Executor as _};
    let folder = tempfile::tempdir().unwrap();
    settings(folder.path(), "sqlite:legacy.db", "SELECT * FROM u WHERE login = :identifier COLLATE landfall");
    let (code, text) = check(folder.path());
    let missing = "landfall.yaml:4:8: error[R514]: the source cannot be used: the database file does not exist";
    assert!(code == Some(1) && text.contains(missing), "{text}");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("legacy.db"));
    let mut connection = options.create_if_missing(true).connect().await.unwrap();
    connection.execute("CREATE TABLE u (id INTEGER, login TEXT, hash TEXT)").await.unwrap();
    let (code, text) = check(folder.path());
    let list = "landfall.yaml:7:21: error[R514]: the source cannot be used: a query does not match the database schema";
    assert!(code == Some(1) && text.contains(list), "{text}");
    connection.execute("CREATE TABLE r (u INTEGER, role TEXT)").await.unwrap();
    let columns = "record\tid\tinteger\nrecord\tlogin\ttext\nrecord\thash\ttext\nroles\trole\ttext\n";
    assert_eq!(check(folder.path()), (Some(0), columns.to_owned()));
    for (record, wanted) in [
        (
            "SELECT a.*, b.* FROM u a JOIN u b ON a.id = b.id WHERE a.login = :identifier COLLATE landfall",
            "`id` occurs twice",
        ),
        ("SELECT *, 1 AS roles FROM u WHERE login = :identifier COLLATE landfall", "has a column and a list `roles`"),
    ] {
        settings(folder.path(), "sqlite:legacy.db", record);
        let (code, text) = check(folder.path());
        assert!(code == Some(1) && text.contains("error[R514]") && text.contains(wanted), "{record}\n{text}");
    }
}

#[test]
fn what_cannot_be_tried_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (url, wanted) in [
        ("file:address", "landfall.yaml:4:8: error[R506]: unknown kind of database"),
        ("postgres://u:12?geheim@127.0.0.1/d", "what follows `?` is not a parameter of it"),
        (
            "postgres://u:geheim@127.0.0.1/d?sslrootcert=absent.pem",
            "the file of `sslrootcert` does not exist: absent.pem",
        ),
    ] {
        settings(folder.path(), url, "SELECT id FROM u WHERE login = :identifier");
        fs::write(folder.path().join("address"), "hello\n").unwrap();
        let (code, text) = check(folder.path());
        assert!(code == Some(1) && text.contains(wanted) && !text.contains("geheim"), "{url}\n{text}");
    }
    let without = Command::new(env!("CARGO_BIN_EXE_landfall")).args(["check", "--connect", "rules"]).output().unwrap();
    let text = String::from_utf8(without.stderr).unwrap();
    assert!(without.status.code() == Some(2) && text.contains("`--connect` needs a settings file"), "{text}");
}

#[test]
#[ignore = "needs PostgreSQL; run tests/run"]
fn a_postgres_source_shows_its_columns_and_its_traps() {
    let tables = "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
        CREATE TABLE u (id bigint, login text, loose text COLLATE loose, hash text, at timestamptz); CREATE TABLE r (u bigint, role text)";
    let legacy = Legacy::new(servers::postgres(), tables);
    let (code, text) = checked(&legacy, "SELECT id, login, at FROM u WHERE lower(login) = :identifier");
    let columns = "record\tid\tbigint\nrecord\tlogin\ttext\nrecord\tat\ttimestamp with time zone\nroles\trole\ttext\n";
    assert_eq!((code, text.as_str()), (Some(0), columns));
    for (record, wanted, code) in [
        (
            "SELECT id FROM u WHERE loose = :identifier",
            "warning[R513]: `u.loose` is compared by the nondeterministic",
            0,
        ),
        (
            "SELECT id FROM u WHERE id = :identifier",
            "warning[R513]: `:identifier` is compared with a column of type bigint",
            0,
        ),
        (
            "SELECT id, emial FROM u WHERE login = :identifier",
            "error[R514]: the source cannot be used: a query does not match",
            1,
        ),
        (
            "SELECT login FROM u WHERE login = :identifier",
            "the record has no column `id`, which the list `roles` uses",
            1,
        ),
        (
            "SELECT oid AS id FROM pg_authid WHERE rolname = :identifier",
            "error[R514]: the source cannot be used: the user may not read",
            1,
        ),
    ] {
        let (exit, text) = checked(&legacy, record);
        assert!(exit == Some(code) && text.contains(wanted), "{record}: {exit:?}\n{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    settings(folder.path(), &legacy.url().replace("p%40ss", "wrong"), "SELECT id FROM u WHERE login = :identifier");
    let (code, text) = check(folder.path());
    assert!(
        code == Some(1) && text.contains("landfall.yaml:4:8: error[R514]") && text.contains("refused the user"),
        "{text}"
    );
}

#[test]
#[ignore = "needs MariaDB; run tests/run"]
fn a_mariadb_source_shows_its_columns_and_its_traps() {
    let tables = "CREATE TABLE u (id bigint unsigned, login varchar(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, exact varchar(60) CHARACTER SET utf8mb4
        COLLATE utf8mb4_bin); CREATE TABLE r (u bigint, role text)";
    let legacy = Legacy::new(servers::mariadb(), tables);
    let (code, text) = checked(&legacy, "SELECT * FROM u WHERE login = :identifier");
    let trap = "landfall.yaml:5:11: warning[R513]: `u.login` is compared by utf8mb4_general_ci, which ignores accents: the query finds \
                `jörg` for `jorg`";
    assert!(code == Some(0) && text.contains(trap) && text.contains("record\tid\tbigint unsigned\n"), "{text}");
    let elsewhere = format!("{}_other", legacy.database());
    legacy.sql(&format!(
        "CREATE DATABASE {elsewhere}; CREATE TABLE {elsewhere}.members (id int, name varchar(60) CHARACTER SET utf8mb4 COLLATE uca1400_ai_cs);
         GRANT SELECT ON {elsewhere}.members TO {}@'%';",
        legacy.reader
    ));
    let (code, text) = checked(&legacy, &format!("SELECT * FROM {elsewhere}.members WHERE name = :identifier"));
    let trap = "warning[R513]: `members.name` is compared by utf8mb4_uca1400_ai_cs, which ignores accents";
    assert!(code == Some(0) && text.contains(trap), "{text}");
    for record in [
        "SELECT * FROM u WHERE exact = :identifier",
        "SELECT * FROM u WHERE login = :identifier AND LOWER(login) = :identifier COLLATE utf8mb4_bin",
        "SELECT * FROM u WHERE login = :identifier AND CAST(LOWER(login) AS BINARY) = CAST(:identifier AS BINARY)",
    ] {
        let (code, text) = checked(&legacy, record);
        assert!(code == Some(0) && !text.contains("R513"), "{record}\n{text}");
    }
}
