//! Values and passwords: the basic types of all other modules.

pub mod json;
mod kinds;
mod password;
pub mod read;
mod value;

pub use kinds::Kinds;
pub use password::{Password, PasswordError};
pub use value::{Kind, Value};
