//! The dialects, one file for each.

pub(super) mod auth0;
pub(super) mod b2c;
pub(super) mod basic;
pub(super) mod cognito;
pub(super) mod curity;
pub(super) mod entra;
pub(super) mod fusionauth;
pub(super) mod gravitee;
pub(super) mod keycloak;
pub(super) mod kinde;
pub(super) mod kratos;
pub(super) mod logto;
pub(super) mod okta;
pub(super) mod phasetwo;
pub(super) mod ropc;
pub(super) mod strivacity;
pub(super) mod vtex;
pub(super) mod wso2;
pub(super) mod zitadel;
