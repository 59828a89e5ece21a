//! Moves a ledger, and the account store that it belongs to, from SQLite files into a PostgreSQL database.
//!
//! The files are locked during the copy, so that nobody writes what would be lost: instances that still run on them answer
//! 503. Afterwards the old ledger belongs to no store and records no decision, so that nobody serves logins with it. Each
//! database is written in one transaction. The ledger is last: until it is there, the copy can be run again.

mod tables;

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection, SqliteConnection};
use tokio::time::Instant;

use super::database::{Absent, Database, Failure, prepare};
use super::{PostgresLedger, accounts, ledger};
use crate::adapters::refusal::refusal;
use crate::adapters::registry::{Copied, Copying};
use crate::adapters::sqlite::{self, SqliteLedger};
use crate::ports::{Ledger as _, PortError, PortErrorKind, Reports as _};
use tables::{ACCOUNTS, LEDGER, Table};

/// How long to wait for the locks of the files.
const LOCK: Duration = Duration::from_secs(10);

/// How long one database may take. Allows for many million rows.
const COPY: Duration = Duration::from_secs(60 * 60);

/// What the binding of a ledger says that was moved.
const MOVED: &str = "moved";

/// A file that is locked.
struct Locked {
    name: &'static str,
    connection: SqliteConnection,
}

impl Locked {
    async fn open(name: &'static str, path: &str) -> Result<Self, PortError> {
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(LOCK);
        let locked = async {
            let mut connection = options.connect().await?;
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
            Ok(connection)
        };
        Ok(Self { name, connection: locked.await.map_err(|error| sqlite::port_error(name, "copy", &error))? })
    }

    async fn text(&mut self, sql: &'static str) -> Result<Option<String>, PortError> {
        let read = sqlx::query_scalar(sql).fetch_optional(&mut self.connection).await;
        read.map_err(|error| sqlite::port_error(self.name, "copy", &error))
    }

    /// Closes the ledger for everybody who still uses it: no decision can be recorded, so nobody is signed in.
    async fn close(mut self) -> Result<(), PortError> {
        let closed = async {
            let sql = "INSERT INTO meta (name, number, text, tag) VALUES ('store', 0, ?1, '') \
                       ON CONFLICT (name) DO UPDATE SET text = ?1";
            sqlx::query(sql).bind(MOVED).execute(&mut self.connection).await?;
            let sql = "CREATE TRIGGER audit_moved BEFORE INSERT ON audit \
                       BEGIN SELECT RAISE(ABORT, 'the ledger was moved'); END; COMMIT";
            sqlx::raw_sql(sql).execute(&mut self.connection).await
        };
        closed.await.map(|_| ()).map_err(|error| sqlite::port_error(self.name, "copy", &error))
    }
}

fn failed(name: &str, why: impl Into<String>) -> PortError {
    PortError::new(PortErrorKind::Misconfigured, name, "copy").because(why)
}

/// Copies, and verifies the audit of the copy.
pub(in crate::adapters) async fn copy(copying: Copying<'_>) -> Result<Copied, PortError> {
    let Copying { ledger_file, accounts_file, ledger_url, accounts: (name, accounts_url), folder, keyring } = copying;
    let old = SqliteLedger::open_existing(ledger_file, Arc::clone(&keyring)).await?;
    let before = old.verify().await?;
    if let Some(broken) = before.broken {
        return Err(failed(ledger::NAME, format!("the audit of the old ledger is broken: {broken}")));
    }
    drop(old);
    let mut old_ledger = Locked::open(ledger::NAME, ledger_file).await?;
    let bound = old_ledger.text("SELECT text FROM meta WHERE name = 'store'").await?;
    if bound.as_deref() == Some(MOVED) {
        return Err(failed(ledger::NAME, "the old ledger was already moved"));
    }
    let new_ledger = Database::new(ledger::NAME, ledger_url, folder)?;
    // before anything is copied: the ledger is last
    prepare(&new_ledger, &ledger::SCHEMA, Absent::Create).await?;
    let mut copied = Copied::default();
    if let Some(file) = accounts_file {
        sqlite::upgrade_accounts(file).await?;
        let mut old_accounts = Locked::open("accounts", file).await?;
        let own = old_accounts.text("SELECT id FROM store").await?;
        if bound.is_some() && bound != own {
            return Err(failed(name, "the old ledger belongs to another account store than the one given"));
        }
        let database = Database::new(name, accounts_url, folder)?;
        prepare(&database, &accounts::SCHEMA, Absent::Create).await?;
        copied.accounts = copy_accounts(&database, &mut old_accounts.connection, own.as_deref()).await?;
        // locked until the ledger is copied
        copied.entries = copy_ledger(&new_ledger, &mut old_ledger.connection).await?;
        drop(old_accounts);
    } else {
        copied.entries = copy_ledger(&new_ledger, &mut old_ledger.connection).await?;
    }
    let new = PostgresLedger::open_existing(ledger_url, folder, keyring).await?;
    let after = new.verify_with(std::slice::from_ref(&before.head)).await?;
    if after.broken.is_some() || after.start != before.start {
        return Err(failed(ledger::NAME, "the audit of the copy does not match; drop its tables and copy again"));
    }
    new.ping().await?;
    copied.head = after.head;
    old_ledger.close().await?;
    Ok(copied)
}

/// Copies the accounts. Those of an earlier copy that was interrupted are replaced.
async fn copy_accounts(database: &Database, from: &mut SqliteConnection, own: Option<&str>) -> Result<u64, PortError> {
    in_transaction(database, async |to| {
        let id: Option<String> =
            sqlx::query_scalar("SELECT id FROM landfall_store LIMIT 1").fetch_optional(&mut *to).await?;
        let has_accounts: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM landfall_accounts)").fetch_one(&mut *to).await?;
        if has_accounts && id.as_deref() != own {
            return Err(refusal("the database already has accounts of another store"));
        }
        for table in ["landfall_account_logins", "landfall_accounts", "landfall_closed", "landfall_store"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *to).await?;
        }
        copy_tables(ACCOUNTS, from, to).await
    })
    .await
}

/// Copies the ledger.
async fn copy_ledger(database: &Database, from: &mut SqliteConnection) -> Result<u64, PortError> {
    in_transaction(database, async |to| {
        let sql = "SELECT EXISTS (SELECT 1 FROM landfall_head WHERE number > 0) \
                   OR EXISTS (SELECT 1 FROM landfall_entries) OR EXISTS (SELECT 1 FROM landfall_meta WHERE name = 'store')";
        if sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut *to).await? {
            return Err(refusal("the database already has a ledger"));
        }
        let copied = copy_tables(LEDGER, from, to).await?;
        copy_numbers(from, to).await?;
        Ok(copied)
    })
    .await
}

/// Copies what PostgreSQL stores in another way: the head, the last token, the last event, and the latest forgotten call.
async fn copy_numbers(from: &mut SqliteConnection, to: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = "SELECT number, text, tag, COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0) \
               FROM meta WHERE name = 'audit'";
    let (number, chain, tag, events): (i64, String, String, i64) = sqlx::query_as(sql).fetch_one(&mut *from).await?;
    sqlx::query("DELETE FROM landfall_head").execute(&mut *to).await?;
    let sql = "INSERT INTO landfall_head (id, number, chain, tag, events) VALUES (1, $1, $2, $3, $4)";
    sqlx::query(sql).bind(number).bind(chain).bind(tag).bind(events).execute(&mut *to).await?;
    let number = "SELECT number FROM meta WHERE name = ?";
    let token: i64 = sqlx::query_scalar(number).bind("token").fetch_one(&mut *from).await?;
    sqlx::query("UPDATE landfall_stripes SET token = $1").bind(token).execute(&mut *to).await?;
    let forgotten: i64 = sqlx::query_scalar(number).bind("nonces").fetch_one(&mut *from).await?;
    let identity = crate::random::id().map_err(|_| refusal("the system provides no random numbers"))?;
    ledger::create(to, &identity).await?;
    let sql = "UPDATE landfall_meta SET number = $1 WHERE name = 'nonces'";
    sqlx::query(sql).bind(forgotten).execute(to).await.map(|_| ())
}

/// Returns how many rows the first table has.
async fn copy_tables(tables: &[Table], from: &mut SqliteConnection, to: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let mut first = None;
    for table in tables {
        let copied = table.copy(from, to).await?;
        first.get_or_insert(copied);
    }
    Ok(first.unwrap_or(0))
}

/// Runs work in one transaction, once.
async fn in_transaction(
    database: &Database,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<u64, sqlx::Error>,
) -> Result<u64, PortError> {
    let done: Result<u64, Failure> = async {
        let mut transaction = database.begin(Instant::now() + COPY).await?;
        match work(transaction.connection()?).await {
            Ok(copied) => transaction.commit().await.map(|()| copied),
            Err(error) => Err(transaction.roll_back(error).await),
        }
    }
    .await;
    done.map_err(|failure| failure.error(database.name(), "copy"))
}
