//! Delivery to a real server on a port of its own, from an outbox in memory.

use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;
use crate::hooks::Webhook;
use crate::migrate::{
    Abandon, Attempt, Buried, Claim, ClaimAnswer, Counter, Decision, Entry, Event, EventKind, ExternalId, Finish,
    Finished, LegacyKey, Pending, PortErrorKind, Reserved, Restore, Room, StoreId, TargetId, Undo, UndoAnswer, UndoEnd,
};

const SECRET: &str = "twenty-four-bytes-of-it!";

/// An outbox in memory, and a clock that stands where the test puts it.
#[derive(Default)]
struct Outbox {
    events: Mutex<Vec<(Outgoing, Option<Timestamp>)>>,
    now: Mutex<i64>,
}

impl Clock for Outbox {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(*self.now.lock().unwrap()).unwrap()
    }
}

fn unused<'a, T: Send + 'a>() -> Pending<'a, Result<T, PortError>> {
    Box::pin(async { Err(PortError::new(PortErrorKind::Unsupported, "outbox", "unused")) })
}

impl Ledger for Outbox {
    fn would_admit<'a>(&'a self, _: &'a Counter, _: Timestamp) -> Pending<'a, Result<Room, PortError>> {
        unused()
    }
    fn reserve<'a>(&'a self, _: &'a Attempt) -> Pending<'a, Result<Reserved, PortError>> {
        unused()
    }
    fn claim<'a>(&'a self, _: &'a Claim) -> Pending<'a, Result<ClaimAnswer, PortError>> {
        unused()
    }
    fn finish<'a>(&'a self, _: &'a Finish) -> Pending<'a, Result<Finished, PortError>> {
        unused()
    }
    fn abandon<'a>(&'a self, _: &'a Abandon) -> Pending<'a, Result<(), PortError>> {
        unused()
    }
    fn decide<'a>(&'a self, _: &'a Decision, _: &'a [Event]) -> Pending<'a, Result<(), PortError>> {
        unused()
    }
    fn bury<'a>(&'a self, _: &'a LegacyKey, _: &'a [String], _: Timestamp) -> Pending<'a, Result<(), PortError>> {
        unused()
    }
    fn undo<'a>(&'a self, _: &'a Undo) -> Pending<'a, Result<UndoAnswer, PortError>> {
        unused()
    }
    fn end_undo<'a>(&'a self, _: &'a UndoEnd) -> Pending<'a, Result<Finished, PortError>> {
        unused()
    }
    fn buried<'a>(&'a self, _: &'a str) -> Pending<'a, Result<Option<Buried>, PortError>> {
        unused()
    }
    fn restore<'a>(&'a self, _: &'a Restore) -> Pending<'a, Result<(), PortError>> {
        unused()
    }
    fn entry<'a>(&'a self, _: &'a LegacyKey) -> Pending<'a, Result<Option<Entry>, PortError>> {
        unused()
    }
    fn unfinished<'a>(&'a self, _: Timestamp, _: Duration, _: usize) -> Pending<'a, Result<Vec<Entry>, PortError>> {
        unused()
    }
    fn settle_buried<'a>(&'a self, _: &'a LegacyKey) -> Pending<'a, Result<(), PortError>> {
        unused()
    }
    fn store(&self) -> Pending<'_, Result<Option<StoreId>, PortError>> {
        unused()
    }
    fn bind<'a>(&'a self, _: &'a StoreId) -> Pending<'a, Result<StoreId, PortError>> {
        unused()
    }
    fn last_migrated(&self) -> Pending<'_, Result<Option<ExternalId>, PortError>> {
        unused()
    }
    fn ping(&self) -> Pending<'_, Result<(), PortError>> {
        unused()
    }

    fn due<'a>(&'a self, now: Timestamp, _: Duration, limit: usize) -> Pending<'a, Result<Vec<Outgoing>, PortError>> {
        Box::pin(async move {
            let mut events = self.events.lock().unwrap();
            let due = events.iter_mut().filter(|(_, at)| at.is_some_and(|at| at <= now)).take(limit);
            Ok(due
                .map(|(outgoing, _)| {
                    outgoing.attempts += 1;
                    outgoing.clone()
                })
                .collect())
        })
    }

    fn sent<'a>(&'a self, id: i64, again_at: Option<Timestamp>) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let mut events = self.events.lock().unwrap();
            events.iter_mut().filter(|(outgoing, _)| outgoing.id == id).for_each(|(_, at)| *at = again_at);
            Ok(())
        })
    }
}

impl Outbox {
    fn put(&self, id: i64, kind: EventKind) {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let account = Some(TargetId(format!("acc-{id}")));
        let (reason, request_id, tags) = ("".to_owned(), format!("req-{id}"), vec!["wave-1".to_owned()]);
        let event = Event { at, kind, reason, account, request_id, tags };
        self.events.lock().unwrap().push((Outgoing { id, attempts: 0, event }, Some(at)));
    }

    fn again_at(&self, id: i64) -> Option<Timestamp> {
        self.events.lock().unwrap().iter().find(|(outgoing, _)| outgoing.id == id).unwrap().1
    }

    fn move_to(&self, second: i64) {
        *self.now.lock().unwrap() = second;
    }
}

/// What a server got, and what it answers next; 200 when nothing is set.
#[derive(Clone, Default)]
struct Inbox {
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
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
        let got = self.got.lock().unwrap();
        got.iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned()).collect()
    }
}

async fn receive(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    inbox.got.lock().unwrap().push((headers, body));
    let answer = inbox.answers.lock().unwrap().pop().unwrap_or(StatusCode::OK);
    (answer, [("location", "/elsewhere")])
}

fn webhook(name: &str, url: &str, events: &[EventKind]) -> Webhook {
    Webhook { name: name.into(), url: url.into(), secret: SECRET.into(), events: events.to_vec() }
}

fn delivery(outbox: &Arc<Outbox>, webhooks: &[Webhook]) -> Delivery {
    outbox.move_to(1_800_000_100);
    let settings = DeliverySettings { attempts: 3, ..DeliverySettings::default() };
    Delivery::new(Webhooks::new(webhooks).unwrap(), outbox.clone(), outbox.clone(), settings)
}

#[tokio::test]
async fn an_event_arrives_signed_and_is_done() {
    let (inbox, url) = Inbox::serve().await;
    let outbox = Arc::new(Outbox::default());
    outbox.put(7, EventKind::Migrated);
    delivery(&outbox, &[webhook("crm", &url, &EventKind::ALL)]).deliver_due().await.unwrap();

    let (headers, body) = inbox.got.lock().unwrap().pop().unwrap();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&body);
    assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    assert_eq!(
        (header("webhook-id"), header("webhook-timestamp")),
        ("msg_7_1800000000000".into(), "1800000100".into())
    );
    assert_eq!(header("content-type"), "application/json");
    let want = json!({
        "type": "account.migrated",
        "timestamp": "2027-01-15T08:00:00Z",
        "data": { "account_id": "acc-7", "reason": "", "request_id": "req-7", "tags": ["wave-1"] },
    });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), want);
    assert_eq!(outbox.again_at(7), None);
}

#[tokio::test]
async fn events_come_in_order_and_only_to_those_who_want_them() {
    let (crm, crm_url) = Inbox::serve().await;
    let (mail, mail_url) = Inbox::serve().await;
    let outbox = Arc::new(Outbox::default());
    for id in 0..40 {
        outbox.put(id, if id % 2 == 0 { EventKind::Migrated } else { EventKind::Failed });
    }
    outbox.put(40, EventKind::Refused);
    let webhooks = [
        webhook("crm", &crm_url, &[EventKind::Migrated, EventKind::Failed]),
        webhook("mail", &mail_url, &[EventKind::Failed]),
    ];
    delivery(&outbox, &webhooks).deliver_due().await.unwrap();
    let ids = |wanted: &dyn Fn(&i64) -> bool| -> Vec<String> {
        (0..40).filter(|id| wanted(id)).map(|id| format!("msg_{id}_1800000000000")).collect()
    };
    assert_eq!(crm.ids(), ids(&|_| true));
    assert_eq!(mail.ids(), ids(&|id| id % 2 == 1));
    assert!((0..=40).all(|id| outbox.again_at(id).is_none()), "what nobody wants is done as well");
}

#[tokio::test]
async fn without_events_nothing_is_sent() {
    let (inbox, url) = Inbox::serve().await;
    let outbox = Arc::new(Outbox::default());
    delivery(&outbox, &[webhook("crm", &url, &EventKind::ALL)]).deliver_due().await.unwrap();
    assert!(inbox.ids().is_empty());
}

#[tokio::test]
async fn what_was_not_accepted_is_sent_again_later_under_the_same_id() {
    let (inbox, url) = Inbox::serve().await;
    *inbox.answers.lock().unwrap() = vec![StatusCode::FOUND, StatusCode::INTERNAL_SERVER_ERROR];
    let outbox = Arc::new(Outbox::default());
    outbox.put(1, EventKind::Migrated);
    let delivery = delivery(&outbox, &[webhook("crm", &url, &EventKind::ALL)]);
    for (attempt, least, most) in [(1, 5, 10), (2, 10, 20)] {
        delivery.deliver_due().await.unwrap();
        let wait = outbox.again_at(1).unwrap().as_second() - outbox.now().as_second();
        assert!((least..=most).contains(&wait), "{wait}");
        delivery.deliver_due().await.unwrap();
        assert_eq!(inbox.ids().len(), attempt, "not before its time");
        outbox.move_to(outbox.again_at(1).unwrap().as_second() + 1);
    }
    delivery.deliver_due().await.unwrap();
    assert_eq!(inbox.ids(), vec!["msg_1_1800000000000"; 3]);
    assert_eq!(outbox.again_at(1), None);
}

#[tokio::test]
async fn an_event_that_nobody_accepts_is_marked_dead() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let outbox = Arc::new(Outbox::default());
    outbox.put(1, EventKind::Migrated);
    let delivery = delivery(&outbox, &[webhook("crm", &url, &EventKind::ALL)]);
    for _ in 0..3 {
        delivery.deliver_due().await.unwrap();
        outbox.move_to(outbox.again_at(1).unwrap().as_second().min(1_900_000_000) + 1);
    }
    assert_eq!(outbox.again_at(1), Some(DEAD));
}

#[tokio::test]
async fn all_receivers_get_it_again_until_all_have_accepted_it() {
    let (sound, sound_url) = Inbox::serve().await;
    let (flaky, flaky_url) = Inbox::serve().await;
    *flaky.answers.lock().unwrap() = vec![StatusCode::BAD_GATEWAY];
    let outbox = Arc::new(Outbox::default());
    outbox.put(1, EventKind::Migrated);
    let webhooks = [webhook("sound", &sound_url, &EventKind::ALL), webhook("flaky", &flaky_url, &EventKind::ALL)];
    let delivery = delivery(&outbox, &webhooks);
    delivery.deliver_due().await.unwrap();
    outbox.move_to(1_800_001_000);
    delivery.deliver_due().await.unwrap();
    assert_eq!((sound.ids().len(), flaky.ids().len(), outbox.again_at(1)), (2, 2, None));
}

#[tokio::test]
async fn the_worker_delivers_and_stops_when_told() {
    let (inbox, url) = Inbox::serve().await;
    let outbox = Arc::new(Outbox::default());
    outbox.put(1, EventKind::Migrated);
    let delivery = delivery(&outbox, &[webhook("crm", &url, &EventKind::ALL)]);
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(async move {
        delivery
            .run(async {
                drop(stopped.await);
            })
            .await;
    });
    while outbox.again_at(1).is_some() {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    worker.await.unwrap();
    assert_eq!(inbox.ids().len(), 1);
}

#[tokio::test]
async fn a_worker_that_was_told_before_it_began_sends_nothing() {
    let (inbox, url) = Inbox::serve().await;
    let outbox = Arc::new(Outbox::default());
    outbox.put(1, EventKind::Migrated);
    delivery(&outbox, &[webhook("crm", &url, &EventKind::ALL)]).run(std::future::ready(())).await;
    assert!(inbox.ids().is_empty());
}
