//! Login settings.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::migrate::{Allowance, AttemptSettings, MigratorSettings};
use crate::settings::units;

/// Login settings. The defaults are those of [`MigratorSettings`].
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginSettings {
    /// The total time of a login.
    #[serde(with = "units::Time")]
    pub deadline: Duration,
    /// Refusals are never answered sooner than this.
    #[serde(with = "units::Time")]
    pub floor: Duration,
    /// Refusals that take longer than the floor are answered at the next multiple of this time.
    #[serde(with = "units::Time")]
    pub quantum: Duration,
    /// Concurrent password checks of one customer.
    pub turns: u32,
    /// How long a claim is held if it is not released.
    #[serde(with = "units::Time")]
    pub lease: Duration,
    /// The maximum number of delayed refusals.
    pub waiting: u32,
    /// The maximum number of logins of one record that are looked up at the source before its account is created.
    pub lookups: u32,
    /// The limits of attempts.
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

/// Limits of attempts.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attempts {
    /// Failed sign-ins of one customer.
    #[serde(deserialize_with = "of_customer")]
    pub customer: Window,
    /// Failed sign-ins of one customer after a passed challenge.
    #[serde(deserialize_with = "of_challenge")]
    pub challenge: Window,
    /// Failed sign-ins from one network: IPv4 /24, IPv6 /48.
    pub network: NetworkWindow,
    /// Password resets of one customer.
    #[serde(deserialize_with = "of_reset")]
    pub reset: Window,
    /// Password resets from one network.
    #[serde(deserialize_with = "of_reset_network")]
    pub reset_network: Window,
    /// Sign-up checks from one network.
    #[serde(deserialize_with = "of_signup_network")]
    pub signup_network: Window,
}

/// A limit within a time window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// How many are allowed.
    pub limit: u32,
    /// How long each of them counts.
    #[serde(with = "units::Time")]
    pub window: Duration,
}

/// The limits of one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkWindow {
    /// How many failed sign-ins are allowed.
    pub limit: u32,
    /// How long each of them counts.
    #[serde(with = "units::Time")]
    pub window: Duration,
    /// Concurrent requests of one network.
    pub in_flight: u32,
}

impl From<Allowance> for Window {
    fn from(Allowance { limit, window }: Allowance) -> Self {
        Self { limit, window }
    }
}

impl From<Window> for Allowance {
    fn from(Window { limit, window }: Window) -> Self {
        Self { limit, window }
    }
}

impl Default for NetworkWindow {
    fn default() -> Self {
        let AttemptSettings { network: Allowance { limit, window }, network_in_flight, .. } =
            AttemptSettings::default();
        Self { limit, window, in_flight: u32::try_from(network_in_flight).unwrap_or(u32::MAX) }
    }
}

impl Default for Attempts {
    fn default() -> Self {
        let AttemptSettings { customer, challenge, reset, reset_network, signup_network, .. } =
            AttemptSettings::default();
        Self {
            customer: customer.into(),
            challenge: challenge.into(),
            network: NetworkWindow::default(),
            reset: reset.into(),
            reset_network: reset_network.into(),
            signup_network: signup_network.into(),
        }
    }
}

impl From<&Attempts> for AttemptSettings {
    fn from(attempts: &Attempts) -> Self {
        let NetworkWindow { limit, window, in_flight } = attempts.network;
        Self {
            customer: attempts.customer.into(),
            challenge: attempts.challenge.into(),
            network: Allowance { limit, window },
            network_in_flight: usize::try_from(in_flight).unwrap_or(usize::MAX),
            reset: attempts.reset.into(),
            reset_network: attempts.reset_network.into(),
            signup_network: attempts.signup_network.into(),
        }
    }
}

/// A window as written; its defaults depend on what it counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWindow {
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default, deserialize_with = "some_duration")]
    window: Option<Duration>,
}

fn some_duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    units::Time::deserialize(deserializer).map(Some)
}

fn of_customer<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
    window(deserializer, Attempts::default().customer)
}

fn of_challenge<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
    window(deserializer, Attempts::default().challenge)
}

fn of_reset<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
    window(deserializer, Attempts::default().reset)
}

fn of_reset_network<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
    window(deserializer, Attempts::default().reset_network)
}

fn of_signup_network<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
    window(deserializer, Attempts::default().signup_network)
}

fn window<'de, D: serde::Deserializer<'de>>(deserializer: D, default: Window) -> Result<Window, D::Error> {
    let WrittenWindow { limit, window } = WrittenWindow::deserialize(deserializer)?;
    Ok(Window { limit: limit.unwrap_or(default.limit), window: window.unwrap_or(default.window) })
}
