//! Migrated customers in legacy databases: one row each, or nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use landfall::adapters::registry::{Trial, WriteBackAdapter as _, WriteBackContext};
use landfall::adapters::sql::SqlWriteBack;
use landfall::ports::{Call, LegacyKey, LegacyWriter, MigratedCustomer, PortErrorKind, Written};
use landfall::settings::Secret;
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::legacy::{Legacy, System as Kind};
use crate::servers::{MARIADB, Options, POSTGRES, Server, Stop, System, mariadb, postgres};

const TABLES: &str = "\
CREATE TABLE people (id int PRIMARY KEY, name varchar(40), team varchar(10), mark varchar(40) CHECK (mark <> 'no'));
CREATE TABLE notes (id int PRIMARY KEY);
INSERT INTO people VALUES (1, 'ada', 'all', NULL), (2, '1', 'all', NULL), (3, '1abc', 'all', NULL);
INSERT INTO notes VALUES (1);";

fn customer(id: &str) -> MigratedCustomer {
    let key = LegacyKey { source: "legacy".into(), id: id.into() };
    MigratedCustomer { key, at: Timestamp::from_second(1_800_000_000).unwrap(), kept: [].into() }
}

/// A database whose user may change marks of people and nothing else, in addition to reading.
fn database(server: &Server) -> Legacy<'_> {
    let legacy = Legacy::new(server, TABLES);
    let (reader, database) = (&legacy.reader, legacy.database());
    legacy.sql(&match legacy.system() {
        Kind::Postgres => format!("GRANT UPDATE (mark) ON people TO {reader};"),
        _ => format!("GRANT UPDATE (mark) ON {database}.people TO {reader}@'%';"),
    });
    legacy
}

fn settings(legacy: &Legacy<'_>, statement: &str) -> SqlWriteBack {
    SqlWriteBack { url: Secret::new(&legacy.url()), statement: statement.to_owned() }
}

async fn writer(legacy: &Legacy<'_>, statement: &str) -> Arc<dyn LegacyWriter> {
    settings(legacy, statement).open(context()).await.unwrap()
}

fn context() -> WriteBackContext<'static> {
    WriteBackContext { name: "legacy", folder: Path::new("") }
}

async fn tried(legacy: &Legacy<'_>, statement: &str) -> Trial {
    settings(legacy, statement).connect(context()).await
}

/// What became of a customer; for failures the kind, and whether it is tried again.
async fn write(writer: &dyn LegacyWriter, id: &str) -> Result<Written, (PortErrorKind, bool)> {
    let call = Call { deadline: Instant::now() + Duration::from_secs(5), request_id: "wb_1" };
    writer.write(call, &customer(id)).await.map_err(|error| (error.kind(), error.is_temporary()))
}

fn marks(legacy: &Legacy<'_>) -> String {
    legacy.sql("SELECT COUNT(mark) FROM people WHERE id = 1; SELECT COUNT(mark) FROM people;").replace('\n', " ")
}

async fn one_row_is_changed_or_nothing(server: &Server) {
    let legacy = database(server);
    let by_id = "UPDATE people SET mark = :migrated_at WHERE id = :id";
    let by_id = writer(&legacy, by_id).await;
    assert_eq!(marks(&legacy).trim(), "0 0");
    for _ in 0..2 {
        assert_eq!(write(&*by_id, "1").await, Ok(Written::Done), "the same twice");
        assert_eq!(marks(&legacy).trim(), "1 1");
    }
    assert_eq!(legacy.sql("SELECT mark FROM people WHERE id = 1;").trim(), "2027-01-15T08:00:00Z");
    assert_eq!(write(&*by_id, "4").await, Ok(Written::Gone));
    // a number is not compared with the beginning of a text
    assert_eq!(write(&*by_id, "1abc").await, Err((PortErrorKind::Misconfigured, false)));
    let by_name = writer(&legacy, "UPDATE people SET mark = :migrated_at WHERE name = :id").await;
    assert_eq!(write(&*by_name, "1").await, Ok(Written::Done));
    assert_eq!(legacy.sql("SELECT COUNT(mark) FROM people WHERE id = 3;").trim(), "0");
    assert_eq!(write(&*by_name, "x' OR '1'='1").await, Ok(Written::Gone));
    let by_team = writer(&legacy, "UPDATE people SET mark = 'all' WHERE team = :id").await;
    assert_eq!(write(&*by_team, "all").await, Err((PortErrorKind::Conflict, false)));
    assert_eq!(legacy.sql("SELECT COUNT(*) FROM people WHERE mark = 'all';").trim(), "0", "rolled back");
}

async fn refusals_are_final(server: &Server) {
    let legacy = database(server);
    for (statement, kind) in [
        ("UPDATE people SET mark = 'no' WHERE id = :id", PortErrorKind::Conflict),
        ("UPDATE people SET name = 'x' WHERE id = :id", PortErrorKind::Denied),
        ("DELETE FROM people WHERE id = :id", PortErrorKind::Denied),
        ("UPDATE notes SET id = 2 WHERE id = :id", PortErrorKind::Denied),
        ("UPDATE persons SET mark = 'x' WHERE id = :id", PortErrorKind::Misconfigured),
        ("UPDATE people SET marc = 'x' WHERE id = :id", PortErrorKind::Misconfigured),
    ] {
        let writer = writer(&legacy, statement).await;
        let written = write(&*writer, "1").await;
        // MariaDB tells nobody which names exist without a right to them
        let is_hidden = kind == PortErrorKind::Misconfigured && written == Err((PortErrorKind::Denied, false));
        assert!(written == Err((kind, false)) || is_hidden, "{statement}: {written:?}");
    }
    assert_eq!(marks(&legacy).trim(), "0 0");
}

async fn a_trial_prepares_and_changes_nothing(server: &Server) {
    let legacy = database(server);
    let right = "UPDATE people SET mark = :migrated_at WHERE id = :id";
    let trial = tried(&legacy, right).await;
    assert!(trial.summary.is_some() && trial.findings.is_empty(), "{trial:?}");
    for wrong in ["UPDATE persons SET mark = 1 WHERE id = :id", "UPDATE people SET marc = 1 WHERE id = :id"] {
        let trial = tried(&legacy, wrong).await;
        assert!(trial.summary.is_none() && trial.findings[0].code == "R514", "{wrong}: {trial:?}");
    }
    let writer = writer(&legacy, right).await;
    let call = Call { deadline: Instant::now() + Duration::from_secs(5), request_id: "wb_1" };
    writer.rehearse(call, &customer("1")).await.unwrap();
    assert_eq!(marks(&legacy).trim(), "0 0");
}

async fn an_outage_passes(system: &'static dyn System) {
    let server = Server::start(system, Options::default());
    let legacy = database(&server);
    let writer = writer(&legacy, "UPDATE people SET mark = :migrated_at WHERE id = :id").await;
    assert_eq!(write(&*writer, "1").await, Ok(Written::Done));
    for stop in [Stop::Orderly, Stop::Abrupt] {
        block_in_place(|| server.stop(stop));
        let down = write(&*writer, "2").await;
        assert!(matches!(down, Err((_, true))), "{stop:?}: {down:?}");
        block_in_place(|| server.start_again());
        assert_eq!(write(&*writer, "2").await, Ok(Written::Done), "{stop:?}");
    }
    let wrong = SqlWriteBack {
        url: Secret::new(&legacy.url().replace("p%40ss", "wrong")),
        ..settings(&legacy, "UPDATE people SET mark = 'x' WHERE id = :id")
    };
    let wrong = wrong.open(context()).await.unwrap();
    let denied = write(&*wrong, "1").await;
    assert_eq!(denied, Err((PortErrorKind::Denied, true)), "a password that is being changed is no final refusal");
}

macro_rules! tests {
    ($($name:ident: $work:expr, $reason:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = $reason]
        async fn $name() {
            $work.await;
        }
    )*};
}

tests! {
    postgres_changes_one_row_or_nothing: one_row_is_changed_or_nothing(postgres()), "needs PostgreSQL; run tests/run";
    mariadb_changes_one_row_or_nothing: one_row_is_changed_or_nothing(mariadb()), "needs MariaDB; run tests/run";
    refusals_of_postgres_are_final: refusals_are_final(postgres()), "needs PostgreSQL; run tests/run";
    refusals_of_mariadb_are_final: refusals_are_final(mariadb()), "needs MariaDB; run tests/run";
    postgres_is_tried_out: a_trial_prepares_and_changes_nothing(postgres()), "needs PostgreSQL; run tests/run";
    mariadb_is_tried_out: a_trial_prepares_and_changes_nothing(mariadb()), "needs MariaDB; run tests/run";
    an_outage_of_postgres_passes: an_outage_passes(&POSTGRES), "needs PostgreSQL; run tests/run";
    an_outage_of_mariadb_passes: an_outage_passes(&MARIADB), "needs MariaDB; run tests/run";
}

/// A comparison of a number with a text takes the digits at its beginning, and is only a warning in a DELETE.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn a_text_that_begins_with_the_number_of_another_deletes_nobody() {
    let legacy = Legacy::new(mariadb(), "CREATE TABLE people (id int); INSERT INTO people VALUES (0), (7), (12);");
    legacy.sql(&format!("GRANT DELETE ON {}.people TO {}@'%';", legacy.database(), legacy.reader));
    let by_id = writer(&legacy, "DELETE FROM people WHERE id = :id").await;
    for id in ["7c9e6679-7425-40de-944b-e07fc1f90ae7", "12abc", "abc"] {
        assert_eq!(write(&*by_id, id).await, Err((PortErrorKind::Conflict, false)), "{id}");
    }
    assert_eq!(legacy.sql("SELECT COUNT(*) FROM people;").trim(), "3");
    assert_eq!(write(&*by_id, "7").await, Ok(Written::Done));
    assert_eq!(legacy.sql("SELECT COUNT(*) FROM people;").trim(), "2");
}

/// MyISAM has no transactions: what a statement did to several rows stays.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn tables_without_transactions_are_reported() {
    let legacy = Legacy::new(mariadb(), "CREATE TABLE people (id int, mark int) ENGINE=MyISAM;");
    legacy.sql(&format!("GRANT UPDATE ON {}.people TO {}@'%';", legacy.database(), legacy.reader));
    let trial = tried(&legacy, "UPDATE people SET mark = 1 WHERE id = :id").await;
    let found: Vec<_> =
        trial.findings.iter().map(|finding| (finding.code, finding.message.contains("MyISAM"))).collect();
    assert_eq!(found, [("R513", true)]);
}
