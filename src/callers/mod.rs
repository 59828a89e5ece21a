//! Who may call the service: systems such as the identity provider, by bearer token, basic password or signed calls.

mod list;
mod once;
mod settings;
mod signed_call;

pub use list::{Admission, Caller, CallerCredential, CallerError, CallerHead, Callers, Introduction, Signer};
pub(crate) use once::{Counts, counts, digest};
pub use settings::{BasicSettings, CallerSettings};
pub use signed_call::{SignedCall, SignedRequest};
