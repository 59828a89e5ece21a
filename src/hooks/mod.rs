//! Extensions of logins by operators: scripts at fixed points, and events for other systems.
//!
//! [`ScriptHooks`] runs small, sandboxed scripts within a login. [`Delivery`] sends events in the background, from the
//! outbox of the ledger, so that no login waits for another server.

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
