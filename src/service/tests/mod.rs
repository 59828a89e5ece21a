//! Tests of the service over real sockets, with operations that can give every outcome.

mod answers;
mod bridges;
mod limits;
mod reload;
mod stop;
mod strangers;
mod tls;

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::bridges::Bridges;
use super::metrics::Metrics;
use super::observer::Telemetry;
use super::operations::Operations;
use super::reload::{RuleReload, RuleUse};
use super::server::{Served, ServiceError, bind};
use super::settings::ServiceSettings;
use super::stop::Stopper;
use crate::bridge::Bridge;
use crate::callers::Callers;
use crate::migrate::{
    Answer, Challenge, Handover, LiveRules, Login, Observer as _, Outcome, Profile, ProfileAnswer, ProvisionAnswer,
    Refusal, ResetAnswer, SignupAnswer, Step,
};
use crate::ports::{
    AccountState, BoxFuture, LegacyKey, PasswordChange, PortError, PortErrorKind, StoredAccount, TargetId,
};

/// Operations whose answer depends on the identifier.
pub(super) struct Fake {
    metrics: Metrics,
    /// The number of calls of any operation.
    asked: AtomicUsize,
    /// The number of slow logins that finished.
    finished: AtomicUsize,
    /// Notified when a slow login starts.
    entered: Mutex<mpsc::Sender<()>>,
    /// Lets slow logins finish.
    release: Semaphore,
    /// The network of the last login.
    network: Mutex<Option<IpAddr>>,
    /// Whether the customer of the last login passed a challenge.
    challenge: Mutex<Challenge>,
    /// The rules that `rules` logins use.
    rules: Mutex<Option<Arc<LiveRules>>>,
}

/// The name of an outcome that is no refusal; outcomes with the same name go by their reason.
fn spoken(outcome: &Outcome) -> String {
    match outcome {
        Outcome::MigratedWithoutPassword => outcome.reason().name().to_owned(),
        outcome => outcome.name().to_owned(),
    }
}

/// Every outcome with its name.
pub(super) fn outcomes() -> Vec<(String, Outcome)> {
    let refusals = Refusal::ALL.into_iter().map(|refusal| (refusal.name().to_owned(), Outcome::Refused(refusal)));
    let others = [
        Outcome::Authenticated,
        Outcome::Migrated,
        Outcome::MigratedMustChangePassword,
        Outcome::MigratedWithoutPassword,
        Outcome::Conflict,
        Outcome::InvalidRecord,
        Outcome::UnreadableRecord,
        Outcome::DeniedByRule("ada@example.org".to_owned()),
        Outcome::LegacyUnavailable,
        Outcome::TargetUnavailable,
        Outcome::Overloaded,
    ];
    refusals.chain(others.into_iter().map(|outcome| (spoken(&outcome), outcome))).collect()
}

impl Fake {
    async fn answer(&self, login: Login) -> Answer {
        match login.identifier.as_str() {
            "panic" => panic!("a secret of the login"),
            "slow" => {
                self.entered.lock().unwrap().send(()).unwrap();
                self.release.acquire().await.unwrap().forget();
                self.finished.fetch_add(1, Ordering::SeqCst);
            }
            "rules" => {
                let rules = self.rules.lock().unwrap().clone().unwrap();
                reload::assert_whole(&rules.current());
            }
            _ => {}
        }
        let outcome = outcomes().into_iter().find(|(name, _)| *name == login.identifier).map(|(_, outcome)| outcome);
        let outcome = outcome.unwrap_or(Outcome::Authenticated);
        let ended = Step::Ended { outcome: &outcome, took: Duration::from_millis(1) };
        Telemetry::new(self.metrics.clone()).step(&login.request_id, &ended);
        let account = outcome.is_success().then(|| TargetId("a-1".to_owned()));
        let retry_after = outcome.is_temporary().then(|| Duration::from_millis(2500));
        Answer { outcome, account, change: PasswordChange::Optional, retry_after }
    }
}

impl Operations for Fake {
    fn hand_over<'a>(&'a self, login: Login, _: &'a Handover) -> BoxFuture<'a, (Answer, Option<Profile>)> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { (self.answer(login).await, None) })
    }

    fn profile<'a>(
        &'a self,
        _: &'a str,
        identifier: &'a str,
        _: Option<IpAddr>,
        _: Option<String>,
        _: &'a Handover,
    ) -> BoxFuture<'a, ProfileAnswer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match identifier {
                "known" => ProfileAnswer::Known(Profile(Zeroizing::new("{}".to_owned()))),
                "outage" => ProfileAnswer::Unavailable(Duration::from_secs(7)),
                _ => ProfileAnswer::Unknown,
            }
        })
    }

    fn provision<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: Option<IpAddr>,
        _: Option<String>,
    ) -> BoxFuture<'a, ProvisionAnswer> {
        Box::pin(async { ProvisionAnswer::Done(None) })
    }

    fn login(&self, login: Login) -> BoxFuture<'_, Answer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.network.lock().unwrap() = login.network;
        *self.challenge.lock().unwrap() = login.challenge;
        Box::pin(self.answer(login))
    }

    fn signup_check<'a>(&'a self, _: &'a str, identifier: &'a str, _: Option<IpAddr>) -> BoxFuture<'a, SignupAnswer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match identifier {
                "free" => SignupAnswer::Free,
                "reserved" => SignupAnswer::Reserved,
                _ => SignupAnswer::Unknown(Duration::from_secs(7)),
            }
        })
    }

    fn serves_tenant(&self, tenant: &str) -> bool {
        tenant == "club"
    }

    fn forgot_password<'a>(
        &'a self,
        _: &'a str,
        identifier: &'a str,
        _: Option<IpAddr>,
        _: Option<String>,
    ) -> BoxFuture<'a, ResetAnswer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match identifier {
                "known" => ResetAnswer::Accepted,
                _ => ResetAnswer::Unavailable(Duration::from_secs(7)),
            }
        })
    }

    fn account<'a>(&'a self, _: &'a str, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match id.0.as_str() {
                "a-1" => Ok(Some(stored())),
                "out" => Err(PortError::new(PortErrorKind::Unavailable, "accounts", "read")),
                "bad" => Err(PortError::new(PortErrorKind::BadResponse, "accounts", "read")),
                _ => Ok(None),
            }
        })
    }

    fn set_password<'a>(
        &'a self,
        _: &'a str,
        id: &'a TargetId,
        password: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            assert_eq!(password.as_slice(), b" new \xc3\xa9");
            Ok((id.0 == "a-1").then(|| id.clone()))
        })
    }

    fn password_was_set<'a>(&'a self, _: &'a str, id: &'a TargetId) -> BoxFuture<'a, Result<bool, PortError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(id.0 == "a-1") })
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}

fn stored() -> StoredAccount {
    StoredAccount {
        id: TargetId("a-1".to_owned()),
        state: AccountState::Pending,
        legacy: Some(LegacyKey { source: "shop".to_owned(), id: "4711".to_owned() }),
        logins: vec!["ada".to_owned()],
        claims: r#"{"id":123456789012345678901,"balance":1.10}"#.to_owned(),
        rules: Some("abc".to_owned()),
        created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        changed_at: "2026-02-02T03:04:05Z".parse().unwrap(),
        since_migration: crate::ports::SinceMigration::Changed,
        change: PasswordChange::Required,
    }
}

/// A running service.
pub(super) struct Running {
    address: SocketAddr,
    fake: Arc<Fake>,
    metrics: Metrics,
    stopper: Stopper,
    entered: Mutex<mpsc::Receiver<()>>,
    task: Option<JoinHandle<Result<(), ServiceError>>>,
    runtime: Runtime,
}

impl Running {
    fn start(change: impl FnOnce(&mut ServiceSettings)) -> Self {
        Self::start_with(None, None, change)
    }

    fn start_with(
        callers: Option<Arc<Callers>>,
        reload: Option<RuleReload>,
        change: impl FnOnce(&mut ServiceSettings),
    ) -> Self {
        Self::start_whole(callers, reload, Vec::new(), change)
    }

    fn start_whole(
        callers: Option<Arc<Callers>>,
        reload: Option<RuleReload>,
        bridges: Vec<Bridge>,
        change: impl FnOnce(&mut ServiceSettings),
    ) -> Self {
        let mut settings =
            ServiceSettings { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..ServiceSettings::default() };
        change(&mut settings);
        let (metrics, (sender, entered)) = (Metrics::new(), mpsc::channel());
        let fake = Arc::new(Fake {
            metrics: metrics.clone(),
            asked: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            entered: Mutex::new(sender),
            release: Semaphore::new(0),
            network: Mutex::new(None),
            challenge: Mutex::default(),
            rules: Mutex::new(reload.as_ref().map(|reload| Arc::clone(&reload.rules))),
        });
        let served = Served {
            operations: fake.clone(),
            callers,
            metrics: metrics.clone(),
            reload: reload.into_iter().collect(),
            bridges: Bridges::new(bridges),
        };
        let bound = bind(served, settings).unwrap();
        let (address, stopper) = (bound.address(), bound.stopper());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let task = Some(runtime.spawn(bound.run()));
        let entered = Mutex::new(entered);
        Self { address, fake, metrics, stopper, entered, task, runtime }
    }

    /// The number of unverified requests allowed for one host.
    fn share(&self) -> usize {
        ServiceSettings::default().limits.unverified.div_ceil(super::guardrails::SHARES)
    }

    fn asked(&self) -> usize {
        self.fake.asked.load(Ordering::SeqCst)
    }

    /// Waits until a slow login has started.
    fn slow_began(&self) {
        self.entered.lock().unwrap().recv_timeout(TIMEOUT).unwrap();
    }

    /// Waits until the service has stopped.
    fn ended(&mut self) -> Result<(), ServiceError> {
        let task = self.task.take().unwrap();
        self.runtime.block_on(async { tokio::time::timeout(TIMEOUT, task).await.unwrap().unwrap() })
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream
    }

    /// Sends text, and reads until the service closes the connection.
    fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        rest(&mut stream)
    }

    fn get(&self, path: &str) -> String {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, body: &str) -> String {
        self.exchange(&post(path, "", body))
    }

    fn login(&self, identifier: &str) -> String {
        self.post("/v1/login", &login(identifier))
    }
}

/// Longer than anything here takes; a test that waits this long fails.
const TIMEOUT: Duration = Duration::from_secs(20);

fn login(identifier: &str) -> String {
    serde_json::json!({ "identifier": identifier, "password": "correct horse" }).to_string()
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \
         {length}\r\n{headers}\r\n{body}"
    )
}

/// Reads everything until the end.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset connection is also an end.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn status(response: &str) -> u16 {
    response.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn header<'r>(response: &'r str, name: &str) -> Option<&'r str> {
    let head = response.split("\r\n\r\n").next()?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")))?;
    line.split_once(": ").map(|(_, value)| value)
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The whole response without the values that vary: `date` and `x-request-id`.
fn comparable(response: &str) -> String {
    let hide = |line: &str| match line.split_once(": ") {
        Some((name @ ("date" | "x-request-id"), _)) => format!("{name}: …"),
        _ => line.to_owned(),
    };
    response.split("\r\n").map(hide).collect::<Vec<_>>().join("\n")
}
