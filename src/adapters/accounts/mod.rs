//! What account stores share: new ids, and the check of a password with one hash.

pub(crate) mod id;
pub(crate) mod verification;
