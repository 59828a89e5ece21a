//! Events for other systems, and what legacy systems are told of migrated customers, sent in the background from the outbox
//! of the ledger, so that no login waits for another server; and the head of the audit, sent to where nobody can change it.

mod anchors;
mod backoff;
mod deliver;
mod health;
mod queue;
mod receiver;
mod settings;
mod webhooks;
mod write_back;

pub use anchors::{Anchor, Anchors};
pub use deliver::{Delivery, DeliverySettings, drop_removed};
pub use settings::{AnchorSettings, WebhookSettings, subscribed};
pub use webhooks::{Webhook, WebhookError, Webhooks, safe_url};
pub use write_back::{LONGEST_WRITE, WriteBack, WriteBackPolicy, write_back_receiver};
