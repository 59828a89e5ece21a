//! When a transaction is repeated.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::{is_broken, is_race, is_rolled_back, is_undone, port_error, unknown_outcome};
use crate::adapters::sql::pool::NoConnection;
use crate::ports::PortError;
use crate::random;

/// How often a transaction is repeated whose connection broke before its commit. More would make logins pile up while the
/// database is away: an outage is answered, and the customer tries again.
const RECONNECTS: u32 = 2;

/// How often a transaction is repeated because another one wrote the same key first. The second try sees the other one's
/// row, so more than one happens only if rows come and go.
const RACES: u32 = 5;

/// The longest first wait before a repetition.
const FIRST_WAIT: Duration = Duration::from_millis(8);

/// The longest wait before a repetition.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Why a transaction failed.
#[derive(Debug)]
pub(in crate::adapters::postgres) enum Failure {
    /// There was no connection, so nothing was written.
    NoConnection(NoConnection),
    /// A statement failed, so nothing was written.
    Statement(sqlx::Error),
    /// The commit failed.
    Commit(sqlx::Error),
}

impl Failure {
    /// Whether it is unknown if the transaction was committed.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Commit(error) if !is_undone(error))
    }

    /// The error of the port.
    pub fn error(self, adapter: &str, operation: &'static str) -> PortError {
        if self.is_unknown() {
            return unknown_outcome(adapter, operation);
        }
        match self {
            Self::NoConnection(why) => {
                why.error(adapter, operation, |_, _, error| port_error(adapter, operation, &error))
            }
            Self::Statement(error) | Self::Commit(error) => port_error(adapter, operation, &error),
        }
    }
}

/// The tries of one transaction.
#[derive(Debug)]
pub(in crate::adapters::postgres) struct Tries {
    deadline: Instant,
    wait: Duration,
    reconnects: u32,
    races: u32,
    /// Whether a commit had an unknown outcome: from then on, whatever fails, the outcome is unknown.
    is_unknown: bool,
}

impl Tries {
    /// No try yet.
    pub fn until(deadline: Instant) -> Self {
        Self { deadline, wait: FIRST_WAIT, reconnects: 0, races: 0, is_unknown: false }
    }

    /// Waits until the next try.
    ///
    /// # Errors
    /// The failure, if there is no next try.
    pub async fn after(&mut self, adapter: &str, operation: &'static str, failure: Failure) -> Result<(), PortError> {
        self.is_unknown |= failure.is_unknown();
        let wait = jittered(self.wait);
        if !self.may_repeat(&failure) || Instant::now() + wait >= self.deadline {
            let error =
                if self.is_unknown { unknown_outcome(adapter, operation) } else { failure.error(adapter, operation) };
            return Err(error);
        }
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        sleep(wait).await;
        Ok(())
    }

    /// The outcome was looked up: nothing was written.
    pub fn found_out(&mut self) {
        self.is_unknown = false;
    }

    fn may_repeat(&mut self, failure: &Failure) -> bool {
        match failure {
            Failure::Statement(error) | Failure::Commit(error) if is_rolled_back(error) => true,
            Failure::Statement(error) | Failure::Commit(error) if is_race(error) => {
                self.races += 1;
                self.races <= RACES
            }
            // looking it up, for as long as somebody waits for the answer
            _ if self.is_unknown => true,
            Failure::Statement(error) if is_broken(error) => self.reconnect(),
            Failure::NoConnection(NoConnection::Failed(error)) if is_broken(error) => self.reconnect(),
            Failure::NoConnection(_) | Failure::Statement(_) | Failure::Commit(_) => false,
        }
    }

    fn reconnect(&mut self) -> bool {
        self.reconnects += 1;
        self.reconnects <= RECONNECTS
    }
}

/// Between nothing and this time, so that transactions that met do not meet again.
fn jittered(wait: Duration) -> Duration {
    let [part] = random::bytes().unwrap_or([u8::MAX]);
    wait.mul_f64(f64::from(part) / f64::from(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> sqlx::Error {
        sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    }

    async fn again(tries: &mut Tries, failure: Failure) -> Result<(), String> {
        tries.after("ledger", "claim", failure).await.map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_connection_is_replaced_twice() {
        let mut tries = Tries::until(Instant::now() + Duration::from_secs(60));
        for _ in 0..RECONNECTS {
            again(&mut tries, Failure::Statement(lost())).await.unwrap();
        }
        assert!(again(&mut tries, Failure::Statement(lost())).await.unwrap_err().contains("cannot reach"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_outcome_is_looked_up_until_the_deadline_and_stays_unknown() {
        let mut tries = Tries::until(Instant::now() + Duration::from_secs(1));
        again(&mut tries, Failure::Commit(lost())).await.unwrap();
        let mut repeated = 0;
        let last = loop {
            // nobody may take this for a write that did not happen
            match again(&mut tries, Failure::NoConnection(NoConnection::AllInUse)).await {
                Ok(()) => repeated += 1,
                Err(error) => break error,
            }
        };
        assert!(repeated > 5 && last.contains("during the commit"), "{repeated} {last}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_job_decided_is_final() {
        let mut tries = Tries::until(Instant::now() + Duration::from_secs(60));
        let late = Failure::Statement(crate::adapters::refusal::late("too late"));
        assert!(again(&mut tries, late).await.unwrap_err().contains("too late"));
    }
}
