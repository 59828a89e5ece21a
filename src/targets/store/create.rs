//! How an account comes to be, inside one transaction: checked first, and written only when nothing contradicts it.

use sqlx::SqliteConnection;

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
        let there: Option<(String, String, String, String)> =
            sqlx::query_as("SELECT id, source, legacy_id, state FROM accounts WHERE external_id = ?")
                .bind(&self.external_id)
                .fetch_optional(&mut *connection)
                .await?;
        let Some((id, source, legacy_id, state)) = there else { return self.insert(connection).await };
        if source != self.source || legacy_id != self.legacy_id {
            return Ok(Created::Conflict(Conflict::Legacy));
        }
        self.id = TargetId(id);
        if state != AccountState::Pending.name() {
            return Ok(Created::Exists(self.id));
        }
        self.complete(connection).await
    }

    async fn insert(self, connection: &mut SqliteConnection) -> Result<Created, sqlx::Error> {
        let taken: Option<i64> = sqlx::query_scalar("SELECT 1 FROM accounts WHERE source = ? AND legacy_id = ?")
            .bind(&self.source)
            .bind(&self.legacy_id)
            .fetch_optional(&mut *connection)
            .await?;
        if taken.is_some() {
            return Ok(Created::Conflict(Conflict::Legacy));
        }
        if self.login_is_taken(connection).await? {
            return Ok(Created::Conflict(Conflict::Login));
        }
        let insert = "INSERT INTO accounts (id, external_id, source, legacy_id, state, phc, must_change, claims, rules,
            email, phone, username, created_at, changed_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)";
        sqlx::query(insert)
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
            .execute(&mut *connection)
            .await?;
        self.add_logins(connection).await?;
        Ok(Created::New(self.id))
    }

    /// Gives a pending account its password. Without one there is nothing to complete.
    async fn complete(self, connection: &mut SqliteConnection) -> Result<Created, sqlx::Error> {
        if self.phc.is_none() {
            return Ok(Created::New(self.id));
        }
        if self.login_is_taken(connection).await? {
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
        sqlx::query("DELETE FROM account_logins WHERE account_id = ?")
            .bind(&self.id.0)
            .execute(&mut *connection)
            .await?;
        self.add_logins(connection).await?;
        Ok(Created::New(self.id))
    }

    fn state(&self) -> AccountState {
        if self.phc.is_some() { AccountState::Active } else { AccountState::Pending }
    }

    /// Whether another account has one of the logins.
    async fn login_is_taken(&self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        for login in &self.logins {
            let owner: Option<String> = sqlx::query_scalar("SELECT account_id FROM account_logins WHERE login = ?")
                .bind(login)
                .fetch_optional(&mut *connection)
                .await?;
            if owner.is_some_and(|owner| owner != self.id.0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn add_logins(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for login in &self.logins {
            sqlx::query("INSERT INTO account_logins (login, account_id) VALUES (?, ?)")
                .bind(login)
                .bind(&self.id.0)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}
