//! The circumstances of a call to a port: who needs the answer, and until when.

use std::time::Duration;

use tokio::time::Instant;

/// How long a call outside of a login may take if no guard limits it further. Stops a command from hanging forever;
/// allows for a page of accounts from a slow system.
const OUTSIDE_LOGIN: Duration = Duration::from_secs(5 * 60);

/// The circumstances of a call to a source, a verifier or a target.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// When the answer is no longer needed. Guards enforce it. An adapter passes it on to a driver that can stop early.
    pub deadline: Instant,
    /// The id of the request, for the logs of the other system.
    pub request_id: &'a str,
}

impl<'a> Call<'a> {
    /// A call that no login waits for: an operator's, recovery's, or a write that must happen even after the deadline
    /// of its login.
    #[must_use]
    pub fn outside_login(request_id: &'a str) -> Self {
        Self { deadline: Instant::now() + OUTSIDE_LOGIN, request_id }
    }

    /// The same call with at most this much time left.
    #[must_use]
    pub fn within(self, limit: Option<Duration>) -> Self {
        let latest = limit.map(|limit| Instant::now() + limit);
        Self { deadline: latest.map_or(self.deadline, |latest| latest.min(self.deadline)), ..self }
    }
}
