//! The dialects, one file for each.

pub(super) mod auth0;
pub(super) mod cognito;
pub(super) mod keycloak;
pub(super) mod logto;
