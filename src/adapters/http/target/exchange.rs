//! One request to the product: its turn within the rates, the request, and what the answer says about rates.

use tokio::time::Instant;

use super::HttpTarget;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::client::Resend;
use crate::adapters::http::error::Failure;
use crate::adapters::http::request::Built;
use crate::ports::{Call, PortErrorKind};

impl HttpTarget {
    /// Sends a request that may be sent again with a new token.
    pub(super) async fn send(&self, built: &Built, call: Call<'_>) -> Result<Answer, Failure> {
        self.send_as(built, Resend::Allowed, call).await
    }

    pub(super) async fn send_as(&self, built: &Built, resend: Resend, call: Call<'_>) -> Result<Answer, Failure> {
        self.throttle.turn(call.deadline).await?;
        let answer = self.client.send(built, resend, call.request_id).await?;
        self.throttle.note(&answer).await;
        Ok(answer)
    }

    /// Sends a request that changes something, if the claim of its customer still holds.
    pub(super) async fn write(&self, built: &Built, call: Call<'_>, until: Instant) -> Result<Answer, Failure> {
        // waiting for a turn takes time, too
        self.throttle.turn(call.deadline.min(until)).await?;
        if Instant::now() >= until {
            return Err(Failure::new(PortErrorKind::Unavailable, "the claim on the customer has expired"));
        }
        let answer = self.client.send(built, Resend::Allowed, call.request_id).await?;
        self.throttle.note(&answer).await;
        Ok(answer)
    }
}
