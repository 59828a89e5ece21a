//! Several statements in one step.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

/// Statements that are executed together, in their order, because every step is a way to SQLite's thread and back. Their
/// places are plain `?`, and the values of a statement follow it.
///
/// A batch has a few shapes at most, so that each is prepared once.
#[derive(Debug, Default)]
pub struct Batch {
    sql: String,
    values: SqliteArguments,
    failed: Option<sqlx::Error>,
}

impl Batch {
    /// Adds a statement. Its text must be made of constants and placeholders, never of values.
    pub fn add(&mut self, statement: &str) -> &mut Self {
        if !self.sql.is_empty() {
            self.sql.push_str("; ");
        }
        self.sql.push_str(statement);
        self
    }

    /// Adds the value of the next place.
    pub fn bind<'q, T: Encode<'q, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.values.add(value) {
            self.failed.get_or_insert(sqlx::Error::Encode(error));
        }
        self
    }

    /// Executes all of them; a batch of none does nothing.
    ///
    /// # Errors
    /// The first failure; what was executed before it stands until the job is undone.
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
    async fn statements_are_executed_in_their_order_each_with_its_values() {
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
