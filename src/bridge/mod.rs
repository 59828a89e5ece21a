//! Bridges: identity providers that ask at their own login, each in its own dialect, answered by the same migration.
//!
//! ```text
//! request → dialect: question → migrate: login or profile → rules: body → dialect: reply
//! ```
//!
//! A dialect is two pure functions, what it has to look up beside them, its documentation, and a row in the
//! [table](KINDS). What a product stores is made from the claims by a rule file. Who may call, deadlines, repeats and the
//! meaning of outcomes are the same for every dialect.

mod calls;
mod dialect;
mod dialects;
mod form;
mod jose;
mod json;
mod kinds;
mod open;
pub mod page;
mod question;
mod reply;
mod request;
mod sealed;
mod secret;
mod settings;
mod signed;

pub use crate::adapters::registry::ProductApi;
pub use dialect::{Dialect, OpenContext, Topology};
pub use kinds::{Authentication, KINDS, Kind, Script};
pub use open::{Bridge, OpenBridgeError, members, open_dialect};
pub use question::{Accepted, Ask, BridgeOutcome, Question};
pub use reply::{Reply, retry_after};
pub use request::BridgeRequest;
pub use secret::SecretText;
pub use settings::{AccessTokenSettings, BridgeSettings, ClientSettings};
