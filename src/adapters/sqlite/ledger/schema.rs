//! The tables of the ledger.

/// The schema steps. Steps are only ever added.
///
/// Timestamps are whole microseconds since 1970-01-01 UTC: they sort and compare as numbers in every database, whereas
/// RFC 3339 texts with and without fractions do not sort by time. Tables with text keys are `WITHOUT ROWID`, which
/// saves writing one tree per commit (<https://www.sqlite.org/withoutrowid.html>).
pub(super) const MIGRATIONS: &[&str] = &[
    FIRST,
    REBUILD_ENTRIES,
    super::attempts::TABLES,
    super::nonces::TABLES,
    super::outbox::DELIVERIES,
    super::audit::SEGMENTS,
    super::outbox::WRITE_BACKS,
    super::logins::TABLES,
    super::limits::TABLES,
    super::observations::TABLES,
];

const FIRST: &str = "
CREATE TABLE entries (
    source TEXT NOT NULL,
    legacy_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'done', 'abandoned', 'buried')),
    external_id TEXT NOT NULL UNIQUE,
    account TEXT,
    token INTEGER NOT NULL,
    rules TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    verified_at INTEGER,
    creating_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    created_at INTEGER,
    done_at INTEGER,
    tags TEXT NOT NULL,
    PRIMARY KEY (source, legacy_id),
    CHECK (state <> 'done' OR account IS NOT NULL)
) WITHOUT ROWID;
CREATE INDEX entries_state ON entries (state, lease_until);
CREATE INDEX entries_account ON entries (account);
CREATE INDEX entries_done ON entries (done_at);

CREATE TABLE tombstones (
    digest TEXT NOT NULL PRIMARY KEY,
    buried_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE attempts (
    counter TEXT NOT NULL PRIMARY KEY,
    failed INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempts_expiry ON attempts (expires_at);

CREATE TABLE audit (
    number INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    subject TEXT NOT NULL,
    customer TEXT,
    text TEXT NOT NULL,
    chain TEXT NOT NULL
);
CREATE INDEX audit_outcome ON audit (outcome, reason);
CREATE INDEX audit_subject ON audit (subject);
CREATE INDEX audit_customer ON audit (customer);
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_holds BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    account TEXT,
    request_id TEXT NOT NULL,
    tags TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at);

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    tag TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO meta (name, number, text, tag) VALUES ('token', 0, '', '');
";

/// Adds undo as a state, accounts activated without a verified login, and the owners of tombstones. SQLite cannot
/// change the check constraint of a table, so the table is rebuilt (<https://www.sqlite.org/lang_altertable.html>,
/// section 7).
const REBUILD_ENTRIES: &str = "
CREATE TABLE entries_again (
    source TEXT NOT NULL,
    legacy_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'done', 'undoing', 'abandoned', 'buried')),
    external_id TEXT NOT NULL UNIQUE,
    account TEXT,
    token INTEGER NOT NULL,
    rules TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    verified_at INTEGER,
    creating_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    created_at INTEGER,
    done_at INTEGER,
    activated_at INTEGER,
    tags TEXT NOT NULL,
    PRIMARY KEY (source, legacy_id),
    CHECK (state NOT IN ('done', 'undoing') OR account IS NOT NULL)
) WITHOUT ROWID;
INSERT INTO entries_again SELECT source, legacy_id, state, external_id, account, token, rules, claimed_at, verified_at,
    creating_at, CASE state WHEN 'creating' THEN lease_until ELSE 0 END, created_at, done_at, NULL, tags FROM entries;
DROP TABLE entries;
ALTER TABLE entries_again RENAME TO entries;
CREATE INDEX entries_lease ON entries (lease_until) WHERE lease_until > 0;
CREATE INDEX entries_state ON entries (state);
CREATE INDEX entries_account ON entries (account);
CREATE INDEX entries_done ON entries (done_at);
ALTER TABLE tombstones ADD COLUMN source TEXT;
ALTER TABLE tombstones ADD COLUMN legacy_id TEXT;
CREATE INDEX tombstones_customer ON tombstones (source, legacy_id);
INSERT INTO meta (name, number, text, tag) VALUES ('ping', 0, lower(hex(randomblob(16))), '');
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sqlite::Database;
    use crate::adapters::sqlite::SqliteLedger;
    use crate::adapters::suites::ledger::{at, decision, keyring};
    use crate::ports::{EntryState, Ledger as _, LegacyKey, Reports as _, TargetId};

    /// The contents of a ledger after the first step: a customer in each state, a tombstone, a counter, an event.
    const FIRST_STEP_ROWS: &str = "
INSERT INTO entries VALUES ('shop', '1', 'done', 'e1', 'a1', 1, 'r', 1, 1, 1, 5, 1, 1, '[]');
INSERT INTO entries VALUES ('shop', '2', 'creating', 'e2', NULL, 2, 'r', 1, 1, 1, 5, NULL, NULL, '[]');
INSERT INTO entries VALUES ('shop', '3', 'buried', 'e3', 'a3', 3, 'r', 1, 1, 1, 5, 1, 1, '[]');
INSERT INTO tombstones VALUES ('digest', 1);
INSERT INTO attempts VALUES ('subject:x', 3, 9000000000000000);
INSERT INTO outbox VALUES (1, 1, 'migrated', 'migrated', 'a1', 'request', '[]', 0, 1);
UPDATE meta SET number = 3 WHERE name = 'token';
";

    #[tokio::test]
    async fn a_ledger_of_the_first_step_is_upgraded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db").to_str().unwrap().to_owned();
        let old = Database::open(&path, "ledger", &MIGRATIONS[..1]).await.unwrap();
        let fill = old.writer().write("fill", |connection| {
            Box::pin(async move { sqlx::raw_sql(FIRST_STEP_ROWS).execute(connection).await.map(|_| ()) })
        });
        fill.await.unwrap();
        drop(old);
        let ledger = SqliteLedger::open(&path, keyring()).await.unwrap();
        let key = |id: &str| LegacyKey { source: "shop".into(), id: id.into() };
        let mut states = Vec::new();
        for id in ["1", "2", "3"] {
            states.push(ledger.entry(&key(id)).await.unwrap().unwrap().state);
        }
        assert_eq!(states, [EntryState::Done, EntryState::Creating, EntryState::Buried]);
        let entry = ledger.entry(&key("1")).await.unwrap().unwrap();
        assert_eq!((entry.account, entry.token), (Some(TargetId("a1".into())), 1));
        let unfinished = ledger.unfinished(at(0), std::time::Duration::from_secs(2), 9).await.unwrap();
        assert_eq!(unfinished.into_iter().map(|entry| entry.key.id).collect::<Vec<_>>(), ["2"]);
        assert_eq!(ledger.store().await.unwrap(), None, "the ledger is bound at the next start");
        assert_eq!(ledger.last_migrated().await.unwrap().map(|external| external.0), Some("e1".to_owned()));
        assert_eq!(ledger.summary(at(0)).await.unwrap().events, 1);
        ledger.decide(&decision("authenticated", 1), &[]).await.unwrap();
        assert!(ledger.verify().await.unwrap().broken.is_none());
    }
}
