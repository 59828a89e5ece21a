//! How far the legacy systems are still needed, in ledgers in databases: one text for each question, whatever the database
//! calls its tables, and what the rows mean.

use std::collections::BTreeMap;

use super::stamp::{maybe_stamp, unsigned};
use crate::ports::{LegacyUse, Stuck, SystemUse};

/// The tables of a ledger, and how a member of the text of a decision is read.
pub(in crate::adapters) struct Tables {
    pub entries: &'static str,
    pub audit: &'static str,
    pub outbox: &'static str,
    /// The member with this name, as text.
    pub member: fn(&str) -> String,
}

/// Entries of accounts without a password.
const PENDING: &str = "state = 'done' AND verified_at IS NULL AND activated_at IS NULL";

/// The rows of the four questions about each legacy system.
#[derive(Default)]
pub(in crate::adapters) struct UseRows {
    /// Source; migrated, open, abandoned, without a password.
    pub entries: Vec<(String, i64, i64, i64, i64)>,
    /// Source; accounts whose customers sign in with the legacy password.
    pub legacy_passwords: Vec<(String, i64)>,
    /// Source; write-backs.
    pub write_backs: Vec<(String, i64)>,
    /// Source; calls, unknown identifiers, the last call.
    pub calls: Vec<(String, i64, i64, Option<i64>)>,
}

impl Tables {
    /// Counts the entries of each source, as [`UseRows::entries`].
    pub(in crate::adapters) fn count_entries(&self) -> String {
        format!(
            "SELECT source, \
             COUNT(*) FILTER (WHERE state = 'done' AND COALESCE(verified_at, activated_at) IS NOT NULL), \
             COUNT(*) FILTER (WHERE state IN ('creating', 'undoing')), \
             COUNT(*) FILTER (WHERE state = 'abandoned'), \
             COUNT(*) FILTER (WHERE {PENDING}) FROM {} GROUP BY source",
            self.entries
        )
    }

    /// Counts accounts without a password whose customers sign in with the legacy one.
    pub(in crate::adapters) fn count_legacy_passwords(&self) -> String {
        let Self { entries, audit, .. } = self;
        format!(
            "SELECT source, COUNT(*) FROM {entries} WHERE {PENDING} AND account IN (SELECT {} FROM {audit} \
             WHERE outcome = 'migrated_must_change_password' AND reason = 'password_policy') GROUP BY source",
            (self.member)("account")
        )
    }

    /// Counts write-backs.
    pub(in crate::adapters) fn count_write_backs(&self) -> String {
        format!(
            "SELECT source, COUNT(*) FROM {} WHERE kind = 'write_back' AND source IS NOT NULL GROUP BY source",
            self.outbox
        )
    }

    /// Counts the requests that asked each source, as [`UseRows::calls`]. Identifiers that nobody knows come from people who
    /// mistyped and from programs that guess; they never end, and nobody needs the legacy system for them.
    pub(in crate::adapters) fn count_calls(&self, since: i64) -> String {
        let (source, operation) = ((self.member)("source"), (self.member)("operation"));
        format!(
            "SELECT source, \
             CAST(COALESCE(SUM(count) FILTER (WHERE at >= {since} AND NOT is_unknown), 0) AS BIGINT), \
             CAST(COALESCE(SUM(count) FILTER (WHERE at >= {since} AND is_unknown), 0) AS BIGINT), \
             MAX(at) FILTER (WHERE NOT is_unknown) \
             FROM (SELECT at, count, {source} AS source, customer IS NULL \
             AND (reason = 'unknown' OR outcome IN ('free', 'accepted', 'unknown')) AS is_unknown \
             FROM {} WHERE {operation} NOT IN ('operator', 'bulk')) AS asked \
             WHERE source IS NOT NULL GROUP BY source",
            self.audit
        )
    }

    /// When the oldest decision was made, and how many requests of customers were decided in the period.
    pub(in crate::adapters) fn coverage(&self, since: i64) -> String {
        let (audit, operation) = (self.audit, (self.member)("operation"));
        format!(
            "SELECT (SELECT at FROM {audit} ORDER BY number LIMIT 1), \
             (SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM {audit} \
             WHERE at >= {since} AND {operation} NOT IN ('operator', 'bulk'))"
        )
    }

    /// Customers without an account, by the outcome of their last login. What was undone or restored is forgotten.
    pub(in crate::adapters) fn stuck(&self) -> String {
        let (audit, enough) = (self.audit, Stuck::WRONG_PASSWORDS);
        format!(
            "SELECT outcome, reason, COUNT(*) FROM ( \
             SELECT ended.outcome AS outcome, ended.reason AS reason, wrong FROM ( \
             SELECT customer, MAX(number) AS number, \
             MAX(CASE WHEN outcome IN ('migrated', 'migrated_must_change_password', 'authenticated', 'set', 'recovered', 'deleted') \
             OR (outcome = 'created' AND reason <> 'made_pending') THEN number ELSE 0 END) AS came, \
             MAX(CASE WHEN outcome IN ('undone', 'forgotten', 'restored') THEN number ELSE 0 END) AS reversed, \
             SUM(CASE WHEN reason = 'wrong_password' THEN count ELSE 0 END) AS wrong \
             FROM {audit} WHERE customer IS NOT NULL AND outcome IN ('refused', 'denied_by_rule', 'conflict', 'invalid_record', \
             'migrated', 'migrated_must_change_password', 'authenticated', 'set', 'recovered', 'created', 'deleted', 'undone', \
             'forgotten', 'restored') GROUP BY customer) AS customers \
             JOIN {audit} AS ended ON ended.number = customers.number WHERE came <= reversed) AS last \
             WHERE outcome IN ('denied_by_rule', 'conflict', 'invalid_record') \
             OR (outcome = 'refused' AND reason NOT IN ('wrong_password', 'deleted', 'already_migrated')) \
             OR (reason = 'wrong_password' AND wrong >= {enough}) \
             GROUP BY outcome, reason"
        )
    }

    /// Customers who were told to choose a new password, and have not, as far as Landfall sets passwords.
    pub(in crate::adapters) fn must_change(&self) -> String {
        format!(
            "SELECT COUNT(*) FROM (SELECT account FROM (SELECT number, outcome, {} AS account FROM {} \
             WHERE (outcome = 'migrated_must_change_password' AND reason <> 'password_policy') \
             OR outcome IN ('set', 'deleted', 'undone', 'forgotten')) AS said WHERE account IS NOT NULL GROUP BY account \
             HAVING MAX(CASE WHEN outcome = 'migrated_must_change_password' THEN number ELSE 0 END) > \
             MAX(CASE WHEN outcome = 'migrated_must_change_password' THEN 0 ELSE number END)) AS waiting",
            (self.member)("account"),
            self.audit
        )
    }
}

/// The counts of customers who are stuck, most frequent first: those without an account, those who must choose a new password,
/// and those of each source who have no password yet because the target refused the legacy one.
pub(in crate::adapters) fn stuck(
    rows: Vec<(String, String, i64)>,
    must_change: i64,
    legacy_passwords: &[(String, i64)],
) -> Result<Vec<Stuck>, sqlx::Error> {
    let without = legacy_passwords.iter().map(|(_, customers)| customers).sum();
    let told = [("", must_change), ("password_policy", without)]
        .map(|(reason, customers)| ("migrated_must_change_password".to_owned(), reason.to_owned(), customers));
    let rows = rows.into_iter().chain(told).filter(|(_, _, customers)| *customers > 0);
    let counted =
        rows.map(|(outcome, reason, customers)| Ok(Stuck { outcome, reason, customers: unsigned(customers)? }));
    let mut all: Vec<Stuck> = counted.collect::<Result<_, sqlx::Error>>()?;
    all.sort_by(|one, other| {
        let order = |of: &Stuck| (std::cmp::Reverse(of.customers), of.outcome.clone(), of.reason.clone());
        order(one).cmp(&order(other))
    });
    Ok(all)
}

/// The use of the legacy systems, from the rows of all questions.
pub(in crate::adapters) fn legacy_use(
    (audit_since, requests): (Option<i64>, i64),
    rows: UseRows,
) -> Result<LegacyUse, sqlx::Error> {
    let mut systems = BTreeMap::<String, SystemUse>::new();
    for (source, migrated, open, abandoned, without) in rows.entries {
        let system = systems.entry(source).or_default();
        (system.migrated, system.open) = (unsigned(migrated)?, unsigned(open)?);
        (system.abandoned, system.pending) = (unsigned(abandoned)?, unsigned(without)?);
    }
    for (source, customers) in rows.legacy_passwords {
        let system = systems.entry(source).or_default();
        system.legacy_passwords = unsigned(customers)?;
        system.pending = system.pending.saturating_sub(system.legacy_passwords);
    }
    for (source, waiting) in rows.write_backs {
        systems.entry(source).or_default().write_backs = unsigned(waiting)?;
    }
    for (source, calls, unknown, last) in rows.calls {
        let system = systems.entry(source).or_default();
        (system.calls, system.unknown, system.last_call) = (unsigned(calls)?, unsigned(unknown)?, maybe_stamp(last)?);
    }
    let systems = systems.into_iter().map(|(source, system)| SystemUse { source, ..system }).collect();
    Ok(LegacyUse { audit_since: maybe_stamp(audit_since)?, requests: unsigned(requests)?, systems })
}
