//! The settings of what legacy systems are told of migrated customers.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{kinded, plain_path};
use crate::adapters::registry::{UsedValue, WriteBackKind};
use crate::events::WriteBackPolicy;
use crate::migrate::KeptValues;
use crate::ports::MigratedCustomer;
use crate::settings::units;

/// How the legacy system is told of its migrated customers.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteBackSettings {
    /// What marks, disables or deletes a migrated customer in the legacy system.
    #[serde(serialize_with = "kinded")]
    pub to: WriteBackKind,
    /// How long after the migration. A migration that is undone before, or an account that is deleted before, is not written
    /// back; so this is how long `landfall undo` brings a customer back completely. Between `0s` and `365d`.
    #[serde(default, with = "units::Time")]
    pub after: Duration,
    /// Whether nothing is written: each write is prepared and counted, and waits until `landfall write-back retry`.
    #[serde(default)]
    pub dry_run: bool,
    /// Fields of the record that `to` uses, by name, such as `email: $.email`. Their values are stored in the ledger until the
    /// legacy system was told. Without any, nothing but the legacy id is stored. Passwords and their hashes cannot be kept.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// How often it is tried while the legacy system is down, with waits of 5 s up to an hour. 100 attempts are about three
    /// days. After that it is kept as failed. What the legacy system refuses is kept as failed at once.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// How long one attempt may take.
    #[serde(default = "timeout", with = "units::Time")]
    pub timeout: Duration,
}

fn attempts() -> u32 {
    100
}

fn timeout() -> Duration {
    Duration::from_secs(10)
}

impl WriteBackSettings {
    /// When and how often the legacy system is told.
    pub(crate) fn policy(&self) -> WriteBackPolicy {
        let Self { after, dry_run, attempts, timeout, .. } = *self;
        WriteBackPolicy { after, dry_run, attempts, timeout }
    }

    /// What is kept of a customer until then.
    pub(crate) fn kept(&self) -> KeptValues {
        let used = self.to.adapter().used_values();
        let identifier = used.iter().any(|UsedValue { name, .. }| name == MigratedCustomer::IDENTIFIER);
        let path = |(name, path): (&String, &String)| Some((name.clone(), plain_path(path)?));
        KeptValues { identifier, fields: self.fields.iter().filter_map(path).collect() }
    }
}
