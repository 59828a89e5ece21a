//! The user-migration extension of Phase Two (<https://phasetwo.io/docs/user-migration/>): the calls of the plugin of which it
//! is a variant, for a user without one-time passwords and organizations.

use super::keycloak;
use crate::bridge::kinds::Kind;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "phasetwo",
    product: "Phase Two",
    about: "the user-migration extension asks for a profile, and then for the verdict on a password",
    rules: Some("phasetwo.yaml"),
    docs: include_str!("phasetwo.md"),
    ..keycloak::KIND
};
