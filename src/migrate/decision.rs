//! What a visit writes to the ledger: its decision, and its events.

use tokio::time::Instant;

use super::ending::{Ending, Recorded};
use super::outcome::{Outcome, Refusal};
use super::step::Step;
use super::visit::Visit;
use crate::ports::{Decision, DecisionOutcome, DecisionReason, Event, EventKind, ExternalId, TargetId};

impl Visit<'_> {
    /// The decision for an ending.
    pub(super) fn decision(&self, ending: &Ending) -> Decision {
        Decision {
            settled: self.settled(ending),
            ..self.new_decision(ending.outcome.decided(), self.reason_of(&ending.outcome), ending.account.clone())
        }
    }

    /// A decision of this visit.
    pub(super) fn new_decision(
        &self,
        outcome: DecisionOutcome,
        reason: DecisionReason,
        account: Option<(TargetId, Option<ExternalId>)>,
    ) -> Decision {
        Decision {
            at: self.cx.records.now(),
            request_id: self.request_id.clone(),
            operation: self.operation,
            outcome,
            reason,
            subject: self.subject.clone(),
            customer: self.customer.clone(),
            account,
            source: self.queried_source.clone(),
            rules: self.used_rules.clone(),
            micros: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            count: 1,
            settled: Vec::new(),
        }
    }

    /// The events of an ending.
    pub(super) fn events(&self, ending: &Ending) -> Vec<Event> {
        let reason = ending.outcome.reason();
        let reason = if reason == DecisionReason::None { ending.outcome.name() } else { reason.name() };
        let account = ending.account.as_ref().map(|(id, _)| id);
        let kinds: &[EventKind] = match ending.outcome {
            Outcome::Migrated => &[EventKind::Migrated],
            Outcome::MigratedMustChangePassword => &[EventKind::Migrated, EventKind::NeedsAction],
            // migrated only once there is a password
            Outcome::MigratedWithoutPassword => &[EventKind::NeedsAction],
            Outcome::DeniedByRule(_)
            | Outcome::Refused(Refusal::Disabled | Refusal::Locked | Refusal::Expired | Refusal::Deleted)
                if self.is_verified() =>
            {
                &[EventKind::Refused]
            }
            Outcome::InvalidRecord
            | Outcome::UnreadableRecord
            | Outcome::Conflict
            | Outcome::Refused(Refusal::CostRefused | Refusal::Missing) => &[EventKind::Failed],
            _ => &[],
        };
        let events = kinds.iter().filter_map(|kind| self.event(*kind, reason, account));
        events.chain(self.left_out_event(ending)).collect()
    }

    /// An event of this visit, if the settings want such events.
    pub(super) fn event(&self, kind: EventKind, reason: &str, account: Option<&TargetId>) -> Option<Event> {
        self.cx.records.events.contains(&kind).then(|| Event {
            at: self.cx.records.now(),
            kind,
            reason: reason.to_owned(),
            account: account.cloned(),
            request_id: self.request_id.clone(),
            tags: self.tags.clone(),
            customer: None,
        })
    }

    /// Records the decision and settles the attempt. A success that cannot be recorded is not a success.
    pub(super) async fn record(&self, ending: Ending) -> Ending {
        if ending.recorded == Recorded::Yes {
            return ending;
        }
        let began = Instant::now();
        let decided = if self.turned_away {
            self.cx.records.count_turned_away(self.decision(&ending)).await
        } else {
            self.cx.records.decide(&self.decision(&ending), &self.events(&ending)).await
        };
        self.step(&Step::Recorded { took: began.elapsed() });
        match decided {
            Ok(()) => ending,
            Err(error) => self.ledger_failed(&error),
        }
    }
}
