//! LDAP directories and Active Directory, as sources and verifiers.
//!
//! A search finds one entry, or none; a bind verifies the password, on a connection of its own.
#![doc = include_str!("docs.md")]

mod check;
mod connection;
mod entry;
mod error;
mod message;
mod pipe;
mod relay;
mod reply;
mod search;
mod settings;
mod source;
mod template;
mod transport;
mod trial;
mod verifier;
mod write_back;

pub use settings::{
    BindAccount, Directory, ExpiredPasswords, Groups, LdapSettings, LdapVerifierSettings, Search, SearchScope,
};
pub use source::LdapSource;
pub use verifier::LdapVerifier;
pub use write_back::{AttributeValues, LdapWriteBack};

#[cfg(test)]
pub(super) use reply::tests::password_policies_are_read as policies_of_directories_are_read;
#[cfg(test)]
pub(super) use write_back::tests::attributes_have_values_a_value_or_none as attributes_are_written_back;
