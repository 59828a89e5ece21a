//! How an account comes to be, inside one transaction: checked first, and written only when nothing contradicts it.

use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::migrate::{AccountState, Conflict, Created, NewAccount, PasswordChange, TargetId};

/// A new account, ready to be written.
pub(super) struct NewRow {
    id: TargetId,
    external_id: String,
    source: String,
    legacy_id: String,
    logins: Vec<String>,
    claims: String,
    keys: Keys,
    phc: Option<String>,
    must_change: bool,
    rules: String,
    at: i64,
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
    /// The account of the same external id.
    own: Option<Own>,
    /// Whether the legacy customer has an account.
    legacy: Place,
    /// Whether another account has one of the logins.
    logins: Place,
}

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
            logins: account.logins.to_vec(),
            claims: account.claims.to_owned(),
            keys: Keys::of(account.claims),
            phc,
            must_change: account.change == PasswordChange::Required,
            rules: account.rules.to_owned(),
            at: account.at.as_microsecond(),
        }
    }

    /// Writes it, or says why not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create(mut self, connection: &mut SqliteConnection) -> Result<Created, sqlx::Error> {
        let before = self.before(connection).await?;
        let Some(own) = before.own else { return self.insert(connection, before.legacy, before.logins).await };
        if own.source != self.source || own.legacy_id != self.legacy_id {
            return Ok(Created::Conflict(Conflict::Legacy));
        }
        self.id = TargetId(own.id);
        if own.state != AccountState::Pending.name() {
            return Ok(Created::Exists(self.id));
        }
        self.complete(connection, before.logins).await
    }

    /// What there is before; one query, because every query is a way to SQLite's thread and back.
    async fn before(&self, connection: &mut SqliteConnection) -> Result<Before, sqlx::Error> {
        // Only placeholders are put together, here and below, no values.
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM accounts WHERE source = ? AND legacy_id = ?), \
             EXISTS (SELECT 1 FROM account_logins WHERE login IN ({}) AND account_id IS NOT own.id), \
             own.id, own.source, own.legacy_id, own.state \
             FROM (SELECT 1) LEFT JOIN accounts AS own ON own.external_id = ?",
            vec!["?"; self.logins.len()].join(", ")
        );
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(&self.source).bind(&self.legacy_id);
        let query = self.logins.iter().fold(query, |query, login| query.bind(login));
        let (legacy, logins, id, source, legacy_id, state): (
            bool,
            bool,
            Option<String>,
            Option<String>,
            Option<String>,
            Option<String>,
        ) = query.bind(&self.external_id).fetch_one(connection).await?;
        let taken = |is_taken: bool| if is_taken { Place::Taken } else { Place::Free };
        let own = match (id, source, legacy_id, state) {
            (Some(id), Some(source), Some(legacy_id), Some(state)) => Some(Own { id, source, legacy_id, state }),
            _ => None,
        };
        Ok(Before { own, legacy: taken(legacy), logins: taken(logins) })
    }

    async fn insert(
        self,
        connection: &mut SqliteConnection,
        legacy: Place,
        logins: Place,
    ) -> Result<Created, sqlx::Error> {
        if legacy == Place::Taken {
            return Ok(Created::Conflict(Conflict::Legacy));
        }
        if logins == Place::Taken {
            return Ok(Created::Conflict(Conflict::Login));
        }
        let insert = format!(
            "INSERT INTO accounts (id, external_id, source, legacy_id, state, phc, must_change, claims, rules, email, \
             phone, username, created_at, changed_at) VALUES ({}); {}",
            vec!["?"; 14].join(", "),
            self.insert_logins()
        );
        let query = sqlx::query(AssertSqlSafe(insert))
            .bind(&self.id.0)
            .bind(&self.external_id)
            .bind(&self.source)
            .bind(&self.legacy_id)
            .bind(self.state().name())
            .bind(&self.phc)
            .bind(self.must_change)
            .bind(&self.claims)
            .bind(&self.rules)
            .bind(&self.keys.email)
            .bind(&self.keys.phone)
            .bind(&self.keys.username)
            .bind(self.at)
            .bind(self.at);
        let query = self.logins.iter().fold(query, |query, login| query.bind(login).bind(&self.id.0));
        query.execute(connection).await?;
        Ok(Created::New(self.id))
    }

    /// Gives a pending account its password. Without one there is nothing to complete.
    async fn complete(self, connection: &mut SqliteConnection, logins: Place) -> Result<Created, sqlx::Error> {
        if self.phc.is_none() {
            return Ok(Created::New(self.id));
        }
        if logins == Place::Taken {
            return Ok(Created::Conflict(Conflict::Login));
        }
        let update = "UPDATE accounts SET state = ?2, phc = ?3, must_change = ?4, claims = ?5, rules = ?6, email = ?7,
            phone = ?8, username = ?9, changed_at = ?10 WHERE id = ?1";
        sqlx::query(update)
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
            .execute(&mut *connection)
            .await?;
        let renew = format!("DELETE FROM account_logins WHERE account_id = ?; {}", self.insert_logins());
        let query = sqlx::query(AssertSqlSafe(renew)).bind(&self.id.0);
        let query = self.logins.iter().fold(query, |query, login| query.bind(login).bind(&self.id.0));
        query.execute(connection).await?;
        Ok(Created::New(self.id))
    }

    fn state(&self) -> AccountState {
        if self.phc.is_some() { AccountState::Active } else { AccountState::Pending }
    }

    /// The statement that adds the logins, each of which binds itself and the account; none for none.
    fn insert_logins(&self) -> String {
        if self.logins.is_empty() {
            return String::new();
        }
        let rows = vec!["(?, ?)"; self.logins.len()].join(", ");
        format!("INSERT INTO account_logins (login, account_id) VALUES {rows}")
    }
}
