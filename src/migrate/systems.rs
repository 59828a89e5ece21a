//! The legacy systems that a customer may come from.

use std::fmt;
use std::sync::Arc;

use super::rules::LiveRules;
use super::verifiers::Verifiers;
use super::write_back::KeptValues;
use crate::model::read::ReadLimits;
use crate::ports::{Identifier, Source};

/// What follows if a legacy system does not accept a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AfterMismatch {
    /// The login ends.
    #[default]
    Refuse,
    /// The next system is asked, as if this one did not know the customer.
    AskNext,
}

/// A legacy system: its records, its passwords, and the rules that map the records.
#[derive(Clone)]
pub struct LegacySystem {
    /// Where its records come from. Its name is part of every customer's key, so no two systems share one.
    pub source: Arc<dyn Source>,
    /// Verify its passwords.
    pub verifiers: Verifiers,
    /// Map its records.
    pub rules: Arc<LiveRules>,
    /// The domains of the mail addresses that it is asked for, in lower case; empty if it is asked for every identifier.
    pub domains: Vec<String>,
    /// The tenants that it is asked for; empty if it is asked for all, and for logins without a tenant.
    pub tenants: Vec<String>,
    /// What follows if it does not accept a password.
    pub after_mismatch: AfterMismatch,
    /// Whether it is known to resolve every login to one customer, so that no lookups are needed.
    pub unique_logins: bool,
    /// The maximum size of a record that the rules read, in bytes: what the source returns at most.
    pub record_limit: usize,
    /// What is kept of its customers until it was told of them; `None` if it is not told.
    pub write_back: Option<KeptValues>,
}

impl LegacySystem {
    /// A system that is asked for every identifier.
    #[must_use]
    pub fn new(source: Arc<dyn Source>, verifiers: Verifiers, rules: Arc<LiveRules>) -> Self {
        Self {
            source,
            verifiers,
            rules,
            domains: Vec::new(),
            tenants: Vec::new(),
            after_mismatch: AfterMismatch::Refuse,
            unique_logins: false,
            record_limit: ReadLimits::default().bytes,
            write_back: None,
        }
    }

    /// Whether it is asked for customers of a tenant.
    pub(super) fn serves_tenant(&self, tenant: Option<&str>) -> bool {
        self.tenants.is_empty() || tenant.is_some_and(|tenant| self.tenants.iter().any(|served| served == tenant))
    }

    /// Whether it is asked for an identifier.
    fn serves(&self, identifier: &Identifier) -> bool {
        let domain = identifier.canonical().rsplit_once('@').map(|(_, domain)| domain);
        self.domains.is_empty() || domain.is_some_and(|domain| self.domains.iter().any(|served| served == domain))
    }
}

impl fmt::Debug for LegacySystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacySystem").field("source", &self.source.name()).finish_non_exhaustive()
    }
}

/// The systems in the order in which they are asked; there is at least one.
pub(super) struct Systems {
    pub first: LegacySystem,
    pub more: Vec<LegacySystem>,
}

impl Systems {
    /// All systems.
    pub(super) fn all(&self) -> impl Iterator<Item = &LegacySystem> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The systems that may know an identifier, of all tenants: accounts share their logins.
    pub(super) fn of(&self, identifier: &Identifier) -> Vec<&LegacySystem> {
        self.all().filter(|system| system.serves(identifier)).collect()
    }

    /// Whether there is only one.
    pub(super) fn is_single(&self) -> bool {
        self.more.is_empty()
    }
}
