//! Writing back from an outbox in memory to a legacy system that fails on demand.

use std::collections::VecDeque;
use std::sync::Mutex;

use jiff::Timestamp;

use super::*;
use crate::adapters::memory::MemoryLedger;
use crate::events::webhooks::Webhooks;
use crate::events::{Delivery, DeliverySettings};
use crate::ports::{
    AccountLookup, AccountState, Claim, ClaimAnswer, Decision, DecisionOutcome, DecisionReason, Event, ExternalId,
    Finish, LegacyKey, Operation, Outbox as _, TargetId, Undelivered, Undo, UndoAnswer, UndoEnd,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn decision(outcome: DecisionOutcome) -> Decision {
    Decision {
        at: at(0),
        request_id: "r".into(),
        operation: Operation::Login,
        outcome,
        reason: DecisionReason::None,
        subject: String::new(),
        customer: None,
        account: None,
        source: None,
        rules: None,
        micros: 0,
        count: 1,
        settled: Vec::new(),
    }
}

#[derive(Default)]
struct ManualClock(Mutex<i64>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        at(*self.0.lock().unwrap())
    }
}

/// What the legacy system does next; `Done` if nothing is set.
#[derive(Clone, Copy)]
enum Next {
    Gone,
    Fail(PortErrorKind),
    /// Writes, and then the answer is lost.
    LoseAnswer,
}

/// A legacy system: the ids that were written, in order, and what was only rehearsed.
#[derive(Default)]
struct Shop {
    written: Mutex<Vec<String>>,
    rehearsed: Mutex<Vec<String>>,
    next: Mutex<VecDeque<Next>>,
}

impl LegacyWriter for Shop {
    fn write<'a>(
        &'a self,
        call: Call<'a>,
        customer: &'a MigratedCustomer,
    ) -> BoxFuture<'a, Result<Written, PortError>> {
        Box::pin(async move {
            let next = self.next.lock().unwrap().pop_front();
            let id = format!("{} {}", customer.key.id, call.request_id);
            match next {
                Some(Next::Fail(kind)) => return Err(PortError::new(kind, "shop", "write_back").because("so it is")),
                Some(Next::Gone) => return Ok(Written::Gone),
                Some(Next::LoseAnswer) => {
                    self.written.lock().unwrap().push(id);
                    return Err(PortError::new(PortErrorKind::Unavailable, "shop", "write_back"));
                }
                None => self.written.lock().unwrap().push(id),
            }
            Ok(Written::Done)
        })
    }

    fn rehearse<'a>(&'a self, _: Call<'a>, customer: &'a MigratedCustomer) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            self.rehearsed.lock().unwrap().push(customer.key.id.clone());
            Ok(())
        })
    }
}

#[derive(Default)]
struct World {
    ledger: Arc<MemoryLedger>,
    shop: Arc<Shop>,
    clock: Arc<ManualClock>,
}

fn key(id: &str) -> LegacyKey {
    LegacyKey { source: "shop".into(), id: id.into() }
}

impl World {
    fn delivery(&self, change: impl FnOnce(&mut WriteBackPolicy)) -> Delivery {
        let (after, timeout) = (Duration::from_secs(100), Duration::from_secs(5));
        let mut policy = WriteBackPolicy { after, dry_run: false, attempts: 3, timeout };
        change(&mut policy);
        let legacy = WriteBack::new("shop", self.shop.clone(), self.ledger.clone(), policy);
        let (webhooks, settings) = (Webhooks::new(&[]).unwrap(), DeliverySettings::default());
        Delivery::to(webhooks, vec![legacy], self.ledger.clone(), self.clock.clone(), settings)
    }

    /// A customer is migrated now.
    async fn migrate(&self, id: &str) {
        let now = self.clock.now();
        let claim = Claim {
            key: key(id),
            logins: Vec::new(),
            lookup: AccountLookup::Login,
            external_id: ExternalId(format!("e-{id}")),
            rules: String::new(),
            claimed_at: now,
            verified_at: Some(now),
            creating_at: now,
            lease: Duration::from_secs(2),
        };
        let ClaimAnswer::Granted(grant) = self.ledger.claim(&claim).await.unwrap() else { panic!("granted") };
        let account = TargetId(format!("account of {id} {}", grant.token));
        let event = Event {
            at: now,
            kind: EventKind::WriteBack,
            reason: String::new(),
            account: Some(account.clone()),
            request_id: "r".into(),
            tags: Vec::new(),
            customer: Some(MigratedCustomer { key: key(id), at: now, kept: [].into() }),
        };
        let finish = Finish {
            key: key(id),
            token: grant.token,
            account,
            state: AccountState::Active,
            created_at: now,
            tags: Vec::new(),
            decision: decision(DecisionOutcome::Migrated),
            events: vec![event],
        };
        self.ledger.finish(&finish).await.unwrap();
    }

    async fn begin_undo(&self, id: &str) -> u64 {
        let account = self.ledger.entry(&key(id)).await.unwrap().unwrap().account.unwrap();
        let undo = Undo { key: key(id), account, at: self.clock.now(), lease: Duration::from_secs(2) };
        let UndoAnswer::Begun(token) = self.ledger.undo(&undo).await.unwrap() else { panic!("begun") };
        token
    }

    async fn end_undo(&self, id: &str, token: u64) {
        let decision = Box::new(decision(DecisionOutcome::Undone));
        self.ledger.end_undo(&UndoEnd::Forget { key: key(id), token, decision }).await.unwrap();
    }

    fn advance(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += seconds;
    }

    fn written(&self) -> Vec<String> {
        std::mem::take(&mut self.shop.written.lock().unwrap())
    }

    fn next(&self, next: &[Next]) {
        self.shop.next.lock().unwrap().extend(next);
    }

    async fn left(&self) -> Vec<Undelivered> {
        self.ledger.undelivered(EventKind::WriteBack, 0, 100).await.unwrap()
    }
}

#[tokio::test]
async fn customers_are_written_back_after_the_time_of_the_settings() {
    let world = World::default();
    let delivery = world.delivery(|_| {});
    world.migrate("1").await;
    world.advance(10);
    world.migrate("2").await;
    world.next(&[Next::Gone]);
    for (seconds, written, left) in [(89, &[][..], 2), (1, &[], 1), (9, &[], 1), (1, &["2"], 0), (10_000, &[], 0)] {
        world.advance(seconds);
        delivery.deliver_due().await.unwrap();
        let ids: Vec<String> = world.written().iter().map(|id| id.chars().take(1).collect()).collect();
        assert_eq!((ids, world.left().await.len()), (written.iter().map(|&id| id.to_owned()).collect(), left));
    }
}

#[tokio::test]
async fn an_outage_is_tried_again_and_then_kept() {
    let world = World::default();
    let delivery = world.delivery(|policy| policy.after = Duration::ZERO);
    world.migrate("1").await;
    world.next(&[Next::Fail(PortErrorKind::Unavailable), Next::LoseAnswer]);
    delivery.deliver_due().await.unwrap();
    let left = world.left().await;
    assert_eq!((left[0].attempts, left[0].is_dead(), left[0].why.as_str()), (1, false, "unavailable: so it is"));
    for _ in 0..2 {
        world.advance(3600);
        delivery.deliver_due().await.unwrap();
    }
    let written = world.written();
    assert_eq!(written.len(), 2, "written again, because the answer was lost");
    assert_eq!(written[0], written[1], "with the same id");
    world.migrate("2").await;
    world.next(&[Next::Fail(PortErrorKind::RateLimited); 3]);
    for _ in 0..5 {
        world.advance(3600);
        delivery.deliver_due().await.unwrap();
    }
    let left = world.left().await;
    assert!(left.len() == 1 && left[0].is_dead() && left[0].attempts == 3, "{left:?}");
    assert_eq!(world.ledger.send_again(EventKind::WriteBack, None, world.clock.now()).await.unwrap(), 1);
    delivery.deliver_due().await.unwrap();
    assert_eq!((world.written().len(), world.left().await.len()), (1, 0));
}

#[tokio::test]
async fn a_refusal_is_kept_at_once() {
    for kind in
        [PortErrorKind::Denied, PortErrorKind::Misconfigured, PortErrorKind::Conflict, PortErrorKind::BadResponse]
    {
        let world = World::default();
        let delivery = world.delivery(|policy| policy.after = Duration::ZERO);
        world.migrate("1").await;
        world.next(&[Next::Fail(kind)]);
        for _ in 0..3 {
            delivery.deliver_due().await.unwrap();
            world.advance(3600);
        }
        let left = world.left().await;
        assert!(left.len() == 1 && left[0].is_dead() && left[0].attempts == 1, "{left:?}");
        assert_eq!((left[0].key.clone(), world.written().len()), (Some(key("1")), 0));
    }
}

#[tokio::test]
async fn an_undone_or_deleted_customer_is_not_written_back() {
    let world = World::default();
    let delivery = world.delivery(|policy| policy.after = Duration::ZERO);
    for id in ["1", "2", "3"] {
        world.migrate(id).await;
    }
    let token = world.begin_undo("1").await;
    world.end_undo("1", token).await;
    world.ledger.bury(&key("2"), &[], world.clock.now()).await.unwrap();
    let token = world.begin_undo("3").await;
    delivery.deliver_due().await.unwrap();
    assert_eq!((world.written().len(), world.left().await.len()), (0, 1), "the third is undecided");
    // the first is migrated again: only the new account counts
    world.migrate("1").await;
    world.advance(3600);
    world.ledger.end_undo(&UndoEnd::Keep { key: key("3"), token }).await.unwrap();
    delivery.deliver_due().await.unwrap();
    let mut ids: Vec<String> = world.written().iter().map(|id| id.chars().take(1).collect()).collect();
    ids.sort();
    assert_eq!((ids.as_slice(), world.left().await.len()), (&["1".to_owned(), "3".to_owned()][..], 0));
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_loses_nobody() {
    let world = World::default();
    let dry = world.delivery(|policy| (policy.after, policy.dry_run) = (Duration::ZERO, true));
    world.migrate("1").await;
    for _ in 0..3 {
        dry.deliver_due().await.unwrap();
        world.advance(3600);
    }
    assert_eq!(*world.shop.rehearsed.lock().unwrap(), ["1"]);
    let left = world.left().await;
    assert!(world.written().is_empty() && left.len() == 1 && left[0].is_rehearsed(), "{left:?}");
    world.ledger.send_again(EventKind::WriteBack, Some(left[0].id), world.clock.now()).await.unwrap();
    world.delivery(|policy| policy.after = Duration::ZERO).deliver_due().await.unwrap();
    assert_eq!((world.written().len(), world.left().await.len()), (1, 0));
}

/// A process ends between the write and its record: the next one writes again after the lease.
#[tokio::test]
async fn what_was_not_recorded_is_written_again() {
    let world = World::default();
    world.migrate("1").await;
    let first = world.delivery(|policy| policy.after = Duration::ZERO);
    while world.ledger.route(&first.subscriptions, world.clock.now(), 10).await.unwrap() > 0 {}
    let taken = world.ledger.due(&first.subscriptions[0], world.clock.now(), Duration::from_secs(60), 1).await.unwrap();
    let call = Call::outside_login("wb");
    world.shop.write(call, taken[0].event.customer.as_ref().unwrap()).await.unwrap();
    drop(first);
    let second = world.delivery(|policy| policy.after = Duration::ZERO);
    second.deliver_due().await.unwrap();
    assert_eq!(world.written().len(), 1, "the first process still has its lease");
    world.advance(61);
    second.deliver_due().await.unwrap();
    assert_eq!((world.written().len(), world.left().await.len()), (1, 0));
}
