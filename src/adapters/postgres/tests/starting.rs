//! Starting: who creates the tables, and which databases are refused. Also restarts and standbys.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::PgConnection;

use super::{claim, finish, granted};
use crate::adapters::postgres::database::{Absent, Database};
use crate::adapters::postgres::ledger::SCHEMA;
use crate::adapters::postgres::{AccountStore, PostgresLedger};
use crate::adapters::registry::Opening;
use crate::adapters::suites::ledger::{decision, keyring};
use crate::adapters::suites::postgres::servers::{Options, POSTGRES, Server, Stop};
use crate::adapters::suites::postgres::{accounts_at, address, ledger_at, new_database, server};
use crate::adapters::suites::target::{Customer, hasher};
use crate::migrate::{bind_store, check_store};
use crate::ports::{ClaimAnswer, Keyring, Ledger as _, PortErrorKind, Reports as _};

async fn refused(url: &str, opening: Opening) -> (PortErrorKind, String) {
    let opened = match opening {
        Opening::Trusted => PostgresLedger::open(url, Path::new(""), keyring()).await,
        Opening::Existing | Opening::Inspect => PostgresLedger::open_existing(url, Path::new(""), keyring()).await,
    };
    let error = opened.unwrap_err();
    (error.kind(), error.detail().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn instances_that_start_together_create_the_tables_once() {
    let (url, hasher) = (new_database(), hasher(8));
    let (ledgers, stores) =
        tokio::join!(join_all((0..4).map(|_| ledger_at(&url))), join_all((0..4).map(|_| accounts_at(&url, &hasher))));
    for (ledger, store) in ledgers.iter().zip(&stores) {
        bind_store(ledger, store).await.unwrap();
        check_store(ledger, store).await.unwrap();
    }
    let other = accounts_at(&new_database(), &hasher).await;
    for refused in [bind_store(&ledgers[0], &other).await, check_store(&ledgers[0], &other).await] {
        assert_eq!(refused.unwrap_err().kind(), PortErrorKind::Misconfigured);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_database_that_does_not_fit_is_refused() {
    let url = new_database();
    let (kind, detail) = refused(&url, Opening::Existing).await;
    assert!(kind == PortErrorKind::Misconfigured && detail.contains("has no ledger"), "{detail}");
    let missing = AccountStore::open("accounts", &url, Path::new(""), hasher(8), Absent::Refuse).await.unwrap_err();
    assert!(missing.detail().contains("has no account store"), "{missing}");
    drop(ledger_at(&url).await);
    let other = Arc::new(Keyring::new(&[8; 32]).unwrap());
    let wrong = PostgresLedger::open(&url, Path::new(""), Arc::clone(&other)).await.unwrap_err();
    assert!(wrong.detail().contains("does not match the key"), "{wrong}");
    let inspected = PostgresLedger::inspect(&url, Path::new(""), other).await.unwrap();
    assert!(inspected.decide(&decision("migrated", 0), &[]).await.is_err());

    let database = url.rsplit('/').next().unwrap();
    let server = server();
    server.sql(database, "UPDATE landfall_versions SET version = 99 WHERE part = 'ledger';");
    let (kind, detail) = refused(&url, Opening::Trusted).await;
    assert!(kind == PortErrorKind::Misconfigured && detail.contains("newer version of Landfall (99"), "{detail}");

    let latin = server.create_database_with("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let (_, detail) = refused(&address(server, &latin), Opening::Trusted).await;
    assert!(detail.contains("not UTF-8"), "{detail}");
    let (kind, _) = refused(&url.replace("admin", "nobody"), Opening::Trusted).await;
    assert_eq!(kind, PortErrorKind::Denied);
    let (kind, _) = refused(&address(server, "absent"), Opening::Trusted).await;
    assert_eq!(kind, PortErrorKind::Misconfigured);
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_role_without_create_uses_the_tables_but_cannot_make_them() {
    let (url, server) = (new_database(), server());
    let database = url.rsplit('/').next().unwrap().to_owned();
    let role = format!("role_{database}");
    server.sql(
        &database,
        &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;"),
    );
    let limited = server.url(&role, "secret", &database);
    let (kind, detail) = refused(&limited, Opening::Trusted).await;
    assert_eq!(kind, PortErrorKind::Denied, "{detail}");
    let trial = super::super::try_ledger(&limited, Path::new("")).await;
    assert!(trial.findings[0].message.contains("may not create them"), "{trial:?}");
    drop(ledger_at(&url).await);
    server.sql(&database, &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};"));
    let ledger = ledger_at(&limited).await;
    ledger.decide(&decision("migrated", 0), &[]).await.unwrap();
    let trial = super::super::try_ledger(&limited, Path::new("")).await;
    assert!(trial.summary.unwrap().contains(&format!("tables of version {}", SCHEMA.steps.len())));
    let fresh = super::super::try_ledger(&new_database(), Path::new("")).await;
    assert!(fresh.summary.unwrap().contains("created at the first start"));
}

/// Two transactions that update rows in opposite orders, and two that must not see each other's changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn transactions_that_others_prevented_are_repeated() {
    let url = new_database();
    let name = url.rsplit('/').next().unwrap();
    server().sql(name, "CREATE TABLE n (id INT PRIMARY KEY, at INT); INSERT INTO n VALUES (1, 0), (2, 0);");
    let database = Database::new("ledger", &url, Path::new("")).unwrap();
    let deadline = || tokio::time::Instant::now() + Duration::from_secs(20);
    let crossed = join_all([[1, 2], [2, 1], [1, 2], [2, 1]].map(|order| {
        database.write("cross", deadline(), order, |connection, order| {
            Box::pin(async move {
                for id in order {
                    let sql = "UPDATE n SET at = at + 1 WHERE id = $1";
                    sqlx::query(sql).bind(id).execute(&mut *connection).await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok(())
            })
        })
    }));
    assert!(crossed.await.iter().all(Result::is_ok));
    let counted = join_all(
        (0..12).map(|_| database.write("count", deadline(), (), |connection, ()| Box::pin(count_up(connection)))),
    );
    assert!(counted.await.iter().all(Result::is_ok));
    assert_eq!(server().sql(name, "SELECT at FROM n ORDER BY id;"), "16\n4");
}

/// Reads a number and writes the next one, as only a serializable transaction may.
async fn count_up(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").execute(&mut *connection).await?;
    let at: i32 = sqlx::query_scalar("SELECT at FROM n WHERE id = 1").fetch_one(&mut *connection).await?;
    tokio::time::sleep(Duration::from_millis(2)).await;
    sqlx::query("UPDATE n SET at = $1 WHERE id = 1").bind(at + 1).execute(connection).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn commits_wait_for_the_disk_whatever_the_server_says() {
    // the server of the tests has it off
    let url = new_database();
    let database = Database::new("ledger", &url, Path::new("")).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let shown = database.write("show", deadline, (), |connection, ()| {
        Box::pin(async move { sqlx::query_scalar::<_, String>("SHOW synchronous_commit").fetch_one(connection).await })
    });
    assert_eq!(shown.await.unwrap(), "on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_server_that_is_away_or_a_standby_is_an_outage_while_it_lasts() {
    let server = Server::start(&POSTGRES, Options::default());
    let url = address(&server, &server.create_database());
    let (ledger, store) = (ledger_at(&url).await, accounts_at(&url, &hasher(8)).await);
    let token = granted(&ledger, "1").await;
    server.stop(Stop::Abrupt);
    let away = ledger.claim(&claim("2")).await.unwrap_err();
    assert_eq!(away.kind(), PortErrorKind::Unavailable, "{away}");
    assert_eq!(ledger.finish(&finish("1", token)).await.unwrap_err().kind(), PortErrorKind::Unavailable);
    server.start_again();
    // idle connections are broken, and nobody notices
    ledger.finish(&finish("1", token)).await.unwrap();
    Customer::new("1", &["ada"]).create(&store).await;

    server.stop(Stop::Orderly);
    std::fs::write(server.folder().join("data/standby.signal"), "").unwrap();
    server.start_again();
    let (read, written) = (ledger.entry(&super::key("1")).await, ledger.claim(&claim("2")).await);
    for error in [read.unwrap_err(), written.unwrap_err()] {
        assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
        assert!(error.detail().contains("standby"), "{error}");
    }
    server.sql("postgres", "SELECT pg_promote();");
    assert!(matches!(ledger.claim(&claim("2")).await.unwrap(), ClaimAnswer::Granted(_)));
    assert_eq!(ledger.verify().await.unwrap().head.number, 1);
}
