//! The dialects, one file for each.

pub(super) mod curity;
pub(super) mod keycloak;
pub(super) mod kratos;
pub(super) mod okta;
