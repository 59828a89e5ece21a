//! The legacy system of the demo: a WordPress database in SQLite, with its own table and column names, and invented customers.

mod hashes;
mod people;
mod random;

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _};
use thiserror::Error;

use hashes::Stored;
use people::Customer;
use random::Random;

/// How many customers the shop has.
pub const CUSTOMERS: usize = 200;

/// The seed of everything invented. Any other would do; the same one gives the same shop to everybody.
const SEED: u64 = 1847;

/// The tables as WordPress makes them (wp-admin/includes/schema.php), in SQLite's types.
const TABLES: &str = "
CREATE TABLE wp_users (
    ID INTEGER PRIMARY KEY,
    user_login TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
    user_pass TEXT NOT NULL DEFAULT '',
    user_nicename TEXT NOT NULL DEFAULT '',
    user_email TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
    user_url TEXT NOT NULL DEFAULT '',
    user_registered TEXT NOT NULL DEFAULT '0000-00-00 00:00:00',
    user_activation_key TEXT NOT NULL DEFAULT '',
    user_status INTEGER NOT NULL DEFAULT 0,
    display_name TEXT NOT NULL DEFAULT ''
);
CREATE TABLE wp_usermeta (
    umeta_id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL DEFAULT 0,
    meta_key TEXT,
    meta_value TEXT
);
CREATE INDEX user_login_key ON wp_users (user_login);
CREATE INDEX user_email ON wp_users (user_email);
CREATE INDEX user_id ON wp_usermeta (user_id);
";

/// The shop could not be made.
#[derive(Debug, Error)]
pub enum ShopError {
    /// A password could not be hashed.
    #[error("a password of the shop could not be hashed")]
    Hash,
    /// The database could not be written.
    #[error("the database of the shop could not be written")]
    Database(#[from] sqlx::Error),
}

/// Makes the shop as a new SQLite database at a path.
///
/// # Errors
/// [`ShopError`], also when there is a shop already.
pub async fn make(path: &Path) -> Result<(), ShopError> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut database = options.journal_mode(SqliteJournalMode::Delete).connect().await?;
    let mut transaction = database.begin().await?;
    sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
    let mut random = Random::new(SEED ^ u64::MAX);
    for (id, customer) in (1_i64..).zip(people::customers(CUSTOMERS, SEED)) {
        let hash = customer.stored.text(&customer.password, random.salt())?;
        insert(&mut transaction, id, &customer, &hash).await?;
    }
    transaction.commit().await?;
    Ok(database.close().await?)
}

/// What customers of such a shop have stored, mostly: the cost of its check is paid for those who have nothing.
///
/// # Errors
/// [`ShopError::Hash`].
pub fn usual_hash() -> Result<String, ShopError> {
    Stored::Phpass(13).text("", [0; 16])
}

async fn insert(database: &mut SqliteConnection, id: i64, customer: &Customer, hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO wp_users (ID, user_login, user_pass, user_nicename, user_email, user_registered, user_status, \
         display_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(&customer.login)
    .bind(hash)
    .bind(customer.login.replace('.', "-"))
    .bind(&customer.email)
    .bind(&customer.registered)
    .bind(customer.status)
    .bind(&customer.display)
    .execute(&mut *database)
    .await?;
    for (key, value) in &customer.meta {
        sqlx::query("INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (?, ?, ?)")
            .bind(id)
            .bind(key)
            .bind(value)
            .execute(&mut *database)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use serde_json::json;
    use sqlx::Row as _;

    use super::*;
    use crate::demo::{rules, samples};
    use crate::engine::outcome::Outcome;
    use crate::engine::probe::Silent;
    use crate::model::Password;
    use crate::password::{Credential, Limits, verify};

    /// The record of a customer, as a source gives it.
    fn record(id: usize, customer: &Customer, hash: &str) -> String {
        let meta: Vec<_> =
            customer.meta.iter().map(|(key, value)| json!({ "meta_key": key, "meta_value": value })).collect();
        json!({
            "ID": id, "user_login": customer.login, "user_pass": hash, "user_nicename": "", "user_email": customer.email,
            "user_url": "", "user_registered": customer.registered, "user_activation_key": "",
            "user_status": customer.status, "display_name": customer.display, "meta": meta,
        })
        .to_string()
    }

    /// What the rules make of a customer: `account`, the reason of a refusal, or the first rule that held the record back.
    fn ends(customer: &Customer, hash: &str) -> String {
        let rules = rules::rules().unwrap();
        let record = record(7, customer, hash);
        let arena = Bump::new();
        let run = rules.plan().run(&record, rules.settings(), &arena, &mut Silent);
        match run.outcomes.first().unwrap() {
            Outcome::Account(_) => "account".to_owned(),
            Outcome::Denied(reason) => (*reason).to_owned(),
            Outcome::Invalid(reasons) => reasons.first().unwrap().rule.clone(),
        }
    }

    #[test]
    fn the_same_shop_every_time() {
        let logins =
            || people::customers(CUSTOMERS, SEED).into_iter().map(|one| (one.login, one.email)).collect::<Vec<_>>();
        assert_eq!(logins(), logins());
        assert_eq!(logins().len(), CUSTOMERS);
        let distinct: std::collections::HashSet<_> = logins().into_iter().map(|(login, _)| login).collect();
        assert_eq!(distinct.len(), CUSTOMERS);
    }

    #[test]
    fn the_samples_end_as_they_say_before_any_password_is_looked_at() {
        for (login, want) in [
            ("ida.brandt", "account"),
            ("tomas.novak", "account"),
            ("siobhan.murphy", "account"),
            ("jose.alvarez", "account"),
            ("mei.tanaka", "account"),
            ("otto.lindgren", "account"),
            ("amelie.roux", "account"),
            ("nadia.haddad", "account"),
            ("petra.vogel", "blocked"),
            ("leo.martins", "email.value"),
            ("grace.okafor", "account"),
        ] {
            let customers = people::customers(CUSTOMERS, SEED);
            let customer = customers.iter().find(|one| one.login == login).unwrap();
            assert_eq!(ends(customer, "*"), want, "{login}");
        }
    }

    #[test]
    fn the_passwords_on_the_page_are_the_passwords_of_the_shop() {
        for customer in people::customers(CUSTOMERS, SEED).iter().take(11) {
            let hash = customer.stored.text(&customer.password, [3; 16]).unwrap();
            let scheme = if hash.len() == 13 { "descrypt" } else { "wordpress" };
            let password = samples::find(&customer.login).unwrap().password;
            let verdict = verify(
                &Credential::encoded(scheme, hash),
                &Password::new(password.into()).unwrap(),
                &Limits::default(),
            );
            let want = if customer.login == "grace.okafor" { "unusable" } else { "match" };
            assert_eq!(verdict.name(), want, "{}", customer.login);
        }
    }

    #[test]
    fn most_of_the_crowd_can_come_across_and_some_cannot() {
        let customers = people::customers(CUSTOMERS, SEED);
        let accounts = customers.iter().filter(|one| ends(one, "*") == "account").count();
        assert!((170..=195).contains(&accounts), "{accounts} of {CUSTOMERS}");
    }

    #[tokio::test]
    async fn the_database_has_the_tables_of_wordpress() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        make(&path).await.unwrap();
        let mut database = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM wp_users) AS users, user_pass, user_email, \
             (SELECT meta_value FROM wp_usermeta WHERE user_id = ID AND meta_key = 'wp_capabilities') AS roles \
             FROM wp_users WHERE user_login = 'IDA.brandt'",
        )
        .fetch_one(&mut database)
        .await
        .unwrap();
        assert_eq!(row.get::<i64, _>("users"), 200);
        assert!(row.get::<String, _>("user_pass").starts_with("$P$B"));
        assert_eq!(row.get::<String, _>("user_email"), " Ida.Brandt@Example.COM ");
        assert_eq!(row.get::<String, _>("roles"), "a:1:{s:8:\"customer\";b:1;}");
        assert!(make(&path).await.is_err());
    }
}
