//! How an account comes to be, inside one transaction: checked first, and written only when nothing contradicts it.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use tokio::time::Instant;

use crate::migrate::{AccountState, Conflict, Created, NewAccount, PasswordChange, TargetId};
use crate::sqlite::{late, refusal};

/// Writes an account when neither its external id nor its legacy customer nor one of its logins is taken. One step, because
/// every step is a way to SQLite's thread and back.
const INSERT: &str = "INSERT INTO accounts (id, state, phc, must_change, claims, rules, email, phone, username, created_at, \
    changed_at, made_at, external_id, source, legacy_id) \
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?10, ?12, ?13, ?14 \
    WHERE NOT EXISTS (SELECT 1 FROM account_logins WHERE login IN (SELECT value FROM json_each(?11))) \
    AND NOT EXISTS (SELECT 1 FROM closed WHERE external_id = ?12) \
    ON CONFLICT DO NOTHING RETURNING id; \
    INSERT INTO account_logins (login, account_id) SELECT value, ?1 FROM json_each(?11) \
    WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)";

/// Writes the account that a pending one becomes.
const COMPLETE: &str = "UPDATE accounts SET state = ?2, phc = ?3, must_change = ?4, claims = ?5, rules = ?6, email = ?7, \
    phone = ?8, username = ?9, changed_at = ?10, made_at = ?10 WHERE id = ?1; \
    DELETE FROM account_logins WHERE account_id = ?1; \
    INSERT INTO account_logins (login, account_id) SELECT value, ?1 FROM json_each(?11)";

/// What stands against an account: a deletion for good, one of the same legacy customer, one with one of the logins, and its own
/// of an earlier attempt.
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

/// The claims that have a column of their own.
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

/// What is in the store before an account is written.
struct Before {
    /// Whether the external id is closed.
    is_closed: bool,
    /// The account of the same external id.
    own: Option<Own>,
    /// Whether the legacy customer has an account.
    legacy: Place,
    /// Whether another account has one of the logins.
    logins: Place,
}

/// A row of [`BEFORE`].
type BeforeRow = (bool, bool, bool, Option<String>, Option<String>, Option<String>, Option<String>);

/// The account of the same external id.
struct Own {
    id: String,
    source: String,
    legacy_id: String,
    state: String,
}

/// Whether a place is free.
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

    /// Writes it, or says why not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create(mut self, connection: &mut SqliteConnection) -> Result<Created, sqlx::Error> {
        // Inside of the transaction, which nobody else can begin before it ends: a process that stood still for long finds its
        // claim over, and whoever took over finds what was written before.
        if Instant::now() >= self.until {
            return Err(late("the claim on the customer has ended"));
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
                (Place::Free, Place::Free) => Err(refusal("an account was not written, and nothing stands against it")),
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

    /// Writes the account and its logins when nothing stands against them; whether it did.
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<Written, sqlx::Error> {
        let query = self.bound(INSERT).bind(&self.external_id).bind(&self.source).bind(&self.legacy_id);
        let made = query.fetch_all(connection).await?;
        Ok(if made.is_empty() { Written::No } else { Written::Yes })
    }

    /// Gives a pending account its password. Without one there is nothing to complete.
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

    /// What stands against an account.
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
