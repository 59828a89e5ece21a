//! The memory of signed calls: its bounds, and rows of which nobody knows whether they were written.

use std::sync::{Arc, Mutex, PoisonError};

use crate::ports::{BoxFuture, Fresh, Nonce, PortError, PortErrorKind};
use crate::random;

/// The maximum number of remembered calls, about 100 bytes each on disk. Stops a caller from filling the disk; a call
/// is remembered for at most 15 minutes, so a sustained 2,200 calls per second are accepted.
pub(in crate::adapters) const MAX_CALLS: u32 = 2_000_000;

/// How many old calls each new one removes. More than one, so that an earlier burst is cleared.
pub(in crate::adapters) const NONCE_SWEEP: u32 = 8;

/// The answer for a call, `None` if there was no room to remember it.
pub(in crate::adapters) fn remembered(remembered: Option<Fresh>) -> Result<Fresh, PortError> {
    remembered.ok_or_else(|| {
        PortError::new(PortErrorKind::RateLimited, "ledger", "remember")
            .because("the limit of remembered signed calls is reached")
    })
}

/// The maximum number of uncertain rows. Stops a long outage from filling the memory; calls beyond it may stay
/// remembered and must be signed again.
const MAX_UNCERTAIN: usize = 4096;

/// How many uncertain rows one write deletes.
const UNCERTAIN_PER_WRITE: usize = 64;

/// A row and the one try that wrote it.
#[derive(Debug, Clone, Copy)]
pub(in crate::adapters) struct Row {
    pub digest: [u8; 16],
    pub owner: [u8; 16],
}

impl Row {
    pub fn new(nonce: &Nonce) -> Result<Self, PortError> {
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
    pub fn add(&self, rows: impl IntoIterator<Item = Row>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_UNCERTAIN.saturating_sub(held.len());
        held.extend(rows.into_iter().take(room));
    }

    pub fn take(&self) -> Vec<Row> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.len().saturating_sub(UNCERTAIN_PER_WRITE);
        held.split_off(left)
    }
}

/// What deletes rows of signed calls.
pub(in crate::adapters) trait DeletesRows: Clone + Send + Sync + 'static {
    /// Deletes these rows, also those that are still being written.
    fn delete<'a>(&'a self, rows: &'a [Row]) -> BoxFuture<'a, Result<(), PortError>>;
}

/// A write whose rows are uncertain unless it succeeds: its own row, and those that it deletes.
pub(in crate::adapters) struct Try<D: DeletesRows> {
    pub database: D,
    pub uncertain: UncertainRows,
    pub rows: Vec<Row>,
}

impl<D: DeletesRows> Try<D> {
    pub fn succeeded(mut self) {
        self.rows.clear();
    }
}

/// Also runs if the future is dropped, by a timeout or a disconnected caller.
impl<D: DeletesRows> Drop for Try<D> {
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

/// Deletes uncertain rows.
async fn delete_uncertain(database: impl DeletesRows, uncertain: UncertainRows) {
    let rows = uncertain.take();
    if database.delete(&rows).await.is_err() {
        uncertain.add(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
