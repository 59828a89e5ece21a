//! Writing back to the legacy system that a customer has been migrated.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::{BoxFuture, Call, LegacyKey, PortError};

/// A customer who was migrated, as the legacy system is told of them.
#[derive(Clone, PartialEq, Eq)]
pub struct MigratedCustomer {
    /// The legacy identity.
    pub key: LegacyKey,
    /// When the account was created.
    pub at: Timestamp,
    /// Values of the customer that the settings ask to keep until the legacy system was told, by name.
    pub kept: BTreeMap<String, String>,
}

impl MigratedCustomer {
    /// The name of the legacy id among the values.
    pub const ID: &'static str = "id";
    /// The name of the identifier that the customer signed in with.
    pub const IDENTIFIER: &'static str = "identifier";
    /// The name of the time of the migration (RFC 3339).
    pub const MIGRATED_AT: &'static str = "migrated_at";

    /// Whether the value with this name tells one customer from others; the time of a migration does not.
    #[must_use]
    pub fn is_named_by(name: &str) -> bool {
        name != Self::MIGRATED_AT
    }

    /// The value with this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            Self::ID => Some(self.key.id.as_str().into()),
            Self::MIGRATED_AT => Some(self.at.to_string().into()),
            name => self.kept.get(name).map(|text| text.as_str().into()),
        }
    }
}

/// Never shows values.
impl fmt::Debug for MigratedCustomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept: Vec<&String> = self.kept.keys().collect();
        f.debug_struct("MigratedCustomer").field("at", &self.at).field("kept", &kept).finish_non_exhaustive()
    }
}

/// What became of a customer in the legacy system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The customer is marked, disabled or deleted there.
    Done,
    /// There was no such customer any more.
    Gone,
}

/// Tells a legacy system of migrated customers. A call may be repeated, so it must have the same effect twice.
///
/// An error that [is temporary](PortError::is_temporary) is tried again; any other one is kept for an operator.
pub trait LegacyWriter: Send + Sync {
    /// Marks, disables or deletes a customer.
    fn write<'a>(&'a self, call: Call<'a>, customer: &'a MigratedCustomer)
    -> BoxFuture<'a, Result<Written, PortError>>;

    /// Prepares the same call and changes nothing, as far as that can tell whether it would work.
    fn rehearse<'a>(&'a self, call: Call<'a>, customer: &'a MigratedCustomer) -> BoxFuture<'a, Result<(), PortError>>;
}
