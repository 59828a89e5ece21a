//! Guarded ports around fakes that are slow, flapping, unresponsive or return unusable answers, with time controlled by
//! the tests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::model::Password;
use crate::password::Verdict;
use crate::ports::{
    Authenticated, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId, Found, Identifier,
    IdentifierProfile, LegacyKey, NewAccount, PasswordChange, PortError, PortErrorKind, Presented, Record, Source,
    StoreId, StoredAccount, Target, TargetId, Verification, Verifier, Work,
};

/// What a fake does at its nth call, counted from 0.
type Behaviour = fn(u64) -> Act;

#[derive(Clone, Copy)]
enum Act {
    Answer,
    AnswerAfter(Duration),
    Fail(PortErrorKind),
    Never,
}

struct Fake {
    behaviour: Behaviour,
    calls: AtomicU64,
    inside: AtomicUsize,
    most_inside: AtomicUsize,
}

impl Fake {
    fn new(behaviour: Behaviour) -> Arc<Self> {
        let (calls, inside, most_inside) = Default::default();
        Arc::new(Self { behaviour, calls, inside, most_inside })
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    async fn act<T>(&self, answer: T) -> Result<T, PortError> {
        let inside = self.inside.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_inside.fetch_max(inside, Ordering::Relaxed);
        let act = (self.behaviour)(self.calls.fetch_add(1, Ordering::Relaxed));
        let result = match act {
            Act::Answer => Ok(answer),
            Act::AnswerAfter(time) => {
                sleep(time).await;
                Ok(answer)
            }
            Act::Fail(kind) => Err(PortError::new(kind, "legacy", "fetch")),
            Act::Never => std::future::pending().await,
        };
        self.inside.fetch_sub(1, Ordering::Relaxed);
        result
    }
}

impl Source for Fake {
    fn name(&self) -> &str {
        "legacy"
    }

    fn fetch<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        Box::pin(self.act(None))
    }
}

impl Verifier for Fake {
    fn name(&self) -> &str {
        "legacy"
    }

    fn verify<'a>(&'a self, _: Call<'a>, _: Presented<'a>) -> BoxFuture<'a, Result<Verification, PortError>> {
        Box::pin(self.act(Verification { verdict: Verdict::Mismatch, work: Work::Remote }))
    }
}

const DEADLINE: Duration = Duration::from_millis(1500);

fn call_until(deadline: Instant) -> Call<'static> {
    Call { deadline, request_id: "r1" }
}

fn ada() -> Identifier {
    IdentifierProfile::default().canonical("ada").unwrap()
}

async fn fetch(source: &Arc<dyn Source>) -> Result<Option<Record>, PortErrorKind> {
    source.fetch(call_until(Instant::now() + DEADLINE), &ada()).await.map_err(|error| error.kind())
}

async fn verify(verifier: &Arc<dyn Verifier>) -> Result<Verification, PortErrorKind> {
    let (identifier, record) = (ada(), Record::new("{}".into()));
    let password = Arc::new(Password::new(b"secret".to_vec()).unwrap());
    let presented = Presented { identifier: &identifier, record: &record, credential: None, password: &password };
    verifier.verify(call_until(Instant::now() + DEADLINE), presented).await.map_err(|error| error.kind())
}

fn without_breaker() -> GuardSettings {
    GuardSettings { breaker: None, ..GuardSettings::default() }
}

#[tokio::test(start_paused = true)]
async fn an_unresponsive_source_costs_at_most_the_call_limit() {
    let fake = Fake::new(|_| Act::Never);
    let (source, figures) = guarded_source(fake.clone(), &without_breaker());
    let started = Instant::now();
    assert_eq!(fetch(&source).await, Err(PortErrorKind::Unavailable));
    assert_eq!(started.elapsed(), GuardSettings::default().call);
    assert_eq!((fake.calls(), figures.calls(), figures.late()), (1, 1, 1));

    let started = Instant::now();
    let soon = Instant::now() + Duration::from_millis(30);
    assert_eq!(source.fetch(call_until(soon), &ada()).await.unwrap_err().kind(), PortErrorKind::Unavailable);
    assert_eq!(started.elapsed(), Duration::from_millis(30), "the deadline comes before the time of a call");
}

/// Adapters with several servers share the time that they have among them.
#[tokio::test(start_paused = true)]
async fn a_verifier_knows_how_long_a_call_may_take() {
    struct Asked(Mutex<Option<Instant>>);
    impl Verifier for Asked {
        fn name(&self) -> &str {
            "legacy"
        }

        fn verify<'a>(&'a self, call: Call<'a>, _: Presented<'a>) -> BoxFuture<'a, Result<Verification, PortError>> {
            *self.0.lock().unwrap() = Some(call.deadline);
            Box::pin(async { Ok(Verification::without_work(Verdict::Mismatch)) })
        }
    }
    let asked = Arc::new(Asked(Mutex::new(None)));
    let (verifier, _) = guarded_verifier(asked.clone(), &without_breaker());
    verify(&verifier).await.unwrap();
    assert_eq!(*asked.0.lock().unwrap(), Some(Instant::now() + GuardSettings::default().call));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_after_the_deadline() {
    let fake = Fake::new(|_| Act::Answer);
    let (source, figures) = guarded_source(fake.clone(), &GuardSettings::default());
    for _ in 0..100 {
        let past = Instant::now();
        assert_eq!(source.fetch(call_until(past), &ada()).await.unwrap_err().kind(), PortErrorKind::Unavailable);
    }
    assert_eq!((fake.calls(), figures.calls()), (0, 0));
    assert_eq!(figures.breaker(), BreakerState::Closed, "logins that are late say nothing about the adapter");
}

#[tokio::test(start_paused = true)]
async fn slow_answers_within_the_limit_are_accepted() {
    let fake = Fake::new(|_| Act::AnswerAfter(Duration::from_millis(700)));
    let (source, figures) = guarded_source(fake, &GuardSettings::default());
    for _ in 0..30 {
        assert_eq!(fetch(&source).await, Ok(None));
    }
    assert_eq!((figures.late(), figures.breaker()), (0, BreakerState::Closed));
}

#[tokio::test(start_paused = true)]
async fn reads_are_retried_at_most_once_per_ten_calls_and_verifications_never() {
    for behaviour in [
        (|_| Act::Fail(PortErrorKind::Unavailable)) as Behaviour,
        |call| if call % 2 == 0 { Act::Fail(PortErrorKind::Unavailable) } else { Act::Answer },
        |call| if call % 20 == 19 { Act::Never } else { Act::Answer },
    ] {
        let (reads, checks) = (Fake::new(behaviour), Fake::new(behaviour));
        let (source, figures) = guarded_source(reads.clone(), &without_breaker());
        let (verifier, _) = guarded_verifier(checks.clone(), &without_breaker());
        for _ in 0..1_000 {
            drop(fetch(&source).await);
            drop(verify(&verifier).await);
        }
        assert_eq!(checks.calls(), 1_000);
        assert!((1_001..=1_100).contains(&reads.calls()), "{}", reads.calls());
        assert_eq!(figures.retries(), reads.calls() - 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_recovers_from_a_temporary_failure() {
    let fake = Fake::new(|call| if call == 20 { Act::Fail(PortErrorKind::Unavailable) } else { Act::Answer });
    let (source, figures) = guarded_source(fake.clone(), &GuardSettings::default());
    for _ in 0..21 {
        assert_eq!(fetch(&source).await, Ok(None));
    }
    assert_eq!((fake.calls(), figures.retries()), (22, 1));
}

#[tokio::test(start_paused = true)]
async fn permanent_failures_are_not_retried() {
    for behaviour in [
        (|call| if call < 20 { Act::Answer } else { Act::Fail(PortErrorKind::BadResponse) }) as Behaviour,
        |call| if call < 20 { Act::Answer } else { Act::Fail(PortErrorKind::Denied) },
        |call| if call < 20 { Act::Answer } else { Act::Fail(PortErrorKind::RateLimited) },
    ] {
        let fake = Fake::new(behaviour);
        let (source, figures) = guarded_source(fake.clone(), &without_breaker());
        for _ in 0..21 {
            drop(fetch(&source).await);
        }
        assert_eq!((fake.calls(), figures.retries()), (21, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn unusable_answers_open_the_breaker_and_a_valid_one_closes_it() {
    let fake = Fake::new(|call| if call < 10 { Act::Fail(PortErrorKind::BadResponse) } else { Act::Answer });
    let (source, figures) = guarded_source(fake.clone(), &GuardSettings::default());
    for _ in 0..10 {
        assert_eq!(fetch(&source).await, Err(PortErrorKind::BadResponse));
    }
    assert_eq!(figures.breaker(), BreakerState::Open);
    for _ in 0..100 {
        assert_eq!(fetch(&source).await, Err(PortErrorKind::Unavailable));
    }
    assert_eq!((fake.calls(), figures.broken()), (10, 100), "the breaker is open");
    advance(BreakerSettings::default().open).await;
    assert_eq!(figures.breaker(), BreakerState::HalfOpen);
    assert_eq!(fetch(&source).await, Ok(None));
    assert_eq!(figures.breaker(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_probed_occasionally_and_its_end_is_noticed() {
    static RECOVERED: AtomicUsize = AtomicUsize::new(0);
    let fake = Fake::new(|_| if RECOVERED.load(Ordering::Relaxed) == 0 { Act::Never } else { Act::Answer });
    let (verifier, figures) = guarded_verifier(fake.clone(), &GuardSettings::default());
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(600) {
        drop(verify(&verifier).await);
        advance(Duration::from_millis(100)).await;
    }
    let probes = Duration::from_secs(600).as_millis() / BreakerSettings::default().open.as_millis();
    assert!(fake.calls() as u128 <= 10 + probes, "{}", fake.calls());
    RECOVERED.store(1, Ordering::Relaxed);
    let recovered = Instant::now();
    while figures.breaker() != BreakerState::Closed {
        drop(verify(&verifier).await);
        advance(Duration::from_millis(100)).await;
    }
    assert!(recovered.elapsed() <= Duration::from_secs(2), "{:?}", recovered.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_admitted_gradually_and_the_rest_is_rejected() {
    let fake = Fake::new(|_| Act::AnswerAfter(Duration::from_millis(200)));
    let settings = GuardSettings { concurrency: 4, ..GuardSettings::default() };
    let (source, figures) = guarded_source(fake.clone(), &settings);
    let results = join_all((0..20).map(|_| fetch(&source))).await;
    let succeeded = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(succeeded, 8, "two rounds of 200 ms begin within the wait of 250 ms");
    assert!(results.iter().all(|result| matches!(result, Ok(None) | Err(PortErrorKind::RateLimited))));
    assert_eq!((fake.calls(), figures.crowded(), fake.most_inside.load(Ordering::Relaxed)), (8, 12, 4));
    assert_eq!(figures.breaker(), BreakerState::Closed, "our own queue is not a fault of the source");
}

#[tokio::test(start_paused = true)]
async fn abandoned_calls_free_their_permit_and_do_not_count() {
    let fake = Fake::new(|call| if call < 50 { Act::Never } else { Act::Answer });
    let settings = GuardSettings { concurrency: 2, ..GuardSettings::default() };
    let (source, figures) = guarded_source(fake, &settings);
    for _ in 0..50 {
        let given_up = tokio::time::timeout(Duration::from_millis(10), fetch(&source)).await;
        assert!(given_up.is_err());
    }
    assert_eq!((fetch(&source).await, figures.breaker()), (Ok(None), BreakerState::Closed));
}

/// A target that always fails, and counts its calls.
#[derive(Default)]
struct Unreachable(Mutex<BTreeMap<&'static str, u32>>);

impl Unreachable {
    fn fail<'a, T: Send + 'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<T, PortError>> {
        *self.0.lock().unwrap().entry(operation).or_default() += 1;
        Box::pin(async move { Err(PortError::new(PortErrorKind::Unavailable, "store", operation)) })
    }
}

impl Target for Unreachable {
    fn name(&self) -> &str {
        "store"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::DATABASE
    }

    fn find<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        self.fail("find")
    }

    fn find_external<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        self.fail("find_external")
    }

    fn authenticate<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a TargetId,
        _: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        self.fail("authenticate")
    }

    fn create<'a>(&'a self, _: Call<'a>, _: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>> {
        self.fail("create")
    }

    fn set_password<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a TargetId,
        _: &'a Arc<Password>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        self.fail("set_password")
    }

    fn delete<'a>(&'a self, _: Call<'a>, _: &'a TargetId, _: Deletion) -> BoxFuture<'a, Result<Deleted, PortError>> {
        self.fail("delete")
    }

    fn reopen<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        self.fail("reopen")
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        self.fail("ping")
    }

    fn read<'a>(&'a self, _: Call<'a>, _: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        self.fail("read")
    }

    fn list<'a>(
        &'a self,
        _: Call<'a>,
        _: Option<&'a TargetId>,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        self.fail("list")
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_retries_reads_and_never_writes() {
    let unreachable = Arc::new(Unreachable::default());
    let (target, _) = guarded_target(unreachable.clone(), &without_breaker());
    let (identifier, external, id) = (ada(), ExternalId("x".into()), TargetId("1".into()));
    let legacy = LegacyKey { source: "legacy".into(), id: "1".into() };
    let (password, at) = (Arc::new(Password::new(b"secret".to_vec()).unwrap()), Timestamp::UNIX_EPOCH);
    for _ in 0..100 {
        let deadline = Instant::now() + DEADLINE;
        let call = call_until(deadline);
        let (change, claims) = (PasswordChange::Optional, "{}");
        let account = NewAccount {
            external_id: &external,
            legacy: &legacy,
            logins: &[],
            claims,
            password: None,
            hash: None,
            pending: None,
            change,
            rules: "",
            at,
            until: deadline,
        };
        assert!(target.create(call, account).await.is_err());
        assert!(target.authenticate(call, &id, &password).await.is_err());
        assert!(target.set_password(call, &id, &password, at).await.is_err());
        assert!(target.delete(call, &id, Deletion::ForGood).await.is_err());
        assert!(target.find(call, &identifier).await.is_err());
        assert!(target.find_external(call, &external).await.is_err());
        assert!(target.read(call, &id).await.is_err());
        assert!(target.list(call, None, 1).await.is_err());
    }
    let counts = unreachable.0.lock().unwrap().clone();
    for write in ["create", "authenticate", "set_password", "delete"] {
        assert_eq!(counts[write], 100, "{write}");
    }
    // All calls pay for retries, and every read used some.
    let reads: u32 = ["find", "find_external", "read", "list"].iter().map(|read| counts[read]).sum();
    assert_eq!(reads, 400 + 80, "{counts:?}");
}
