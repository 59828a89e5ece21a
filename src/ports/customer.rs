//! The names of a customer: the permanent identity in the legacy system, and the name at the target.

/// The permanent identity of a customer: the source and the id in it. Never an email address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegacyKey {
    /// The name of the source in the settings.
    pub source: String,
    /// The id of the record in that source, as read by `identify` in the rules.
    pub id: String,
}

/// The name under which we create an account at the target. It is the same for every attempt of a customer and cannot
/// be guessed without our key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternalId(pub String);
