//! The points in a login at which the operator's scripts run.

use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{DecisionOutcome, DecisionReason};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookPoint {
    /// Before the legacy system is queried.
    BeforeFetch,
    /// The record has been fetched; nothing is verified yet.
    AfterFetch,
    /// The account is mapped and valid; nothing is written yet.
    BeforeCreate,
    /// The account is stored.
    AfterCreate,
    /// The customer is refused.
    OnRefusal,
}

impl HookPoint {
    /// All points.
    pub const ALL: [Self; 5] =
        [Self::BeforeFetch, Self::AfterFetch, Self::BeforeCreate, Self::AfterCreate, Self::OnRefusal];

    /// The name used in settings, logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeFetch => "before_fetch",
            Self::AfterFetch => "after_fetch",
            Self::BeforeCreate => "before_create",
            Self::AfterCreate => "after_create",
            Self::OnRefusal => "on_refusal",
        }
    }
}

/// The input of a hook. Never contains a password.
#[derive(Clone, Copy, Default)]
pub struct HookInput<'a> {
    /// The canonical identifier.
    pub identifier: &'a str,
    /// The legacy record, from `after_fetch` on.
    pub record: Option<&'a str>,
    /// The account as JSON text, from `before_create` on.
    pub account: Option<&'a str>,
    /// The outcome, for `on_refusal`.
    pub outcome: Option<DecisionOutcome>,
    /// Its reason, for `on_refusal`.
    pub reason: Option<&'a DecisionReason>,
}

/// The answer of a hook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HookAnswer {
    /// Denies the login with this reason key. Only before the account is created.
    pub deny: Option<String>,
    /// Facts for the rules: `$facts.added.<name>`.
    pub facts: Map<String, Value>,
    /// Tags for the ledger and events.
    pub tags: Vec<String>,
}

/// A hook that failed. Before a write the login is refused; after it the login continues.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the hook `{}` failed: {message}", point.name())]
pub struct HookError {
    /// The point.
    pub point: HookPoint,
    /// One sentence, without customer data.
    pub message: String,
}

/// The hooks of a service.
pub trait Hooks: Send + Sync {
    /// Whether a hook is defined at this point; if not, its input need not be built.
    fn has(&self, point: HookPoint) -> bool;

    /// Runs the hook within the limits of scripts.
    ///
    /// # Errors
    /// [`HookError`].
    fn run(&self, point: HookPoint, input: HookInput<'_>) -> Result<HookAnswer, HookError>;
}

/// No hooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {
    fn has(&self, _: HookPoint) -> bool {
        false
    }

    fn run(&self, _: HookPoint, _: HookInput<'_>) -> Result<HookAnswer, HookError> {
        Ok(HookAnswer::default())
    }
}

/// Hooks with shared ownership.
pub(crate) type SharedHooks = Arc<dyn Hooks>;
