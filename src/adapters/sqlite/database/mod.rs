//! Safe and fast use of an SQLite file: one writer that commits in groups, and a few readers.
//!
//! A write is a job. Jobs that wait at the same time share one transaction, and so one wait for the disk; each has its
//! own savepoint, so that a failing job rolls back only itself. No job reports success before the commit.
//!
//! ```
//! use landfall::adapters::sqlite::Database;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("notes.db");
//! # let path = path.to_str().ok_or("no path")?;
//! const MIGRATIONS: &[&str] = &["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"];
//! let database = Database::open(path, "notes", MIGRATIONS).await?;
//!
//! let text = "hello".to_owned();
//! let id = database
//!     .writer()
//!     .write("add", |connection| {
//!         Box::pin(async move {
//!             let added = sqlx::query("INSERT INTO notes (text) VALUES (?)").bind(text).execute(connection).await?;
//!             Ok(added.last_insert_rowid())
//!         })
//!     })
//!     .await?;
//!
//! let reader = database.reader();
//! let mut connection = reader.acquire("read").await?;
//! let (text,): (String,) = sqlx::query_as("SELECT text FROM notes WHERE id = ?")
//!     .bind(id)
//!     .fetch_one(&mut *connection)
//!     .await
//!     .map_err(reader.failed("read"))?;
//! assert_eq!(text, "hello");
//! # Ok(())
//! # }
//! ```

mod batch;
mod error;
mod open;
mod place;
mod reader;
mod work;
mod writer;

pub use batch::Batch;
pub use error::port_error;
pub use open::Database;
pub(crate) use place::identity as file_identity;
pub use reader::Reader;
pub use writer::{Writer, WriterFigures};

pub use crate::adapters::refusal::{late, refusal};
