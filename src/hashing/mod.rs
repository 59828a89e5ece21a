//! Password hashing for async callers, within limits of time and memory, and what this machine can do within a login.

mod calibration;
mod hasher;
mod load;
mod measured;

pub use calibration::{Admission, MostExpensive, TimeSettings};
pub use hasher::{HashCalls, Hasher};
pub use load::{Place, TurnedAway};
#[doc(hidden)]
pub use measured::Measured;
