//! Lists, and the parameters of their queries.

use std::time::Duration;

use landfall::ports::PortErrorKind;
use serde_json::json;

use super::{Make, by_login, insert, system_of, users};
use crate::legacy::{System, failure, fetch, record};

pub async fn lists_have_their_shapes(make: Make<'_>) {
    let legacy = make(&format!(
        "{}CREATE TABLE roles (id int, name varchar(20), weight int);
         INSERT INTO roles VALUES (1, 'admin', 5), (1, 'editor', NULL), (1, 'admin', 7), (2, 'other', 1);",
        users(", ID int")
    ));
    insert(&legacy, "ada", "", "a");
    insert(&legacy, "bob", "", "b");
    legacy.sql("UPDATE users SET id = 1 WHERE login = 'ada'; UPDATE users SET id = 3 WHERE login = 'bob';");
    let source = legacy.source_with(&format!(
        "record: {}
lists:
  rows: {{ query: 'SELECT name, weight FROM roles WHERE id = :id AND id = :ID ORDER BY name, weight' }}
  values: {{ query: 'SELECT name FROM roles WHERE id = :Id ORDER BY name, weight', as: values }}
  map: {{ query: 'SELECT name, weight FROM roles WHERE id = :id ORDER BY name, weight', as: map, key: NAME, value: weight }}",
        json!(by_login(&legacy))
    ));
    let (ada, _) = record(&source, "ada").await;
    assert_eq!(ada["values"], json!(["admin", "admin", "editor"]));
    assert_eq!(ada["map"], json!({"admin": [5, 7], "editor": null}));
    assert_eq!(ada["rows"][0], json!({"name": "admin", "weight": 5}));
    let (bob, _) = record(&source, "bob").await;
    assert_eq!((&bob["rows"], &bob["values"], &bob["map"]), (&json!([]), &json!([]), &json!({})));
    for (list, words) in [
        ("{ query: 'SELECT name FROM roles WHERE id = :nothing' }", "the record has no column `nothing`"),
        ("{ query: 'SELECT name, id FROM roles WHERE id = :id', as: values }", "exactly one column"),
        (
            "{ query: 'SELECT name FROM roles WHERE id = :id', as: map, key: k, value: name }",
            "the key column is missing",
        ),
    ] {
        let yaml = format!("record: {}\nlists: {{ list: {list} }}", json!(by_login(&legacy)));
        let error = failure(&legacy.source_with(&yaml), "ada").await;
        assert!(error.kind() == PortErrorKind::Misconfigured && error.detail().contains(words), "{list}: {error}");
    }
}

pub async fn lists_are_limited(make: Make<'_>) {
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 990) SELECT i";
    let legacy = make(&format!("{}CREATE TABLE many (i int); INSERT INTO many {numbers} FROM n;", users("")));
    insert(&legacy, "ada", "", "a");
    let yaml = |rows: usize| {
        let record = json!(by_login(&legacy));
        format!(
            "record: {record}\nlist_rows: {rows}\nlists: {{ many: {{ query: \"SELECT i FROM many WHERE :mark = 'a' ORDER BY i\", as: values }} }}"
        )
    };
    let (ada, _) = record(&legacy.source_with(&yaml(990)), "ada").await;
    assert_eq!(ada["many"].as_array().map(Vec::len), Some(990));
    let source = legacy.source_with(&yaml(989));
    for _ in 0..3 {
        let error = failure(&source, "ada").await;
        assert!(error.is_about_one_record() && error.detail().contains("more than 989 rows"), "{error}");
    }
    assert_eq!(fetch(&source, "bob").await.unwrap(), None, "the connection goes on");
}

pub async fn parameters_have_the_type_of_their_column(make: Make<'_>) {
    let (types, keys): (&[&str], &[&str]) = match system_of(make) {
        System::Sqlite => (&["integer", "text", "blob", "real"], &["9007199254740993", "'k'", "x'00ff'", "0.5"]),
        System::Postgres => (
            &[
                "uuid",
                "bigint",
                "citext",
                "kind",
                "numeric(30,5)",
                "bytea",
                "date",
                "timestamptz",
                "inet",
                "boolean",
                "bit(4)",
                "char(8)",
                "double precision",
                "name",
            ],
            &[
                "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
                "9007199254740993",
                "'Key'",
                "'gold'",
                "1234567890123456789012345.10000",
                "'\\x00ff27'",
                "'2024-02-29'",
                "'2024-01-02 03:04:05.123456+02'",
                "'10.0.0.1'",
                "true",
                "b'1010'",
                "'ab'",
                "0.1",
                "'n'",
            ],
        ),
        System::MariaDb => (
            &[
                "bigint unsigned",
                "varchar(20)",
                "enum('gold','tin')",
                "decimal(30,5)",
                "varbinary(16)",
                "date",
                "datetime(6)",
                "timestamp(6)",
                "bit(4)",
                "uuid",
                "double",
                "set('a','b')",
            ],
            &[
                "18446744073709551615",
                "'Key'",
                "'gold'",
                "1234567890123456.10000",
                "x'00ff27'",
                "'2024-02-29'",
                "'2024-01-02 03:04:05.123456'",
                "'2024-01-02 03:04:05.123456'",
                "b'1010'",
                "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
                "0.1",
                "'a,b'",
            ],
        ),
    };
    let before = if system_of(make) == System::Postgres {
        "CREATE EXTENSION citext; CREATE TYPE kind AS ENUM ('gold', 'tin');"
    } else {
        ""
    };
    let columns: Vec<String> = types.iter().enumerate().map(|(at, kind)| format!("k{at} {kind}")).collect();
    let lists: Vec<String> = (0..types.len())
        .map(|at| {
            format!(
                "CREATE TABLE l{at} (k {}, v int); INSERT INTO l{at} VALUES ({}, {at}), (NULL, -1);",
                types[at], keys[at]
            )
        })
        .collect();
    let legacy = make(&format!(
        "{before}CREATE TABLE users (login varchar(20), {}); INSERT INTO users VALUES ('ada', {});\n{}\nINSERT INTO users (login) VALUES ('bob');",
        columns.join(", "),
        keys.join(", "),
        lists.join("\n")
    ));
    let lists: String = (0..types.len())
        .map(|at| format!("\n  m{at}: {{ query: 'SELECT v FROM l{at} WHERE k = :k{at}', as: values }}"))
        .collect();
    let source = legacy.source_with(&format!("record: {}\nlists:{lists}", json!(by_login(&legacy))));
    let ((ada, text), (bob, _)) = (record(&source, "ada").await, record(&source, "bob").await);
    for (at, kind) in types.iter().enumerate() {
        assert_eq!(ada[format!("m{at}")], json!([at]), "{kind}: {text}");
        assert_eq!(bob[format!("m{at}")], json!([]), "null is equal to nothing: {kind}");
    }
}

pub async fn a_record_and_its_lists_are_of_one_moment(make: Make<'_>) {
    let legacy = make(&format!("{}CREATE TABLE marks (id int, mark varchar(20));", users(", id int")));
    insert(&legacy, "ada", "", "old");
    legacy.sql("UPDATE users SET id = 1; INSERT INTO marks VALUES (1, 'old');");
    let wait = match legacy.system() {
        System::Sqlite => {
            legacy.sql("PRAGMA journal_mode = WAL;");
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT COUNT(*) FROM n) > 0"
        }
        System::Postgres => "pg_sleep(0.6) IS NOT NULL",
        System::MariaDb => "SLEEP(0.6) = 0",
    };
    let yaml = format!(
        "record: {}\nlists: {{ marks: {{ query: 'SELECT mark FROM marks WHERE id = :id', as: values }} }}",
        json!(format!("{} AND {wait}", by_login(&legacy)))
    );
    let source = legacy.source_with(&yaml);
    fetch(&source, "ada").await.expect("a first connection");
    let change = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        tokio::task::yield_now().await;
        let change = "BEGIN; UPDATE users SET mark = 'new'; UPDATE marks SET mark = 'new'; COMMIT;";
        std::thread::scope(|scope| scope.spawn(|| legacy.sql(change)).join().expect("statements"));
        std::time::Instant::now()
    };
    let asked = async { (record(&source, "ada").await.0, std::time::Instant::now()) };
    let ((ada, answered), changed) = tokio::join!(asked, change);
    assert!(changed < answered, "the change came too late for this test");
    assert_eq!((&ada["mark"], &ada["marks"]), (&json!("old"), &json!(["old"])));
    let (ada, _) = record(&source, "ada").await;
    assert_eq!((&ada["mark"], &ada["marks"]), (&json!("new"), &json!(["new"])), "the next session sees it");
}
