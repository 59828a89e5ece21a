//! The behaviour of everything that tells a legacy system of migrated customers.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use sqlx::{Connection as _, SqliteConnection};

use crate::adapters::registry::{WriteBackAdapter as _, WriteBackContext};
use crate::adapters::sql::SqlWriteBack;
use crate::ports::{BoxFuture, Call, LegacyKey, LegacyWriter, MigratedCustomer, PortErrorKind, Written};
use crate::settings::Secret;

/// A customer of the legacy system, whose address is kept.
pub(in crate::adapters) fn customer(id: &str) -> MigratedCustomer {
    let kept = BTreeMap::from([("email".to_owned(), format!("{id}@shop.example"))]);
    let at = Timestamp::from_second(1_800_000_000).expect("a time");
    MigratedCustomer { key: LegacyKey { source: "legacy".into(), id: id.into() }, at, kept }
}

/// Ids that are hostile to some language; each is the id of a customer of the legacy system.
pub(in crate::adapters) fn ids() -> Vec<String> {
    let long = "x".repeat(200);
    let hostile =
        ["1", "1abc", "' OR 1=1 --", "a,b=c", ")(uid=*", "*", "../1", "a/b?c#d", "ä🦀", "%31", "\\", "\"}", &long];
    hostile.map(str::to_owned).to_vec()
}

/// What the customers of a legacy system are marked with, in the order of [`ids`].
pub(in crate::adapters) type Marks<'m> = dyn Fn() -> BoxFuture<'m, Vec<Option<String>>> + 'm;

/// Marks each customer, and nobody else; the same twice; and says who is gone.
pub(in crate::adapters) async fn check_behaviour(kind: &str, writer: &dyn LegacyWriter, marks: &Marks<'_>) {
    let all = ids();
    let unmarked = vec![None; all.len()];
    for id in &all {
        writer.rehearse(Call::outside_login("wb_1"), &customer(id)).await.expect(kind);
    }
    assert_eq!(marks().await, unmarked, "{kind}: a rehearsal changes nothing");
    let mut wanted = unmarked;
    for (at, id) in all.iter().enumerate() {
        for _ in 0..2 {
            let written = writer.write(Call::outside_login("wb_1"), &customer(id)).await;
            assert_eq!(written.map_err(|error| format!("{kind}: {id}: {error}")), Ok(Written::Done));
        }
        wanted[at] = Some(customer(id).at.to_string());
        assert_eq!(marks().await, wanted, "{kind}: {id}");
    }
    for id in ["2", "1ab", "x", "%"] {
        let written = writer.write(Call::outside_login("wb_1"), &customer(id)).await;
        assert_eq!(written.map_err(|error| format!("{kind}: {id}: {error}")), Ok(Written::Gone));
    }
    let nothing = MigratedCustomer { kept: BTreeMap::new(), ..customer("1") };
    for result in [
        writer.write(Call::outside_login("wb_1"), &nothing).await.map(drop),
        writer.rehearse(Call::outside_login("wb_1"), &nothing).await,
    ] {
        let error = result.expect_err(kind);
        assert_eq!((error.kind(), error.is_temporary()), (PortErrorKind::Misconfigured, false), "{kind}: {error}");
        assert!(error.detail().contains("`email`") && !error.detail().contains("shop.example"), "{kind}: {error}");
    }
    assert_eq!(marks().await, wanted, "{kind}");
}

/// A database with the customers of the suite.
async fn database(path: &Path) -> SqliteConnection {
    let mut connection =
        SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", path.display())).await.expect("a file");
    sqlx::raw_sql("CREATE TABLE users (id TEXT, email TEXT, mark TEXT, team TEXT)")
        .execute(&mut connection)
        .await
        .expect("a table");
    for id in ids() {
        let insert = sqlx::query("INSERT INTO users (id, email, team) VALUES (?, ?, 'all')").bind(&id);
        insert.bind(format!("{id}@shop.example")).execute(&mut connection).await.expect("a customer");
    }
    connection
}

async fn opened(path: &Path, statement: &str) -> std::sync::Arc<dyn LegacyWriter> {
    let settings =
        SqlWriteBack { url: Secret::new(&format!("sqlite:{}", path.display())), statement: statement.into() };
    settings.open(WriteBackContext { name: "legacy", folder: Path::new("") }).await.expect("a writer")
}

#[tokio::test]
pub(in crate::adapters) async fn sqlite_is_written_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("legacy.db");
    drop(database(&path).await);
    let writer = opened(&path, "UPDATE users SET mark = :migrated_at WHERE id = :id AND email = :email").await;
    let marks = || -> BoxFuture<'_, Vec<Option<String>>> {
        Box::pin(async {
            let mut connection =
                SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("a file");
            let sql = "SELECT mark FROM users ORDER BY rowid";
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("marks")
        })
    };
    check_behaviour("sqlite", &*writer, &marks).await;
}

#[tokio::test]
async fn what_several_rows_would_change_is_rolled_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("legacy.db");
    let mut connection = database(&path).await;
    let writer = opened(&path, "UPDATE users SET mark = :migrated_at WHERE id = :id OR team = 'all'").await;
    let error = writer.write(Call::outside_login("wb_1"), &customer("1")).await.expect_err("several rows");
    assert_eq!((error.kind(), error.is_temporary()), (PortErrorKind::Conflict, false));
    assert!(error.detail().contains(&format!("{} rows", ids().len())), "{error}");
    let sql = "SELECT COUNT(*) FROM users WHERE mark IS NOT NULL";
    let marked: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("a number");
    assert_eq!(marked, 0);
}

#[tokio::test]
async fn refusals_of_a_database_are_final_and_outages_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("legacy.db");
    let mut connection = database(&path).await;
    let sql = "CREATE TRIGGER t BEFORE UPDATE ON users WHEN new.mark = 'no' BEGIN SELECT RAISE(ABORT, 'x'); END";
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("a trigger");
    let outcome = async |statement: &str| {
        let written = opened(&path, statement).await.write(Call::outside_login("wb_1"), &customer("1")).await;
        written.map_err(|error| (error.kind(), error.is_temporary()))
    };
    let refused = outcome("UPDATE users SET mark = 'no' WHERE id = :id").await;
    assert_eq!(refused, Err((PortErrorKind::Conflict, false)));
    let wrong = outcome("UPDATE people SET mark = 1 WHERE id = :id").await;
    assert_eq!(wrong, Err((PortErrorKind::Misconfigured, false)));
    let right = "DELETE FROM users WHERE id = :id";
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.expect("a lock");
    assert_eq!(outcome(right).await, Err((PortErrorKind::Unavailable, true)), "locked");
    drop(connection);
    std::fs::rename(&path, path.with_extension("away")).expect("a move");
    assert_eq!(outcome(right).await, Err((PortErrorKind::Unavailable, true)), "away");
    std::fs::rename(path.with_extension("away"), &path).expect("a move");
    assert_eq!(outcome(right).await, Ok(Written::Done));
    assert_eq!(outcome(right).await, Ok(Written::Gone), "a repeated deletion");
}
