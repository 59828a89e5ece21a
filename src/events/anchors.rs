//! Regularly sends the head of the audit to where it can serve as an anchor: a file or a webhook.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::webhooks::{Message, Posted, Webhook, WebhookError, Webhooks};
use crate::metrics::table::ANCHORS;
use crate::ports::{AuditHead, Clock, Reports};

/// The timeout of writing to the file. Stops a hanging network disk from delaying the shutdown of the service.
const FILE_TIMEOUT: Duration = Duration::from_secs(10);

/// A failed push is retried after this time, or after the usual time if that is shorter.
const RETRY_WAIT: Duration = Duration::from_secs(60);

/// Where heads are sent.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// How often the head is sent.
    pub every: Duration,
    /// The file that gets a line for each head.
    pub file: Option<PathBuf>,
    /// The webhook that gets an event for each head; its kinds of events are ignored.
    pub webhook: Option<Webhook>,
}

/// Sends the head of the audit when it has changed, in the background.
pub struct Anchors {
    reports: Arc<dyn Reports>,
    clock: Arc<dyn Clock>,
    every: Duration,
    file: Option<PathBuf>,
    webhooks: Webhooks,
}

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchors").field("every", &self.every).field("file", &self.file).finish_non_exhaustive()
    }
}

/// The last head at each destination.
#[derive(Default)]
struct Pushed {
    file: Option<AuditHead>,
    webhook: Option<AuditHead>,
}

impl Anchors {
    /// Sends the heads of a ledger.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(reports: Arc<dyn Reports>, clock: Arc<dyn Clock>, settings: &Anchor) -> Result<Self, WebhookError> {
        let webhooks = Webhooks::new(settings.webhook.as_slice())?;
        Ok(Self { reports, clock, every: settings.every, file: settings.file.clone(), webhooks })
    }

    /// Sends heads until `stop` is ready, and once more then.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut pushed = Pushed::default();
        loop {
            let wait = if self.push(&mut pushed).await { self.every } else { self.every.min(RETRY_WAIT) };
            tokio::select! {
                biased;
                () = stop.as_mut() => break,
                () = sleep(wait) => {}
            }
        }
        self.push(&mut pushed).await;
    }

    /// Sends the head to each destination that does not have it. Returns whether all of them have it.
    async fn push(&self, pushed: &mut Pushed) -> bool {
        let head = match self.reports.audit_head().await {
            Ok(head) if head.number == 0 => return true,
            Ok(head) => head,
            Err(error) => return failed("ledger", &error),
        };
        let now = self.clock.now();
        let mut all_pushed = true;
        if let Some(path) = &self.file
            && pushed.file.as_ref() != Some(&head)
        {
            match append(path.clone(), head.anchor_line(now)).await {
                Ok(()) => pushed.file = Some(done("file", &head)),
                Err(error) => all_pushed = failed("file", &error.kind()),
            }
        }
        if let Some((hook, client)) = self.webhooks.first()
            && pushed.webhook.as_ref() != Some(&head)
        {
            match hook.post(client, &message(&head, now), now).await {
                Posted::Accepted => pushed.webhook = Some(done("webhook", &head)),
                Posted::Failed => all_pushed = failed("webhook", &"the webhook did not accept it"),
            }
        }
        all_pushed
    }
}

fn done(to: &'static str, head: &AuditHead) -> AuditHead {
    tracing::debug!(to, number = head.number, "pushed the head of the audit");
    ANCHORS.add([to.into(), "pushed".into()], 1);
    head.clone()
}

fn failed(to: &'static str, error: &dyn fmt::Display) -> bool {
    tracing::error!(to, %error, "cannot push the head of the audit");
    ANCHORS.add([to.into(), "failed".into()], 1);
    false
}

/// The message has the same id whenever the same head is sent.
fn message(head: &AuditHead, now: Timestamp) -> Message {
    let body = json!({ "type": "audit.head", "timestamp": now.to_string(), "data": { "head": head.to_string() } });
    Message { id: format!("head_{}_{}", head.number, head.chain), body: body.to_string() }
}

/// Appends a line, and flushes it to disk.
async fn append(path: PathBuf, line: String) -> io::Result<()> {
    let written = tokio::task::spawn_blocking(move || append_now(&path, &line));
    match timeout(FILE_TIMEOUT, written).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(io::ErrorKind::Other.into()),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn append_now(path: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // A single write, so that two processes do not mix their lines.
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
