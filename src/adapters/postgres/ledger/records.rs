//! What one transaction of the recorder writes.

use sqlx::PgConnection;

use super::attempts::Changes;
use super::{audit, entries, reversal};
use crate::adapters::ledgers::micros;
use crate::ports::{
    AuditHead, Decision, DecisionOutcome, Event, Finish, Finished, Keyring, LegacyKey, Operation, Restore,
};

/// A decision to record, and the change of an entry that it belongs to.
#[derive(Debug)]
pub(super) enum Record {
    /// A decision and its events.
    Decide { decision: Decision, events: Vec<Event> },
    /// The end of a claim.
    Finish(Finish),
    /// The end of an undo whose account is gone.
    Forget { key: LegacyKey, token: u64, decision: Box<Decision> },
    /// The end of tombstones.
    Restore(Restore),
}

impl Record {
    pub fn decision(&self) -> &Decision {
        match self {
            Self::Decide { decision, .. } => decision,
            Self::Finish(finish) => &finish.decision,
            Self::Forget { decision, .. } => decision,
            Self::Restore(restore) => &restore.decision,
        }
    }

    pub fn events(&self) -> &[Event] {
        match self {
            Self::Decide { events, .. } => events,
            Self::Finish(finish) => &finish.events,
            Self::Forget { .. } | Self::Restore(_) => &[],
        }
    }

    /// The customer whose entry changes. Entries are changed in their order, so that processes do not wait for each other in
    /// a circle.
    fn key(&self) -> Option<&LegacyKey> {
        match self {
            Self::Decide { .. } => None,
            Self::Finish(finish) => Some(&finish.key),
            Self::Forget { key, .. } => Some(key),
            Self::Restore(restore) => Some(&restore.key),
        }
    }

    /// Changes the entry. A change of which nothing is left is not recorded.
    async fn change(&self, connection: &mut PgConnection) -> Result<Finished, sqlx::Error> {
        match self {
            Self::Decide { .. } => Ok(Finished::Done),
            Self::Finish(finish) => entries::finish(connection, finish).await,
            Self::Forget { key, token, .. } => reversal::forget(connection, key, *token).await,
            Self::Restore(restore) => reversal::restore(connection, restore).await.map(|()| Finished::Done),
        }
    }
}

/// What was written, and is durable with the commit.
#[derive(Debug)]
pub(super) struct Written {
    /// For each record, whether its claim or undo was still held.
    pub ends: Vec<Finished>,
    /// The head of the audit after it; `None` if nothing was recorded.
    pub head: Option<AuditHead>,
    /// How many counters have another failure.
    pub failures: usize,
}

/// Writes records. The head of the audit is locked for the last two statements only.
pub(super) async fn write(
    connection: &mut PgConnection,
    keyring: &Keyring,
    records: &[&Record],
) -> Result<Written, sqlx::Error> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|at| records.get(*at).and_then(|record| record.key()));
    let mut ends = vec![Finished::Done; records.len()];
    for at in order {
        if let (Some(record), Some(end)) = (records.get(at), ends.get_mut(at)) {
            *end = record.change(connection).await?;
        }
    }
    let ended = records.iter().zip(&ends).filter(|(_, end)| **end == Finished::Done);
    let held: Vec<&Record> = ended.map(|(record, _)| *record).collect();
    activate(connection, &held).await?;
    let mut changes = Changes::default();
    held.iter().for_each(|record| changes.add(record.decision()));
    changes.write(connection).await?;
    let head = if held.is_empty() { None } else { Some(audit::append(connection, keyring, &held).await?) };
    Ok(Written { ends, head, failures: changes.failures() })
}

/// A sign-in, or setting a password, shows that an account has a password. Activates the entry of a pending account, and
/// completes an abandoned entry whose account exists after all.
async fn activate(connection: &mut PgConnection, records: &[&Record]) -> Result<(), sqlx::Error> {
    const SET: &str = "UPDATE landfall_entries AS e SET \
        activated_at = CASE WHEN e.state = 'done' AND e.verified_at IS NULL THEN seen.at ELSE e.activated_at END, \
        account = seen.account, created_at = COALESCE(e.created_at, seen.at), done_at = COALESCE(e.done_at, seen.at), \
        state = 'done' FROM unnest($1, $2, $3) AS seen (name, account, at) \
        WHERE (e.state = 'abandoned' OR (e.state = 'done' AND e.verified_at IS NULL AND e.activated_at IS NULL)) AND ";
    let (mut signed_in, mut set) = (Seen::default(), Seen::default());
    for decision in
        records.iter().filter(|record| matches!(record, Record::Decide { .. })).map(|record| record.decision())
    {
        let Some((account, external)) = &decision.account else { continue };
        match (decision.operation, external) {
            (Operation::Login, Some(external)) if decision.outcome == DecisionOutcome::Authenticated => {
                signed_in.add(&external.0, &account.0, micros(decision.at));
            }
            (Operation::PasswordSet, _) => set.add(&account.0, &account.0, micros(decision.at)),
            _ => {}
        }
    }
    for (seen, condition) in [(signed_in, "e.external_id = seen.name"), (set, "e.account = seen.name")] {
        if seen.names.is_empty() {
            continue;
        }
        // both texts are constants
        let query = sqlx::query(sqlx::AssertSqlSafe(format!("{SET}{condition}")));
        query.bind(seen.names).bind(seen.accounts).bind(seen.at).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Accounts that have a password, by a name of theirs.
#[derive(Default)]
struct Seen<'r> {
    names: Vec<&'r str>,
    accounts: Vec<&'r str>,
    at: Vec<i64>,
}

impl<'r> Seen<'r> {
    fn add(&mut self, name: &'r str, account: &'r str, at: i64) {
        self.names.push(name);
        self.accounts.push(account);
        self.at.push(at);
    }
}
