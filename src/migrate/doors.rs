//! The other doors: the sign-up guard, forgot password, and setting a password.

use std::time::Duration;

/// Whether an identifier may be given to a new customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignupAnswer {
    /// Nobody has it.
    Free,
    /// An account or a legacy customer has it.
    Reserved,
    /// It cannot be told now. Not to be taken for free.
    Unknown(Duration),
}

/// The answer to "forgot password": the same whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetAnswer {
    /// If there is such a customer, a notice goes to the address of the stored account.
    Accepted,
    /// It cannot be done now.
    Unavailable(Duration),
}
