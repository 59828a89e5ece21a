//! Waiting for the answers of a server. One whose host has vanished closes no connection and never answers, and the driver
//! panics at messages that are shorter than their protocol says.

use std::io::ErrorKind;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::Error;
use tokio::time::{Instant, timeout_at};

/// How long after the deadline an answer is still waited for. A server that is there ends a statement at the deadline
/// itself, and says why. A login may be answered a tenth of a second after its deadline.
const GRACE: Duration = Duration::from_millis(75);

/// The outcome of statements. A connection that gave no answer, or one that cannot be read, is broken.
///
/// # Errors
/// The error of the statements, or the missing answer.
pub(in crate::adapters::postgres) async fn answer<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match timeout_at(deadline + GRACE, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Error::Protocol("the driver cannot read the answer".to_owned())),
        Err(_) => Err(Error::Io(ErrorKind::TimedOut.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::{is_broken, is_undone};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_missing_or_unreadable_answer_breaks_the_connection() {
        let silent = std::future::pending::<Result<(), Error>>();
        let garbled = async { if true { panic!("a short message") } else { Ok(()) } };
        let deadline = Instant::now() + Duration::from_secs(5);
        for failed in [answer(deadline, silent).await, answer(deadline, garbled).await] {
            let error = failed.unwrap_err();
            assert!(is_broken(&error) && !is_undone(&error), "{error}");
        }
        assert!(answer(deadline, async { Ok(1) }).await.is_ok_and(|one| one == 1));
    }
}
