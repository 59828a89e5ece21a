//! Entries of customers in ledgers in databases: rows, and what they mean for a claim.

use sqlx::{ColumnIndex, Database, Decode, Encode, FromRow, QueryBuilder, Row, Type};

use super::stamp::{maybe_stamp, stamp, tags, unsigned};
use super::time::{latest, micros};
use crate::adapters::refusal::refusal;
use crate::ports::{
    Claim, ClaimAnswer, Entry, EntryFilter, EntryPage, EntryReport, EntryState, ExternalId, Finished, LegacyKey,
    TargetId,
};

/// Adds the conditions of a filter to a query of entries, and what belongs to a page.
pub(in crate::adapters) fn push_entry_filter<DB>(query: &mut QueryBuilder<DB>, filter: &EntryFilter, page: &EntryPage)
where
    DB: Database,
    for<'t> &'t str: Encode<'t, DB> + Type<DB>,
    for<'t> i64: Encode<'t, DB> + Type<DB>,
{
    if let Some(rules) = &filter.rules {
        query.push(" AND rules = ").push_bind(rules.as_str());
    }
    if let Some(since) = filter.since {
        query.push(" AND creating_at >= ").push_bind(micros(since));
    }
    if let Some(state) = filter.state {
        query.push(" AND state = ").push_bind(state.name());
    }
    if let Some(account) = &filter.account {
        query.push(" AND account = ").push_bind(account.0.as_str());
    }
    if let Some(after) = &page.after {
        query.push(" AND (source, legacy_id) > (").push_bind(after.source.as_str());
        query.push(", ").push_bind(after.id.as_str()).push(")");
    }
    query.push(" ORDER BY source, legacy_id LIMIT ").push_bind(i64::try_from(page.limit).unwrap_or(i64::MAX));
}

/// Adds the condition that an entry is that of one of these customers of a source. There must be some.
pub(in crate::adapters) fn push_keys<DB>(query: &mut QueryBuilder<DB>, source: &str, ids: &[String])
where
    DB: Database,
    for<'t> &'t str: Encode<'t, DB> + Type<DB>,
{
    query.push(" AND source = ").push_bind(source).push(" AND legacy_id IN (");
    let mut listed = query.separated(", ");
    for id in ids {
        listed.push_bind(id.as_str());
    }
    query.push(")");
}

/// An entry as stored.
pub(in crate::adapters) struct EntryRow {
    source: String,
    legacy_id: String,
    state: String,
    external_id: String,
    account: Option<String>,
    token: i64,
    rules: String,
    claimed_at: i64,
    verified_at: Option<i64>,
    creating_at: i64,
    created_at: Option<i64>,
    done_at: Option<i64>,
    activated_at: Option<i64>,
    /// A JSON list.
    tags: String,
}

impl<'r, R> FromRow<'r, R> for EntryRow
where
    R: Row,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            source: row.try_get(0)?,
            legacy_id: row.try_get(1)?,
            state: row.try_get(2)?,
            external_id: row.try_get(3)?,
            account: row.try_get(4)?,
            token: row.try_get(5)?,
            rules: row.try_get(6)?,
            claimed_at: row.try_get(7)?,
            verified_at: row.try_get(8)?,
            creating_at: row.try_get(9)?,
            created_at: row.try_get(10)?,
            done_at: row.try_get(11)?,
            activated_at: row.try_get(12)?,
            tags: row.try_get(13)?,
        })
    }
}

impl EntryRow {
    /// The entry.
    pub(in crate::adapters) fn entry(self) -> Result<Entry, sqlx::Error> {
        Ok(Entry {
            key: LegacyKey { source: self.source, id: self.legacy_id },
            state: state(&self.state)?,
            external_id: ExternalId(self.external_id),
            account: self.account.map(TargetId),
            token: unsigned(self.token)?,
            rules: self.rules,
            claimed_at: stamp(self.claimed_at)?,
            verified_at: maybe_stamp(self.verified_at)?,
            creating_at: stamp(self.creating_at)?,
            created_at: maybe_stamp(self.created_at)?,
            done_at: maybe_stamp(self.done_at)?,
            activated_at: maybe_stamp(self.activated_at)?,
        })
    }

    /// The entry with its tags.
    pub(in crate::adapters) fn report(self) -> Result<EntryReport, sqlx::Error> {
        let tags = tags(&self.tags)?;
        Ok(EntryReport { entry: self.entry()?, tags })
    }
}

fn state(name: &str) -> Result<EntryState, sqlx::Error> {
    EntryState::from_name(name).ok_or_else(|| refusal("an entry of the ledger has an unknown state"))
}

/// What the ledger knows about a customer when it is claimed.
pub(in crate::adapters) struct Existing {
    /// How many of the digests are buried.
    pub tombstones: i64,
    pub state: Option<String>,
    pub account: Option<String>,
    pub lease_until: Option<i64>,
    pub verified_at: Option<i64>,
    pub activated_at: Option<i64>,
}

impl Existing {
    /// The answer if something conflicts with the claim.
    pub fn conflict_with(self, claim: &Claim) -> Result<Option<ClaimAnswer>, sqlx::Error> {
        if self.tombstones > 0 {
            return Ok(Some(ClaimAnswer::Buried));
        }
        let Some(state) = self.state.as_deref().map(state).transpose()? else { return Ok(None) };
        Ok(match state {
            EntryState::Buried => Some(ClaimAnswer::Buried),
            EntryState::Done => {
                let account =
                    self.account.ok_or_else(|| refusal("an entry of the ledger is done but has no account"))?;
                let has_password = self.verified_at.or(self.activated_at).is_some();
                // A verified claim takes over a pending account in this one step, so that nobody acts on stale data.
                (has_password || claim.verified_at.is_none()).then_some(ClaimAnswer::Done(TargetId(account)))
            }
            EntryState::Creating | EntryState::Undoing if holds(self.lease_until, claim) => Some(ClaimAnswer::Held),
            EntryState::Creating | EntryState::Undoing | EntryState::Abandoned => None,
        })
    }
}

/// Whether a lease is still held.
fn holds(lease_until: Option<i64>, claim: &Claim) -> bool {
    let (now, latest) = (micros(claim.creating_at), latest(claim.creating_at, claim.lease));
    lease_until.is_some_and(|until| until > now && until <= latest)
}

/// Whether the update found its entry.
pub(in crate::adapters) fn finished(rows: u64) -> Finished {
    if rows == 1 { Finished::Done } else { Finished::Lost }
}

/// A token as stored. A token beyond the stored range was never granted.
pub(in crate::adapters) fn stored_token(token: u64) -> i64 {
    i64::try_from(token).unwrap_or(-1)
}
