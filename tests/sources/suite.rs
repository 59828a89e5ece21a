//! The behaviour of every database source: the same checks for all systems.

use std::time::Duration;

use landfall::ports::{IdentifierProfile, PortErrorKind};
use serde_json::{Value, json};

use crate::legacy::{Legacy, System, failure, fetch, record};
use crate::servers;

/// Makes a legacy database from statements.
type Make<'m> = &'m dyn Fn(&str) -> Legacy<'static>;

macro_rules! suite {
    ($($check:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $check() { super::$check(&|tables| super::Legacy::sqlite(tables)).await; })*
        }
        mod postgres {
            $(
                #[tokio::test]
                #[ignore = "needs PostgreSQL; run tests/run"]
                async fn $check() {
                    super::$check(&|tables| super::Legacy::new(super::servers::postgres(), tables)).await;
                }
            )*
        }
        mod mariadb {
            $(
                #[tokio::test]
                #[ignore = "needs MariaDB; run tests/run"]
                async fn $check() {
                    super::$check(&|tables| super::Legacy::new(super::servers::mariadb(), tables)).await;
                }
            )*
        }
    };
}

suite!(
    customers_are_found_in_any_spelling,
    what_is_not_one_usable_record_is_an_error,
    hostile_logins_are_found_literally,
    lists_have_their_shapes,
    lists_are_limited,
    queries_cannot_write,
    parameters_have_the_type_of_their_column,
    queries_are_read_as_the_database_reads_them,
    many_columns_and_odd_names_arrive,
    empty_tables_and_nulls_are_no_customers,
    text_up_to_the_limit_arrives,
    a_check_describes_the_queries,
    a_record_and_its_lists_are_of_one_moment,
);

/// A table of logins. MariaDB compares text loosely unless told otherwise.
fn users(columns: &str) -> String {
    format!("CREATE TABLE users (login varchar(600), email varchar(600), mark varchar(600){columns});")
}

fn insert(legacy: &Legacy<'_>, login: &str, email: &str, mark: &str) {
    let [login, email, mark] = [login, email, mark].map(|text| legacy.text(text));
    legacy.sql(&format!("INSERT INTO users (login, email, mark) VALUES ({login}, {email}, {mark});"));
}

fn by_login(legacy: &Legacy<'_>) -> String {
    format!("SELECT * FROM users WHERE {}", legacy.is_identifier("login"))
}

async fn customers_are_found_in_any_spelling(make: Make<'_>) {
    let legacy = make(&users(""));
    insert(&legacy, "Ada", "Ada@Example.org", "mark-ada");
    insert(&legacy, "JÖRG", "", "mark-jörg");
    insert(&legacy, "jorg", "", "mark-jorg");
    let both = format!("{} OR {}", by_login(&legacy), legacy.is_identifier("email"));
    let source = legacy.source(&both);
    for spelling in ["Ada", "ada", " ADA ", "ada@example.org", "ADA@EXAMPLE.ORG"] {
        assert_eq!(record(&source, spelling).await.0["mark"], "mark-ada", "{spelling}");
    }
    for (spelling, mark) in [("jörg", "mark-jörg"), ("JO\u{308}RG", "mark-jörg"), ("Jorg", "mark-jorg")] {
        assert_eq!(record(&source, spelling).await.0["mark"], mark, "{spelling}");
    }
    for unknown in
        ["adam", "ad", "ada@example.or", "mark-ada", "ada%", "a_a", "x", "null", "0", "'", "--", "jórg", "ада"]
    {
        assert_eq!(fetch(&source, unknown).await.unwrap(), None, "{unknown}");
    }
    let typed = legacy.source("SELECT * FROM users WHERE login = :typed");
    assert_eq!(record(&typed, "Ada").await.0["mark"], "mark-ada", "`:typed` is what was typed");
}

async fn what_is_not_one_usable_record_is_an_error(make: Make<'_>) {
    let legacy = make(&users(", filler text"));
    insert(&legacy, "twin", "one@example.org", "one");
    insert(&legacy, "TWIN", "two@example.org", "two");
    insert(&legacy, "large", "", "large");
    insert(&legacy, "ada", "", "ada");
    let filler = legacy.text(&"f".repeat(3000));
    legacy.sql(&format!("UPDATE users SET filler = {filler} WHERE login = 'large';"));
    let source = legacy.source_with(&format!("record: {}\nrecord_bytes: 2048", json!(by_login(&legacy))));
    for typed in ["twin", "Twin", "large"] {
        let error = failure(&source, typed).await;
        assert_eq!((error.kind(), error.is_about_one_record()), (PortErrorKind::BadResponse, true), "{typed}: {error}");
    }
    assert!(fetch(&source, "ada").await.unwrap().is_some(), "the connection goes on");
    let twice = legacy.source(&by_login(&legacy).replace('*', "mark, login AS mark"));
    let error = failure(&twice, "ada").await;
    assert_eq!(error.kind(), PortErrorKind::Misconfigured, "the query is wrong, not the record: {error}");
    assert!(!error.is_about_one_record() && error.detail().contains("the column `mark` occurs twice"), "{error}");
    for (query, kind) in [
        (by_login(&legacy).replace('*', "nothing"), PortErrorKind::Misconfigured),
        (by_login(&legacy).replace("users", "nowhere"), PortErrorKind::Misconfigured),
        (by_login(&legacy).replace("SELECT", "SELEKT"), PortErrorKind::Misconfigured),
    ] {
        let error = failure(&legacy.source(&query), "ada").await;
        assert_eq!(error.kind(), kind, "{query}: {error}");
    }
}

async fn hostile_logins_are_found_literally(make: Make<'_>) {
    let long = "x".repeat(IdentifierProfile::MAX_BYTES);
    let hostile = [
        "'or/**/1=1--",
        "%",
        "_",
        "*",
        ")(uid=*",
        "a'b",
        "a''b",
        "\"",
        "\\",
        "\\'",
        "\\2a",
        "${x}",
        ":identifier",
        "$1",
        "?",
        "?1",
        "{0}",
        "%s",
        "`",
        "/*",
        "--",
        "#",
        ";",
        "0",
        "1abc",
        "null",
        "é",
        "日本語",
        &long,
    ];
    let legacy = make(&users(""));
    hostile.iter().for_each(|login| insert(&legacy, login, "", &format!("mark-{login}")));
    let source = legacy.source(&by_login(&legacy));
    for login in hostile {
        assert_eq!(record(&source, login).await.0["mark"], format!("mark-{login}"));
    }
}

async fn lists_have_their_shapes(make: Make<'_>) {
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

async fn lists_are_limited(make: Make<'_>) {
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

/// The reader may write, so that only the session is in the way.
fn allow_writing(legacy: &Legacy<'_>) {
    let (reader, database) = (&legacy.reader, legacy.database());
    match legacy.system() {
        System::Sqlite => {}
        System::Postgres => drop(legacy.sql(&format!(
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO {reader};
             CREATE SEQUENCE counter; GRANT ALL ON counter TO {reader};
             CREATE FUNCTION deletes(text) RETURNS text LANGUAGE sql AS 'DELETE FROM users; SELECT $1';
             CREATE FUNCTION resets(text) RETURNS text LANGUAGE plpgsql SET transaction_read_only = off AS
               $$ BEGIN DELETE FROM users; RETURN $1; END $$;"
        ))),
        System::MariaDb => drop(legacy.sql(&format!(
            "GRANT ALL ON {database}.* TO {reader}@'%';
             DELIMITER //
             CREATE FUNCTION deletes(t text) RETURNS text MODIFIES SQL DATA BEGIN DELETE FROM users; RETURN t; END //
             CREATE PROCEDURE commits(t text) BEGIN COMMIT; DELETE FROM users; SELECT t; END //"
        ))),
    }
}

async fn queries_cannot_write(make: Make<'_>) {
    let legacy = make(&users(""));
    insert(&legacy, "ada", "", "a");
    allow_writing(&legacy);
    let queries: &[&str] = match legacy.system() {
        System::Sqlite => &[
            "DELETE FROM users WHERE login = :identifier RETURNING login",
            "INSERT INTO users (login) VALUES (:identifier) RETURNING login",
        ],
        System::Postgres => &[
            "DELETE FROM users WHERE login = :identifier RETURNING login",
            "WITH gone AS (DELETE FROM users WHERE login = :identifier RETURNING login) SELECT * FROM gone",
            "SELECT deletes(:identifier) AS login",
            "SELECT resets(:identifier) AS login",
            "SELECT set_config('transaction_read_only', 'off', false) AS a, deletes(:identifier) AS login",
            "SELECT set_config('default_transaction_read_only', 'off', false) AS a, deletes(:identifier) AS login",
            "SELECT nextval('counter') AS n, :identifier::text AS login",
            "SELECT * FROM users WHERE login = :identifier FOR UPDATE",
        ],
        System::MariaDb => &[
            "DELETE FROM users WHERE login = :identifier RETURNING login",
            "INSERT INTO users (login) VALUES (:identifier) RETURNING login",
            "SELECT deletes(:identifier) AS login",
            "CALL commits(:identifier)",
        ],
    };
    for query in queries {
        let source = legacy.source(query);
        for _ in 0..2 {
            let error = failure(&source, "ada").await;
            assert_eq!(error.kind(), PortErrorKind::Misconfigured, "{query}: {error}");
        }
    }
    assert!(fetch(&legacy.source(&by_login(&legacy)), "ada").await.unwrap().is_some(), "nothing was written");
}

async fn parameters_have_the_type_of_their_column(make: Make<'_>) {
    let (types, keys): (&[&str], &[&str]) = match legacy_types(make) {
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
    let before = if legacy_types(make) == System::Postgres {
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

fn legacy_types(make: Make<'_>) -> System {
    make("CREATE TABLE one (a int);").system()
}

async fn queries_are_read_as_the_database_reads_them(make: Make<'_>) {
    let legacy = make(&users(""));
    insert(&legacy, "ada", "", "it's :identifier");
    let mark = legacy.is_identifier("login");
    let quoted = match legacy.system() {
        System::Sqlite => "SELECT mark, ':no' AS \":a\", [mark] AS `b`, 'it''s ?' AS c /* :no ' */ FROM users WHERE ",
        System::Postgres => {
            "SELECT mark, ':no' AS \":a\", $$ :no ' $$ AS b, E'it\\'s $1' AS c /* :no /* ' */ */, '{\"k\":1}'::jsonb ? 'k' AS d FROM users WHERE "
        }
        System::MariaDb => {
            "SELECT mark, ':no' AS `:a`, \":no ' \\\" \" AS b, 'it\\'s ? @x' AS c /* :no ' */ FROM users WHERE "
        }
    };
    for end in ["", ";", " -- :no '", "\n-- the end;", " /* ' */ ;  "] {
        let source = legacy.source(&format!("{quoted}{mark} AND :identifier = :identifier AND :typed <> 'x'{end}"));
        let (found, text) = record(&source, "Ada").await;
        assert_eq!(
            (found["mark"].as_str(), found[":a"].as_str()),
            (Some("it's :identifier"), Some(":no")),
            "{end}: {text}"
        );
        assert!(found["c"].as_str().is_some_and(|c| c.starts_with("it's ")), "{text}");
    }
}

async fn many_columns_and_odd_names_arrive(make: Make<'_>) {
    let many: Vec<String> = (0..300).map(|at| format!("c{at} int")).collect();
    let quote = if legacy_types(make) == System::MariaDb { '`' } else { '"' };
    let odd = ["a\"b", "Mixed Case", "größe", "a:b", "a?b", "select", "a'b", "landfall", "c0\\"];
    let odd_columns: Vec<String> = odd
        .iter()
        .map(|name| {
            format!("{quote}{}{quote} int", if quote == '"' { name.replace('"', "\"\"") } else { (*name).to_owned() })
        })
        .collect();
    let legacy = make(&format!(
        "CREATE TABLE users (login varchar(20), {}, {}); INSERT INTO users (login, c0, c299) VALUES ('ada', 7, 8);",
        many.join(", "),
        odd_columns.join(", ")
    ));
    let source = legacy.source(&by_login(&legacy));
    let (ada, text) = record(&source, "ada").await;
    assert_eq!((&ada["c0"], &ada["c299"], &ada["c298"]), (&json!(7), &json!(8), &Value::Null));
    for name in odd {
        assert!(ada.get(name).is_some(), "{name}: {text}");
    }
    let names: Vec<&String> = ada.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 301 + odd.len());
    assert!(text.starts_with("{\"login\":\"ada\",\"c0\":7,\"c1\":null"), "columns keep their order: {text}");
    let long = "n".repeat(60);
    let source = legacy.source(
        &by_login(&legacy)
            .replace('*', &format!("login AS {quote}{long}{quote}, login AS {quote} {quote}x"))
            .replace(&format!("{quote} {quote}x"), &format!("{quote}x y{quote}")),
    );
    let (ada, _) = record(&source, "ada").await;
    assert_eq!((&ada[&long], &ada["x y"]), (&json!("ada"), &json!("ada")));
}

async fn empty_tables_and_nulls_are_no_customers(make: Make<'_>) {
    let legacy = make(&users(", doc text"));
    let source = legacy.source(&by_login(&legacy));
    for typed in ["ada", "null", "0"] {
        assert_eq!(fetch(&source, typed).await.unwrap(), None);
    }
    legacy.sql("INSERT INTO users (login, email) VALUES (NULL, NULL), ('', '');");
    for typed in ["ada", "null", "0", "''"] {
        assert_eq!(fetch(&source, typed).await.unwrap(), None);
    }
    insert(&legacy, "ada", "", "");
    let (ada, _) = record(&source, "ada").await;
    assert_eq!((&ada["mark"], &ada["doc"]), (&json!(""), &Value::Null), "empty text is not null");
}

async fn text_up_to_the_limit_arrives(make: Make<'_>) {
    let kind = if legacy_types(make) == System::MariaDb { "longtext" } else { "text" };
    let legacy = make(&users(&format!(", filler {kind}")));
    insert(&legacy, "ada", "", "");
    let limit = 1024 * 1024;
    let around = r#"{"login":"ada","email":"","mark":"","filler":""}"#.len();
    let source = legacy.source_with(&format!("record: {}\nrecord_bytes: {limit}", json!(by_login(&legacy))));
    for (length, fits) in [(limit - around, true), (limit - around + 1, false), (limit * 2, false)] {
        let text = match legacy.system() {
            System::Sqlite => format!("replace(hex(zeroblob({length})), '00', 'x')"),
            _ => format!("REPEAT('x', {length})"),
        };
        legacy.sql(&format!("UPDATE users SET filler = {text};"));
        let found = fetch(&source, "ada").await;
        assert_eq!(found.as_ref().is_ok_and(Option::is_some), fits, "{length}: {:?}", found.err());
    }
}

async fn a_check_describes_the_queries(make: Make<'_>) {
    let legacy = make(&users(", id int"));
    let source = legacy.source_with(&format!(
        "record: {}\nlists: {{ marks: {{ query: 'SELECT mark FROM users WHERE id = :id', as: values }} }}",
        json!(by_login(&legacy))
    ));
    let connected = source.check(tokio::time::Instant::now() + Duration::from_secs(10)).await.expect("a database");
    let names: Vec<&str> = connected.parts[0].columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["login", "email", "mark", "id"]);
    assert_eq!(connected.parts[1].name, "marks");
    assert_eq!(connected.loose, Vec::<String>::new());
}

async fn a_record_and_its_lists_are_of_one_moment(make: Make<'_>) {
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
