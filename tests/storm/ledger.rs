//! Reads the contents of the stores by SQL, independently of the code under test.

use std::path::Path;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Opens a database.
pub async fn open(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(std::time::Duration::from_secs(30));
    SqlitePool::connect_with(options).await.expect("a database")
}

/// Runs a count.
pub async fn count(pool: &SqlitePool, query: &'static str) -> i64 {
    sqlx::query(query).fetch_one(pool).await.expect(query).get(0)
}
