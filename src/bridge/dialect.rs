//! What a dialect is.

use std::path::Path;
use std::sync::Arc;

use super::question::{BridgeOutcome, Question};
use super::reply::Reply;
use super::request::BridgeRequest;
use super::settings::BridgeSettings;
use crate::migrate::Writer;
use crate::ports::{BoxFuture, Clock, Keyring, Nonces};

/// Who writes the account of a customer who is new, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// The product, from the profile in the reply. Handing it over is the creation.
    ReturnProfile,
    /// The account exists at the product, without a password: `landfall bulk` or an import of the product created it. The
    /// product stores the password when we verify it.
    VerifyOnly,
    /// Landfall, through its target, before it replies.
    Write,
}

impl Topology {
    /// Who writes the account.
    #[must_use]
    pub fn writer(self) -> Writer {
        match self {
            Self::ReturnProfile | Self::VerifyOnly => Writer::Caller,
            Self::Write => Writer::Target,
        }
    }
}

/// How one product asks, and what it takes as an answer. The functions are pure: what they need of the world is in
/// [`OpenContext`], and used by [`admit`](Self::admit) alone.
pub trait Dialect: Send + Sync {
    /// What a request asks.
    ///
    /// # Errors
    /// The reply to a request that asks nothing: because it is malformed, or because nothing has to be found out.
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply>;

    /// The reply to a question. All refusals of one question have the same bytes.
    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply;

    /// Whether the product takes the profile from one reply and the verdict on the password from another, so that both have to
    /// be about the same customer.
    fn asks_twice(&self) -> bool {
        false
    }

    /// Checks who calls, for dialects with an authentication of their own: signatures, tokens, replays. Called before
    /// [`question`](Self::question).
    ///
    /// # Errors
    /// The reply to a caller who is not admitted.
    fn admit<'a>(&'a self, _request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async { Ok(()) })
    }
}

/// What a dialect is given when it is opened.
pub struct OpenContext<'c> {
    /// The settings of the bridge; secrets have been read.
    pub settings: &'c BridgeSettings,
    /// The folder that paths in settings are relative to.
    pub folder: &'c Path,
    /// Remembers signed calls and tokens that count once, for all instances.
    pub nonces: Arc<dyn Nonces>,
    /// Derives keys for what a reply carries and a later request brings back.
    pub keyring: Arc<Keyring>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}
