//! The settings of further legacy systems.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DriftSettings, EnrichSettings, Params, ShadowSettings, WriteBackSettings, kinded};
use crate::adapters::registry::SourceSettings;
use crate::migrate::AfterMismatch;

/// One more legacy system, with rules of its own.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoreSource {
    /// Its rule file.
    pub rules: PathBuf,
    /// Values of the parameters that its rules declare.
    #[serde(default)]
    pub params: Params,
    /// Where its records come from. `name` is required, because it is part of every customer's key in the ledger, and no two
    /// sources share one.
    #[serde(serialize_with = "kinded")]
    pub source: SourceSettings,
    /// As `enrich` at the top.
    #[serde(default)]
    pub enrich: BTreeMap<String, EnrichSettings>,
    /// As `domains` at the top.
    #[serde(default)]
    pub domains: Vec<String>,
    /// The verifiers of its customers whose rules choose none. They are its own: `verify_with` at the top is for `source`.
    #[serde(default = "super::verify_with")]
    pub verify_with: Vec<String>,
    /// As `tenants` at the top.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// As `after_mismatch` at the top.
    #[serde(default)]
    pub after_mismatch: AfterMismatchSetting,
    /// As `write_back` at the top.
    #[serde(default)]
    pub write_back: Option<WriteBackSettings>,
    /// As `shadow` at the top.
    #[serde(default)]
    pub shadow: Option<ShadowSettings>,
    /// As `drift` at the top.
    #[serde(default)]
    pub drift: Option<DriftSettings>,
}

/// What follows if a legacy system does not accept a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterMismatchSetting {
    /// The login is refused.
    #[default]
    Refuse,
    /// The next system is asked.
    AskNext,
}

impl From<AfterMismatchSetting> for AfterMismatch {
    fn from(setting: AfterMismatchSetting) -> Self {
        match setting {
            AfterMismatchSetting::Refuse => Self::Refuse,
            AfterMismatchSetting::AskNext => Self::AskNext,
        }
    }
}
