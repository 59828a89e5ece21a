//! The nouns that every other room speaks of.

pub mod json;
mod password;
pub mod read;
mod value;

pub use password::{Password, PasswordError};
pub use value::{Kind, Value};
