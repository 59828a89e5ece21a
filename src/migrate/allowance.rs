//! How much may be tried within which time.

use std::time::Duration;

/// So many within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many.
    pub limit: u32,
    /// Within which sliding window.
    pub window: Duration,
}

impl Allowance {
    /// So many within so many minutes.
    #[must_use]
    pub const fn per_minutes(limit: u32, minutes: u64) -> Self {
        Self { limit, window: Duration::from_secs(60 * minutes) }
    }
}

/// What may be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptSettings {
    /// Failed sign-ins of one customer from networks that the customer is not known from, all together; and as many from each
    /// network that the customer signed in from lately. Stops guessing; admits somebody who tries all of their old passwords.
    pub customer: Allowance,
    /// Failed sign-ins of one customer after a challenge was passed. A way in for a customer whom strangers shut out; small,
    /// because attackers can pay for challenges.
    pub challenge: Allowance,
    /// Failed sign-ins from one network (IPv4 /24, IPv6 /48). Stops one host from trying one password at many customers; admits
    /// an office or a mobile carrier behind one address.
    pub network: Allowance,
    /// Requests of one network that are worked on at the same time in this process; others wait their turn. Bounds how far one
    /// network can pass its limit by guessing all at once; more than any machine hashes at a time.
    pub network_in_flight: usize,
    /// Password resets of one customer. Stops floods of notices; admits somebody who waits for a slow mail.
    pub reset: Allowance,
    /// Password resets from one network.
    pub reset_network: Allowance,
    /// Sign-up checks from one network. Stops asking for all identifiers there are.
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
