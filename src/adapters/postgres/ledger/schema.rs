//! The tables of the ledger.

use crate::adapters::postgres::database::Schema;

/// The ledger. The columns are those of the ledger in a file, and timestamps are whole microseconds since 1970-01-01 UTC.
///
/// * `landfall_entries.grant_id` is made at random for each claim and undo: who repeats one after a commit whose outcome is
///   unknown finds its own.
/// * `landfall_stripes` has the tokens: each customer has one stripe, whose number grows with every grant.
/// * `landfall_head` has one row: the head of the audit, and the number of the last event. Whoever records a decision locks
///   it until the commit, so that rows of the audit and events are numbered in the order of their commits, without gaps.
pub(in crate::adapters::postgres) const SCHEMA: Schema = Schema {
    part: "ledger",
    steps: &[FIRST, super::logins::TABLES, super::limits::TABLES, super::observations::TABLES],
};

const FIRST: &str = "
CREATE TABLE IF NOT EXISTS landfall_entries (
    source TEXT NOT NULL,
    legacy_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'done', 'undoing', 'abandoned', 'buried')),
    external_id TEXT NOT NULL UNIQUE,
    account TEXT,
    token BIGINT NOT NULL,
    grant_id TEXT NOT NULL,
    rules TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    verified_at BIGINT,
    creating_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    created_at BIGINT,
    done_at BIGINT,
    activated_at BIGINT,
    tags TEXT NOT NULL,
    PRIMARY KEY (source, legacy_id),
    CHECK (state NOT IN ('done', 'undoing') OR account IS NOT NULL)
);
CREATE INDEX IF NOT EXISTS landfall_entries_lease ON landfall_entries (lease_until) WHERE lease_until > 0;
CREATE INDEX IF NOT EXISTS landfall_entries_state ON landfall_entries (state);
CREATE INDEX IF NOT EXISTS landfall_entries_account ON landfall_entries (account);
CREATE INDEX IF NOT EXISTS landfall_entries_done ON landfall_entries (done_at);

CREATE TABLE IF NOT EXISTS landfall_tombstones (
    digest TEXT NOT NULL PRIMARY KEY,
    buried_at BIGINT NOT NULL,
    source TEXT,
    legacy_id TEXT
);
CREATE INDEX IF NOT EXISTS landfall_tombstones_customer ON landfall_tombstones (source, legacy_id);

CREATE TABLE IF NOT EXISTS landfall_attempts (
    counter TEXT NOT NULL,
    lane TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (counter, lane, bucket)
);
CREATE INDEX IF NOT EXISTS landfall_attempts_expiry ON landfall_attempts (expires_at);
CREATE TABLE IF NOT EXISTS landfall_reservations (
    counter TEXT NOT NULL,
    lane TEXT NOT NULL,
    token BIGINT NOT NULL,
    reserved_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (counter, lane, token)
);
CREATE INDEX IF NOT EXISTS landfall_reservations_expiry ON landfall_reservations (expires_at);
CREATE TABLE IF NOT EXISTS landfall_networks (
    customer TEXT NOT NULL,
    network TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (customer, network)
);

CREATE TABLE IF NOT EXISTS landfall_audit (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    subject TEXT NOT NULL,
    customer TEXT,
    count BIGINT NOT NULL,
    text TEXT NOT NULL,
    chain TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS landfall_audit_outcome ON landfall_audit (outcome, reason);
CREATE INDEX IF NOT EXISTS landfall_audit_subject ON landfall_audit (subject);
CREATE INDEX IF NOT EXISTS landfall_audit_customer ON landfall_audit (customer);
CREATE INDEX IF NOT EXISTS landfall_audit_summed ON landfall_audit (outcome, reason, count) WHERE count > 1;
CREATE TABLE IF NOT EXISTS landfall_audit_totals (
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (outcome, reason)
);
CREATE TABLE IF NOT EXISTS landfall_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL,
    chain TEXT NOT NULL,
    tag TEXT NOT NULL,
    events BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS landfall_outbox (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    account TEXT,
    request_id TEXT NOT NULL,
    tags TEXT NOT NULL,
    source TEXT,
    legacy_id TEXT,
    kept TEXT,
    routed BOOLEAN NOT NULL
);
CREATE INDEX IF NOT EXISTS landfall_outbox_new ON landfall_outbox (id) WHERE NOT routed;
CREATE TABLE IF NOT EXISTS landfall_deliveries (
    event BIGINT NOT NULL,
    webhook TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (event, webhook)
);
CREATE INDEX IF NOT EXISTS landfall_deliveries_due ON landfall_deliveries (webhook, due_at, event);

CREATE TABLE IF NOT EXISTS landfall_nonces (
    digest BYTEA NOT NULL PRIMARY KEY,
    owner BYTEA NOT NULL,
    signed_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS landfall_nonces_signed ON landfall_nonces (signed_at);

CREATE TABLE IF NOT EXISTS landfall_meta (
    name TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    tag TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS landfall_stripes (
    slot BIGINT NOT NULL PRIMARY KEY,
    token BIGINT NOT NULL
);
INSERT INTO landfall_stripes (slot, token) SELECT generate_series(0, 1023), 0 ON CONFLICT (slot) DO NOTHING;
";

#[cfg(test)]
mod tests {
    use crate::adapters::postgres::database::STRIPES;

    #[test]
    fn every_stripe_has_a_row() {
        assert!(super::FIRST.contains(&format!("generate_series(0, {})", STRIPES - 1)));
    }
}
