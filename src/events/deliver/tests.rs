//! Delivery to a real server on its own port, from an outbox in memory.

use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::*;
use crate::adapters::memory::MemoryLedger;
use crate::events::Webhook;
use crate::events::webhooks::IN_FLIGHT;
use crate::ports::{Decision, DecisionOutcome, DecisionReason, Event, EventKind, Ledger as _, Operation, TargetId};

const SECRET: &str = "twenty-four-bytes-of-it!";

/// A ledger in memory, and a clock that the tests set.
#[derive(Default)]
struct World {
    ledger: Arc<MemoryLedger>,
    now: Arc<ManualClock>,
}

#[derive(Default)]
struct ManualClock(Mutex<i64>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(*self.0.lock().unwrap()).unwrap()
    }
}

impl World {
    fn new() -> Self {
        let world = Self::default();
        world.move_to(1_800_000_100);
        world
    }

    /// Adds an event. Events get the numbers 1, 2, 3 and so on.
    async fn put(&self, id: i64, kind: EventKind) {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let account = Some(TargetId(format!("acc-{id}")));
        let (reason, request_id, tags) = (String::new(), format!("req-{id}"), vec!["wave-1".to_owned()]);
        let event = Event { at, kind, reason, account, request_id: request_id.clone(), tags, customer: None };
        let (subject, source) = (String::new(), None);
        let decision = Decision {
            at,
            request_id,
            operation: Operation::Login,
            outcome: DecisionOutcome::Migrated,
            reason: DecisionReason::None,
            subject,
            customer: None,
            account: None,
            source,
            rules: None,
            micros: 0,
            count: 1,
            settled: Vec::new(),
        };
        self.ledger.decide(&decision, &[event]).await.unwrap();
    }

    fn move_to(&self, second: i64) {
        *self.now.0.lock().unwrap() = second;
    }

    fn advance(&self, seconds: i64) {
        *self.now.0.lock().unwrap() += seconds;
    }

    fn delivery(&self, webhooks: &[Webhook]) -> Delivery {
        let poll = Duration::from_millis(20);
        let settings = DeliverySettings { attempts: 3, poll };
        Delivery::new(Webhooks::new(webhooks).unwrap(), self.ledger.clone(), self.now.clone(), settings)
    }
}

/// What a server received, and its next answers; 200 if none is set.
#[derive(Clone, Default)]
struct Inbox {
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

impl Inbox {
    async fn serve() -> (Self, String) {
        let inbox = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let router = Router::new().route("/events", post(receive)).with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (inbox, url)
    }

    fn ids(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received.iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned()).collect()
    }
}

async fn receive(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    inbox.received.lock().unwrap().push((headers, body));
    let answer = inbox.answers.lock().unwrap().pop().unwrap_or(StatusCode::OK);
    (answer, [("location", "/elsewhere")])
}

fn webhook(name: &str, url: &str, events: &[EventKind]) -> Webhook {
    Webhook { name: name.into(), url: url.into(), secret: SECRET.into(), events: events.to_vec() }
}

/// Runs a delivery until the sender is used or dropped.
fn started(delivery: Delivery) -> (oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(async move { delivery.run(async { drop(stopped.await) }).await });
    (stop, worker)
}

/// Waits for something that happens soon, however busy the machine is.
async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(Duration::from_secs(20), wait).await.is_ok(), "{what}");
}

/// A receiver that accepts connections and never answers, and the number of accepted connections.
async fn hanging() -> (Arc<Mutex<usize>>, String) {
    let accepted = Arc::new(Mutex::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let counted = accepted.clone();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            *counted.lock().unwrap() += 1;
            tokio::spawn(async move { while connection.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {} });
        }
    });
    (accepted, url)
}

/// An address that refuses connections.
async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_event_is_signed_and_delivered() {
    let (inbox, url) = Inbox::serve().await;
    let world = World::new();
    world.put(1, EventKind::Migrated).await;
    world.delivery(&[webhook("crm", &url, &EventKind::ALL)]).deliver_due().await.unwrap();

    let (headers, body) = inbox.received.lock().unwrap().pop().unwrap();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&body);
    assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    assert_eq!(
        (header("webhook-id"), header("webhook-timestamp")),
        ("msg_1_1800000000000".into(), "1800000100".into())
    );
    assert_eq!(header("content-type"), "application/json");
    let want = json!({
        "type": "account.migrated",
        "timestamp": "2027-01-15T08:00:00Z",
        "data": { "account_id": "acc-1", "reason": "", "request_id": "req-1", "tags": ["wave-1"] },
    });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), want);
    assert_eq!(world.ledger.waiting(), 0);
}

#[tokio::test]
async fn events_go_only_to_their_subscribers() {
    let (crm, crm_url) = Inbox::serve().await;
    let (mail, mail_url) = Inbox::serve().await;
    let world = World::new();
    for id in 1..=40 {
        world.put(id, if id % 2 == 0 { EventKind::Migrated } else { EventKind::Failed }).await;
    }
    world.put(41, EventKind::Refused).await;
    let webhooks = [
        webhook("crm", &crm_url, &[EventKind::Migrated, EventKind::Failed]),
        webhook("mail", &mail_url, &[EventKind::Failed]),
    ];
    world.delivery(&webhooks).deliver_due().await.unwrap();
    let ids = |filter: &dyn Fn(&i64) -> bool| -> Vec<String> {
        (1..=40).filter(|id| filter(id)).map(|id| format!("msg_{id}_1800000000000")).collect()
    };
    assert_eq!(crm.ids(), ids(&|_| true));
    assert_eq!(mail.ids(), ids(&|id| id % 2 == 1));
    assert_eq!(world.ledger.waiting(), 0, "events without subscribers are done as well");
}

#[tokio::test]
async fn nothing_is_sent_without_events() {
    let (inbox, url) = Inbox::serve().await;
    World::new().delivery(&[webhook("crm", &url, &EventKind::ALL)]).deliver_due().await.unwrap();
    assert!(inbox.ids().is_empty());
}

#[tokio::test]
async fn a_failed_event_is_sent_again_later_with_the_same_id() {
    let (inbox, url) = Inbox::serve().await;
    *inbox.answers.lock().unwrap() = vec![StatusCode::FOUND, StatusCode::INTERNAL_SERVER_ERROR];
    let world = World::new();
    world.put(1, EventKind::Migrated).await;
    let delivery = world.delivery(&[webhook("crm", &url, &EventKind::ALL)]);
    for (attempt, least, most) in [(1, 5, 10), (2, 10, 20)] {
        delivery.deliver_due().await.unwrap();
        world.advance(least - 1);
        delivery.deliver_due().await.unwrap();
        assert_eq!(inbox.ids().len(), attempt, "not before it is due");
        world.advance(most - least + 1);
    }
    delivery.deliver_due().await.unwrap();
    assert_eq!(inbox.ids(), vec!["msg_1_1800000000000"; 3]);
    assert_eq!(world.ledger.waiting(), 0);
}

#[tokio::test]
async fn an_event_is_marked_dead_per_receiver() {
    let (inbox, url) = Inbox::serve().await;
    let world = World::new();
    world.put(1, EventKind::Migrated).await;
    let all = &EventKind::ALL;
    let delivery = world.delivery(&[webhook("healthy", &url, all), webhook("gone", &closed_port().await, all)]);
    let left = async || {
        let gone = Subscription::new("gone", &[]);
        let due = world.ledger.due(&gone, world.now.now(), Duration::ZERO, 9).await.unwrap();
        due.iter().map(|outgoing| outgoing.attempts).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        delivery.deliver_due().await.unwrap();
        world.advance(7200);
    }
    assert_eq!((left().await, world.ledger.waiting()), (vec![], 1), "the event is kept, and not due");
    // the next event has its own attempts
    world.put(2, EventKind::Migrated).await;
    delivery.deliver_due().await.unwrap();
    world.advance(7200);
    assert_eq!(left().await, [2]);
    assert_eq!(inbox.ids(), ["msg_1_1800000000000", "msg_2_1800000000000"]);
}

#[tokio::test]
async fn an_accepted_event_is_not_sent_again() {
    let (healthy, healthy_url) = Inbox::serve().await;
    let (flaky, flaky_url) = Inbox::serve().await;
    *flaky.answers.lock().unwrap() = vec![StatusCode::BAD_GATEWAY];
    let world = World::new();
    world.put(1, EventKind::Migrated).await;
    let webhooks = [webhook("healthy", &healthy_url, &EventKind::ALL), webhook("flaky", &flaky_url, &EventKind::ALL)];
    let delivery = world.delivery(&webhooks);
    delivery.deliver_due().await.unwrap();
    world.advance(900);
    delivery.deliver_due().await.unwrap();
    assert_eq!((healthy.ids().len(), flaky.ids().len(), world.ledger.waiting()), (1, 2, 0));
}

/// A single webhook that hung used to delay all others: 8 of 60 events in 40 s.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_hangs_delays_only_itself() {
    let (inbox, quick) = Inbox::serve().await;
    let (accepted, hangs) = hanging().await;
    let world = World::new();
    for id in 1..=60 {
        world.put(id, EventKind::Migrated).await;
    }
    let webhooks = [webhook("hangs", &hangs, &EventKind::ALL), webhook("quick", &quick, &EventKind::ALL)];
    let (_stop, worker) = started(world.delivery(&webhooks));
    eventually("all sixty arrive", || inbox.ids().len() == 60).await;
    // Time does not matter here: the hanging receiver got no more connections than may be open at once per 5 s.
    let accepted = *accepted.lock().unwrap();
    assert!((1..=4 * IN_FLIGHT).contains(&accepted), "{accepted} connections");
    let mut ids = inbox.ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), inbox.ids().len(), world.ledger.waiting()), (60, 60, 60));
    worker.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_send_each_event_once() {
    let (inbox, url) = Inbox::serve().await;
    let world = World::new();
    for id in 1..=100 {
        world.put(id, EventKind::Migrated).await;
    }
    let crm = [webhook("crm", &url, &EventKind::ALL)];
    let (stops, workers): (Vec<_>, Vec<_>) = (0..2).map(|_| started(world.delivery(&crm))).unzip();
    eventually("everything is sent", || world.ledger.waiting() == 0).await;
    drop(stops);
    for worker in workers {
        worker.await.unwrap();
    }
    let mut ids = inbox.ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), inbox.ids().len()), (100, 100));
}

#[tokio::test]
async fn removed_receivers_are_dropped_and_new_ones_get_new_events() {
    let (inbox, url) = Inbox::serve().await;
    let world = World::new();
    world.put(1, EventKind::Migrated).await;
    let old = world.delivery(&[webhook("old", &closed_port().await, &EventKind::ALL)]);
    old.deliver_due().await.unwrap();
    assert_eq!(world.ledger.waiting(), 1);
    drop_removed(&*world.ledger, &*world.now, &["new".to_owned()]).await.unwrap();
    assert_eq!(world.ledger.waiting(), 0);
    world.put(2, EventKind::Migrated).await;
    world.delivery(&[webhook("new", &url, &EventKind::ALL)]).deliver_due().await.unwrap();
    assert_eq!(inbox.ids(), ["msg_2_1800000000000"]);
    world.put(3, EventKind::Migrated).await;
    drop_removed(&*world.ledger, &*world.now, &[]).await.unwrap();
    assert_eq!(world.ledger.waiting(), 0, "without webhooks no event is kept");
}

#[tokio::test]
async fn the_worker_delivers_until_it_is_stopped() {
    let (inbox, url) = Inbox::serve().await;
    let world = World::new();
    world.put(1, EventKind::Migrated).await;
    let (stop, worker) = started(world.delivery(&[webhook("crm", &url, &EventKind::ALL)]));
    eventually("the first event", || world.ledger.waiting() == 0).await;
    world.put(2, EventKind::Migrated).await;
    eventually("a later event", || world.ledger.waiting() == 0).await;
    stop.send(()).unwrap();
    worker.await.unwrap();
    assert_eq!(inbox.ids().len(), 2);
}

#[tokio::test]
async fn a_worker_that_is_stopped_before_it_starts_sends_nothing() {
    let (inbox, url) = Inbox::serve().await;
    let world = World::new();
    world.put(1, EventKind::Migrated).await;
    world.delivery(&[webhook("crm", &url, &EventKind::ALL)]).run(std::future::ready(())).await;
    assert!(inbox.ids().is_empty());
}
