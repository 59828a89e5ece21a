//! The named points of a login at which scripts of the operator run.

use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookPoint {
    /// Before the legacy system is asked.
    BeforeFetch,
    /// The record is there; nothing is verified yet.
    AfterFetch,
    /// The account is made and valid; nothing is written yet.
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

    /// The name in settings, logs and metrics.
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

/// What a hook sees. Never a password.
#[derive(Clone, Copy, Default)]
pub struct HookInput<'a> {
    /// The canonical identifier.
    pub identifier: &'a str,
    /// The legacy record, from `after_fetch` on.
    pub record: Option<&'a str>,
    /// The account as JSON text, from `before_create` on.
    pub account: Option<&'a str>,
    /// The outcome's name, at `on_refusal`.
    pub outcome: Option<&'a str>,
    /// The outcome's reason, at `on_refusal`.
    pub reason: Option<&'a str>,
}

/// What a hook wants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HookAnswer {
    /// Deny the login, with a reason key. Only before something was created.
    pub deny: Option<String>,
    /// Facts for the rules: `$facts.added.<name>`.
    pub facts: Map<String, Value>,
    /// Tags for the ledger and events.
    pub tags: Vec<String>,
}

/// A hook that did not work. The login fails closed before a write, and goes on after it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the hook `{point}` failed: {message}")]
pub struct HookError {
    /// The point's name.
    pub point: &'static str,
    /// One sentence without values.
    pub message: String,
}

/// The hooks of a service.
pub trait Hooks: Send + Sync {
    /// Whether there is a hook at this point, so that its input need not be made in vain.
    fn has(&self, point: HookPoint) -> bool;

    /// Runs it. Work is bounded by the limits of scripts.
    ///
    /// # Errors
    /// [`HookError`].
    fn run(&self, point: HookPoint, input: HookInput<'_>) -> Result<HookAnswer, HookError>;
}

/// No hooks at all.
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

/// Hooks that several owners share.
pub(super) type SharedHooks = Arc<dyn Hooks>;
