//! The receivers of events: their URLs, secrets and subscriptions.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, Url};
use secrecy::SecretString;
use serde_json::json;
use thiserror::Error;

use super::receiver::{Delivered, Receiver};
use crate::metrics::table::{EVENTS_DEAD, WEBHOOK_POSTS};
use crate::ports::{BoxFuture, Clock, Event, EventKind, Outgoing, Subscription};
use crate::signing::{SigningKey, SigningKeyError};
use crate::tls::is_local;

/// The timeout of a delivery. Stops a receiver that hangs from keeping connections open; a receiver that queues the
/// event answers in milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The timeout of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How many events are sent to one webhook concurrently. Stops a webhook that hangs from occupying ever more connections;
/// at 50 ms each, eight are 160 events a second.
pub(super) const IN_FLIGHT: usize = 8;

/// A receiver of events, from the settings.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Name in logs and metrics.
    pub name: String,
    /// The URL that events are posted to.
    pub url: String,
    /// The signing secret: `whsec_` and base64, or at least 24 bytes of text.
    pub secret: SecretString,
    /// The kinds of events it receives.
    pub events: Vec<EventKind>,
}

/// Why webhooks cannot be used.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// A secret is invalid.
    #[error("cannot use the webhook `{0}`: {1}")]
    Secret(String, SigningKeyError),
    /// The URL is invalid, not safe, or contains a password.
    #[error(
        "the URL of the webhook `{0}` must be `https://…`, or `http://…` to this machine, without user and password"
    )]
    Url(String),
    /// No kind of event is selected.
    #[error("the webhook `{0}` has no events")]
    NoEvents(String),
    /// A name is empty or used twice.
    #[error("the name of the webhook `{0}` is empty or used twice")]
    Name(String),
    /// The HTTP client cannot be created, for example because the certificates of the system cannot be read.
    #[error("cannot create the HTTP client for webhooks")]
    Client(#[source] reqwest::Error),
}

/// All receivers of events.
#[derive(Debug)]
pub struct Webhooks {
    hooks: Vec<Hook>,
    client: Client,
}

/// One webhook, ready to be sent to.
#[derive(Debug)]
pub(super) struct Hook {
    subscription: Subscription,
    url: Url,
    key: SigningKey,
}

/// A webhook with the client of all of them.
struct WebhookReceiver {
    hook: Hook,
    client: Client,
    attempts: u32,
}

/// Whether a receiver accepted a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posted {
    /// The receiver answered with a success status.
    Accepted,
    /// The receiver answered with another status, or not in time.
    Failed,
}

/// A message; its id is the same for every attempt.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub id: String,
    pub body: String,
}

impl Message {
    /// The message of an event.
    pub(super) fn of(outgoing: &Outgoing) -> Self {
        Self { id: message_id(outgoing), body: body(&outgoing.event) }
    }
}

impl Webhooks {
    /// Webhooks with these receivers.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(webhooks: &[Webhook]) -> Result<Self, WebhookError> {
        let mut hooks: Vec<Hook> = Vec::new();
        for webhook in webhooks {
            if webhook.name.is_empty() || hooks.iter().any(|have| have.name() == webhook.name) {
                return Err(WebhookError::Name(webhook.name.clone()));
            }
            hooks.push(Hook::new(webhook)?);
        }
        Ok(Self { hooks, client: client()? })
    }

    /// The first webhook, and the client to send to it.
    pub(super) fn first(&self) -> Option<(&Hook, &Client)> {
        self.hooks.first().map(|hook| (hook, &self.client))
    }

    /// The receivers, in the order of the settings; each is sent an event so often before it is given up.
    pub(super) fn into_receivers(self, attempts: u32) -> Vec<Arc<dyn Receiver>> {
        let client = self.client;
        let receiver = |hook| Arc::new(WebhookReceiver { hook, client: client.clone(), attempts }) as Arc<dyn Receiver>;
        self.hooks.into_iter().map(receiver).collect()
    }
}

impl Hook {
    fn new(webhook: &Webhook) -> Result<Self, WebhookError> {
        let name = webhook.name.clone();
        let key = SigningKey::new(&webhook.secret).map_err(|error| WebhookError::Secret(name.clone(), error))?;
        let url = safe_url(&webhook.url).ok_or_else(|| WebhookError::Url(name.clone()))?;
        if webhook.events.is_empty() {
            return Err(WebhookError::NoEvents(name));
        }
        Ok(Self { subscription: Subscription::new(name, &webhook.events), url, key })
    }

    fn name(&self) -> &str {
        &self.subscription.receiver
    }

    /// Sends one signed message.
    pub(super) async fn post(&self, client: &Client, message: &Message, now: Timestamp) -> Posted {
        let (id, timestamp) = (&message.id, now.as_second());
        let sent = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("landfall/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.key.sign(id, timestamp, message.body.as_bytes()))
            .body(message.body.clone())
            .send()
            .await;
        // The body of the answer is not read; dropping the answer closes the connection.
        let (result, posted) = match sent {
            Ok(answer) if answer.status().is_success() => ("accepted", Posted::Accepted),
            Ok(answer) => {
                let status = answer.status().as_u16();
                tracing::warn!(webhook = self.name(), id, status, "a webhook did not accept an event");
                ("not_accepted", Posted::Failed)
            }
            Err(error) => {
                let error = error.without_url();
                tracing::warn!(webhook = self.name(), id, %error, "cannot send an event");
                ("not_sent", Posted::Failed)
            }
        };
        WEBHOOK_POSTS.add([self.name().to_owned().into(), result.into()], 1);
        posted
    }
}

impl Receiver for WebhookReceiver {
    fn subscription(&self) -> &Subscription {
        &self.hook.subscription
    }

    fn in_flight(&self) -> usize {
        IN_FLIGHT
    }

    fn attempts(&self) -> u32 {
        self.attempts
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing, clock: &'a dyn Clock) -> BoxFuture<'a, Delivered> {
        Box::pin(async move {
            match self.hook.post(&self.client, &Message::of(outgoing), clock.now()).await {
                Posted::Accepted => Delivered::Accepted,
                Posted::Failed => Delivered::Failed("the webhook did not accept the event".to_owned()),
            }
        })
    }

    fn gave_up(&self, outgoing: &Outgoing, _: &str) {
        let (webhook, kind) = (self.hook.name(), outgoing.event.kind.name());
        tracing::error!(webhook, id = outgoing.id, kind, "gave up on an event");
        EVENTS_DEAD.add([webhook.to_owned().into(), kind.into()], 1);
    }
}

/// The URL that events may be sent to: over TLS or to this machine, and without user and password, which would be logged.
#[must_use]
pub fn safe_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_safe = is_plain && (url.scheme() == "https" || (url.scheme() == "http" && is_local(&url)));
    is_safe.then_some(url)
}

/// URLs come from the settings only: no redirect and no proxy in the environment leads elsewhere.
fn client() -> Result<Client, WebhookError> {
    crate::tls::install_provider();
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .pool_max_idle_per_host(0)
        .build()
        .map_err(WebhookError::Client)
}

/// The same for every attempt. The time keeps ids distinct if the outbox starts over.
fn message_id(outgoing: &Outgoing) -> String {
    format!("msg_{}_{}", outgoing.id, outgoing.event.at.as_millisecond())
}

/// The body: account ids, codes and tags, and no customer values.
fn body(event: &Event) -> String {
    let about = if event.kind == EventKind::Drift { "records" } else { "account" };
    json!({
        "type": format!("{about}.{}", event.kind.name()),
        "timestamp": event.at.to_string(),
        "data": {
            "account_id": event.account.as_ref().map(|account| &account.0),
            "reason": event.reason,
            "request_id": event.request_id,
            "tags": event.tags,
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_webhooks_are_errors() {
        let valid = Webhook {
            name: "crm".into(),
            url: "https://crm.example.org/events".into(),
            secret: "twenty-four-bytes-of-it!".into(),
            events: vec![EventKind::Migrated],
        };
        let error = |webhooks: &[Webhook]| Webhooks::new(webhooks).map(drop).map_err(|error| error.to_string());
        assert_eq!(error(std::slice::from_ref(&valid)), Ok(()));
        let with = |change: fn(&mut Webhook)| {
            let mut webhook = valid.clone();
            change(&mut webhook);
            vec![webhook]
        };
        for (webhooks, want) in [
            (with(|w| w.secret = "short".into()), "the signing secret is shorter than 24 bytes"),
            (with(|w| w.secret = "".into()), "the signing secret is shorter than 24 bytes"),
            (with(|w| w.url = "ftp://crm.example.org".into()), "the URL of the webhook `crm`"),
            (with(|w| w.url = "https://user:pw@crm.example.org".into()), "the URL of the webhook `crm`"),
            (with(|w| w.url = "crm".into()), "the URL of the webhook `crm`"),
            (with(|w| w.url = "http://crm.example.org/events".into()), "the URL of the webhook `crm`"),
            (with(|w| w.events.clear()), "the webhook `crm` has no events"),
            (with(|w| w.name.clear()), "the name of the webhook ``"),
            (vec![valid.clone(), valid.clone()], "the name of the webhook `crm` is empty or used twice"),
        ] {
            let error = error(&webhooks).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }
}
