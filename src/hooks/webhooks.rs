//! Where events go: addresses, secrets, and the kinds of events that each receiver wants.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, Url};
use secrecy::SecretString;
use serde_json::json;
use thiserror::Error;

use crate::guard::{SigningKey, SigningKeyError};
use crate::migrate::{Event, EventKind, Outgoing, Subscription};

/// How long a delivery may take. Stops a receiver that hangs from keeping connections open; a receiver that puts the event
/// into a queue answers in milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A receiver of events, as the settings name it.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its name in logs and metrics.
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// The secret that signs them: `whsec_` and base64, or at least 24 bytes of text.
    pub secret: SecretString,
    /// The kinds of events it wants.
    pub events: Vec<EventKind>,
}

/// Settings of webhooks that cannot work.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// A secret is none.
    #[error("the webhook `{0}` cannot be used: {1}")]
    Secret(String, SigningKeyError),
    /// The address is none, is not of the web, or holds a password.
    #[error("the address of the webhook `{0}` is not `https://…` or `http://…` without user and password")]
    Url(String),
    /// No kind of event is wanted.
    #[error("the webhook `{0}` wants no events")]
    NoEvents(String),
    /// A name is empty or used twice.
    #[error("the name of the webhook `{0}` is empty or used twice")]
    Name(String),
    /// There is no HTTP client, such as when the certificates of the system cannot be read.
    #[error("there is no client for webhooks")]
    Client(#[source] reqwest::Error),
}

/// All receivers of events.
#[derive(Debug)]
pub struct Webhooks {
    receivers: Vec<Arc<Receiver>>,
    client: Client,
}

/// One receiver, ready to be sent to.
#[derive(Debug)]
pub(super) struct Receiver {
    pub name: String,
    url: Url,
    key: SigningKey,
    events: Vec<EventKind>,
}

/// Whether a receiver took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posted {
    /// It answered with a status of success.
    Accepted,
    /// It answered otherwise, or not in time.
    Refused,
}

/// A message as it is sent: the same id for every attempt.
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
    /// These receivers.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(webhooks: &[Webhook]) -> Result<Self, WebhookError> {
        let mut receivers: Vec<Arc<Receiver>> = Vec::new();
        for webhook in webhooks {
            if webhook.name.is_empty() || receivers.iter().any(|have| have.name == webhook.name) {
                return Err(WebhookError::Name(webhook.name.clone()));
            }
            receivers.push(Arc::new(Receiver::new(webhook)?));
        }
        Ok(Self { receivers, client: client()? })
    }

    /// The receivers, in the order of the settings.
    pub(super) fn receivers(&self) -> &[Arc<Receiver>] {
        &self.receivers
    }

    /// Who wants which events.
    pub(super) fn subscriptions(&self) -> Vec<Subscription> {
        let of =
            |receiver: &Arc<Receiver>| Subscription { receiver: receiver.name.clone(), kinds: receiver.events.clone() };
        self.receivers.iter().map(of).collect()
    }

    /// Sends one message to one receiver, signed.
    pub(super) async fn post(&self, receiver: &Receiver, message: &Message, now: Timestamp) -> Posted {
        let (id, timestamp) = (&message.id, now.as_second());
        let sent = self
            .client
            .post(receiver.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("landfall/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", receiver.key.sign(id, timestamp, message.body.as_bytes()))
            .body(message.body.clone())
            .send()
            .await;
        // The body of the answer is not read: the answer is dropped, and the connection with it.
        let (result, posted) = match sent {
            Ok(answer) if answer.status().is_success() => ("accepted", Posted::Accepted),
            Ok(answer) => {
                let status = answer.status().as_u16();
                tracing::warn!(webhook = receiver.name, id, status, "an event was not accepted");
                ("not_accepted", Posted::Refused)
            }
            Err(error) => {
                let error = error.without_url();
                tracing::warn!(webhook = receiver.name, id, %error, "an event could not be sent");
                ("not_sent", Posted::Refused)
            }
        };
        let name = receiver.name.clone();
        metrics::counter!("landfall_webhook_posts_total", "webhook" => name, "result" => result).increment(1);
        posted
    }
}

impl Receiver {
    fn new(webhook: &Webhook) -> Result<Self, WebhookError> {
        let name = webhook.name.clone();
        let key = SigningKey::new(&webhook.secret).map_err(|error| WebhookError::Secret(name.clone(), error))?;
        let url = Url::parse(&webhook.url).ok().filter(is_plain).ok_or_else(|| WebhookError::Url(name.clone()))?;
        if webhook.events.is_empty() {
            return Err(WebhookError::NoEvents(name));
        }
        Ok(Self { name, url, key, events: webhook.events.clone() })
    }
}

/// Plain HTTP is for receivers behind the same operation; events name accounts and codes, and are signed.
fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty() && url.password().is_none()
}

/// Addresses come from the settings only: no redirect and no proxy of the environment leads elsewhere.
fn client() -> Result<Client, WebhookError> {
    // Fails when there is a provider already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
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

/// The same for every attempt. The time keeps ids apart when an outbox begins anew.
fn message_id(outgoing: &Outgoing) -> String {
    format!("msg_{}_{}", outgoing.id, outgoing.event.at.as_millisecond())
}

/// The body: names of accounts, codes and tags, and no value of a customer.
fn body(event: &Event) -> String {
    json!({
        "type": format!("account.{}", event.kind.name()),
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
    fn settings_that_cannot_work() {
        let sound = Webhook {
            name: "crm".into(),
            url: "https://crm.example.org/events".into(),
            secret: "twenty-four-bytes-of-it!".into(),
            events: vec![EventKind::Migrated],
        };
        let error = |webhooks: &[Webhook]| Webhooks::new(webhooks).map(drop).map_err(|error| error.to_string());
        assert_eq!(error(std::slice::from_ref(&sound)), Ok(()));
        let with = |change: fn(&mut Webhook)| {
            let mut webhook = sound.clone();
            change(&mut webhook);
            vec![webhook]
        };
        for (webhooks, want) in [
            (with(|w| w.secret = "short".into()), "a signing secret has at least 24 bytes"),
            (with(|w| w.secret = "".into()), "a signing secret has at least 24 bytes"),
            (with(|w| w.url = "ftp://crm.example.org".into()), "the address of the webhook `crm`"),
            (with(|w| w.url = "https://user:pw@crm.example.org".into()), "the address of the webhook `crm`"),
            (with(|w| w.url = "crm".into()), "the address of the webhook `crm`"),
            (with(|w| w.events.clear()), "the webhook `crm` wants no events"),
            (with(|w| w.name.clear()), "the name of the webhook ``"),
            (vec![sound.clone(), sound.clone()], "the name of the webhook `crm` is empty or used twice"),
        ] {
            let error = error(&webhooks).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }
}
