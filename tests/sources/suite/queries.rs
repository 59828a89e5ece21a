//! How queries are read, and that they cannot write.

use landfall::ports::PortErrorKind;
use serde_json::json;

use super::{Make, by_login, insert, users};
use crate::legacy::{Legacy, System, failure, fetch, record};

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
             CREATE FUNCTION deletes(t text) RETURNS text MODIFIES SQL DATA BEGIN DELETE FROM users; RETURN t; END //"
        ))),
    }
}

pub async fn queries_cannot_write(make: Make<'_>) {
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

pub async fn queries_are_read_as_the_database_reads_them(make: Make<'_>) {
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

pub async fn a_check_describes_the_queries(make: Make<'_>) {
    let legacy = make(&users(", id int"));
    let source = legacy.source_with(&format!(
        "record: {}\nlists: {{ marks: {{ query: 'SELECT mark FROM users WHERE id = :id', as: values }} }}",
        json!(by_login(&legacy))
    ));
    let trial = source.try_out().await;
    let names: Vec<&str> = trial.parts[0].columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["login", "email", "mark", "id"]);
    assert_eq!(trial.parts[1].name, "marks");
    assert_eq!(trial.findings, []);
}
