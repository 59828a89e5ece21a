//! How a login behaves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::units;
use crate::migrate::MigratorSettings;

/// How a login behaves. The defaults are those of [`MigratorSettings`].
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginSettings {
    /// How long a login may take in all.
    #[serde(with = "units::duration")]
    pub deadline: Duration,
    /// Refusals are answered no sooner than this.
    #[serde(with = "units::duration")]
    pub floor: Duration,
    /// Refusals that took longer than the floor are answered at the next multiple of this.
    #[serde(with = "units::duration")]
    pub quantum: Duration,
    /// Logins of one customer that are verified at the same time.
    pub turns: u32,
    /// How long a claim holds when nobody ends it.
    #[serde(with = "units::duration")]
    pub lease: Duration,
    /// Refusals that wait for their time.
    pub waiting: u32,
    /// Logins of one record that are looked up at the source before its account is made.
    pub lookups: u32,
    /// Failed attempts.
    pub attempts: Attempts,
}

impl Default for LoginSettings {
    fn default() -> Self {
        let MigratorSettings { deadline, floor, quantum, lease, turns, waiting, lookups, .. } =
            MigratorSettings::default();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (turns, waiting, lookups) = (number(turns), number(waiting), number(lookups));
        Self { deadline, floor, quantum, turns, lease, waiting, lookups, attempts: Attempts::default() }
    }
}

/// How many failed attempts are admitted.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attempts {
    /// Of one customer.
    #[serde(deserialize_with = "of_customer")]
    pub customer: Window,
    /// From one network: IPv4 /24, IPv6 /48.
    #[serde(deserialize_with = "of_network")]
    pub network: Window,
}

/// Failed attempts within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// How many are admitted.
    pub limit: u32,
    /// How long they are remembered since the last one that counted.
    #[serde(with = "units::duration")]
    pub window: Duration,
}

impl Default for Attempts {
    fn default() -> Self {
        let login = MigratorSettings::default();
        Self {
            customer: Window { limit: login.subject_limit, window: login.subject_window },
            network: Window { limit: login.network_limit, window: login.network_window },
        }
    }
}

/// A window as it is written: what is left out depends on what it counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWindow {
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default, deserialize_with = "some_duration")]
    window: Option<Duration>,
}

fn some_duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    units::duration::deserialize(deserializer).map(Some)
}

fn of_customer<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
    window(deserializer, Attempts::default().customer)
}

fn of_network<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
    window(deserializer, Attempts::default().network)
}

fn window<'de, D: serde::Deserializer<'de>>(deserializer: D, default: Window) -> Result<Window, D::Error> {
    let WrittenWindow { limit, window } = WrittenWindow::deserialize(deserializer)?;
    Ok(Window { limit: limit.unwrap_or(default.limit), window: window.unwrap_or(default.window) })
}
