//! Log settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is logged to standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: LogLevel,
    /// `json` or `text`; `auto` is text on a terminal and JSON elsewhere. No line contains a password, a secret or a
    /// value of a customer.
    pub format: LogFormat,
}

/// The minimum level of what is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Failures.
    Error,
    /// Also possible problems.
    Warn,
    /// Also normal operation.
    #[default]
    Info,
    /// Also every step.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The name in settings and filters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// Text for people.
    Text,
}
