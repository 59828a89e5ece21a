//! Legacy databases: the server, the reader's account, and sources on them.

use std::time::Duration;

use landfall::adapters::sql::{SqlSettings, SqlSource};
use landfall::ports::{Call, IdentifierProfile, PortError, Source as _};
use serde_json::Value;
use tokio::time::Instant;

use crate::servers::Server;

/// The password of the reader.
pub const PASSWORD: &str = "p@ss:w/rd%&?#";

/// A legacy database on a server, with a user that may only read.
pub struct Legacy<'s> {
    pub server: &'s Server,
    pub database: String,
    pub reader: String,
}

impl<'s> Legacy<'s> {
    /// A database of these tables. The reader may read all of them.
    pub fn new(server: &'s Server, tables: &str) -> Self {
        Self::with(server, server.create_database(), tables)
    }

    /// The same in a database that exists.
    pub fn with(server: &'s Server, database: String, tables: &str) -> Self {
        let reader = format!("r_{database}");
        server.sql(&database, tables);
        let grants = if is_postgres(server) {
            format!(
                "CREATE USER {reader} PASSWORD '{PASSWORD}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader};"
            )
        } else {
            format!(
                "CREATE USER {reader}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON {database}.* TO {reader}@'%';"
            )
        };
        server.sql(&database, &grants);
        Self { server, database, reader }
    }

    /// The address, with the server's certificate verified.
    pub fn url(&self) -> String {
        let url = self.server.url(&self.reader, PASSWORD, &self.database);
        let ca = self.server.ca_path().display();
        if is_postgres(self.server) {
            format!("{url}?sslmode=verify-full&sslrootcert={ca}")
        } else {
            format!("{url}?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}")
        }
    }

    /// A source with this record query.
    pub fn source(&self, record: &str) -> SqlSource {
        SqlSource::new("legacy", SqlSettings::new(self.url(), record)).expect("settings")
    }
}

/// Whether a server is PostgreSQL.
pub fn is_postgres(server: &Server) -> bool {
    server.url("", "", "").starts_with("postgres")
}

/// The record of a customer.
pub async fn fetch(source: &SqlSource, typed: &str) -> Result<Option<String>, PortError> {
    let identifier = IdentifierProfile::default().canonical(typed).expect("an identifier");
    let deadline = Instant::now() + Duration::from_secs(10);
    Ok(source.fetch(Call { deadline, request_id: "r1" }, &identifier).await?.map(|record| record.json().to_owned()))
}

/// The record of a customer who is known, and its text.
pub async fn record(source: &SqlSource, typed: &str) -> (Value, String) {
    let text = fetch(source, typed).await.expect("a record").expect("a customer");
    (serde_json::from_str(&text).expect("JSON"), text)
}
