//! Heads that are sent to a file and to a real server are anchors of their ledger.

use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;
use crate::adapters::sqlite::SqliteLedger;
use crate::audit::read_anchors;
use crate::ports::{
    Decision, DecisionOutcome, DecisionReason, EventKind, Keyring, Ledger as _, Operation, SystemClock,
};
use crate::signing::{Signature, SigningKey};

const SECRET: &str = "twenty-four-bytes-of-it!";

type Inbox = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut inbox = inbox.lock().unwrap();
    inbox.push((headers, body));
    // the first one fails
    if inbox.len() == 1 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
}

async fn serve() -> (Inbox, String) {
    let inbox = Inbox::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/heads", listener.local_addr().unwrap());
    let router = Router::new().route("/heads", post(receive)).with_state(inbox.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (inbox, url)
}

async fn ledger(folder: &tempfile::TempDir) -> Arc<SqliteLedger> {
    let path = folder.path().join("ledger.db");
    let keyring = Arc::new(Keyring::new(&[7; 32]).unwrap());
    Arc::new(SqliteLedger::open(path.to_str().unwrap(), keyring).await.unwrap())
}

async fn decide(ledger: &SqliteLedger) {
    let decision = Decision {
        at: Timestamp::now(),
        request_id: "r".into(),
        operation: Operation::Login,
        outcome: DecisionOutcome::Authenticated,
        reason: DecisionReason::None,
        subject: "s".into(),
        customer: None,
        account: None,
        source: None,
        rules: None,
        micros: 1,
        count: 1,
        settled: Vec::new(),
    };
    ledger.decide(&decision, &[]).await.unwrap();
}

fn settings(folder: &tempfile::TempDir, url: &str) -> Anchor {
    let (name, url, secret, events) = ("anchor".to_owned(), url.to_owned(), SECRET.into(), vec![EventKind::Failed]);
    let webhook = Some(Webhook { name, url, secret, events });
    Anchor { every: Duration::from_millis(5), file: Some(folder.path().join("anchors.txt")), webhook }
}

#[tokio::test]
async fn each_head_goes_to_the_file_and_the_webhook_once() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder).await;
    let (inbox, url) = serve().await;
    let settings = settings(&folder, &url);
    let anchors = Anchors::new(ledger.clone(), Arc::new(SystemClock), &settings).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let pushing = tokio::spawn(async move { anchors.run(async { drop(stopped.await) }).await });
    decide(&ledger).await;
    let pushed = async {
        while inbox.lock().unwrap().len() < 2 {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), pushed).await.expect("retried until it is accepted");
    sleep(Duration::from_millis(30)).await;
    decide(&ledger).await;
    stop.send(()).unwrap();
    pushing.await.unwrap();

    let file = std::fs::read(settings.file.unwrap()).unwrap();
    let kept = read_anchors(&mut &*file).unwrap();
    assert_eq!(kept.iter().map(|head| head.number).collect::<Vec<_>>(), [1, 2], "the last head is sent at the end");
    assert_eq!(ledger.verify_with(&kept).await.unwrap().broken, None);
    let inbox = inbox.lock().unwrap();
    let bodies: Vec<Value> = inbox.iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect();
    let heads: Vec<&str> = bodies.iter().map(|body| body["data"]["head"].as_str().unwrap()).collect();
    assert_eq!(heads, [kept[0].to_string(), kept[0].to_string(), kept[1].to_string()]);
    assert_eq!(bodies[0]["type"], "audit.head");
    let key = SigningKey::new(&SECRET.into()).unwrap();
    for (headers, body) in inbox.iter() {
        let header = |name: &str| headers[name].to_str().unwrap();
        let at = header("webhook-timestamp").parse().unwrap();
        let signature = key.check(header("webhook-signature"), header("webhook-id"), at, body);
        assert_eq!(signature, Signature::Right);
    }
    assert_eq!(inbox[0].0["webhook-id"], inbox[1].0["webhook-id"]);
}

#[tokio::test]
async fn writing_to_the_file_is_retried() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder).await;
    decide(&ledger).await;
    let path = folder.path().join("missing").join("anchors.txt");
    let settings = Anchor { every: Duration::from_secs(3600), file: Some(path.clone()), webhook: None };
    let anchors = Anchors::new(ledger, Arc::new(SystemClock), &settings).unwrap();
    let mut pushed = Pushed::default();
    assert!(!anchors.push(&mut pushed).await);
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    assert!(anchors.push(&mut pushed).await && anchors.push(&mut pushed).await);
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 1);
}
