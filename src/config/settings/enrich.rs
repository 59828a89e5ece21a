//! The settings of parts of records that come from other sources.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kinded;
use crate::adapters::registry::SourceSettings;
use crate::schema::path_names;
use crate::settings::units;

/// A part of every record that comes from another source.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrichSettings {
    /// Where the part comes from: a source with its own `name`.
    #[serde(serialize_with = "kinded")]
    pub source: SourceSettings,
    /// The field of the record that leads to the part.
    pub by: String,
    /// Whether an outage of the source is an outage of the login.
    #[serde(default = "required")]
    pub required: bool,
    /// The longest time for the part.
    #[serde(default = "timeout", with = "units::Time")]
    pub timeout: Duration,
}

/// An account that was created without a part stays without it.
fn required() -> bool {
    true
}

/// The record was fetched before, and the password is still to be verified.
fn timeout() -> Duration {
    Duration::from_millis(500)
}

/// The members that lead to a field of a record; `None` if the text is not a plain path such as `$.customer.email`.
pub(crate) fn plain_path(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix("$.")?;
    let is_plain = !path.contains(['[', ']', '*', '?', '(']);
    path_names(path).filter(|_| is_plain).map(|names| names.into_iter().map(str::to_owned).collect())
}

impl EnrichSettings {
    /// The names on the way to the field; `None` if `by` is not a plain path such as `$.customer.id`.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        plain_path(&self.by)
    }
}
