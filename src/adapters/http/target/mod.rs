//! A product's API as a target: requests and the classification of their answers as data, and a rule file that makes the body.
#![doc = include_str!("docs.md")]

mod body;
mod create;
mod exchange;
mod existing;
mod link;
mod meaning;
mod name;
mod plan;
mod search;
mod secret;
mod section;
mod settings;
mod steps;
mod store;
mod verify;

pub use link::Link;
pub use section::{
    AccountBodySettings, CreateSettings, HashSettings, LookupSettings, OwnerSettings, ReadSettings, StepSettings,
    TargetSection, VerifySettings, WriteSettings,
};
pub use settings::HttpTargetSettings;
pub use store::HttpTarget;

pub(super) use name::{KnownTarget, TargetName, TargetValues};
pub(in crate::adapters) use settings::Uncounted;
