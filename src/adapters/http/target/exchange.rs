//! One request to the product: its turn within the rates, the request, and what the answer says about rates.

use bumpalo::Bump;
use tokio::time::Instant;

use super::HttpTarget;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::client::Resend;
use crate::adapters::http::error::Failure;
use crate::adapters::http::request::Built;
use crate::model::Value;
use crate::ports::{Call, PortErrorKind};

impl HttpTarget {
    /// Sends a request that may be sent again with a new token.
    pub(super) async fn send(&self, built: &Built, call: Call<'_>) -> Result<Answer, Failure> {
        self.send_as(built, Resend::Allowed, call).await
    }

    pub(super) async fn send_as(&self, built: &Built, resend: Resend, call: Call<'_>) -> Result<Answer, Failure> {
        self.throttle.turn(call.deadline).await?;
        let answer = self.client.send(built, resend, call.request_id).await?;
        self.noted(answer).await
    }

    /// Sends a request that changes something, if the claim of its customer still holds.
    pub(super) async fn write(&self, built: &Built, call: Call<'_>, until: Instant) -> Result<Answer, Failure> {
        // waiting for a turn takes time, too
        self.throttle.turn(call.deadline.min(until)).await?;
        if Instant::now() >= until {
            return Err(Failure::new(PortErrorKind::Unavailable, "the claim on the customer has expired"));
        }
        let answer = self.client.send(built, Resend::Allowed, call.request_id).await?;
        self.noted(answer).await
    }

    /// Heeds what an answer says about rates.
    async fn noted(&self, answer: Answer) -> Result<Answer, Failure> {
        self.throttle.note(&answer).await;
        let arena = Bump::new();
        let body = answer.json(&arena).unwrap_or(Value::Missing);
        let is_limited = self.plan.rate_limited_when.iter().any(|condition| condition.holds(&answer, body, ""));
        drop(arena);
        if answer.status == 429 || is_limited {
            let detail = format!("the server limits the rate of requests (status {})", answer.status);
            return Err(Failure::new(PortErrorKind::RateLimited, detail));
        }
        Ok(answer)
    }
}
