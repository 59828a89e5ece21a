//! The dialects, one file for each.

pub(super) mod basic;
pub(super) mod fusionauth;
pub(super) mod gravitee;
pub(super) mod keycloak;
pub(super) mod kinde;
pub(super) mod strivacity;
