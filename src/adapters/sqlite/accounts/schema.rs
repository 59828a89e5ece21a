//! The schema of the account store.

/// The schema steps. Steps are only ever added.
///
/// Times are whole microseconds since 1970-01-01 UTC. `email`, `phone` and `username` repeat the claims `email.value`,
/// `phone.value` and `username`, for lookups. `made_at` is when a migration created or, for a pending account,
/// completed the account; if `changed_at` is later, the account has been changed since. `closed` lists external ids
/// under which no account can be created any more. `store` has one row: the identity of the store.
pub(super) const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE accounts (
    id          TEXT    NOT NULL PRIMARY KEY,
    external_id TEXT    NOT NULL UNIQUE,
    source      TEXT    NOT NULL,
    legacy_id   TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'pending', 'disabled')),
    phc         TEXT    CHECK (phc IS NOT NULL OR state <> 'active'),
    must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
    claims      TEXT    NOT NULL,
    rules       TEXT    NOT NULL,
    email       TEXT,
    phone       TEXT,
    username    TEXT,
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    UNIQUE (source, legacy_id)
) STRICT;
CREATE INDEX accounts_by_email ON accounts (email) WHERE email IS NOT NULL;
CREATE INDEX accounts_by_phone ON accounts (phone) WHERE phone IS NOT NULL;
CREATE INDEX accounts_by_username ON accounts (username) WHERE username IS NOT NULL;
CREATE TABLE account_logins (
    login      TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX logins_of_account ON account_logins (account_id);
",
    "
ALTER TABLE accounts ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET made_at = created_at;
CREATE TABLE closed (
    external_id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE store (
    id   TEXT    NOT NULL PRIMARY KEY,
    ping INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO store (id, ping) VALUES (lower(hex(randomblob(16))), 0);
",
];
