//! Signatures of Standard Webhooks (<https://www.standardwebhooks.com>), for calls in both directions.

mod signature;

pub(crate) use signature::is_signature;
pub use signature::{Signature, SigningKey, SigningKeyError};
