//! What operators attach to logins: scripts at named points, and events for other systems.
//!
//! [`ScriptHooks`] runs small scripts inside a login, bounded and without a way out. [`Delivery`] sends events outside of it,
//! from the outbox of the ledger, so that no login waits for somebody else's server.

mod anchors;
mod answer;
mod backoff;
mod deliver;
mod health;
mod queue;
mod script;
mod webhooks;

pub use anchors::{AnchorSettings, Anchors};
pub use deliver::{Delivery, DeliverySettings, drop_removed};
pub use script::{HookScript, ScriptHooks};
pub use webhooks::{Webhook, WebhookError, Webhooks};
