//! The signed calls that were accepted, so that no process accepts one twice.
//!
//! * **Bound.** At most [`MAX_CALLS`] calls are remembered. Beyond that, calls are not accepted (503), because forgetting
//!   would allow a replay.
//! * **Clocks.** The time of the latest forgotten call is kept, and a call signed no later than that counts as seen. So
//!   no jump of the wall clock, however far, allows a replay.
//! * **Failures.** Each row is owned by the one try that wrote it. A try that failed or was given up may have written
//!   its row anyway. Such uncertain rows are deleted before anything is looked up, so that a call that was not accepted
//!   may be sent again.

use sqlx::SqliteConnection;

use super::SqliteLedger;
use crate::adapters::ledgers::{DeletesRows, MAX_CALLS, NONCE_SWEEP, Row, Try, micros, remembered};
use crate::adapters::sqlite::Database;
use crate::ports::{BoxFuture, Fresh, Nonce, Nonces, PortError};

/// The schema step for nonces. `number` counts insertions, so that the bound is checked by a subtraction instead of a
/// row count; `meta` holds the time of the latest forgotten call.
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

/// The write is queued behind the uncertain writes.
impl DeletesRows for Database {
    fn delete<'a>(&'a self, rows: &'a [Row]) -> BoxFuture<'a, Result<(), PortError>> {
        let rows = rows.to_vec();
        let deleted = self
            .writer()
            .write("forget_nonces", move |connection| Box::pin(async move { delete_rows(connection, &rows).await }));
        Box::pin(deleted)
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
    if span.is_some_and(|span| span >= i64::from(MAX_CALLS)) {
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
    let signed: Vec<i64> =
        sqlx::query_scalar(sql).bind(before).bind(i64::from(NONCE_SWEEP)).fetch_all(&mut *connection).await?;
    let latest = signed.into_iter().fold(forgotten, i64::max);
    sqlx::query("UPDATE meta SET number = ? WHERE name = 'nonces'").bind(latest).execute(connection).await?;
    Ok(())
}

impl Nonces for SqliteLedger {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
        Box::pin(async move {
            let (nonce, row, uncertain_rows) = (*nonce, Row::new(nonce)?, self.uncertain.take());
            let (database, uncertain) = (self.database.clone(), self.uncertain.clone());
            let rows = uncertain_rows.iter().copied().chain([row]).collect();
            let this = Try { database, uncertain, rows };
            let answer = self.database.writer().write("remember", move |connection| {
                Box::pin(async move {
                    delete_rows(connection, &uncertain_rows).await?;
                    remember(connection, nonce, row).await
                })
            });
            let answer = answer.await?;
            this.succeeded();
            remembered(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use jiff::Timestamp;
    use sqlx::Connection as _;

    use super::*;
    use crate::adapters::suites::ledger::open;
    use crate::adapters::suites::nonces::{NOW, nonce, remember};
    use crate::ports::PortErrorKind;

    async fn rows(ledger: &SqliteLedger) -> i64 {
        let mut connection = ledger.database.reader().acquire("count").await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM nonces").fetch_one(&mut *connection).await.unwrap()
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
                sqlx::query(sql).bind(1 + i64::from(MAX_CALLS)).bind(late).execute(connection).await.map(|_| ())
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

    async fn connect(folder: &tempfile::TempDir) -> SqliteConnection {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("ledger.db"));
        options.connect().await.unwrap()
    }
}
