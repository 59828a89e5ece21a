//! Zitadel's hosted login page with Actions v2, and the part of Zitadel's API that Landfall's target uses: the page looks the user up,
//! asks for the methods, makes a session, and checks the password; each call goes through a target.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Answer, Asked, Client, Decision, send};

const KEY: &str = "a signing key of the tests of Zitadel";
const NOT_FOUND: u64 = 5;

pub struct Zitadel {
    store: Arc<Store>,
    address: SocketAddr,
}

/// What Zitadel stores.
#[derive(Default)]
struct Store {
    users: Mutex<BTreeMap<String, User>>,
    sessions: Mutex<BTreeMap<String, String>>,
    count: AtomicU64,
}

#[derive(Clone)]
struct User {
    name: String,
    password: Option<String>,
    must_change: bool,
}

type Answered = (StatusCode, Json<Value>);

fn failed(status: StatusCode, code: u64, message: &str) -> Answered {
    (status, Json(json!({ "code": code, "message": message })))
}

impl Store {
    fn users(&self) -> MutexGuard<'_, BTreeMap<String, User>> {
        self.users.lock().expect("no panic")
    }

    fn json_of(id: &str, user: &User) -> Value {
        let mut human = json!({ "profile": { "givenName": "-", "familyName": "-" } });
        if user.password.is_some() {
            human["passwordChanged"] = json!("2026-01-01T00:00:00Z");
        }
        json!({
            "userId": id, "state": "USER_STATE_ACTIVE", "username": user.name, "loginNames": [user.name],
            "preferredLoginName": user.name, "human": human,
        })
    }

    fn new_session(&self, user: &str) -> String {
        let id = format!("{}", 284_719_305_511_000_000 + self.count.fetch_add(1, Ordering::Relaxed));
        self.sessions.lock().expect("no panic").insert(id.clone(), user.to_owned());
        id
    }

    /// The response of `ListUsers` for a login name.
    fn found(&self, name: &str) -> Value {
        let users = self.users();
        let found = users.iter().find(|(_, user)| user.name.eq_ignore_ascii_case(name));
        match found {
            Some((id, user)) => json!({ "details": { "totalResult": "1" }, "result": [Self::json_of(id, user)] }),
            None => json!({ "details": { "timestamp": "2026-11-29T12:00:00Z" } }),
        }
    }
}

async fn create(State(store): State<Arc<Store>>, Json(body): Json<Value>) -> Answered {
    let mut users = store.users();
    let id = body["userId"].as_str().expect("an id").to_owned();
    let email = body["human"]["email"]["email"].as_str().expect("an address");
    let name = body["username"].as_str().unwrap_or(email).to_owned();
    if users.contains_key(&id) || users.values().any(|user| user.name.eq_ignore_ascii_case(&name)) {
        return failed(StatusCode::CONFLICT, 6, "User already exists");
    }
    let password = &body["human"]["password"];
    let user = User {
        name,
        password: password["password"].as_str().map(str::to_owned),
        must_change: password["changeRequired"] == json!(true),
    };
    users.insert(id.clone(), user);
    (StatusCode::CREATED, Json(json!({ "id": id })))
}

async fn read(State(store): State<Arc<Store>>, Path(id): Path<String>) -> Answered {
    match store.users().get(&id) {
        Some(user) => (StatusCode::OK, Json(json!({ "user": Store::json_of(&id, user) }))),
        None => failed(StatusCode::NOT_FOUND, NOT_FOUND, "User could not be found (QUERY-Dfbg2)"),
    }
}

async fn set_password(State(store): State<Arc<Store>>, Path(id): Path<String>, Json(body): Json<Value>) -> Answered {
    match store.users().get_mut(&id) {
        Some(user) => {
            user.password = Some(body["newPassword"]["password"].as_str().expect("a password").to_owned());
            user.must_change = body["newPassword"]["changeRequired"] == json!(true);
            (StatusCode::OK, Json(json!({ "details": {} })))
        }
        None => failed(StatusCode::NOT_FOUND, NOT_FOUND, "User could not be found"),
    }
}

async fn check(State(store): State<Arc<Store>>, Json(body): Json<Value>) -> Answered {
    let checks = &body["checks"];
    let id = checks["user"]["userId"].as_str().expect("an id").to_owned();
    let known = store.users().get(&id).and_then(|user| user.password.clone());
    if known.as_deref() != checks["password"]["password"].as_str() {
        return failed(StatusCode::BAD_REQUEST, 3, "Password is invalid (COMMAND-3M0fs)");
    }
    let session = store.new_session(&id);
    (StatusCode::CREATED, Json(json!({ "sessionId": session, "sessionToken": "t" })))
}

async fn session(State(store): State<Arc<Store>>, Path(id): Path<String>) -> Answered {
    match store.sessions.lock().expect("no panic").get(&id) {
        Some(user) => (StatusCode::OK, Json(json!({ "session": { "id": id, "factors": { "user": { "id": user } } } }))),
        None => failed(StatusCode::NOT_FOUND, NOT_FOUND, "Session not found"),
    }
}

impl Zitadel {
    /// Starts the API within the runtime of the test.
    pub fn start() -> Self {
        let store = Arc::new(Store::default());
        let router = Router::new()
            .route("/v2/users", post(async || Json(json!({ "details": {} }))))
            .route("/v2/users/new", post(create))
            .route("/v2/users/{id}", get(read))
            .route("/v2/users/{id}/password", post(set_password))
            .route("/v2/sessions", post(check))
            .route("/v2/sessions/{id}", get(session))
            .with_state(Arc::clone(&store));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { store, address }
    }

    /// The id of the user with a login name.
    pub fn id_of(&self, name: &str) -> String {
        let users = self.store.users();
        users.iter().find(|(_, user)| user.name == name).map(|(id, _)| id.clone()).expect("a user")
    }

    /// A user chooses a new password by a link in a mail of Zitadel's, which tells its target.
    pub async fn reset(&self, http: &reqwest::Client, bridge: &str, id: &str, password: &str) -> Answer {
        self.store.users().get_mut(id).expect("a user").password = Some(password.to_owned());
        let request = json!({ "userId": id, "newPassword": { "password": password }, "verificationCode": "QX7" });
        let response = json!({ "details": { "sequence": "12" } });
        let payload = self.payload("/zitadel.user.v2.UserService/SetPassword", request, Some(response));
        self.call(http, format!("{bridge}/set-password"), &payload).await.0
    }

    /// A call of a target, as Zitadel makes it.
    async fn call(&self, http: &reqwest::Client, url: String, payload: &Value) -> (Answer, Value) {
        let (body, time) = (payload.to_string(), jiff::Timestamp::now().as_second());
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key");
        mac.update(format!("{time}.{body}").as_bytes());
        let signature = format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()));
        let request = http.post(url).header("zitadel-signature", signature).header("content-type", "application/json");
        let answer = send(request.body(body), false).await;
        let value = serde_json::from_str(&answer.body).unwrap_or_default();
        (answer, value)
    }

    fn payload(&self, method: &str, request: Value, response: Option<Value>) -> Value {
        // two calls of the same second differ by what Zitadel says of the time
        let count = self.store.count.fetch_add(1, Ordering::Relaxed);
        let mut payload = json!({
            "fullMethod": method, "instanceID": count.to_string(), "userID": "zitadel-cloud-login", "request": request,
        });
        if let Some(response) = response {
            payload["response"] = response;
        }
        payload
    }
}

/// The error that Zitadel passes on, if the target wants one.
fn error_of(answer: &Answer, value: &Value) -> Option<Decision> {
    match value["forwardedStatusCode"].as_u64() {
        Some(400) => Some(Decision::Refused),
        Some(_) => Some(Decision::Unavailable),
        None if answer.status != 200 => Some(Decision::Unavailable),
        None => None,
    }
}

impl Client for Zitadel {
    fn kind(&self) -> &'static str {
        "zitadel"
    }

    fn settings(&self) -> String {
        format!("signing_secrets: [ '{KEY}' ]")
    }

    fn target(&self) -> String {
        let auth = "{ kind: bearer, token: a-token-of-zitadel }";
        format!(
            "{{ kind: http, preset: zitadel, server: {{ url: 'http://{}', allow: [ 127.0.0.1 ], auth: {auth} }} }}",
            self.address
        )
    }

    fn asks_twice(&self) -> bool {
        true
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            let query = json!({ "loginName": identifier, "method": "TEXT_QUERY_METHOD_EQUALS_IGNORE_CASE" });
            let request = json!({ "queries": [{ "loginNameQuery": query }] });
            let method = "/zitadel.user.v2.UserService/ListUsers";
            let payload = self.payload(method, request, Some(self.store.found(identifier)));
            let (answer, found) = self.call(http, format!("{bridge}/list-users"), &payload).await;
            if let Some(decision) = error_of(&answer, &found) {
                return answer.seen(decision);
            }
            let Some(id) = found["result"][0]["userId"].as_str() else { return answer.seen(Decision::Refused) };
            let has_password = self.store.users().get(id).expect("the user").password.is_some();
            let methods = if has_password { json!(["AUTHENTICATION_METHOD_TYPE_PASSWORD"]) } else { json!([]) };
            let method = "/zitadel.user.v2.UserService/ListAuthenticationMethodTypes";
            let payload = self.payload(method, json!({ "userId": id }), Some(json!({ "authMethodTypes": methods })));
            let (_, methods) = self.call(http, format!("{bridge}/list-authentication-method-types"), &payload).await;
            let types = &methods["authMethodTypes"];
            assert_eq!(types, &json!(["AUTHENTICATION_METHOD_TYPE_PASSWORD"]), "the page sends an invitation");
            let session = self.store.new_session(id);
            let checks = json!({ "password": { "password": password } });
            let request = json!({ "sessionId": session, "sessionToken": "t", "checks": checks });
            let payload = self.payload("/zitadel.session.v2.SessionService/SetSession", request, None);
            let (answer, passed) = self.call(http, format!("{bridge}/set-session"), &payload).await;
            if let Some(decision) = error_of(&answer, &passed) {
                return answer.seen(decision);
            }
            // Zitadel checks the password itself
            let user = self.store.users().get(id).expect("the user").clone();
            answer.seen(match user.password.as_deref() == Some(password) {
                true => Decision::SignedIn { must_change: user.must_change },
                false => Decision::Refused,
            })
        })
    }
}
