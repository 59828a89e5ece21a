//! What the stores hold after a storm, read by SQL and not by the code under test.

use std::path::Path;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// A file as anybody may read it.
pub async fn open(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(std::time::Duration::from_secs(30));
    SqlitePool::connect_with(options).await.expect("a database")
}

/// One number.
pub async fn count(pool: &SqlitePool, query: &'static str) -> i64 {
    sqlx::query(query).fetch_one(pool).await.expect(query).get(0)
}
