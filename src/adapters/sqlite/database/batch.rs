//! Several statements executed in one step.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

/// Statements that are executed together, in order, because every step is a round trip to SQLite's thread. Placeholders
/// are plain `?`; the values of a statement are bound after it.
///
/// A program should use only a few shapes of batches, so that each is prepared once.
#[derive(Debug, Default)]
pub struct Batch {
    sql: String,
    values: SqliteArguments,
    failed: Option<sqlx::Error>,
}

impl Batch {
    /// Adds a statement. Its text must consist of constants and placeholders, never of values.
    pub fn add(&mut self, statement: &str) -> &mut Self {
        if !self.sql.is_empty() {
            self.sql.push_str("; ");
        }
        self.sql.push_str(statement);
        self
    }

    /// Binds the value of the next placeholder.
    pub fn bind<'q, T: Encode<'q, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.values.add(value) {
            self.failed.get_or_insert(sqlx::Error::Encode(error));
        }
        self
    }

    /// Executes all statements; an empty batch does nothing.
    ///
    /// # Errors
    /// The first failure. Statements executed before it take effect unless the job is rolled back.
    pub async fn execute(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.sql.is_empty() {
            return Ok(());
        }
        sqlx::query_with(AssertSqlSafe(self.sql), self.values).execute(connection).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;

    #[tokio::test]
    async fn statements_are_executed_in_order_with_their_values() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        Batch::default().execute(&mut connection).await.unwrap();
        let mut batch = Batch::default();
        batch.add("CREATE TABLE t (a INTEGER, b TEXT)");
        for number in 1..4 {
            batch.add("INSERT INTO t (a, b) VALUES (?, ?)").bind(number).bind(format!("n{number}"));
        }
        batch.add("UPDATE t SET b = ? WHERE a = ?").bind("two").bind(2).add("DELETE FROM t WHERE a = ?").bind(1);
        batch.execute(&mut connection).await.unwrap();
        let rows: Vec<(i64, String)> = sqlx::query_as("SELECT a, b FROM t").fetch_all(&mut connection).await.unwrap();
        assert_eq!(rows, [(2, "two".to_owned()), (3, "n3".to_owned())]);
    }
}
