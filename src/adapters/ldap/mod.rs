//! LDAP directories and Active Directory, as sources and verifiers.
//!
//! A search finds one entry, or none; a bind verifies the password, on a connection of its own.
#![doc = include_str!("docs.md")]

mod check;
mod connection;
mod entry;
mod error;
mod reply;
mod search;
mod settings;
mod source;
mod template;
mod trial;
mod verifier;

pub use settings::{
    BindAccount, Directory, ExpiredPasswords, Groups, LdapSettings, LdapVerifierSettings, Search, SearchScope,
};
pub use source::LdapSource;
pub use verifier::LdapVerifier;

#[cfg(test)]
pub(super) use reply::tests::password_policies_are_read as policies_of_directories_are_read;
