//! Creates legacy databases for tests.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

/// Creates a database with these statements, and then fills it.
pub(in crate::adapters) async fn make(path: &Path, schema: &str, fill: impl AsyncFnOnce(&mut SqliteConnection)) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a database");
    sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut connection).await.expect("a schema");
    fill(&mut connection).await;
    connection.close().await.expect("a database");
}
