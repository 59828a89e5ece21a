//! What a dialect is.

use std::path::Path;
use std::sync::Arc;

use axum::http::Method;

use super::question::{BridgeOutcome, Question};
use super::reply::Reply;
use super::request::BridgeRequest;
use super::settings::BridgeSettings;
use crate::adapters::registry::ProductApi;
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

/// How one product asks, and what it takes as an answer. [`question`](Self::question) and [`reply`](Self::reply) are pure:
/// what a dialect needs of the world is in [`OpenContext`], and used by the other functions alone.
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

    /// Whether a request is answered without a caller, such as one of the customer's browser. It must ask nothing, and its reply
    /// must be worth nothing to strangers.
    fn is_open(&self, _method: &Method, _path: &str) -> bool {
        false
    }

    /// What a request asks, for dialects that have to look something up for it: what the product did not say, or whether a
    /// request was made before.
    ///
    /// # Errors
    /// As [`question`](Self::question).
    fn ask<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<Question, Reply>> {
        Box::pin(async { self.question(request) })
    }

    /// Looks up what the reply has to say beside the outcome, for dialects that have to, and adds it to
    /// [`Question::echo`].
    fn supplement<'a>(&'a self, _question: &'a mut Question, _outcome: &'a BridgeOutcome) -> BoxFuture<'a, ()> {
        Box::pin(async {})
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
    /// The API of the product that stores the accounts; `None` if Landfall's target is none.
    pub product: Option<Arc<dyn ProductApi>>,
}
