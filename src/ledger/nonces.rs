//! Signed calls that were admitted, so that none is admitted twice, by whatever process.
//!
//! * **Bound.** At most [`MOST`] calls are remembered; beyond it calls are not admitted (503), because forgetting would admit
//!   a replay.
//! * **Clocks.** What is forgotten leaves its time behind: a call that was signed no later than the latest forgotten one is
//!   taken for seen. So no jump of the wall clock, however far, opens the operation to a replay.
//! * **Failures.** A row has an owner, the one try that wrote it. A try that failed, or was given up, may have written its row
//!   all the same. Such rows are in doubt, and are taken out before anything is looked up, so that a call that was not admitted
//!   may be sent again.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::SqliteConnection;

use super::stamp::micros;
use super::{MemoryLedger, SqliteLedger};
use crate::migrate::{BoxFuture, Fresh, Nonce, Nonces, PortError, PortErrorKind};
use crate::password::store::{SALT_BYTES, system_salt};
use crate::sqlite::Database;

/// How many calls are remembered at most, some 100 bytes each on the disk. Stops a caller from filling it; a call is
/// remembered for at most 15 minutes, so 2,200 a second are admitted for ever.
pub(super) const MOST: i64 = 2_000_000;

/// How many calls a new one makes forgotten. More than one, so that a burst of the past is cleared.
const SWEEP: i64 = 8;

/// How many rows may be in doubt. Stops a long outage from filling the memory; calls beyond it may stay remembered, and are
/// signed anew.
const MOST_DOUBTS: usize = 4096;

/// How many rows in doubt one write takes out.
const DOUBTS_AT_ONCE: usize = 64;

/// The step of the tables. `number` counts what came, so that the bound is a difference and no count of rows; `meta` holds the
/// time of the latest call that was forgotten.
pub(super) const TABLES: &str = "
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
    owner: [u8; SALT_BYTES],
}

impl Row {
    fn new(nonce: &Nonce) -> Result<Self, PortError> {
        let mut owner = [0; SALT_BYTES];
        let drawn = system_salt(&mut owner);
        drawn.map_err(|_| failed(PortErrorKind::Unavailable).because("there is no randomness"))?;
        Ok(Self { digest: nonce.digest, owner })
    }
}

fn failed(kind: PortErrorKind) -> PortError {
    PortError::new(kind, "ledger", "remember")
}

/// Rows of which nobody knows whether they were written, by tries that did not admit their call.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubts(Arc<Mutex<Vec<Row>>>);

impl Doubts {
    fn add(&self, rows: impl IntoIterator<Item = Row>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_DOUBTS.saturating_sub(held.len());
        held.extend(rows.into_iter().take(room));
    }

    fn take(&self) -> Vec<Row> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.len().saturating_sub(DOUBTS_AT_ONCE);
        held.split_off(left)
    }
}

/// A write whose rows are in doubt unless it ends well: its own, and those that it takes out.
struct Try {
    database: Database,
    doubts: Doubts,
    rows: Vec<Row>,
}

impl Try {
    fn ended_well(mut self) {
        self.rows.clear();
    }
}

/// Also when the future is dropped, by a timeout or a caller that hung up.
impl Drop for Try {
    fn drop(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        self.doubts.add(self.rows.drain(..));
        // At once, so that the same call may be sent again to another process; if it fails, the next call does it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(tidy(self.database.clone(), self.doubts.clone())));
        }
    }
}

/// Takes out rows in doubt. Its write waits in line behind those that are in doubt.
async fn tidy(database: Database, doubts: Doubts) {
    let rows = doubts.take();
    let theirs = rows.clone();
    let taken = database
        .writer()
        .write("forget_nonces", move |connection| Box::pin(async move { take_out(connection, &theirs).await }));
    if taken.await.is_err() {
        doubts.add(rows);
    }
}

async fn take_out(connection: &mut SqliteConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    for Row { digest, owner } in rows {
        let sql = "DELETE FROM nonces WHERE digest = ? AND owner = ?";
        sqlx::query(sql).bind(digest.as_slice()).bind(owner.as_slice()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// How full the memory is: the time of the latest call that was forgotten, that of the oldest that is not, and how many may be
/// there.
async fn look(connection: &mut SqliteConnection) -> Result<(i64, Option<i64>, Option<i64>), sqlx::Error> {
    let sql = "SELECT (SELECT number FROM meta WHERE name = 'nonces'), (SELECT MIN(signed_at) FROM nonces), \
               (SELECT MAX(number) FROM nonces) - (SELECT MIN(number) FROM nonces)";
    sqlx::query_as(sql).fetch_one(connection).await
}

/// Remembers a call; none when there is no room.
async fn remember(connection: &mut SqliteConnection, nonce: Nonce, row: Row) -> Result<Option<Fresh>, sqlx::Error> {
    let (mut forgotten, oldest, mut span) = look(connection).await?;
    let forget_before = micros(nonce.forget_before);
    if oldest.is_some_and(|oldest| oldest < forget_before) {
        forget(connection, forgotten, forget_before).await?;
        (forgotten, _, span) = look(connection).await?;
    }
    if micros(nonce.signed_at) <= forgotten {
        return Ok(Some(Fresh::Forgotten));
    }
    if span.is_some_and(|span| span >= MOST) {
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

/// Forgets a few calls of before a time, and remembers when the latest of all that were forgotten was signed.
async fn forget(connection: &mut SqliteConnection, forgotten: i64, before: i64) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM nonces WHERE number IN \
               (SELECT number FROM nonces WHERE signed_at < ? ORDER BY signed_at LIMIT ?) RETURNING signed_at";
    let signed: Vec<i64> = sqlx::query_scalar(sql).bind(before).bind(SWEEP).fetch_all(&mut *connection).await?;
    let latest = signed.into_iter().fold(forgotten, i64::max);
    sqlx::query("UPDATE meta SET number = ? WHERE name = 'nonces'").bind(latest).execute(connection).await?;
    Ok(())
}

fn answer(remembered: Option<Fresh>) -> Result<Fresh, PortError> {
    remembered.ok_or_else(|| failed(PortErrorKind::RateLimited).because("too many signed calls are remembered"))
}

impl Nonces for SqliteLedger {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
        Box::pin(async move {
            let (nonce, row, doubted) = (*nonce, Row::new(nonce)?, self.doubts.take());
            let (database, doubts) = (self.database.clone(), self.doubts.clone());
            let rows = doubted.iter().copied().chain([row]).collect();
            let this = Try { database, doubts, rows };
            let remembered = self.database.writer().write("remember", move |connection| {
                Box::pin(async move {
                    take_out(connection, &doubted).await?;
                    remember(connection, nonce, row).await
                })
            });
            let remembered = remembered.await?;
            this.ended_well();
            answer(remembered)
        })
    }
}

/// The same in memory.
#[derive(Debug, Default)]
pub(super) struct Remembered {
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
        if i64::try_from(self.digests.len()).is_ok_and(|held| held > MOST) {
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
    use crate::ledger::behaviour_tests::open;

    const NOW: i64 = 1_800_000_000;

    fn nonce(number: u32, signed_at: i64, now: i64) -> Nonce {
        let mut digest = [7; 16];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        let at = |second| Timestamp::from_second(second).unwrap();
        Nonce { digest, signed_at: at(signed_at), forget_before: at(now) - SignedDuration::from_secs(600) }
    }

    async fn ask(nonces: &dyn Nonces, number: u32, signed_at: i64, now: i64) -> Fresh {
        nonces.remember(&nonce(number, signed_at, now)).await.unwrap()
    }

    async fn rows(ledger: &SqliteLedger) -> i64 {
        let mut connection = ledger.database.reader().acquire("count").await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM nonces").fetch_one(&mut *connection).await.unwrap()
    }

    async fn a_call_is_new_once(nonces: &dyn Nonces) {
        assert_eq!(ask(nonces, 1, NOW, NOW).await, Fresh::First);
        assert_eq!(ask(nonces, 1, NOW, NOW + 299).await, Fresh::Seen);
        assert_eq!(ask(nonces, 1, NOW + 100, NOW + 299).await, Fresh::Seen, "the id counts, whenever it is signed");
        assert_eq!(ask(nonces, 2, NOW, NOW).await, Fresh::First);
    }

    async fn no_jump_of_the_clock_admits_a_call_again(nonces: &dyn Nonces) {
        for number in 0..20 {
            assert_eq!(ask(nonces, number, NOW, NOW).await, Fresh::First);
        }
        // The clock is a day ahead for a moment, and what was remembered is forgotten.
        for number in 100..110 {
            assert_eq!(ask(nonces, number, NOW + 86_400, NOW + 86_400).await, Fresh::First);
        }
        for number in 0..20 {
            assert_eq!(ask(nonces, number, NOW, NOW + 1).await, Fresh::Forgotten);
        }
        assert_eq!(ask(nonces, 200, NOW + 1, NOW + 1).await, Fresh::First, "later calls are admitted");
    }

    #[tokio::test]
    async fn every_ledger_remembers_signed_calls() {
        let folder = tempfile::tempdir().unwrap();
        a_call_is_new_once(&open(&folder).await).await;
        a_call_is_new_once(&MemoryLedger::new()).await;
        let folder = tempfile::tempdir().unwrap();
        no_jump_of_the_clock_admits_a_call_again(&open(&folder).await).await;
        no_jump_of_the_clock_admits_a_call_again(&MemoryLedger::new()).await;
    }

    #[tokio::test]
    async fn what_is_old_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(&folder).await;
        let past = (0..40).map(|number| ask(&ledger, number, NOW, NOW));
        assert!(join_all(past).await.iter().all(|fresh| *fresh == Fresh::First));
        for number in 100..110 {
            assert_eq!(ask(&ledger, number, NOW + 601, NOW + 601).await, Fresh::First);
        }
        assert_eq!(rows(&ledger).await, 10);
    }

    #[tokio::test]
    async fn a_full_memory_admits_nobody_and_forgets_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(&folder).await;
        assert_eq!(ask(&ledger, 1, NOW, NOW).await, Fresh::First);
        let last = ledger.write("fill", move |connection| {
            Box::pin(async move {
                let sql = "INSERT INTO nonces (number, digest, owner, signed_at) VALUES (?, x'00', x'00', ?)";
                let late = micros(Timestamp::from_second(NOW + 1).unwrap());
                sqlx::query(sql).bind(1 + MOST).bind(late).execute(connection).await.map(|_| ())
            })
        });
        last.await.unwrap();
        let full = ledger.remember(&nonce(2, NOW, NOW)).await.unwrap_err();
        assert_eq!(full.kind(), PortErrorKind::RateLimited);
        assert_eq!(ask(&ledger, 3, NOW + 601, NOW + 601).await, Fresh::First, "the first one has passed");
    }

    #[tokio::test]
    async fn two_processes_share_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (open(&folder).await, open(&folder).await);
        for number in 0..50 {
            let (first, second) = tokio::join!(ask(&one, number, NOW, NOW), ask(&two, number, NOW, NOW));
            assert_ne!(first, second, "exactly one is admitted");
        }
    }

    #[tokio::test]
    async fn a_call_that_could_not_be_remembered_may_be_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (open(&folder).await, open(&folder).await);
        let mut other = connect(&folder).await;
        let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let call = nonce(1, NOW, NOW);
        // Given up while it waits for the lock; its row is written all the same when the lock goes.
        let late = tokio::time::timeout(std::time::Duration::from_millis(50), one.remember(&call)).await;
        assert!(late.is_err());
        held.rollback().await.unwrap();
        assert_eq!(ask(&one, 1, NOW, NOW).await, Fresh::First, "the same process");
        assert_eq!(ask(&two, 1, NOW, NOW).await, Fresh::Seen);

        let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let call = nonce(2, NOW, NOW);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), one.remember(&call)).await.is_err());
        held.rollback().await.unwrap();
        // Whoever knows that the first try is over: its writes, and what takes them out, are behind this one.
        ask(&one, 3, NOW, NOW).await;
        assert_eq!(ask(&two, 2, NOW, NOW).await, Fresh::First, "another process");
        assert_eq!(ask(&one, 2, NOW, NOW).await, Fresh::Seen);
    }

    #[test]
    fn doubts_are_bounded() {
        let doubts = Doubts::default();
        let row = Row { digest: [0; 16], owner: [0; SALT_BYTES] };
        doubts.add(std::iter::repeat_n(row, MOST_DOUBTS * 2));
        let mut taken = 0;
        while let 1.. = doubts.take().len() {
            taken += 1;
        }
        assert_eq!(taken, MOST_DOUBTS / DOUBTS_AT_ONCE);
    }

    async fn connect(folder: &tempfile::TempDir) -> SqliteConnection {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("ledger.db"));
        options.connect().await.unwrap()
    }
}
