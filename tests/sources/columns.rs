//! Columns that change their names: values arrive under their own names.

use serde_json::json;

use crate::legacy::{Legacy, record};

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
