//! The nouns that every other room speaks of.

pub mod json;
mod kinds;
mod password;
pub mod read;
mod value;

pub use kinds::Kinds;
pub use password::{Password, PasswordError};
pub use value::{Kind, Value};
