//! Limits on attempts per time window.

use std::time::Duration;

/// A number of attempts within a time window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The number of attempts.
    pub limit: u32,
    /// The length of the sliding window.
    pub window: Duration,
}

impl Allowance {
    /// An allowance of `limit` attempts within `minutes`.
    #[must_use]
    pub const fn per_minutes(limit: u32, minutes: u64) -> Self {
        Self { limit, window: Duration::from_secs(60 * minutes) }
    }
}

/// The limits on attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptSettings {
    /// Failed sign-ins of one customer from all networks that are not known for the customer together, and the same
    /// number again from each network that the customer recently signed in from. Stops guessing; allows for customers
    /// who try all of their old passwords.
    pub customer: Allowance,
    /// Failed sign-ins of one customer after passing a challenge. Lets customers in whom strangers have locked out;
    /// small, because attackers can pay for challenges.
    pub challenge: Allowance,
    /// Failed sign-ins from one network (IPv4 /24, IPv6 /48). Stops one host from trying one password on many
    /// customers; allows for an office or a mobile carrier behind one address.
    pub network: Allowance,
    /// Requests of one network that this process handles concurrently; others wait. Bounds how far a network can exceed
    /// its limit by guessing in parallel; more than any machine hashes at a time.
    pub network_in_flight: usize,
    /// Password resets of one customer. Stops floods of notices; allows for customers who wait for slow email.
    pub reset: Allowance,
    /// Password resets from one network.
    pub reset_network: Allowance,
    /// Sign-up checks from one network. Stops the enumeration of identifiers.
    pub signup_network: Allowance,
}

impl Default for AttemptSettings {
    fn default() -> Self {
        Self {
            customer: Allowance::per_minutes(10, 15),
            challenge: Allowance::per_minutes(5, 15),
            network: Allowance::per_minutes(300, 15),
            network_in_flight: 128,
            reset: Allowance::per_minutes(10, 60),
            reset_network: Allowance::per_minutes(300, 15),
            signup_network: Allowance::per_minutes(300, 15),
        }
    }
}
