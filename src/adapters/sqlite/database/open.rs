//! Opens a file: its settings, its permissions, and its schema migrations.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::time::{Instant, sleep};

use super::error::{file_error, is_busy, port_error};
use super::place::{Place, exists, reject_orphaned_journal};
use super::reader::Reader;
use super::writer::{Connections, Writer};
use crate::ports::{PortError, PortErrorKind};

/// How long to wait for another process that opens, migrates or recovers the same file. Stops a start from hanging
/// behind a stuck process; recovering a large journal takes a second or two.
const OPEN_BOUND: Duration = Duration::from_secs(10);

/// How often the lock is retried.
pub(super) const RETRY_EVERY: Duration = Duration::from_millis(1);

/// How long a reader waits for a lock. In write-ahead mode readers wait only for a recovery.
const READ_BUSY: Duration = Duration::from_secs(2);

/// An SQLite file: one writer and a few readers. Several processes may have the same file open; it must be on a local
/// disk, because write-ahead mode shares memory between them (<https://www.sqlite.org/wal.html>).
#[derive(Debug, Clone)]
pub struct Database {
    writer: Writer,
    reader: Reader,
    path: Arc<Path>,
}

impl Database {
    /// Opens the file at a path or `sqlite:` address. A missing file is created, readable only by its owner.
    ///
    /// `name` identifies the file in errors. `migrations` are the steps of its schema; `PRAGMA user_version` counts the
    /// applied ones, and each is applied once. Without migrations the schema is managed elsewhere.
    ///
    /// # Errors
    /// [`PortErrorKind::Misconfigured`] if the address is not the path of a file, the schema is newer than the
    /// migrations, or the file contains tables of another application. Other kinds if the file cannot be opened.
    pub async fn open(at: &str, name: &str, migrations: &[&'static str]) -> Result<Self, PortError> {
        let path = path_of(at, name)?;
        reject_orphaned_journal(&path, name)?;
        make_private(&path).map_err(|error| file_error(name, &error))?;
        Self::open_file(&path, name, migrations).await
    }

    /// Like [`open`](Self::open), but does not create the file: a missing or empty one is an error.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_existing(at: &str, name: &str, migrations: &[&'static str]) -> Result<Self, PortError> {
        let path = path_of(at, name)?;
        reject_orphaned_journal(&path, name)?;
        if !exists(&path) {
            let error = PortError::new(PortErrorKind::Misconfigured, name, "open");
            return Err(
                error.because(format!("there is no database at `{}`: the file is missing or empty", path.display()))
            );
        }
        Self::open_file(&path, name, migrations).await
    }

    async fn open_file(path: &Path, name: &str, migrations: &[&'static str]) -> Result<Self, PortError> {
        let failed = |error| port_error(name, "open", &error);
        let options = writer_options(path);
        let mut connection = connect(&options).await.map_err(failed)?;
        migrate(&mut connection, name, migrations).await?;
        let keeper = open_keeper(path).await.map_err(failed)?;
        let place = Place::at(path).map_err(|error| file_error(name, &error))?;
        let reader = Reader::new(name, reader_options(path), place.clone());
        let writer = Writer::start(name, options, Connections { writer: connection, keeper }, place)?;
        Ok(Self { writer, reader, path: path.into() })
    }

    /// Copies the journal into the database and empties it, so that the database file alone is complete. Call it at
    /// shutdown. While another process uses the file, the journal stays.
    ///
    /// # Errors
    /// If the file cannot be opened or written.
    pub async fn checkpoint(&self, name: &str) -> Result<(), PortError> {
        let failed = |error| port_error(name, "checkpoint", &error);
        let mut connection = connect(&writer_options(&self.path)).await.map_err(failed)?;
        let sql = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)");
        sql.execute(&mut connection).await.map_err(failed)?;
        connection.close().await.map_err(failed)
    }

    /// The writer.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The reader.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}

/// The path in a plain path or an address such as `sqlite:data/ledger.db` or `sqlite:///var/lib/ledger.db`.
fn path_of(at: &str, name: &str) -> Result<PathBuf, PortError> {
    let path = at.strip_prefix("sqlite://").or_else(|| at.strip_prefix("sqlite:")).unwrap_or(at);
    if path.is_empty() || path.contains(":memory:") || path.contains('?') {
        let error = PortError::new(PortErrorKind::Misconfigured, name, "open");
        return Err(error.because("invalid file address; use the path of a file, without parameters"));
    }
    Ok(PathBuf::from(path))
}

/// Creates the file with mode 0600. SQLite gives the journal the same mode.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map(|_| ())
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).map(|_| ())
}

/// `synchronous=FULL`: in write-ahead mode a commit is on disk when it returns
/// (<https://www.sqlite.org/pragma.html#pragma_synchronous>). The writer waits for locks itself, in shorter steps than
/// SQLite does.
fn writer_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .create_if_missing(false)
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::ZERO)
        .disable_statement_logging()
}

fn reader_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(READ_BUSY)
        .pragma("query_only", "ON")
        .disable_statement_logging()
}

/// An idle connection that keeps the journal: SQLite removes it with the last connection.
async fn open_keeper(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let mut keeper = connect(&reader_options(path)).await?;
    // The first read opens the journal.
    sqlx::query("SELECT COUNT(*) FROM sqlite_master").execute(&mut keeper).await?;
    Ok(keeper)
}

/// A writing connection. Waits for another process that is opening the same file.
pub(super) async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let give_up = Instant::now() + OPEN_BOUND;
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && Instant::now() < give_up => sleep(RETRY_EVERY).await,
            answer => return answer,
        }
    }
}

async fn migrate(connection: &mut SqliteConnection, name: &str, migrations: &[&'static str]) -> Result<(), PortError> {
    if migrations.is_empty() {
        return Ok(());
    }
    let failed = |error| port_error(name, "open", &error);
    let give_up = Instant::now() + OPEN_BOUND;
    let mut transaction = loop {
        match connection.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => break transaction,
            Err(error) if is_busy(&error) && Instant::now() < give_up => {}
            Err(error) => return Err(failed(error)),
        }
        sleep(RETRY_EVERY).await;
    };
    let applied = check_version(&mut transaction, migrations.len()).await.map_err(failed)?;
    let applied =
        applied.map_err(|detail| PortError::new(PortErrorKind::Misconfigured, name, "open").because(detail))?;
    for migration in migrations.iter().skip(applied) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
    }
    // The pragma takes no parameters; the number is a constant of the program.
    let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", migrations.len()));
    sqlx::raw_sql(version).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// The number of applied migrations, or why the file cannot be used.
async fn check_version(
    connection: &mut SqliteConnection,
    known: usize,
) -> Result<Result<usize, &'static str>, sqlx::Error> {
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let (tables,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM sqlite_master").fetch_one(&mut *connection).await?;
    if version == 0 && tables > 0 {
        return Ok(Err("the file contains tables of another application"));
    }
    match usize::try_from(version) {
        Ok(applied) if applied <= known => Ok(Ok(applied)),
        _ => Ok(Err("the file was created by a newer version of this program")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[&str] =
        &["CREATE TABLE a (x INTEGER); CREATE INDEX a_x ON a (x)", "ALTER TABLE a ADD COLUMN y INTEGER"];

    fn file() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db").to_str().unwrap().to_owned();
        (folder, path)
    }

    async fn columns(database: &Database) -> i64 {
        let mut connection = database.reader().acquire("read").await.unwrap();
        let sql = "SELECT COUNT(*) FROM pragma_table_info('a')";
        sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap()
    }

    #[tokio::test]
    async fn migrations_are_applied_once_and_step_by_step() {
        let (_folder, path) = file();
        let open = async |address: &str, steps| Database::open(address, "a", steps).await;
        assert_eq!(columns(&open(&path, &STEPS[..1]).await.unwrap()).await, 1);
        assert_eq!(columns(&open(&format!("sqlite:{path}"), STEPS).await.unwrap()).await, 2);
        assert_eq!(columns(&open(&format!("sqlite://{path}"), STEPS).await.unwrap()).await, 2);
        let newer = open(&path, &STEPS[..1]).await.unwrap_err();
        assert_eq!(newer.kind(), PortErrorKind::Misconfigured);
    }

    #[tokio::test]
    async fn a_failed_migration_leaves_nothing() {
        let (_folder, path) = file();
        let broken = ["CREATE TABLE a (x INTEGER)", "CREATE TABLE a (x INTEGER)"];
        assert!(Database::open(&path, "a", &broken).await.is_err());
        assert_eq!(columns(&Database::open(&path, "a", STEPS).await.unwrap()).await, 2);
    }

    #[tokio::test]
    async fn files_of_other_applications_are_rejected() {
        let (_folder, path) = file();
        let foreign = Database::open(&path, "a", &[]).await.unwrap();
        let job = foreign.writer().write("make", |connection| {
            Box::pin(async move { sqlx::raw_sql("CREATE TABLE b (x)").execute(connection).await.map(|_| ()) })
        });
        job.await.unwrap();
        let rejected = Database::open(&path, "a", STEPS).await.unwrap_err();
        assert!(rejected.to_string().contains("another application"), "{rejected}");
        std::fs::write(&path, b"this is not a database, and it is long enough to be examined").unwrap();
        assert!(Database::open(&path, "a", STEPS).await.is_err());
    }

    #[tokio::test]
    async fn only_file_addresses_are_accepted() {
        for address in ["", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=memory"] {
            let error = Database::open(address, "a", &[]).await.unwrap_err();
            assert_eq!(error.kind(), PortErrorKind::Misconfigured, "{address}");
        }
        let missing = Database::open("/nowhere/at/all/a.db", "a", &[]).await.unwrap_err();
        assert_eq!(missing.kind(), PortErrorKind::Misconfigured);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_file_and_its_journal_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, path) = file();
        let _database = Database::open(&path, "a", STEPS).await.unwrap();
        for path in [path.clone(), format!("{path}-wal"), format!("{path}-shm")] {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{path}");
        }
    }

    #[tokio::test]
    async fn only_open_creates_a_missing_file() {
        let (folder, path) = file();
        assert!(Database::open_existing(&path, "a", STEPS).await.is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(Database::open(&path, "a", STEPS).await.unwrap());
        assert_eq!(columns(&Database::open_existing(&path, "a", STEPS).await.unwrap()).await, 2);
    }

    /// SQLite would create a new database and empty the journal, which holds everything that was not copied yet.
    #[tokio::test]
    async fn a_journal_without_its_database_is_left_alone() {
        let (_folder, path) = file();
        let database = Database::open(&path, "a", STEPS).await.unwrap();
        let journal = format!("{path}-wal");
        let before = (std::fs::read(&path).unwrap(), std::fs::read(&journal).unwrap());
        assert!(!before.1.is_empty());
        for is_empty in [true, false] {
            if is_empty {
                std::fs::write(&path, "").unwrap()
            } else {
                std::fs::remove_file(&path).unwrap()
            }
            for rejected in [Database::open(&path, "a", STEPS).await, Database::open_existing(&path, "a", STEPS).await]
            {
                assert_eq!(rejected.unwrap_err().kind(), PortErrorKind::Misconfigured);
            }
            assert_eq!(std::fs::read(&journal).unwrap(), before.1);
            assert_eq!(Path::new(&path).exists(), is_empty, "nothing was created");
        }
        drop(database);
    }

    #[tokio::test]
    async fn an_empty_file_is_not_an_existing_database() {
        let (_folder, path) = file();
        std::fs::write(&path, "").unwrap();
        let rejected = Database::open_existing(&path, "a", STEPS).await.unwrap_err();
        assert_eq!(rejected.kind(), PortErrorKind::Misconfigured);
        assert_eq!(std::fs::read(&path).unwrap(), b"", "the file is unchanged");
        assert!(Database::open(&path, "a", STEPS).await.is_ok(), "a first start may have created it");
    }

    #[tokio::test]
    async fn a_checkpoint_completes_the_database_file() {
        let (folder, path) = file();
        let database = Database::open(&path, "a", STEPS).await.unwrap();
        database.checkpoint("a").await.unwrap();
        let copy = folder.path().join("copy.db").to_str().unwrap().to_owned();
        std::fs::copy(&path, &copy).unwrap();
        assert_eq!(columns(&Database::open_existing(&copy, "a", STEPS).await.unwrap()).await, 2);
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let (_folder, path) = file();
        let database = Database::open(&path, "a", STEPS).await.unwrap();
        let mut connection = database.reader().acquire("read").await.unwrap();
        let error = sqlx::query("INSERT INTO a VALUES (1, 2)").execute(&mut *connection).await.unwrap_err();
        assert_eq!(port_error("a", "read", &error).kind(), PortErrorKind::Denied);
    }
}
