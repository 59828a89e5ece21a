//! Landfall's built-in account store: one SQLite file.
//!
//! Passwords are hashed before a transaction begins, so that the one writer never waits for a hash.

mod create;
mod delete;
mod schema;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::SqliteConnection;
use tokio::time::Instant;

use crate::adapters::accounts::id;
use crate::adapters::accounts::new::NewRow;
use crate::adapters::accounts::row::{self, Row, change, found, state};
use crate::adapters::accounts::verification::{self, Checked};
use crate::adapters::sqlite::{Database, WriterFigures};
use crate::hashing::Hasher;
use crate::model::Password;
use crate::ports::{
    Authenticated, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId, Found, Identifier,
    NewAccount, PortError, PortErrorKind, StoreId, StoredAccount, Target, TargetId,
};

/// The columns of a [`Row`].
macro_rules! select_rows {
    ($rest:literal) => {
        concat!(
            "SELECT id, source, legacy_id, state, must_change, claims, rules, created_at, changed_at, changed_at > made_at \
             FROM accounts ",
            $rest
        )
    };
}

/// Finds the account with an external id.
const FIND_EXTERNAL: &str = "SELECT id, external_id, state FROM accounts WHERE external_id = ?";

/// Brings an existing store to the tables of this version, before it is copied.
#[cfg(feature = "postgres")]
pub(in crate::adapters) async fn upgrade(path: &str) -> Result<(), PortError> {
    Database::open_existing(path, "accounts", schema::MIGRATIONS).await.map(|_| ())
}

/// Accounts in an SQLite file. Cheap to clone.
#[derive(Clone)]
pub struct AccountStore {
    name: Arc<str>,
    database: Database,
    hasher: Arc<Hasher>,
}

impl AccountStore {
    /// Opens a store, and creates its file if it is missing.
    ///
    /// # Errors
    /// If the file cannot be opened, or contains tables of another application.
    pub async fn open(name: &str, path: &Path, hasher: Arc<Hasher>) -> Result<Self, PortError> {
        let database = Database::open(text(name, path)?, name, schema::MIGRATIONS).await?;
        Ok(Self { name: name.into(), database, hasher })
    }

    /// Like [`open`](Self::open), but does not create the store: a missing one is an error.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_existing(name: &str, path: &Path, hasher: Arc<Hasher>) -> Result<Self, PortError> {
        let database = Database::open_existing(text(name, path)?, name, schema::MIGRATIONS).await?;
        Ok(Self { name: name.into(), database, hasher })
    }

    /// Disables an account, so that nobody can sign in to it. Returns the id if the account exists.
    ///
    /// # Errors
    /// If the change could not be made durable.
    pub async fn disable(&self, id: &TargetId, at: Timestamp) -> Result<Option<TargetId>, PortError> {
        let (id, at) = (id.clone(), at.as_microsecond());
        self.write("disable", move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "UPDATE accounts SET state = 'disabled', changed_at = MAX(?2, made_at + 1) WHERE id = ?1",
                );
                let done = query.bind(&id.0).bind(at).execute(connection).await?;
                Ok((done.rows_affected() > 0).then_some(id))
            })
        })
        .await
    }

    /// The number of accounts.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn count(&self) -> Result<u64, PortError> {
        let count: i64 = self
            .read_with("count", |connection| {
                Box::pin(async move { sqlx::query_scalar("SELECT count(*) FROM accounts").fetch_one(connection).await })
            })
            .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The number of writes, commits, and waiting jobs.
    #[must_use]
    pub fn figures(&self) -> WriterFigures {
        self.database.writer().figures()
    }

    async fn write<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        self.database.writer().write(operation, job).await
    }

    async fn read_with<T, F>(&self, operation: &'static str, job: F) -> Result<T, PortError>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    {
        self.database.reader().read(operation, job).await
    }

    async fn find_by(
        &self,
        operation: &'static str,
        query: &'static str,
        key: &str,
    ) -> Result<Option<Found>, PortError> {
        let key = key.to_owned();
        self.read_with(operation, move |connection| {
            Box::pin(
                async move { sqlx::query_as(query).bind(key).fetch_optional(connection).await?.map(found).transpose() },
            )
        })
        .await
    }

    async fn check(
        &self,
        id: &TargetId,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<Authenticated, PortError> {
        let key = id.0.clone();
        let stored = self.read_with("authenticate", move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as("SELECT state, phc, must_change FROM accounts WHERE id = ?");
                let row: Option<(String, Option<String>, bool)> = query.bind(key).fetch_optional(connection).await?;
                row.map(|(name, phc, must_change)| Ok((state(&name)?, phc, change(must_change)))).transpose()
            })
        });
        let checked = verification::check(&self.hasher, stored.await?, password, deadline).await?;
        let answer = checked.answer();
        if let Checked::Outdated { old, new, .. } = checked {
            // The customer is signed in anyway: the old hash works at the next sign-in, too.
            drop(self.replace(id.0.clone(), old, new).await);
        }
        Ok(answer)
    }

    /// Replaces an outdated hash, unless another one was set meanwhile. This does not count as a change to the account.
    async fn replace(&self, id: String, old: String, new: String) -> Result<(), PortError> {
        self.write("upgrade", move |connection| {
            Box::pin(async move {
                let query = sqlx::query("UPDATE accounts SET phc = ?3 WHERE id = ?1 AND phc = ?2");
                query.bind(id).bind(old).bind(new).execute(connection).await.map(|_| ())
            })
        })
        .await
    }

    async fn create_now(&self, call: Call<'_>, account: NewAccount<'_>) -> Result<Created, PortError> {
        let phc = match account.password {
            Some(password) => Some(self.hasher.hash(password, call.deadline).await?),
            None => None,
        };
        let row = NewRow::new(id::new_id_at(&self.name, account.at)?, &account, phc);
        self.write("create", move |connection| Box::pin(create::create(row, connection))).await
    }

    async fn set(
        &self,
        id: &TargetId,
        password: &Arc<Password>,
        at: Timestamp,
        deadline: Instant,
    ) -> Result<Option<TargetId>, PortError> {
        let phc = self.hasher.hash(password, deadline).await?;
        let (id, at) = (id.clone(), at.as_microsecond());
        self.write("set_password", move |connection| {
            Box::pin(async move {
                // Later than `made_at`, whatever the clock says: undo must not take the account for unchanged.
                let update = "UPDATE accounts SET phc = ?2, must_change = 0, changed_at = MAX(?3, made_at + 1),
                    state = CASE state WHEN 'pending' THEN 'active' ELSE state END WHERE id = ?1";
                let done = sqlx::query(update).bind(&id.0).bind(phc).bind(at).execute(connection).await?;
                Ok((done.rows_affected() > 0).then_some(id))
            })
        })
        .await
    }
}

/// The account of a row, with its logins in order.
async fn account(row: Row, connection: &mut SqliteConnection) -> Result<StoredAccount, sqlx::Error> {
    let logins = sqlx::query_scalar("SELECT login FROM account_logins WHERE account_id = ? ORDER BY login")
        .bind(&row.id)
        .fetch_all(connection)
        .await?;
    row.account(logins)
}

fn text<'p>(name: &str, path: &'p Path) -> Result<&'p str, PortError> {
    path.to_str().ok_or_else(|| {
        PortError::new(PortErrorKind::Misconfigured, name, "open").because("the path is not valid UTF-8")
    })
}

/// Never shows accounts.
impl fmt::Debug for AccountStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountStore").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Target for AccountStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::DATABASE
    }

    fn find<'a>(&'a self, _: Call<'a>, identifier: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        let query = "SELECT id, external_id, state FROM accounts
            JOIN account_logins ON account_id = id WHERE login = ?";
        Box::pin(self.find_by("find", query, identifier.canonical()))
    }

    fn find_external<'a>(
        &'a self,
        _: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        Box::pin(self.find_by("find_external", FIND_EXTERNAL, &external.0))
    }

    fn authenticate<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        Box::pin(self.check(id, password, call.deadline))
    }

    fn create<'a>(&'a self, call: Call<'a>, account: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>> {
        Box::pin(self.create_now(call, account))
    }

    fn set_password<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        Box::pin(self.set(id, password, at, call.deadline))
    }

    fn find_created<'a>(
        &'a self,
        _: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        let external = external.0.clone();
        // Runs on the writer, so writes that have begun complete first.
        Box::pin(self.write("find_created", move |connection| {
            Box::pin(async move {
                let found = sqlx::query_as(FIND_EXTERNAL).bind(external).fetch_optional(connection).await?;
                found.map(row::found).transpose()
            })
        }))
    }

    fn delete<'a>(&'a self, _: Call<'a>, id: &'a TargetId, how: Deletion) -> BoxFuture<'a, Result<Deleted, PortError>> {
        let id = id.clone();
        Box::pin(
            self.write("delete", move |connection| Box::pin(async move { delete::delete(connection, &id, how).await })),
        )
    }

    fn reopen<'a>(&'a self, _: Call<'a>, external: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        let external = external.0.clone();
        Box::pin(self.write("reopen", move |connection| Box::pin(delete::reopen(connection, external))))
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(self.write("ping", |connection| {
            Box::pin(async move {
                let sql = "UPDATE store SET ping = ping + 1 RETURNING id";
                Ok(sqlx::query_scalar(sql).fetch_optional(connection).await?.map(StoreId))
            })
        }))
    }

    fn read<'a>(&'a self, _: Call<'a>, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        Box::pin(self.read_with("read", move |connection| {
            let id = id.0.clone();
            Box::pin(async move {
                let query = sqlx::query_as::<_, Row>(select_rows!("WHERE id = ?"));
                match query.bind(id).fetch_optional(&mut *connection).await? {
                    Some(row) => account(row, connection).await.map(Some),
                    None => Ok(None),
                }
            })
        }))
    }

    fn list<'a>(
        &'a self,
        _: Call<'a>,
        after: Option<&'a TargetId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        let after = after.map(|id| id.0.clone()).unwrap_or_default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Box::pin(self.read_with("list", move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as::<_, Row>(select_rows!("WHERE id > ? ORDER BY id LIMIT ?"));
                let rows = query.bind(after).bind(limit).fetch_all(&mut *connection).await?;
                let mut accounts = Vec::with_capacity(rows.len());
                for row in rows {
                    accounts.push(account(row, connection).await?);
                }
                Ok(accounts)
            })
        }))
    }

    /// Copies the journal into the database file, so that the file is complete without it.
    fn checkpoint(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(self.database.checkpoint(&self.name))
    }
}
