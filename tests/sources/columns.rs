//! Columns that change their names or are gone: values arrive under their own names, and a column that the rules need is missed
//! as an outage for everybody, and no refusal.

use landfall::migrate::{Outcome, Refusal};

use serde_json::json;

use crate::legacy::{Legacy, record};
use crate::login::{CUSTOMERS, Service, add_customers, query};
use crate::servers;

async fn check(legacy: Legacy<'static>) {
    add_customers(&legacy, &["ada", "bob", "eve"]);
    legacy.sql("UPDATE customers SET password = NULL WHERE login = 'eve';");
    let service = Service::patient(legacy.source(&query(&legacy)));
    assert_eq!(service.login("ada", "0").await, Outcome::Migrated);
    let without_password = Outcome::Refused(Refusal::Unverifiable);
    assert_eq!(
        service.login("eve", "2").await,
        without_password,
        "a column without a value is a matter of the customer"
    );
    for column in ["id", "password"] {
        legacy.sql(&format!("ALTER TABLE customers RENAME COLUMN {column} TO gone;"));
        for (login, password) in [("bob", "1"), ("bob", "wrong"), ("eve", "2")] {
            assert_eq!(service.login(login, password).await, Outcome::LegacyUnavailable, "{column}: {login}");
        }
        legacy.sql(&format!("ALTER TABLE customers RENAME COLUMN gone TO {column};"));
    }
    // no claim needs to have a value
    legacy.sql("ALTER TABLE customers DROP COLUMN mark;");
    assert_eq!(service.login("bob", "1").await, Outcome::Migrated);
    assert_eq!(service.login("eve", "2").await, without_password);
}

/// The same for the other databases is among their hostile schemas.
#[tokio::test]
async fn values_of_sqlite_arrive_under_their_own_names_when_tables_change() {
    let legacy = Legacy::sqlite(
        "CREATE TABLE users (login text, email text, points int); INSERT INTO users VALUES ('ada', 'ada@example.org', 1);",
    );
    let source = legacy.source("SELECT * FROM users WHERE login = :identifier");
    assert_eq!(record(&source, "ada").await.0, json!({"login": "ada", "email": "ada@example.org", "points": 1}));
    for (change, expected) in [
        // as many columns as before
        (
            "ALTER TABLE users DROP COLUMN email; ALTER TABLE users ADD COLUMN secret text DEFAULT 'no address';",
            json!({"login": "ada", "points": 1, "secret": "no address"}),
        ),
        (
            "ALTER TABLE users RENAME COLUMN points TO credit;",
            json!({"login": "ada", "credit": 1, "secret": "no address"}),
        ),
        (
            "ALTER TABLE users ADD COLUMN added int DEFAULT 5;",
            json!({"login": "ada", "credit": 1, "secret": "no address", "added": 5}),
        ),
    ] {
        legacy.sql(change);
        assert_eq!(record(&source, "ada").await.0, expected, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_column_of_sqlite_refuses_nobody() {
    check(Legacy::sqlite(CUSTOMERS)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_missing_column_of_postgres_refuses_nobody() {
    check(Legacy::new(servers::postgres(), CUSTOMERS)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn a_missing_column_of_mariadb_refuses_nobody() {
    check(Legacy::new(servers::mariadb(), CUSTOMERS)).await;
}
