//! SCIM 2.0 services (RFC 7643, RFC 7644) as targets: what a service can store is read from the service itself.
#![doc = include_str!("docs.md")]

mod api;
mod change;
mod create;
mod discovery;
mod ids;
mod password;
mod resource;
mod schema;
mod search;
mod settings;
mod shape;
mod target;
mod trial;
mod verify;

#[cfg(test)]
mod tests;

pub use password::PasswordIn;
pub use settings::ScimSettings;
pub use target::ScimTarget;

#[cfg(test)]
pub(super) use tests::scim_target_passes;
