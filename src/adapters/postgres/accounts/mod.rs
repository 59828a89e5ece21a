//! Landfall's account store in PostgreSQL, for several instances.
//!
//! Passwords are hashed before a transaction begins, so that no lock is held during a hash. Creations, deletions and the
//! lookups of recovery take turns for an external id, in all processes: what recovery does not find is never written later,
//! because a creation checks the end of its claim after it got its turn.

mod create;
mod delete;
mod schema;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::time::Instant;

use delete::Deleting;

use super::database::{Absent, Database, PATIENCE, check_clock, prepare, stripe};
use crate::adapters::accounts::id;
use crate::adapters::accounts::new::NewRow;
use crate::adapters::accounts::row::{Row, change, found, state};
use crate::adapters::accounts::verification::{self, Checked};
use crate::adapters::refusal::refusal;
use crate::hashing::Hasher;
use crate::model::Password;
use crate::ports::{
    Authenticated, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId, Found, Identifier,
    NewAccount, PortError, PortErrorKind, StoreId, StoredAccount, Target, TargetId,
};
use crate::random;

pub(super) use schema::SCHEMA;

/// The columns of a [`Row`], and then the logins.
macro_rules! select_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT id, source, legacy_id, state, must_change, claims, rules, created_at, changed_at, changed_at > made_at, ",
            "ARRAY(SELECT login FROM landfall_account_logins WHERE account_id = id) AS logins FROM landfall_accounts ",
            $rest
        )
    };
}

/// Finds the account with an external id.
const FIND_EXTERNAL: &str = "SELECT id, external_id, state FROM landfall_accounts WHERE external_id = $1";

/// Accounts in a PostgreSQL database. Cheap to clone.
#[derive(Clone)]
pub(in crate::adapters) struct AccountStore {
    database: Database,
    hasher: Arc<Hasher>,
}

/// Never shows accounts.
impl fmt::Debug for AccountStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountStore").field("name", &self.database.name()).finish_non_exhaustive()
    }
}

/// Waits for the turn of an external id, until the end of the transaction.
async fn lock(connection: &mut PgConnection, external: &str) -> Result<(), sqlx::Error> {
    let sql = "SELECT slot FROM landfall_account_stripes WHERE slot = $1 FOR UPDATE";
    sqlx::query(sql).bind(stripe(external)).fetch_one(connection).await.map(|_| ())
}

/// The account of a row that was selected with its logins.
fn account(row: &sqlx::postgres::PgRow) -> Result<StoredAccount, sqlx::Error> {
    use sqlx::{FromRow as _, Row as _};
    let mut logins: Vec<String> = row.try_get("logins")?;
    // the database may sort in another way
    logins.sort();
    Row::from_row(row)?.account(logins)
}

impl AccountStore {
    /// Opens the store of an address; files in the address are relative to the folder. Tables that are missing are created
    /// if they may be.
    ///
    /// # Errors
    /// If the database cannot be used, or has no account store although it must.
    pub async fn open(
        name: &str,
        url: &str,
        folder: &Path,
        hasher: Arc<Hasher>,
        absent: Absent,
    ) -> Result<Self, PortError> {
        let database = Database::new(name, url, folder)?;
        prepare(&database, &SCHEMA, absent).await?;
        let store = Self { database, hasher };
        if absent == Absent::Create {
            store.name_itself().await?;
        }
        Ok(store)
    }

    /// Opens the store of an address, and creates its tables if they are missing.
    #[cfg(test)]
    pub async fn create(name: &str, url: &str, folder: &Path, hasher: Arc<Hasher>) -> Result<Self, PortError> {
        Self::open(name, url, folder, hasher, Absent::Create).await
    }

    /// Gives a new store its identity.
    async fn name_itself(&self) -> Result<(), PortError> {
        let id = random::id().map_err(|error| {
            PortError::new(PortErrorKind::Unavailable, self.database.name(), "open").caused_by(error)
        })?;
        let named = self.database.write("open", Instant::now() + PATIENCE, id, |connection, id| {
            Box::pin(async move {
                // one process at a time
                lock(connection, "").await?;
                let sql = "INSERT INTO landfall_store (id, ping) SELECT $1, 0 \
                           WHERE NOT EXISTS (SELECT 1 FROM landfall_store)";
                sqlx::query(sql).bind(id).execute(connection).await.map(|_| ())
            })
        });
        named.await
    }

    /// Disables an account, so that nobody can sign in to it. Returns the id if the account exists.
    ///
    /// # Errors
    /// If the change could not be made durable.
    #[cfg(test)]
    pub async fn disable(&self, id: &TargetId, at: Timestamp) -> Result<Option<TargetId>, PortError> {
        let sql =
            "UPDATE landfall_accounts SET state = 'disabled', changed_at = GREATEST($2, made_at + 1) WHERE id = $1";
        let data = (id, at.as_microsecond());
        let disabled = self.database.write("disable", Instant::now() + PATIENCE, data, |connection, (id, at)| {
            Box::pin(async move {
                let done = sqlx::query(sql).bind(&id.0).bind(at).execute(connection).await?;
                Ok(done.rows_affected() > 0)
            })
        });
        Ok(disabled.await?.then(|| id.clone()))
    }

    async fn find_by(
        &self,
        operation: &'static str,
        deadline: Instant,
        query: &'static str,
        key: &str,
    ) -> Result<Option<Found>, PortError> {
        let read = self.database.read(operation, deadline, (query, key), |connection, (query, key)| {
            Box::pin(async move {
                sqlx::query_as(*query).bind(*key).fetch_optional(connection).await?.map(found).transpose()
            })
        });
        read.await
    }

    async fn check(
        &self,
        id: &TargetId,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<Authenticated, PortError> {
        let stored = self.database.read("authenticate", deadline, id, |connection, id| {
            Box::pin(async move {
                let query = sqlx::query_as("SELECT state, phc, must_change FROM landfall_accounts WHERE id = $1");
                let row: Option<(String, Option<String>, bool)> = query.bind(&id.0).fetch_optional(connection).await?;
                row.map(|(name, phc, must_change)| Ok((state(&name)?, phc, change(must_change)))).transpose()
            })
        });
        let checked = verification::check(&self.hasher, stored.await?, password, deadline).await?;
        let answer = checked.answer();
        if let Checked::Outdated { old, new, .. } = checked {
            // The customer is signed in anyway: the old hash works at the next sign-in, too.
            drop(self.replace(id, &old, &new, deadline).await);
        }
        Ok(answer)
    }

    /// Replaces an outdated hash, unless another one was set meanwhile. This does not count as a change to the account.
    async fn replace(&self, id: &TargetId, old: &str, new: &str, deadline: Instant) -> Result<(), PortError> {
        let replaced = self.database.write("upgrade", deadline, (id, old, new), |connection, (id, old, new)| {
            Box::pin(async move {
                let query = sqlx::query("UPDATE landfall_accounts SET phc = $3 WHERE id = $1 AND phc = $2");
                query.bind(&id.0).bind(*old).bind(*new).execute(connection).await.map(|_| ())
            })
        });
        replaced.await
    }

    async fn create_now(&self, call: Call<'_>, account: NewAccount<'_>) -> Result<Created, PortError> {
        let phc = match account.password {
            Some(password) => Some(self.hasher.hash(password, call.deadline).await?),
            None => None,
        };
        let row = NewRow::new(id::new_id_at(self.database.name(), account.at)?, &account, phc);
        let created = self
            .database
            .write("create", within(call), row, |connection, row| Box::pin(create::create(connection, row)));
        created.await
    }

    async fn set(
        &self,
        id: &TargetId,
        password: &Arc<Password>,
        at: Timestamp,
        call: Call<'_>,
    ) -> Result<Option<TargetId>, PortError> {
        let phc = self.hasher.hash(password, call.deadline).await?;
        let data = (id, phc, at.as_microsecond());
        let set = self.database.write("set_password", within(call), data, |connection, (id, phc, at)| {
            Box::pin(async move {
                // Later than `made_at`, whatever the clock says: undo must not take the account for unchanged.
                let update = "UPDATE landfall_accounts SET phc = $2, must_change = FALSE, \
                              changed_at = GREATEST($3, made_at + 1), \
                              state = CASE state WHEN 'pending' THEN 'active' ELSE state END WHERE id = $1";
                let done = sqlx::query(update).bind(&id.0).bind(phc).bind(at).execute(connection).await?;
                Ok(done.rows_affected() > 0)
            })
        });
        Ok(set.await?.then(|| id.clone()))
    }
}

/// When a call to the database ends: at the deadline of its login. One outside of a login need not wait for minutes.
fn within(call: Call<'_>) -> Instant {
    call.within(Some(PATIENCE)).deadline
}

impl Target for AccountStore {
    fn name(&self) -> &str {
        self.database.name()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::DATABASE
    }

    fn find<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        let query = "SELECT id, external_id, state FROM landfall_accounts \
                     JOIN landfall_account_logins ON account_id = id WHERE login = $1";
        Box::pin(self.find_by("find", within(call), query, identifier.canonical()))
    }

    fn find_external<'a>(
        &'a self,
        call: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        Box::pin(self.find_by("find_external", within(call), FIND_EXTERNAL, &external.0))
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
        Box::pin(self.set(id, password, at, call))
    }

    fn find_created<'a>(
        &'a self,
        call: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        Box::pin(self.database.write("find_created", within(call), external, |connection, external| {
            Box::pin(async move {
                // waits for creations that have begun
                lock(connection, &external.0).await?;
                let found = sqlx::query_as(FIND_EXTERNAL).bind(&external.0).fetch_optional(connection).await?;
                found.map(crate::adapters::accounts::row::found).transpose()
            })
        }))
    }

    fn delete<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        how: Deletion,
    ) -> BoxFuture<'a, Result<Deleted, PortError>> {
        let deleting = Deleting::new(id, how);
        Box::pin(
            self.database
                .write("delete", within(call), deleting, |connection, deleting| Box::pin(deleting.delete(connection))),
        )
    }

    fn reopen<'a>(&'a self, call: Call<'a>, external: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(self.database.write("reopen", within(call), external, |connection, external| {
            Box::pin(delete::reopen(connection, &external.0))
        }))
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(self.database.write("ping", Instant::now() + PATIENCE, (), |connection, ()| {
            Box::pin(async move {
                check_clock(connection).await?;
                let sql = "UPDATE landfall_store SET ping = ping + 1 RETURNING id";
                let id: Option<String> = sqlx::query_scalar(sql).fetch_optional(connection).await?;
                id.map(|id| Some(StoreId(id)))
                    .ok_or_else(|| refusal("the account store has lost its identity; restore it"))
            })
        }))
    }

    fn read<'a>(&'a self, call: Call<'a>, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        Box::pin(self.database.read("read", within(call), id, |connection, id| {
            Box::pin(async move {
                let query = sqlx::query(select_accounts!("WHERE id = $1"));
                query.bind(&id.0).fetch_optional(connection).await?.as_ref().map(account).transpose()
            })
        }))
    }

    fn list<'a>(
        &'a self,
        call: Call<'a>,
        after: Option<&'a TargetId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        let after = after.map(|id| id.0.as_str()).unwrap_or_default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Box::pin(self.database.read("list", call.deadline, (after, limit), |connection, (after, limit)| {
            Box::pin(async move {
                let query = sqlx::query(select_accounts!("WHERE id > $1 ORDER BY id LIMIT $2"));
                query.bind(*after).bind(limit).fetch_all(connection).await?.iter().map(account).collect()
            })
        }))
    }
}
