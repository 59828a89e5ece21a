//! The dialects, one file for each.

pub(super) mod b2c;
pub(super) mod entra;
pub(super) mod keycloak;
