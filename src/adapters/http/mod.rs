//! Web APIs as sources, verifiers and targets: requests with placeholders, and conditions that tell what answers mean.
//!
//! A request and its client are apart from what they are used for: a request is compiled once, filled with the values of
//! one customer, and sent to one server and nowhere else.
#![doc = include_str!("docs.md")]

mod address;
pub(crate) mod answer;
mod auth;
mod aws;
pub(in crate::adapters) mod check;
pub(crate) mod client;
mod condition;
pub(crate) mod error;
mod pages;
pub(in crate::adapters) mod password;
mod path;
pub(in crate::adapters) mod ping;
mod position;
mod preset;
mod product_api;
mod rate_headers;
pub(crate) mod request;
pub(in crate::adapters) mod settings;
mod shape;
mod source;
#[doc(hidden)]
pub mod target;
pub(crate) mod template;
pub(crate) mod throttle;
mod trial;
mod verifier;
mod write_back;

#[cfg(test)]
mod tests;

pub use settings::{
    AuthSettings, AwsAuth, BasicAuth, BearerAuth, HeaderAuth, HttpSettings, HttpVerifierSettings, OauthAuth,
    SendSecret, Server, TlsSettings,
};
pub use shape::{
    BasicSettings, BodySettings, ConditionSettings, PartSettings, RequestSettings, Scalar, Statuses, SubjectSettings,
    Test,
};
pub use source::HttpSource;
pub use target::{HttpTarget, HttpTargetSettings};
pub use throttle::RateSettings;
pub use verifier::HttpVerifier;
pub use write_back::HttpWriteBack;

#[cfg(test)]
pub(super) use tests::{answers_have_the_meaning_of_their_conditions, http_is_written_back, http_target_passes};
