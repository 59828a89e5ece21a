//! Login settings.

use std::time::Duration;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::migrate::{Allowance, AttemptSettings, MigratorSettings};
use crate::settings::units;

/// Login settings. The defaults are those of [`MigratorSettings`].
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoginSettings {
    /// How long a login may take in total. Prevents a slow legacy system from piling up logins; hooks of identity
    /// providers wait 2 to 5 seconds.
    #[serde(with = "units::Time")]
    pub deadline: Duration,
    /// Refusals are answered no sooner than this, so that the time does not reveal the reason. At the start it is
    /// raised, with a warning, to `password.longest_check` plus one hash of the account store and the time for a fetch
    /// (a tenth of the deadline, 30 to 150 ms), and never above `login.deadline`; the metric
    /// `landfall_refusal_release_seconds` shows the active value.
    #[serde(with = "units::Time")]
    pub floor: Duration,
    /// Refusals that took longer are answered at the next multiple.
    #[serde(with = "units::Time")]
    pub quantum: Duration,
    /// Logins of one customer that are verified at the same time. Prevents a burst of guesses from being verified
    /// before the first of them counts.
    pub turns: u32,
    /// How long a claim on a customer holds if the process dies. Longer than `deadline`, so that no second login
    /// creates an account beside the first.
    #[serde(with = "units::Time")]
    pub lease: Duration,
    /// Refusals that wait for their release time. Prevents a flood of guesses from filling the memory; above it, 503.
    pub waiting: u32,
    /// Logins of one record, besides the typed one, that are looked up at the source before the account is created. The
    /// account owns a login only if the source finds this customer and nobody else for it; others are left out (event
    /// `needs_action` with the reason `login_left_out`) and stay free for their owner. Each costs one more fetch at the
    /// first login of a customer and none later: an index look-up and one record for an export, one query for a
    /// database, all at the same time and within `login.deadline`. Logins beyond this number are left out. Prevents a
    /// record with a thousand addresses from querying the legacy system a thousand times; admits a user name, a phone
    /// number and a few addresses.
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
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Attempts {
    /// Failed sign-ins of one customer within the window, whichever login is typed. Limits guessing; admits somebody
    /// who tries all of their old passwords.
    #[serde(deserialize_with = "of_customer")]
    pub customer: Window,
    /// Failed sign-ins of one customer with `"challenge_passed": true`. Lets in a customer who is locked out by
    /// strangers; small, because attackers can pay for challenges.
    #[serde(deserialize_with = "of_challenge")]
    pub challenge: Window,
    /// Failed sign-ins from one network.
    pub network: NetworkWindow,
    /// Password resets of one customer within the window. Prevents floods of notices: above it, the answer stays 202
    /// and no notice is sent.
    #[serde(deserialize_with = "of_reset")]
    pub reset: Window,
    /// Password resets from one network within the window.
    #[serde(deserialize_with = "of_reset_network")]
    pub reset_network: Window,
    /// Sign-up checks from one network within the window. Prevents a host from asking for every identifier; above it
    /// the answer is 503.
    #[serde(deserialize_with = "of_signup_network")]
    pub signup_network: Window,
}

/// A limit within a time window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, transform = optional)]
pub struct Window {
    /// How many are allowed within the window.
    pub limit: u32,
    /// How long each of them counts.
    #[serde(with = "units::Time")]
    pub window: Duration,
}

/// What is not written has a default that depends on what the window counts.
fn optional(schema: &mut Schema) {
    schema.remove("required");
}

/// The limits of one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkWindow {
    /// Failed sign-ins from one network, IPv4 /24 or IPv6 /48. Prevents one host from trying one password with many
    /// customers; admits an office behind one address.
    pub limit: u32,
    /// How long a failure counts.
    #[serde(with = "units::Time")]
    pub window: Duration,
    /// Requests of one network that a process works on at the same time; others wait until the deadline, then the
    /// answer is 503. Bounds how far a network can exceed its limit by sending all guesses at once; more logins than
    /// any machine hashes at a time.
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
