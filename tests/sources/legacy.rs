//! Legacy databases of every system: made by statements, read by sources.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use landfall::adapters::sql::{SqlSettings, SqlSource};
use landfall::ports::{Call, Identifier, IdentifierProfile, PortError, Record, Source};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::servers::{ADMIN, Server};

/// The password of the reader.
pub const PASSWORD: &str = "p@ss:w/rd%&?#";

/// A database system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Sqlite,
    Postgres,
    MariaDb,
}

/// A legacy database, with a user that may only read.
pub struct Legacy<'s> {
    place: Place<'s>,
    pub reader: String,
}

enum Place<'s> {
    File(TempDir),
    Server { server: &'s Server, database: String },
}

impl<'s> Legacy<'s> {
    /// A file with these tables.
    pub fn sqlite(tables: &str) -> Self {
        let legacy = Self { place: Place::File(TempDir::new().expect("a folder")), reader: String::new() };
        legacy.sql(tables);
        legacy
    }

    /// A database of these tables. The reader may read all of them.
    pub fn new(server: &'s Server, tables: &str) -> Self {
        Self::with(server, server.create_database(), tables)
    }

    /// The same in a database that exists.
    pub fn with(server: &'s Server, database: String, tables: &str) -> Self {
        static READERS: AtomicUsize = AtomicUsize::new(0);
        let reader = format!("reader_{}", READERS.fetch_add(1, Ordering::Relaxed));
        let legacy = Self { place: Place::Server { server, database }, reader };
        legacy.sql(tables);
        let (reader, database) = (&legacy.reader, legacy.database());
        legacy.sql(&if is_postgres(server) {
            format!(
                "CREATE USER {reader} PASSWORD '{PASSWORD}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader};"
            )
        } else {
            format!(
                "CREATE USER {reader}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON {database}.* TO {reader}@'%';"
            )
        });
        legacy
    }

    /// Its system.
    pub fn system(&self) -> System {
        match &self.place {
            Place::File(_) => System::Sqlite,
            Place::Server { server, .. } if is_postgres(server) => System::Postgres,
            Place::Server { .. } => System::MariaDb,
        }
    }

    /// The name of its database on the server.
    pub fn database(&self) -> &str {
        match &self.place {
            Place::File(_) => "main",
            Place::Server { database, .. } => database,
        }
    }

    /// Runs statements as administrator, and returns their rows; none of a file.
    pub fn sql(&self, text: &str) -> String {
        match &self.place {
            Place::File(folder) => {
                run_on_file(&folder.path().join("legacy.db"), text);
                String::new()
            }
            Place::Server { server, database } => server.sql(database, text),
        }
    }

    /// The same on a server that may not answer: the error is what the client prints.
    pub fn try_sql(&self, text: &str) -> Result<String, String> {
        match &self.place {
            Place::File(_) => Ok(self.sql(text)),
            Place::Server { server, database } => server.run_sql(ADMIN.0, ADMIN.1, database, text),
        }
    }

    /// The address, with the server's certificate verified.
    pub fn url(&self) -> String {
        match &self.place {
            Place::File(folder) => format!("sqlite:{}", folder.path().join("legacy.db").display()),
            Place::Server { server, database } => {
                let url = server.url(&self.reader, PASSWORD, database);
                format!("{url}?{}", verified(server, server.ca_path()))
            }
        }
    }

    /// Settings of a source on this database: YAML without the address.
    pub fn settings(&self, yaml: &str) -> SqlSettings {
        serde_yaml::from_str(&format!("url: {}\n{yaml}", json!(self.url()))).unwrap_or_else(|e| panic!("{yaml}: {e}"))
    }

    /// A source with these settings.
    pub fn source_with(&self, yaml: &str) -> SqlSource {
        SqlSource::new("legacy", self.settings(yaml)).unwrap_or_else(|error| panic!("{yaml}: {error}"))
    }

    /// A source with this record query.
    pub fn source(&self, record: &str) -> SqlSource {
        SqlSource::new("legacy", SqlSettings::new(self.url(), record)).expect("settings")
    }

    /// An expression that is this text, whatever it contains.
    pub fn text(&self, text: &str) -> String {
        let hex = hex::encode(text);
        match self.system() {
            System::Sqlite => format!("CAST(x'{hex}' AS TEXT)"),
            System::Postgres => format!("convert_from(decode('{hex}', 'hex'), 'UTF8')"),
            System::MariaDb => format!("CONVERT(x'{hex}' USING utf8mb4)"),
        }
    }

    /// The condition that a column is a spelling of the identifier.
    pub fn is_identifier(&self, column: &str) -> String {
        match self.system() {
            System::Sqlite => format!("{column} = :identifier COLLATE landfall"),
            System::Postgres => format!("lower({column}) = :identifier"),
            System::MariaDb => format!("LOWER({column}) = :identifier COLLATE utf8mb4_nopad_bin"),
        }
    }
}

/// The parameters of an address that verify the server's certificate.
pub fn verified(server: &Server, authority: &Path) -> String {
    let authority = authority.display();
    if is_postgres(server) {
        format!("sslmode=verify-full&sslrootcert={authority}")
    } else {
        format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}")
    }
}

/// Whether a server is PostgreSQL.
pub fn is_postgres(server: &Server) -> bool {
    server.url("", "", "").starts_with("postgres")
}

fn run_on_file(path: &Path, text: &str) {
    let (options, text) = (SqliteConnectOptions::new().filename(path).create_if_missing(true), text.to_owned());
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut connection = options.connect().await.expect("a database");
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.expect("statements");
            connection.close().await.expect("a database");
        });
    };
    // A runtime cannot block inside another.
    std::thread::spawn(work).join().expect("statements");
}

/// Asks a source for a record.
pub async fn ask(source: &dyn Source, identifier: &Identifier, within: Duration) -> Result<Option<Record>, PortError> {
    source.fetch(Call { deadline: Instant::now() + within, request_id: "r1" }, identifier).await
}

/// The record of a customer.
pub async fn fetch(source: &dyn Source, typed: &str) -> Result<Option<String>, PortError> {
    fetch_within(source, typed, Duration::from_secs(10)).await
}

/// The record of a customer, if it arrives in time.
pub async fn fetch_within(source: &dyn Source, typed: &str, time: Duration) -> Result<Option<String>, PortError> {
    let identifier = IdentifierProfile::default().canonical(typed).expect("an identifier");
    Ok(ask(source, &identifier, time).await?.map(|record| record.json().to_owned()))
}

/// The record of a customer who is known, and its text.
pub async fn record(source: &dyn Source, typed: &str) -> (Value, String) {
    let text = fetch(source, typed).await.expect("a record").expect("a customer");
    (serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}")), text)
}

/// The error for a customer: kind and detail.
pub async fn failure(source: &dyn Source, typed: &str) -> PortError {
    match fetch(source, typed).await {
        Err(error) => error,
        Ok(found) => panic!("{typed}: {found:?}"),
    }
}
