//! After a crash: what was being created is looked up at the target and either adopted or given up.

use super::claim::Entry;
use super::decision::{Decision, Door};
use super::event::{Event, EventKind};
use super::login::Migrator;
use super::port::PortError;

/// How many entries are looked at in one go.
const PAGE: usize = 100;

impl Migrator {
    /// Settles every creation whose lease has passed; returns how many there were. To be called at the start and from time to
    /// time: a customer who comes back earlier is served all the same.
    ///
    /// # Errors
    /// The first failure of the ledger or the target; what was settled stays settled.
    pub async fn recover(&self) -> Result<usize, PortError> {
        let mut settled = 0;
        loop {
            let entries = self.parts.ledger.unfinished(self.parts.clock.now(), PAGE).await?;
            for entry in &entries {
                self.settle(entry).await?;
                settled += 1;
            }
            if entries.len() < PAGE {
                return Ok(settled);
            }
        }
    }

    async fn settle(&self, entry: &Entry) -> Result<(), PortError> {
        let Some(found) = self.parts.target.find_external(&entry.external_id).await? else {
            return self.parts.ledger.abandon(&entry.key, entry.token).await;
        };
        let at = self.parts.clock.now();
        let events = entry.verified_at.filter(|_| self.settings.events.contains(&EventKind::Migrated)).map(|_| Event {
            at,
            kind: EventKind::Migrated,
            reason: "recovered".to_owned(),
            account: Some(found.id.clone()),
            request_id: "recovery".to_owned(),
            tags: Vec::new(),
        });
        let decision = Decision {
            at,
            request_id: "recovery".to_owned(),
            door: Door::Operator,
            outcome: "recovered",
            reason: String::new(),
            subject: String::new(),
            customer: Some(self.parts.keyring.customer(&entry.key)),
            account: Some((found.id, Some(entry.external_id.clone()))),
            source: Some(entry.key.source.clone()),
            rules: Some(entry.rules.clone()),
            micros: 0,
            count: 1,
            settled: Vec::new(),
        };
        self.parts.ledger.decide(&decision, events.as_slice()).await
    }
}
