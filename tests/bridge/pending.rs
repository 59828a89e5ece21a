//! Products whose accounts are created before the first login: the pending account of the ledger becomes active under its id,
//! and the target is not asked again.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use landfall::bridge::{Kind, Topology};
use serde_json::{Value, json};

use crate::clients::{self, Decision};
use crate::imported::{CUSTOMERS, Imported, mail, outcome, password};
use crate::running::client;

/// The bodies of the accounts that were created at a product.
type Created = Arc<Mutex<Vec<Value>>>;

async fn create(State(created): State<Created>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let mut created = created.lock().expect("nobody panicked");
    created.push(body);
    (StatusCode::CREATED, Json(json!({ "id": format!("a-{}", created.len()) })))
}

async fn works() -> Json<Value> {
    Json(json!({}))
}

/// A product that can do nothing but create accounts.
async fn product() -> (SocketAddr, Created) {
    let created = Created::default();
    let routes = Router::new().route("/accounts", post(create)).route("/health", get(works));
    let routes = routes.with_state(Arc::clone(&created));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (address, created)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_account_becomes_active_under_its_id() {
    let is_verify_only = |kind: &str| Kind::named(kind).is_some_and(|kind| kind.topology == Topology::VerifyOnly);
    for client_of in clients::all().iter().filter(|client| is_verify_only(client.kind())) {
        let (address, created) = product().await;
        let target =
            format!("{{ kind: http, preset: rest, server: {{ url: 'http://{address}', allow: [ 127.0.0.1 ] }} }}");
        let bridge = format!("kind: {}, repeat: 1h, {}", client_of.kind(), client_of.settings());
        let mut service = Imported::new("127.0.0.1:0", &target, &bridge);
        client_of.prepare(service.path());
        let results = service.bulk();
        let ids: Vec<String> = CUSTOMERS[..3]
            .iter()
            .map(|login| {
                let (outcome, account) = outcome(&results, login);
                assert_eq!(outcome, "created", "{login}");
                account.expect("an id").to_owned()
            })
            .collect();
        let bodies = created.lock().expect("nobody panicked").clone();
        assert_eq!(bodies.len(), 3, "nobody who is locked: {bodies:?}");
        assert!(bodies.iter().all(|body| body.get("password").is_none()), "{bodies:?}");

        let address = format!("{}/bridge/{}", service.start(), client_of.kind());
        let http = client(Duration::from_secs(30));
        let (signed_in, refused) = (Decision::SignedIn { must_change: false }, Decision::Refused);
        let ask =
            async |login: &str, password: &str| client_of.sign_in(&http, &address, login, password).await.decision;
        let [ada, bo, _, locked] = CUSTOMERS;
        assert_eq!(ask(ada, "a wrong password").await, refused);
        assert_eq!(ask(locked, &password(locked)).await, refused);
        assert_eq!(ask(ada, &password(ada)).await, signed_in);
        assert_eq!(ask(&mail(bo), &password(bo)).await, signed_in);
        assert_eq!(ask(ada, &password(ada)).await, signed_in, "the answer was lost");
        assert_eq!(ask(ada, "a wrong password").await, refused);

        let now = service.bulk();
        assert_eq!([ada, bo, CUSTOMERS[2]].map(|login| outcome(&now, login).0), ["migrated", "migrated", "pending"]);
        assert_eq!(service.migrated(ada), [&*ids[0]], "once");
        assert_eq!(service.migrated(&mail(bo)), [&*ids[1]]);
        assert_eq!(created.lock().expect("nobody panicked").len(), 3, "no other account");

        service.stop();
        service.change("repeat: 1h", "repeat: 0s");
        let address = format!("{}/bridge/{}", service.start(), client_of.kind());
        let seen = client_of.sign_in(&http, &address, ada, &password(ada)).await;
        assert_eq!(seen.decision, refused, "the product has a password of its own by now");
    }
}
