//! The tables of the account store.

use crate::adapters::postgres::database::Schema;

/// The account store. The columns are those of the store in a file. Times are whole microseconds since 1970-01-01 UTC.
/// `made_at` is when a migration created or, for a pending account, completed the account; if `changed_at` is later, the
/// account has been changed since. `landfall_closed` lists external ids under which no account can be created any more.
/// `landfall_store` has one row: the identity of the store.
pub(in crate::adapters::postgres) const SCHEMA: Schema = Schema { part: "account store", steps: &[FIRST] };

const FIRST: &str = "
CREATE TABLE IF NOT EXISTS landfall_accounts (
    id          TEXT    NOT NULL PRIMARY KEY,
    external_id TEXT    NOT NULL UNIQUE,
    source      TEXT    NOT NULL,
    legacy_id   TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'pending', 'disabled')),
    phc         TEXT    CHECK (phc IS NOT NULL OR state <> 'active'),
    must_change BOOLEAN NOT NULL,
    claims      TEXT    NOT NULL,
    rules       TEXT    NOT NULL,
    email       TEXT,
    phone       TEXT,
    username    TEXT,
    created_at  BIGINT  NOT NULL,
    changed_at  BIGINT  NOT NULL,
    made_at     BIGINT  NOT NULL,
    UNIQUE (source, legacy_id)
);
CREATE INDEX IF NOT EXISTS landfall_accounts_by_email ON landfall_accounts (email) WHERE email IS NOT NULL;
CREATE INDEX IF NOT EXISTS landfall_accounts_by_phone ON landfall_accounts (phone) WHERE phone IS NOT NULL;
CREATE INDEX IF NOT EXISTS landfall_accounts_by_username ON landfall_accounts (username) WHERE username IS NOT NULL;
CREATE TABLE IF NOT EXISTS landfall_account_logins (
    login      TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES landfall_accounts (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS landfall_logins_of_account ON landfall_account_logins (account_id);
CREATE TABLE IF NOT EXISTS landfall_closed (
    external_id TEXT NOT NULL PRIMARY KEY
);
CREATE TABLE IF NOT EXISTS landfall_store (
    id   TEXT   NOT NULL PRIMARY KEY,
    ping BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS landfall_account_stripes (
    slot BIGINT NOT NULL PRIMARY KEY
);
INSERT INTO landfall_account_stripes (slot) SELECT generate_series(0, 1023) ON CONFLICT (slot) DO NOTHING;
";

#[cfg(test)]
mod tests {
    use crate::adapters::postgres::database::STRIPES;

    #[test]
    fn every_stripe_has_a_row() {
        assert!(super::FIRST.contains(&format!("generate_series(0, {})", STRIPES - 1)));
    }
}
