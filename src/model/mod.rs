//! The nouns that every other room speaks of.

mod password;
mod value;

pub use password::{Password, PasswordError};
pub use value::{Kind, Value};
