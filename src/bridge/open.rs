//! A bridge that is ready to be asked.

use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::dialect::{Dialect, OpenContext, Topology};
use super::kinds::{Authentication, Kind};
use crate::adapters::product_rules::ProductRules;
use crate::migrate::{Handover, Profile, Profiles};

/// A bridge cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot open the bridge `{kind}`: {reason}")]
pub struct OpenBridgeError {
    /// Its dialect.
    pub kind: String,
    /// One sentence.
    pub reason: String,
}

/// A bridge that is ready to be asked.
pub struct Bridge {
    /// Its dialect.
    pub kind: &'static Kind,
    /// The path below which it is served.
    pub path: String,
    /// The names of those who may ask; empty if the dialect authenticates them itself, or if the service has no callers.
    pub callers: Vec<String>,
    /// The tenant of its customers.
    pub tenant: Option<String>,
    /// How customers are handed over.
    pub handover: Handover,
    dialect: Box<dyn Dialect>,
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bridge").field("kind", &self.kind.name).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Bridge {
    /// Opens a bridge.
    ///
    /// # Errors
    /// [`OpenBridgeError`].
    pub fn open(context: &OpenContext<'_>) -> Result<Self, OpenBridgeError> {
        let settings = context.settings;
        let failed = |reason: String| OpenBridgeError { kind: settings.kind.clone(), reason };
        let (kind, dialect) = open_dialect(context)?;
        let rules = settings.rules_file(kind, context.folder);
        let rules = rules.map(|rules| ProductRules::open(&rules, &settings.rule_params)).transpose().map_err(failed)?;
        let handover = Handover {
            writer: kind.topology.writer(),
            provider: settings.path().into_owned(),
            customer: None,
            knows_account: dialect.asks_twice() || kind.topology == Topology::VerifyOnly,
            profiles: rules.map(|rules| Arc::new(rules) as Arc<dyn Profiles>),
            repeat: settings.repeat.unwrap_or(kind.repeat),
            facts: Map::new(),
            deadline: settings.deadline.unwrap_or(kind.deadline),
        };
        let (path, callers) = (settings.path().into_owned(), settings.callers.clone());
        Ok(Self { kind, path, callers, tenant: settings.tenant.clone(), handover, dialect })
    }

    /// A bridge with a dialect of a test.
    #[cfg(test)]
    pub(crate) fn of_test(kind: &'static Kind, callers: &[&str], dialect: Box<dyn Dialect>) -> Self {
        let handover = Handover {
            writer: kind.topology.writer(),
            provider: String::new(),
            customer: None,
            knows_account: dialect.asks_twice() || kind.topology == Topology::VerifyOnly,
            profiles: None,
            facts: Map::new(),
            repeat: kind.repeat,
            deadline: kind.deadline,
        };
        let (path, callers) = (format!("/bridge/{}", kind.name), callers.iter().map(|&name| name.to_owned()).collect());
        Self { kind, path, callers, tenant: None, handover, dialect }
    }

    /// Its dialect.
    #[must_use]
    pub fn dialect(&self) -> &dyn Dialect {
        &*self.dialect
    }

    /// Whether the dialect itself authenticates who calls.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        self.kind.authentication == Authentication::Own
    }

    /// The path below the bridge, if a path is below it: empty, or beginning with `/`.
    #[must_use]
    pub fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.path.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The dialect of a bridge, opened.
///
/// # Errors
/// [`OpenBridgeError`].
pub fn open_dialect(context: &OpenContext<'_>) -> Result<(&'static Kind, Box<dyn Dialect>), OpenBridgeError> {
    let name = &context.settings.kind;
    let failed = |reason: String| OpenBridgeError { kind: name.clone(), reason };
    let kind = Kind::named(name).ok_or_else(|| failed("there is no such dialect".to_owned()))?;
    Ok((kind, (kind.open)(context).map_err(failed)?))
}

/// The members of a profile; empty if there is none.
#[must_use]
pub fn members(profile: Option<&Profile>) -> Map<String, Value> {
    profile.and_then(|profile| serde_json::from_str(&profile.0).ok()).unwrap_or_default()
}
