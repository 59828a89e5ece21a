//! The rules in force: compiled, and swapped as a whole.

use std::sync::{Arc, PoisonError, RwLock};

use thiserror::Error;

use crate::engine::plan::Plan;
use crate::engine::run::Settings;

/// A plan with its parameters and the name of its text.
#[derive(Debug)]
pub struct RuleSet {
    plan: Plan,
    settings: Settings,
    hash: String,
}

/// Rules that no login can use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleSetError {
    /// The rules do not say who a record is.
    #[error("the rules have no `identify`, so that a migrated customer could not be told from a new one")]
    NoIdentify,
    /// The rules do not say what a password is verified against.
    #[error("the rules have no `credential`, so that no password could be verified")]
    NoCredential,
    /// A parameter has no value.
    #[error("the parameter `{0}` is not set")]
    Param(String),
}

impl RuleSet {
    /// Rules for logins. `hash` names their text, all files included.
    ///
    /// # Errors
    /// [`RuleSetError`].
    pub fn new(plan: Plan, settings: Settings, hash: impl Into<String>) -> Result<Self, RuleSetError> {
        if !plan.identifies() {
            return Err(RuleSetError::NoIdentify);
        }
        // A rule file that is half written may be whole YAML: without this it would refuse everybody.
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

    /// Its parameters and limits, without facts.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The name of their text.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// The rules that logins use now. A login keeps those it began with.
#[derive(Debug)]
pub struct LiveRules {
    rules: RwLock<Arc<RuleSet>>,
}

impl LiveRules {
    /// Begins with these rules.
    #[must_use]
    pub fn new(rules: RuleSet) -> Self {
        Self { rules: RwLock::new(Arc::new(rules)) }
    }

    /// The rules in force.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSet> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other rules in force, for logins that begin from now on.
    pub fn replace(&self, rules: RuleSet) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}
