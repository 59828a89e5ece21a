//! The active rules: compiled, and replaced as a whole.

use std::sync::{Arc, PoisonError, RwLock};

use thiserror::Error;

use crate::engine::plan::Plan;
use crate::engine::run::Settings;

/// A plan with its parameters and the hash of its text.
#[derive(Debug)]
pub struct RuleSet {
    plan: Plan,
    settings: Settings,
    hash: String,
}

/// Rules that cannot be used for logins.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleSetError {
    /// The rules do not identify records.
    #[error("the rules have no `identify`, which is needed to recognise migrated customers")]
    NoIdentify,
    /// The rules do not say what to verify a password against.
    #[error("the rules have no `credential`, which is needed to verify passwords")]
    NoCredential,
    /// A parameter has no value.
    #[error("the parameter `{0}` is not set")]
    Param(String),
}

impl RuleSet {
    /// Creates rules for logins. `hash` identifies their text, including all files.
    ///
    /// # Errors
    /// [`RuleSetError`].
    pub fn new(plan: Plan, settings: Settings, hash: impl Into<String>) -> Result<Self, RuleSetError> {
        if !plan.identifies() {
            return Err(RuleSetError::NoIdentify);
        }
        // A half-written rule file may still be valid YAML; without this check it would refuse everybody.
        if !plan.has_credential() {
            return Err(RuleSetError::NoCredential);
        }
        if let Some(missing) = plan.missing_params(&settings).first() {
            return Err(RuleSetError::Param((*missing).to_owned()));
        }
        Ok(Self { plan, settings, hash: hash.into() })
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The parameters and limits, without facts.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The hash of the text.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// The rules that logins use. A login keeps the rules it started with.
#[derive(Debug)]
pub struct LiveRules {
    rules: RwLock<Arc<RuleSet>>,
}

impl LiveRules {
    /// Starts with these rules.
    #[must_use]
    pub fn new(rules: RuleSet) -> Self {
        Self { rules: RwLock::new(Arc::new(rules)) }
    }

    /// The active rules.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSet> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the rules for logins that start from now on.
    pub fn replace(&self, rules: RuleSet) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}
