//! The settings of what looks at live records beside the logins.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Params;
use crate::sampling::Share;
use crate::settings::units;

/// Candidate rules that run beside the active ones on live logins. Their accounts go nowhere: only what differs is counted, by
/// claim and kind of change. `landfall status --shadow` shows it. See [Comparing rules](compare.md).
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowSettings {
    /// The candidate rule file. It is checked like `rules`, its tests must pass, and it is read again when it changes.
    pub rules: PathBuf,
    /// Values of parameters that the candidates declare, if they are others than those of the active rules.
    #[serde(default)]
    pub rule_params: Params,
    /// The share of the logins on which they run, such as `10%` or `0.5%`.
    #[serde(default = "whole", with = "units::Percent")]
    pub share: u16,
}

fn whole() -> u16 {
    Share::ALL
}

/// Tells when live records have another shape than those that were assessed: a field appears or disappears, has a value of
/// another kind, or a new value where there were few. Each is told once, as the event `drift` and in the metrics. See
/// [Comparing rules](compare.md).
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftSettings {
    /// The JSON document that `landfall assess` wrote about an export of this legacy system. Read at the start.
    pub assessment: PathBuf,
    /// How many records must show a change before it is told. At least 20, so that the name of a field is no value of a
    /// customer.
    #[serde(default = "records")]
    pub records: u32,
}

fn records() -> u32 {
    20
}
