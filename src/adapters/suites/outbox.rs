//! The behaviour of every outbox. Each case runs against the file, in memory, and against PostgreSQL.

use std::time::Duration;

use super::ledger::{at, decision, event, every_ledger, open};
use crate::ports::{
    DeliveryState, Event, EventKind, Ledger, LegacyKey, MigratedCustomer, Outbox, Subscription, Undelivered,
};

/// A ledger with its outbox: events are written by the one and handed out by the other.
pub(super) trait WithOutbox: Ledger + Outbox {}

impl<L: Ledger + Outbox> WithOutbox for L {}

every_ledger! {
    events_are_handed_out_again_after_their_lease
    each_receiver_has_its_own_attempts_and_times
    an_event_is_removed_when_all_receivers_accepted_it
    removing_a_receiver_drops_its_deliveries
    deliveries_far_in_the_future_are_due_and_dead_ones_never
    a_legacy_system_is_told_of_its_own_customers_later
    what_was_given_up_is_listed_and_sent_again_on_request
}

/// The number of events that wait to be sent.
pub(super) async fn waiting(ledger: &dyn Outbox) -> usize {
    let all = [Subscription::new("everything", &EventKind::ALL)];
    ledger.route(&all, at(1_000_000), 100).await.unwrap();
    ledger.due(&all[0], at(1_000_000), Duration::ZERO, 100).await.unwrap().len()
}

fn subscription(receiver: &str, kinds: &[EventKind]) -> Subscription {
    Subscription::new(receiver, kinds)
}

/// The events due at a receiver at a time: numbers and attempts.
async fn due(ledger: &dyn WithOutbox, receiver: &str, seconds: i64, limit: usize) -> Vec<(i64, u32)> {
    let receiver = Subscription::new(receiver, &[]);
    let due = ledger.due(&receiver, at(seconds), Duration::from_secs(30), limit).await.unwrap();
    due.into_iter().map(|outgoing| (outgoing.id, outgoing.attempts)).collect()
}

fn again(seconds: i64) -> DeliveryState<'static> {
    DeliveryState::Again { at: at(seconds), why: "down" }
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
    ledger.sent("crm", 2, again(50)).await.unwrap();
    assert_eq!(due(ledger, "crm", 49, 10).await, [(3, 1)]);
    assert_eq!(due(ledger, "crm", 50, 10).await, [(2, 2)]);
    assert_eq!(due(ledger, "crm", 79, 10).await, [(3, 2)]);
    assert_eq!(due(ledger, "crm", 1000, 10).await, [(2, 3), (3, 3)]);
    let again = ledger.due(&crm[0], at(2000), Duration::ZERO, 1).await.unwrap();
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
    ledger.sent("mail", 2, again(900)).await.unwrap();
    ledger.sent("crm", 2, again(800)).await.unwrap();
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
    ledger.sent("mail", 1, again(0)).await.unwrap();
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
    ledger.sent("crm", 1, again(500_000)).await.unwrap();
    ledger.sent("crm", 2, again(3000)).await.unwrap();
    ledger.sent("crm", 3, DeliveryState::Dead { why: "no" }).await.unwrap();
    assert_eq!(due(ledger, "crm", 1, 10).await, [(1, 2)], "no retry waits that long");
    assert_eq!(due(ledger, "crm", 90_000_000, 10).await, [(1, 3), (2, 2)]);
}

const WEEK: i64 = 7 * 24 * 60 * 60;

/// The event of a customer of a source who migrated at a time.
fn migrated(source: &str, id: &str, seconds: i64) -> Event {
    let key = LegacyKey { source: source.into(), id: id.into() };
    let kept = [("email".to_owned(), "a\"b@shop.example".to_owned())].into();
    let customer = Some(MigratedCustomer { key, at: at(seconds), kept });
    Event { customer, ..event(EventKind::WriteBack, seconds) }
}

fn legacy(source: &str) -> Subscription {
    let after = Duration::from_secs(WEEK.unsigned_abs());
    let receiver = format!("write_back:{source}");
    Subscription { source: Some(source.into()), after, ..Subscription::new(receiver, &[EventKind::WriteBack]) }
}

async fn handed_out(ledger: &dyn WithOutbox, receiver: &Subscription, seconds: i64) -> Vec<Event> {
    let due = ledger.due(receiver, at(seconds), Duration::from_secs(30), 10).await.unwrap();
    due.into_iter().map(|outgoing| outgoing.event).collect()
}

async fn a_legacy_system_is_told_of_its_own_customers_later(ledger: &dyn WithOutbox) {
    let receivers = [Subscription::new("crm", &EventKind::ALL), legacy("shop"), legacy("club")];
    let events = [event(EventKind::Migrated, 0), migrated("shop", "1", 0), migrated("club", "1", 0)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    ledger.route(&receivers, at(10), 10).await.unwrap();
    assert_eq!(due(ledger, "crm", 10, 10).await, [(1, 1)], "webhooks are told of nobody's legacy id");
    for (receiver, wanted) in [(&receivers[1], &events[1]), (&receivers[2], &events[2])] {
        assert_eq!(handed_out(ledger, receiver, WEEK - 1).await, []);
        assert_eq!(handed_out(ledger, receiver, WEEK).await, std::slice::from_ref(wanted));
    }
    // a clock that was a year ahead wrote it, and has been set back
    let year = 52 * WEEK;
    ledger.decide(&decision("migrated", year), &[migrated("shop", "2", year)]).await.unwrap();
    ledger.route(&receivers, at(year), 10).await.unwrap();
    assert_eq!(handed_out(ledger, &receivers[1], WEEK + 1).await, []);
    assert_eq!(handed_out(ledger, &receivers[1], 2 * WEEK + 1).await.len(), 2, "a week after the clock was set back");
}

async fn what_was_given_up_is_listed_and_sent_again_on_request(ledger: &dyn WithOutbox) {
    let shop = legacy("shop");
    let events: Vec<Event> = (0..4).map(|id| migrated("shop", &id.to_string(), 0)).collect();
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    ledger.decide(&decision("migrated", 0), &[event(EventKind::Failed, 0)]).await.unwrap();
    ledger.route(&[shop.clone(), subscription("crm", &EventKind::ALL)], at(0), 10).await.unwrap();
    assert_eq!(handed_out(ledger, &shop, WEEK).await.len(), 4);
    for (id, state) in
        [(1, DeliveryState::Dead { why: "no right" }), (2, again(WEEK + 60)), (3, DeliveryState::Rehearsed)]
    {
        ledger.sent(&shop.receiver, id, state).await.unwrap();
    }
    ledger.sent(&shop.receiver, 4, DeliveryState::Accepted).await.unwrap();
    ledger.decide(&decision("migrated", 0), &[migrated("shop", "9", 5)]).await.unwrap();
    let list = ledger.undelivered(EventKind::WriteBack, 0, 10).await.unwrap();
    let shown = |one: &Undelivered| (one.id, one.is_dead(), one.is_rehearsed(), one.attempts, one.why.clone());
    assert_eq!(
        list.iter().map(shown).collect::<Vec<_>>(),
        [
            (1, true, false, 1, "no right".to_owned()),
            (2, false, false, 1, "down".to_owned()),
            (3, false, true, 1, "dry run".to_owned()),
            (6, false, false, 0, String::new()),
        ]
    );
    assert_eq!((list[1].due_at, list[3].due_at), (Some(at(WEEK + 60)), Some(at(5))));
    assert_eq!(list[0].key, events[0].customer.as_ref().map(|customer| customer.key.clone()));
    assert_eq!(ledger.undelivered(EventKind::WriteBack, 1, 1).await.unwrap()[0].id, 2);
    assert_eq!(handed_out(ledger, &shop, 3 * WEEK).await, [events[1].clone()], "neither comes back by itself");
    assert_eq!(ledger.send_again(EventKind::Migrated, None, at(3 * WEEK)).await.unwrap(), 0);
    assert_eq!(ledger.send_again(EventKind::WriteBack, Some(3), at(3 * WEEK)).await.unwrap(), 1);
    assert_eq!(ledger.send_again(EventKind::WriteBack, Some(3), at(3 * WEEK)).await.unwrap(), 0);
    assert_eq!(ledger.send_again(EventKind::WriteBack, None, at(3 * WEEK)).await.unwrap(), 1);
    let due = ledger.due(&shop, at(3 * WEEK), Duration::from_secs(30), 10).await.unwrap();
    assert_eq!(due.iter().map(|outgoing| (outgoing.id, outgoing.attempts)).collect::<Vec<_>>(), [(1, 1), (3, 1)]);
}
