//! The nouns that every other room speaks of.

mod kinds;
mod password;
mod value;

pub use kinds::Kinds;
pub use password::{Password, PasswordError};
pub use value::{Kind, Value};
