//! The dialects, one file for each.

pub(super) mod keycloak;
pub(super) mod ropc;
