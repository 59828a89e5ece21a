//! The signed calls that were accepted, so that no process accepts one twice.
//!
//! * **Bound.** At most [`MAX_CALLS`] calls are remembered. Beyond that, calls are not accepted (503), because forgetting
//!   would allow a replay.
//! * **Clocks.** The time of the latest forgotten call is kept, and a call signed no later than that counts as seen. So
//!   no jump of the wall clock, however far, allows a replay.
//! * **Failures.** Each row is owned by the one try that wrote it. A try that failed or was given up may have written
//!   its row anyway. Such uncertain rows are deleted before anything is looked up, so that a call that was not accepted
//!   may be sent again.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::SqliteConnection;

use super::SqliteLedger;
use super::stamp::micros;
use crate::adapters::memory::MemoryLedger;
use crate::adapters::sqlite::Database;
use crate::ports::{BoxFuture, Fresh, Nonce, Nonces, PortError, PortErrorKind};
use crate::random;

/// The maximum number of remembered calls, about 100 bytes each on disk. Stops a caller from filling the disk; a call
/// is remembered for at most 15 minutes, so a sustained 2,200 calls per second are accepted.
pub(in crate::adapters) const MAX_CALLS: i64 = 2_000_000;

/// How many old calls each new one removes. More than one, so that an earlier burst is cleared.
const SWEEP: i64 = 8;

/// The maximum number of uncertain rows. Stops a long outage from filling the memory; calls beyond it may stay
/// remembered and must be signed again.
const MAX_UNCERTAIN: usize = 4096;

/// How many uncertain rows one write deletes.
const UNCERTAIN_PER_WRITE: usize = 64;

/// The schema step for nonces. `number` counts insertions, so that the bound is checked by a subtraction instead of a
/// row count; `meta` holds the time of the latest forgotten call.
pub(in crate::adapters) const TABLES: &str = "
CREATE TABLE nonces (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    owner BLOB NOT NULL,
    signed_at INTEGER NOT NULL
);
CREATE INDEX nonces_signed ON nonces (signed_at);
INSERT INTO meta (name, number, text, tag) VALUES ('nonces', 0, '', '');
";

/// A row and the one try that wrote it.
#[derive(Debug, Clone, Copy)]
struct Row {
    digest: [u8; 16],
    owner: [u8; 16],
}

impl Row {
    fn new(nonce: &Nonce) -> Result<Self, PortError> {
        let owner = random::bytes()
            .map_err(|_| failed(PortErrorKind::Unavailable).because("the system provides no random numbers"))?;
        Ok(Self { digest: nonce.digest, owner })
    }
}

fn failed(kind: PortErrorKind) -> PortError {
    PortError::new(kind, "ledger", "remember")
}

/// Rows that may or may not have been written, by tries that did not accept their call.
#[derive(Debug, Clone, Default)]
pub(in crate::adapters) struct UncertainRows(Arc<Mutex<Vec<Row>>>);

impl UncertainRows {
    fn add(&self, rows: impl IntoIterator<Item = Row>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_UNCERTAIN.saturating_sub(held.len());
        held.extend(rows.into_iter().take(room));
    }

    fn take(&self) -> Vec<Row> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.len().saturating_sub(UNCERTAIN_PER_WRITE);
        held.split_off(left)
    }
}

/// A write whose rows are uncertain unless it succeeds: its own row, and those that it deletes.
struct Try {
    database: Database,
    uncertain: UncertainRows,
    rows: Vec<Row>,
}

impl Try {
    fn succeeded(mut self) {
        self.rows.clear();
    }
}

/// Also runs if the future is dropped, by a timeout or a disconnected caller.
impl Drop for Try {
    fn drop(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        self.uncertain.add(self.rows.drain(..));
        // Immediately, so that the same call may be sent again to another process; if it fails, the next call does it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(delete_uncertain(self.database.clone(), self.uncertain.clone())));
        }
    }
}

/// Deletes uncertain rows. Its write is queued behind the uncertain writes.
async fn delete_uncertain(database: Database, uncertain: UncertainRows) {
    let rows = uncertain.take();
    let deleted = rows.clone();
    let taken = database
        .writer()
        .write("forget_nonces", move |connection| Box::pin(async move { delete_rows(connection, &deleted).await }));
    if taken.await.is_err() {
        uncertain.add(rows);
    }
}

async fn delete_rows(connection: &mut SqliteConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    for Row { digest, owner } in rows {
        let sql = "DELETE FROM nonces WHERE digest = ? AND owner = ?";
        sqlx::query(sql).bind(digest.as_slice()).bind(owner.as_slice()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The state of the memory: the time of the latest forgotten call, the time of the oldest remembered call, and an upper
/// bound on the number of rows.
async fn usage(connection: &mut SqliteConnection) -> Result<(i64, Option<i64>, Option<i64>), sqlx::Error> {
    let sql = "SELECT (SELECT number FROM meta WHERE name = 'nonces'), (SELECT MIN(signed_at) FROM nonces), \
               (SELECT MAX(number) FROM nonces) - (SELECT MIN(number) FROM nonces)";
    sqlx::query_as(sql).fetch_one(connection).await
}

/// Remembers a call; `None` if there is no room.
async fn remember(connection: &mut SqliteConnection, nonce: Nonce, row: Row) -> Result<Option<Fresh>, sqlx::Error> {
    let (mut forgotten, oldest, mut span) = usage(connection).await?;
    let forget_before = micros(nonce.forget_before);
    if oldest.is_some_and(|oldest| oldest < forget_before) {
        forget(connection, forgotten, forget_before).await?;
        (forgotten, _, span) = usage(connection).await?;
    }
    if micros(nonce.signed_at) <= forgotten {
        return Ok(Some(Fresh::Forgotten));
    }
    if span.is_some_and(|span| span >= MAX_CALLS) {
        return Ok(None);
    }
    let sql = "INSERT INTO nonces (digest, owner, signed_at) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING";
    let added = sqlx::query(sql)
        .bind(row.digest.as_slice())
        .bind(row.owner.as_slice())
        .bind(micros(nonce.signed_at))
        .execute(connection)
        .await?;
    Ok(Some(if added.rows_affected() == 0 { Fresh::Seen } else { Fresh::First }))
}

/// Forgets a few calls signed before a time, and records when the latest forgotten one was signed.
async fn forget(connection: &mut SqliteConnection, forgotten: i64, before: i64) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM nonces WHERE number IN \
               (SELECT number FROM nonces WHERE signed_at < ? ORDER BY signed_at LIMIT ?) RETURNING signed_at";
    let signed: Vec<i64> = sqlx::query_scalar(sql).bind(before).bind(SWEEP).fetch_all(&mut *connection).await?;
    let latest = signed.into_iter().fold(forgotten, i64::max);
    sqlx::query("UPDATE meta SET number = ? WHERE name = 'nonces'").bind(latest).execute(connection).await?;
    Ok(())
}

fn answer(remembered: Option<Fresh>) -> Result<Fresh, PortError> {
    remembered
        .ok_or_else(|| failed(PortErrorKind::RateLimited).because("the limit of remembered signed calls is reached"))
}

impl Nonces for SqliteLedger {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
        Box::pin(async move {
            let (nonce, row, uncertain_rows) = (*nonce, Row::new(nonce)?, self.uncertain.take());
            let (database, uncertain) = (self.database.clone(), self.uncertain.clone());
            let rows = uncertain_rows.iter().copied().chain([row]).collect();
            let this = Try { database, uncertain, rows };
            let remembered = self.database.writer().write("remember", move |connection| {
                Box::pin(async move {
                    delete_rows(connection, &uncertain_rows).await?;
                    remember(connection, nonce, row).await
                })
            });
            let remembered = remembered.await?;
            this.succeeded();
            answer(remembered)
        })
    }
}

/// The same in memory.
#[derive(Debug, Default)]
pub(in crate::adapters) struct Remembered {
    digests: HashSet<[u8; 16]>,
    signed: BTreeSet<(i64, [u8; 16])>,
    forgotten: i64,
}

impl Remembered {
    fn remember(&mut self, nonce: &Nonce) -> Option<Fresh> {
        for _ in 0..SWEEP {
            let Some((signed_at, digest)) = self.signed.first().copied() else { break };
            if signed_at >= micros(nonce.forget_before) {
                break;
            }
            self.forgotten = self.forgotten.max(signed_at);
            self.digests.remove(&digest);
            self.signed.remove(&(signed_at, digest));
        }
        if micros(nonce.signed_at) <= self.forgotten {
            return Some(Fresh::Forgotten);
        }
        if i64::try_from(self.digests.len()).is_ok_and(|held| held > MAX_CALLS) {
            return None;
        }
        if !self.digests.insert(nonce.digest) {
            return Some(Fresh::Seen);
        }
        self.signed.insert((micros(nonce.signed_at), nonce.digest));
        Some(Fresh::First)
    }
}

impl Nonces for MemoryLedger {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
        let remembered = self.nonces.lock().unwrap_or_else(PoisonError::into_inner).remember(nonce);
        Box::pin(std::future::ready(answer(remembered)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use jiff::{SignedDuration, Timestamp};
    use sqlx::Connection as _;

    use super::*;
    use crate::adapters::suites::ledger::open;

    const NOW: i64 = 1_800_000_000;

    fn nonce(number: u32, signed_at: i64, now: i64) -> Nonce {
        let mut digest = [7; 16];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        let at = |second| Timestamp::from_second(second).unwrap();
        Nonce { digest, signed_at: at(signed_at), forget_before: at(now) - SignedDuration::from_secs(600) }
    }

    async fn remember(nonces: &dyn Nonces, number: u32, signed_at: i64, now: i64) -> Fresh {
        nonces.remember(&nonce(number, signed_at, now)).await.unwrap()
    }

    async fn rows(ledger: &SqliteLedger) -> i64 {
        let mut connection = ledger.database.reader().acquire("count").await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM nonces").fetch_one(&mut *connection).await.unwrap()
    }

    async fn a_call_is_first_only_once(nonces: &dyn Nonces) {
        assert_eq!(remember(nonces, 1, NOW, NOW).await, Fresh::First);
        assert_eq!(remember(nonces, 1, NOW, NOW + 299).await, Fresh::Seen);
        assert_eq!(
            remember(nonces, 1, NOW + 100, NOW + 299).await,
            Fresh::Seen,
            "the id counts, whatever the signing time"
        );
        assert_eq!(remember(nonces, 2, NOW, NOW).await, Fresh::First);
    }

    async fn clock_jumps_do_not_readmit_a_call(nonces: &dyn Nonces) {
        for number in 0..20 {
            assert_eq!(remember(nonces, number, NOW, NOW).await, Fresh::First);
        }
        // The clock is a day ahead for a moment, so the remembered calls are forgotten.
        for number in 100..110 {
            assert_eq!(remember(nonces, number, NOW + 86_400, NOW + 86_400).await, Fresh::First);
        }
        for number in 0..20 {
            assert_eq!(remember(nonces, number, NOW, NOW + 1).await, Fresh::Forgotten);
        }
        assert_eq!(remember(nonces, 200, NOW + 1, NOW + 1).await, Fresh::First, "later calls are accepted");
    }

    #[tokio::test]
    async fn every_ledger_remembers_signed_calls() {
        let folder = tempfile::tempdir().unwrap();
        a_call_is_first_only_once(&open(&folder).await).await;
        a_call_is_first_only_once(&MemoryLedger::new()).await;
        let folder = tempfile::tempdir().unwrap();
        clock_jumps_do_not_readmit_a_call(&open(&folder).await).await;
        clock_jumps_do_not_readmit_a_call(&MemoryLedger::new()).await;
    }

    #[tokio::test]
    async fn expired_calls_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(&folder).await;
        let past = (0..40).map(|number| remember(&ledger, number, NOW, NOW));
        assert!(join_all(past).await.iter().all(|fresh| *fresh == Fresh::First));
        for number in 100..110 {
            assert_eq!(remember(&ledger, number, NOW + 601, NOW + 601).await, Fresh::First);
        }
        assert_eq!(rows(&ledger).await, 10);
    }

    #[tokio::test]
    async fn a_full_memory_rejects_new_calls_and_forgets_none() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(&folder).await;
        assert_eq!(remember(&ledger, 1, NOW, NOW).await, Fresh::First);
        let last = ledger.write("fill", move |connection| {
            Box::pin(async move {
                let sql = "INSERT INTO nonces (number, digest, owner, signed_at) VALUES (?, x'00', x'00', ?)";
                let late = micros(Timestamp::from_second(NOW + 1).unwrap());
                sqlx::query(sql).bind(1 + MAX_CALLS).bind(late).execute(connection).await.map(|_| ())
            })
        });
        last.await.unwrap();
        let full = ledger.remember(&nonce(2, NOW, NOW)).await.unwrap_err();
        assert_eq!(full.kind(), PortErrorKind::RateLimited);
        assert_eq!(remember(&ledger, 3, NOW + 601, NOW + 601).await, Fresh::First, "the first one has expired");
    }

    #[tokio::test]
    async fn two_processes_share_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (open(&folder).await, open(&folder).await);
        for number in 0..50 {
            let (first, second) = tokio::join!(remember(&one, number, NOW, NOW), remember(&two, number, NOW, NOW));
            assert_ne!(first, second, "exactly one is accepted");
        }
    }

    #[tokio::test]
    async fn a_call_that_could_not_be_remembered_may_be_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (open(&folder).await, open(&folder).await);
        let mut other = connect(&folder).await;
        let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let call = nonce(1, NOW, NOW);
        // Given up while waiting for the lock; its row is still written once the lock is released.
        let late = tokio::time::timeout(std::time::Duration::from_millis(50), one.remember(&call)).await;
        assert!(late.is_err());
        held.rollback().await.unwrap();
        assert_eq!(remember(&one, 1, NOW, NOW).await, Fresh::First, "the same process");
        assert_eq!(remember(&two, 1, NOW, NOW).await, Fresh::Seen);

        let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let call = nonce(2, NOW, NOW);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), one.remember(&call)).await.is_err());
        held.rollback().await.unwrap();
        // After this call the first try is over: its writes, and the deletion of its rows, were queued before it.
        remember(&one, 3, NOW, NOW).await;
        assert_eq!(remember(&two, 2, NOW, NOW).await, Fresh::First, "another process");
        assert_eq!(remember(&one, 2, NOW, NOW).await, Fresh::Seen);
    }

    #[test]
    fn uncertain_rows_are_bounded() {
        let uncertain = UncertainRows::default();
        let row = Row { digest: [0; 16], owner: [0; 16] };
        uncertain.add(std::iter::repeat_n(row, MAX_UNCERTAIN * 2));
        let mut taken = 0;
        while let 1.. = uncertain.take().len() {
            taken += 1;
        }
        assert_eq!(taken, MAX_UNCERTAIN / UNCERTAIN_PER_WRITE);
    }

    async fn connect(folder: &tempfile::TempDir) -> SqliteConnection {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("ledger.db"));
        options.connect().await.unwrap()
    }
}
