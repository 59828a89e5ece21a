//! The dialects, one file for each.

pub(super) mod keycloak;
pub(super) mod vtex;
pub(super) mod wso2;
pub(super) mod zitadel;
