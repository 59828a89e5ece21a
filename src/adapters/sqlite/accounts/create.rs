//! Creates an account inside one transaction: checks for conflicts first, and writes only if there are none.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use tokio::time::Instant;

use crate::adapters::sqlite::{late, refusal};
use crate::ports::{AccountState, Conflict, Created, NewAccount, PasswordChange, TargetId};

/// Inserts an account if its external id, its legacy customer and its logins are all free. One statement, because every
/// step is a round trip to SQLite's thread.
const INSERT: &str = "INSERT INTO accounts (id, state, phc, must_change, claims, rules, email, phone, username, created_at, \
    changed_at, made_at, external_id, source, legacy_id) \
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?10, ?12, ?13, ?14 \
    WHERE NOT EXISTS (SELECT 1 FROM account_logins WHERE login IN (SELECT value FROM json_each(?11))) \
    AND NOT EXISTS (SELECT 1 FROM closed WHERE external_id = ?12) \
    ON CONFLICT DO NOTHING RETURNING id; \
    INSERT INTO account_logins (login, account_id) SELECT value, ?1 FROM json_each(?11) \
    WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)";

/// Completes a pending account.
const COMPLETE: &str = "UPDATE accounts SET state = ?2, phc = ?3, must_change = ?4, claims = ?5, rules = ?6, email = ?7, \
    phone = ?8, username = ?9, changed_at = ?10, made_at = ?10 WHERE id = ?1; \
    DELETE FROM account_logins WHERE account_id = ?1; \
    INSERT INTO account_logins (login, account_id) SELECT value, ?1 FROM json_each(?11)";

/// Finds conflicts with an account: a permanent deletion, an account of the same legacy customer, an account with one
/// of the logins, and its own account from an earlier attempt.
const BEFORE: &str = "SELECT EXISTS (SELECT 1 FROM closed WHERE external_id = ?4), \
    EXISTS (SELECT 1 FROM accounts WHERE source = ?1 AND legacy_id = ?2), \
    EXISTS (SELECT 1 FROM account_logins WHERE login IN (SELECT value FROM json_each(?3)) AND account_id IS NOT own.id), \
    own.id, own.source, own.legacy_id, own.state \
    FROM (SELECT 1) LEFT JOIN accounts AS own ON own.external_id = ?4";

/// Whether an account was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    No,
}

/// A new account, ready to be written.
pub(super) struct NewRow {
    id: TargetId,
    external_id: String,
    source: String,
    legacy_id: String,
    /// A JSON list.
    logins: String,
    claims: String,
    keys: Keys,
    phc: Option<String>,
    must_change: bool,
    rules: String,
    at: i64,
    /// When the claim ends.
    until: Instant,
}

/// The claims that have their own columns.
#[derive(Default)]
struct Keys {
    email: Option<String>,
    phone: Option<String>,
    username: Option<String>,
}

impl Keys {
    fn of(claims: &str) -> Self {
        let Ok(claims) = serde_json::from_str::<serde_json::Value>(claims) else { return Self::default() };
        let text = |pointer| claims.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
        Self { email: text("/email/value"), phone: text("/phone/value"), username: text("/username") }
    }
}

/// The state of the store before an account is written.
struct Before {
    /// Whether the external id is closed.
    is_closed: bool,
    /// The account with the same external id.
    own: Option<Own>,
    /// Whether the legacy customer has an account.
    legacy: Place,
    /// Whether another account has one of the logins.
    logins: Place,
}

/// A row of [`BEFORE`].
type BeforeRow = (bool, bool, bool, Option<String>, Option<String>, Option<String>, Option<String>);

/// The account with the same external id.
struct Own {
    id: String,
    source: String,
    legacy_id: String,
    state: String,
}

/// Whether a value is free.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    Taken,
}

impl NewRow {
    /// The row of a new account, with the hash of its password.
    pub fn new(id: TargetId, account: &NewAccount<'_>, phc: Option<String>) -> Self {
        Self {
            id,
            external_id: account.external_id.0.clone(),
            source: account.legacy.source.clone(),
            legacy_id: account.legacy.id.clone(),
            logins: serde_json::json!(account.logins).to_string(),
            claims: account.claims.to_owned(),
            keys: Keys::of(account.claims),
            phc,
            must_change: account.change == PasswordChange::Required,
            rules: account.rules.to_owned(),
            at: account.at.as_microsecond(),
            until: account.until,
        }
    }

    /// Writes the account, or returns why not.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create(mut self, connection: &mut SqliteConnection) -> Result<Created, sqlx::Error> {
        // Checked inside the transaction, which excludes all other writers: a process that was suspended for long finds
        // its claim expired, and the process that took over finds everything written before.
        if Instant::now() >= self.until {
            return Err(late("the claim on the customer has expired"));
        }
        if self.insert(connection).await? == Written::Yes {
            return Ok(Created::New(self.id));
        }
        let before = self.before(connection).await?;
        if before.is_closed {
            return Ok(Created::Conflict(Conflict::Deleted));
        }
        let Some(own) = before.own else {
            return match (before.legacy, before.logins) {
                (Place::Taken, _) => Ok(Created::Conflict(Conflict::Legacy)),
                (Place::Free, Place::Taken) => Ok(Created::Conflict(Conflict::Login)),
                (Place::Free, Place::Free) => {
                    Err(refusal("an account was not written although nothing conflicts with it"))
                }
            };
        };
        if own.source != self.source || own.legacy_id != self.legacy_id {
            return Ok(Created::Conflict(Conflict::Legacy));
        }
        self.id = TargetId(own.id);
        if own.state != AccountState::Pending.name() {
            return Ok(Created::Exists(self.id));
        }
        self.complete(connection, before.logins).await
    }

    /// Inserts the account and its logins unless something conflicts with them; returns whether it did.
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<Written, sqlx::Error> {
        let query = self.bound(INSERT).bind(&self.external_id).bind(&self.source).bind(&self.legacy_id);
        let inserted = query.fetch_all(connection).await?;
        Ok(if inserted.is_empty() { Written::No } else { Written::Yes })
    }

    /// Gives a pending account its password. Without a password there is nothing to complete.
    async fn complete(self, connection: &mut SqliteConnection, logins: Place) -> Result<Created, sqlx::Error> {
        if self.phc.is_none() {
            return Ok(Created::New(self.id));
        }
        if logins == Place::Taken {
            return Ok(Created::Conflict(Conflict::Login));
        }
        self.bound(COMPLETE).execute(connection).await?;
        Ok(Created::New(self.id))
    }

    /// A statement with the eleven values that every write of an account has.
    fn bound(&self, sql: &'static str) -> Query<'_, Sqlite, SqliteArguments> {
        sqlx::query(sql)
            .bind(&self.id.0)
            .bind(self.state().name())
            .bind(&self.phc)
            .bind(self.must_change)
            .bind(&self.claims)
            .bind(&self.rules)
            .bind(&self.keys.email)
            .bind(&self.keys.phone)
            .bind(&self.keys.username)
            .bind(self.at)
            .bind(&self.logins)
    }

    /// Finds conflicts with the account.
    async fn before(&self, connection: &mut SqliteConnection) -> Result<Before, sqlx::Error> {
        let query = sqlx::query_as(BEFORE).bind(&self.source).bind(&self.legacy_id).bind(&self.logins);
        let (is_closed, legacy, logins, id, source, legacy_id, state): BeforeRow =
            query.bind(&self.external_id).fetch_one(connection).await?;
        let taken = |is_taken: bool| if is_taken { Place::Taken } else { Place::Free };
        let own = match (id, source, legacy_id, state) {
            (Some(id), Some(source), Some(legacy_id), Some(state)) => Some(Own { id, source, legacy_id, state }),
            _ => None,
        };
        Ok(Before { is_closed, own, legacy: taken(legacy), logins: taken(logins) })
    }

    fn state(&self) -> AccountState {
        if self.phc.is_some() { AccountState::Active } else { AccountState::Pending }
    }
}
