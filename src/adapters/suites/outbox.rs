//! The behaviour of every outbox. Each case runs against the file, in memory, and against PostgreSQL.

use std::time::Duration;

use super::ledger::{at, decision, event, every_ledger, open};
use crate::ports::{DeliveryState, EventKind, Ledger, Outbox, Subscription};

/// A ledger with its outbox: events are written by the one and handed out by the other.
pub(super) trait WithOutbox: Ledger + Outbox {}

impl<L: Ledger + Outbox> WithOutbox for L {}

every_ledger! {
    events_are_handed_out_again_after_their_lease
    each_receiver_has_its_own_attempts_and_times
    an_event_is_removed_when_all_receivers_accepted_it
    removing_a_receiver_drops_its_deliveries
    deliveries_far_in_the_future_are_due_and_dead_ones_never
}

/// The number of events that wait to be sent.
pub(super) async fn waiting(ledger: &dyn Outbox) -> usize {
    let receiver = "everything".to_owned();
    let all = [Subscription { receiver, kinds: EventKind::ALL.to_vec() }];
    ledger.route(&all, at(1_000_000), 100).await.unwrap();
    ledger.due("everything", at(1_000_000), Duration::ZERO, 100).await.unwrap().len()
}

fn subscription(receiver: &str, kinds: &[EventKind]) -> Subscription {
    Subscription { receiver: receiver.into(), kinds: kinds.to_vec() }
}

/// The events due at a receiver at a time: numbers and attempts.
async fn due(ledger: &dyn WithOutbox, receiver: &str, seconds: i64, limit: usize) -> Vec<(i64, u32)> {
    let due = ledger.due(receiver, at(seconds), Duration::from_secs(30), limit).await.unwrap();
    due.into_iter().map(|outgoing| (outgoing.id, outgoing.attempts)).collect()
}

async fn events_are_handed_out_again_after_their_lease(ledger: &dyn WithOutbox) {
    let crm = [subscription("crm", &EventKind::ALL)];
    let events = [event(EventKind::Migrated, 0), event(EventKind::NeedsAction, 1), event(EventKind::Failed, 5)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    assert_eq!(due(ledger, "crm", 99, 10).await, [], "the events are not routed yet");
    for new in [2, 1, 0] {
        assert_eq!(ledger.route(&crm, at(5), 2).await.unwrap(), new);
    }
    assert_eq!(due(ledger, "crm", -1, 10).await, []);
    assert_eq!(due(ledger, "crm", 2, 0).await, []);
    assert_eq!(due(ledger, "crm", 2, 1).await, [(1, 1)]);
    assert_eq!(due(ledger, "crm", 2, 10).await, [(2, 1)]);
    ledger.sent("crm", 1, DeliveryState::Accepted).await.unwrap();
    ledger.sent("crm", 2, DeliveryState::Again(at(50))).await.unwrap();
    assert_eq!(due(ledger, "crm", 49, 10).await, [(3, 1)]);
    assert_eq!(due(ledger, "crm", 50, 10).await, [(2, 2)]);
    assert_eq!(due(ledger, "crm", 79, 10).await, [(3, 2)]);
    assert_eq!(due(ledger, "crm", 1000, 10).await, [(2, 3), (3, 3)]);
    let again = ledger.due("crm", at(2000), Duration::ZERO, 1).await.unwrap();
    assert_eq!(again[0].event, events[1]);
    for id in [2, 3, 99] {
        ledger.sent("crm", id, DeliveryState::Accepted).await.unwrap();
    }
    ledger.decide(&decision("migrated", 0), &events[..1]).await.unwrap();
    ledger.route(&crm, at(5000), 10).await.unwrap();
    assert_eq!(due(ledger, "crm", 5000, 10).await, [(4, 1)], "event numbers are never reused");
}

async fn each_receiver_has_its_own_attempts_and_times(ledger: &dyn WithOutbox) {
    let both =
        [subscription("crm", &[EventKind::Migrated, EventKind::Failed]), subscription("mail", &[EventKind::Failed])];
    let events = [event(EventKind::Migrated, 0), event(EventKind::Failed, 1), event(EventKind::Refused, 2)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    assert_eq!(ledger.route(&both, at(2), 10).await.unwrap(), 3);
    for attempt in 1..=3 {
        assert_eq!(due(ledger, "crm", 100 * i64::from(attempt), 10).await, [(1, attempt), (2, attempt)]);
    }
    assert_eq!(due(ledger, "mail", 2, 10).await, [(2, 1)], "deliveries to crm do not affect mail");
    ledger.sent("mail", 2, DeliveryState::Again(at(900))).await.unwrap();
    ledger.sent("crm", 2, DeliveryState::Again(at(800))).await.unwrap();
    assert_eq!(due(ledger, "mail", 899, 10).await, []);
    assert_eq!(due(ledger, "crm", 899, 10).await, [(1, 4), (2, 4)]);
    assert_eq!(due(ledger, "mail", 900, 10).await, [(2, 2)]);
    assert_eq!(due(ledger, "nobody", 9000, 10).await, []);
}

async fn an_event_is_removed_when_all_receivers_accepted_it(ledger: &dyn WithOutbox) {
    let both = [subscription("crm", &EventKind::ALL), subscription("mail", &EventKind::ALL)];
    ledger.decide(&decision("migrated", 0), &[event(EventKind::Migrated, 0)]).await.unwrap();
    ledger.route(&both, at(0), 10).await.unwrap();
    ledger.sent("crm", 1, DeliveryState::Accepted).await.unwrap();
    assert_eq!(due(ledger, "crm", 9, 10).await, []);
    assert_eq!(due(ledger, "mail", 9, 10).await, [(1, 1)]);
    ledger.sent("mail", 1, DeliveryState::Accepted).await.unwrap();
    ledger.sent("mail", 1, DeliveryState::Again(at(0))).await.unwrap();
    assert_eq!(due(ledger, "mail", 999, 10).await, [], "removed events do not return");
}

async fn removing_a_receiver_drops_its_deliveries(ledger: &dyn WithOutbox) {
    let both = [subscription("crm", &[EventKind::Migrated]), subscription("mail", &EventKind::ALL)];
    let events = [event(EventKind::Migrated, 0), event(EventKind::Failed, 0)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    ledger.route(&both, at(0), 10).await.unwrap();
    let (crm, mail) = (["crm".to_owned()], ["mail".to_owned(), "crm".to_owned()]);
    assert_eq!(ledger.keep_receivers(&mail).await.unwrap(), []);
    assert_eq!(ledger.keep_receivers(&crm).await.unwrap(), [("mail".to_owned(), 2)]);
    assert_eq!(due(ledger, "mail", 99, 10).await, []);
    assert_eq!(due(ledger, "crm", 99, 10).await, [(1, 1)]);
    // a new or returning receiver gets the events from then on
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    ledger.route(&both, at(0), 10).await.unwrap();
    assert_eq!(due(ledger, "mail", 99, 10).await, [(3, 1), (4, 1)]);
    assert_eq!(ledger.keep_receivers(&[]).await.unwrap(), [("crm".to_owned(), 2), ("mail".to_owned(), 2)]);
    assert_eq!(ledger.route(&[], at(0), 10).await.unwrap(), 0);
}

async fn deliveries_far_in_the_future_are_due_and_dead_ones_never(ledger: &dyn WithOutbox) {
    let crm = [subscription("crm", &EventKind::ALL)];
    let events = [event(EventKind::Migrated, 400_000), event(EventKind::Failed, 0), event(EventKind::Refused, 0)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    // the clock was set back by days after the first event was written
    ledger.route(&crm, at(0), 10).await.unwrap();
    assert_eq!(due(ledger, "crm", 0, 10).await, [(1, 1), (2, 1), (3, 1)]);
    ledger.sent("crm", 1, DeliveryState::Again(at(500_000))).await.unwrap();
    ledger.sent("crm", 2, DeliveryState::Again(at(3000))).await.unwrap();
    ledger.sent("crm", 3, DeliveryState::Dead).await.unwrap();
    assert_eq!(due(ledger, "crm", 1, 10).await, [(1, 2)], "no retry waits that long");
    assert_eq!(due(ledger, "crm", 90_000_000, 10).await, [(1, 3), (2, 2)]);
}
