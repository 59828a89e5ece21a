//! The legacy system of the demo: a WordPress database in SQLite, with its own table and column names, and fictional
//! customers.

mod hashes;
mod people;
mod random;

use std::fs::OpenOptions;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _};
use thiserror::Error;

use hashes::Stored;
use people::Customer;
use random::Random;

/// The number of customers in the shop.
pub const CUSTOMERS: usize = 200;

/// The seed of all generated data. Any seed would do; the same seed gives everybody the same shop.
const SEED: u64 = 1847;

/// The tables as WordPress creates them (wp-admin/includes/schema.php), with SQLite types.
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

/// One record per row, as JSON.
const EXPORT: &str = "
SELECT json_object('ID', ID, 'user_login', user_login, 'user_pass', user_pass, 'user_nicename', user_nicename,
    'user_email', user_email, 'user_url', user_url, 'user_registered', user_registered,
    'user_activation_key', user_activation_key, 'user_status', user_status, 'display_name', display_name,
    'meta', json((SELECT coalesce(json_group_array(json_object('meta_key', meta_key, 'meta_value', meta_value)), '[]')
        FROM (SELECT * FROM wp_usermeta WHERE user_id = ID ORDER BY umeta_id))))
FROM wp_users ORDER BY ID";

/// Why the shop cannot be created.
#[derive(Debug, Error)]
pub enum ShopError {
    /// A password cannot be hashed.
    #[error("cannot hash a password of the shop")]
    Hash,
    /// The database cannot be written.
    #[error("cannot write the database of the shop")]
    Database(#[from] sqlx::Error),
}

/// Creates the shop as a new SQLite database at a path.
///
/// # Errors
/// [`ShopError`], also if the shop already exists.
pub async fn make(path: &Path) -> Result<(), ShopError> {
    // only its owner can read it, as with every database that Landfall makes
    let mut file = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.write(true).create_new(true).open(path).map_err(sqlx::Error::Io)?;
    let options = SqliteConnectOptions::new().filename(path);
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

/// The logins of all customers with their passwords, in the order of their ids.
#[must_use]
pub fn passwords() -> Vec<(String, String)> {
    people::customers(CUSTOMERS, SEED).into_iter().map(|one| (one.login, one.password)).collect()
}

/// The most common hash of such a shop: its cost is also spent on unknown customers.
///
/// # Errors
/// [`ShopError::Hash`].
pub fn usual_hash() -> Result<String, ShopError> {
    Stored::Phpass(13).text("", [0; 16])
}

/// All records of the shop as NDJSON, each as the source returns it.
///
/// # Errors
/// [`ShopError`].
pub async fn export(path: &Path) -> Result<String, ShopError> {
    let mut database = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let records: Vec<String> = sqlx::query_scalar(EXPORT).fetch_all(&mut database).await?;
    database.close().await?;
    Ok(records.into_iter().map(|record| record + "\n").collect())
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

    /// The record of a customer, as a source returns it.
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

    /// What the rules make of a customer: `account`, the reason of a denial, or the first rule that makes the record
    /// invalid.
    fn mapped(customer: &Customer, hash: &str) -> String {
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
    fn the_shop_is_the_same_every_time() {
        let logins =
            || people::customers(CUSTOMERS, SEED).into_iter().map(|one| (one.login, one.email)).collect::<Vec<_>>();
        assert_eq!(logins(), logins());
        assert_eq!(logins().len(), CUSTOMERS);
        let distinct: std::collections::HashSet<_> = logins().into_iter().map(|(login, _)| login).collect();
        assert_eq!(distinct.len(), CUSTOMERS);
    }

    #[test]
    fn the_records_of_the_samples_map_as_described() {
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
            assert_eq!(mapped(customer, "*"), want, "{login}");
        }
    }

    #[test]
    fn the_passwords_on_the_page_match_those_of_the_shop() {
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
    fn most_customers_can_migrate_and_some_cannot() {
        let customers = people::customers(CUSTOMERS, SEED);
        let accounts = customers.iter().filter(|one| mapped(one, "*") == "account").count();
        assert!((170..=195).contains(&accounts), "{accounts} of {CUSTOMERS}");
    }

    #[tokio::test]
    async fn the_database_has_the_tables_of_wordpress() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        make(&path).await.unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
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
