//! How often a remote system is called: rates and pauses that all instances keep together.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex as PlainMutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::answer::Answer;
use super::error::Failure;
use super::rate_headers;
use crate::ports::{Clock, PortError, PortErrorKind, RateLimit, SharedLimits, SystemClock, Taken};
use crate::settings::{Reporter, units};

/// How long calls that were taken may be made, how many are taken at once, and how long the ledger is not asked again for
/// pauses of other instances. Keeps a busy service from writing to the ledger for every request.
const TENTH: Duration = Duration::from_millis(100);

/// The longest pause, as in the ledger.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How many calls a system takes in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateSettings {
    /// How many calls.
    pub calls: u32,
    /// In which time, such as `1s` or `1m`. All instances together never make more, in any stretch of this time.
    #[serde(with = "units::Time")]
    pub per: Duration,
}

impl RateSettings {
    /// Reports rates that cannot be kept.
    pub(crate) fn check(rates: &[Self], reporter: &mut Reporter<'_>) {
        for (at, rate) in rates.iter().enumerate() {
            reporter.bound(&format!("rates.{at}.calls"), rate.calls.into(), 1, 1_000_000);
            reporter.time(&format!("rates.{at}.per"), rate.per, TENTH, Duration::from_secs(86_400));
        }
    }

    /// The limit that keeps it. After a pause a tenth of its calls may be made at once, so it has that many fewer for the rest
    /// of the time.
    fn limit(self, system: &str) -> RateLimit {
        let name = format!("{system}/{}/{:?}", self.calls, self.per);
        RateLimit { name, calls: self.calls - self.calls / 11, per: self.per }
    }
}

/// Keeps the rates of one system, and the pauses that it asks for.
pub(crate) struct Throttle {
    limits: Arc<dyn SharedLimits>,
    system: String,
    clock: Arc<dyn Clock>,
    /// The slowest first. Calls take from all of them in the order in which they came.
    hands: Mutex<Vec<Hand>>,
    slowest: Vec<RateLimit>,
    waiting: AtomicU32,
    pause: PlainMutex<Pause>,
}

/// Calls that were taken from a limit and not made yet.
struct Hand {
    limit: RateLimit,
    calls: u32,
    /// When they are forgotten.
    until: Instant,
    /// When the limit has calls again.
    not_before: Instant,
}

/// What is known of a pause.
#[derive(Default)]
struct Pause {
    until: Option<Instant>,
    asked: Option<Instant>,
}

/// A place in the queue, given back when the caller leaves for whatever reason.
struct Place<'t> {
    throttle: &'t Throttle,
    ahead: u32,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.throttle.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Throttle {
    /// Keeps these rates for a system, which is the name that its pauses are known by.
    pub fn new(limits: Arc<dyn SharedLimits>, system: &str, rates: &[RateSettings]) -> Self {
        Self::with_clock(limits, system, rates, Arc::new(SystemClock))
    }

    fn with_clock(limits: Arc<dyn SharedLimits>, system: &str, rates: &[RateSettings], clock: Arc<dyn Clock>) -> Self {
        let mut slowest: Vec<RateLimit> = rates.iter().map(|rate| rate.limit(system)).collect();
        // the rate that is most likely to have no calls is asked first, so that none are taken from the others in vain
        slowest.sort_by_key(|limit| std::cmp::Reverse(limit.interval()));
        let now = Instant::now();
        let hand = |limit: &RateLimit| Hand { limit: limit.clone(), calls: 0, until: now, not_before: now };
        Self {
            limits,
            system: system.to_owned(),
            clock,
            hands: Mutex::new(slowest.iter().map(hand).collect()),
            slowest,
            waiting: AtomicU32::new(0),
            pause: PlainMutex::default(),
        }
    }

    /// Takes one call from every rate. Waits for it only if the wait ends before the deadline; a pause counts, too.
    pub async fn turn(&self, deadline: Instant) -> Result<(), Failure> {
        if self.slowest.is_empty() {
            return self.sit_out_pause(deadline).await;
        }
        let place = Place { throttle: self, ahead: self.waiting.fetch_add(1, Ordering::Relaxed) };
        let is_paused = self.pause().until.is_some_and(|until| until > deadline);
        if is_paused || self.is_too_late(place.ahead, deadline) {
            return Err(over_rate());
        }
        let mut hands = timeout_at(deadline, self.hands.lock()).await.map_err(|_| over_rate())?;
        self.sit_out_pause(deadline).await?;
        for hand in hands.iter_mut() {
            self.take(hand, deadline).await?;
        }
        Ok(())
    }

    /// Heeds what an answer says of further calls.
    pub async fn note(&self, answer: &Answer) {
        let now = self.clock.now();
        let Some(pause) = rate_headers::pause(answer.status, &answer.headers, now) else { return };
        let pause = pause.min(LONGEST_PAUSE);
        self.remember(Instant::now() + pause);
        if let Err(error) = self.limits.pause(&self.system, now + pause, now).await {
            tracing::warn!(%error, system = self.system, "other instances do not know of a pause that a system asks for");
        }
    }

    /// Whether a call that has this many before it cannot be made in time, even if no other instance makes any.
    fn is_too_late(&self, ahead: u32, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        self.slowest.iter().any(|limit| limit.interval() * ahead.saturating_sub(limit.burst()) > left)
    }

    async fn take(&self, hand: &mut Hand, deadline: Instant) -> Result<(), Failure> {
        if hand.calls > 0 && Instant::now() < hand.until {
            hand.calls -= 1;
            return Ok(());
        }
        loop {
            if hand.not_before > deadline {
                return Err(over_rate());
            }
            sleep_until(hand.not_before).await;
            let now = self.clock.now();
            let taken = self.limits.take(&hand.limit, self.wanted(&hand.limit), now).await;
            match taken.map_err(|error| not_counted(&error))? {
                Taken::Calls(calls) => {
                    (hand.calls, hand.until) = (calls.saturating_sub(1), Instant::now() + TENTH);
                    return Ok(());
                }
                Taken::NotBefore(at) => hand.not_before = Instant::now() + wait(now, at),
            }
        }
    }

    /// As many calls as are waited for. Calls that nobody waits for would be made later than they were counted.
    fn wanted(&self, limit: &RateLimit) -> u32 {
        let tenth = TENTH.as_nanos().checked_div(limit.interval().as_nanos()).unwrap_or(1);
        self.waiting.load(Ordering::Relaxed).min(u32::try_from(tenth).unwrap_or(u32::MAX)).max(1)
    }

    async fn sit_out_pause(&self, deadline: Instant) -> Result<(), Failure> {
        while let Some(until) = self.paused().await? {
            if until > deadline {
                return Err(over_rate());
            }
            sleep_until(until).await;
        }
        Ok(())
    }

    /// When the pause is over; asks the ledger unless the answer is known.
    async fn paused(&self) -> Result<Option<Instant>, Failure> {
        let began = Instant::now();
        {
            let known = self.pause();
            if let Some(until) = known.until.filter(|until| *until > began) {
                return Ok(Some(until));
            }
            if known.asked.is_some_and(|asked| began < asked + TENTH) {
                return Ok(None);
            }
        }
        let now = self.clock.now();
        let until = self.limits.paused(&self.system, now).await.map_err(|error| not_counted(&error))?;
        self.pause().asked = Some(began);
        let until = until.map(|until| Instant::now() + wait(now, until));
        if let Some(until) = until {
            self.remember(until);
        }
        Ok(until)
    }

    fn remember(&self, until: Instant) {
        let mut pause = self.pause();
        pause.until = pause.until.max(Some(until));
    }

    fn pause(&self) -> MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time between two timestamps, so that a clock that jumps meanwhile does not count.
fn wait(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO).min(LONGEST_PAUSE)
}

fn over_rate() -> Failure {
    Failure::of_this_process(
        PortErrorKind::RateLimited,
        "the request was not sent, because the rate of requests is limited",
    )
}

fn not_counted(error: &PortError) -> Failure {
    Failure::of_this_process(PortErrorKind::Unavailable, format!("the shared rate limits cannot be read: {error}"))
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("system", &self.system).field("rates", &self.slowest).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use jiff::SignedDuration;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use tempfile::TempDir;

    use super::*;
    use crate::adapters::memory::MemoryLedger;
    use crate::adapters::suites::ledger::open;
    use crate::ports::BoxFuture;

    /// Wall-clock time that runs with the time of the test, this far from the right time.
    struct TestClock {
        began: Instant,
        start: Timestamp,
    }

    fn clock(ahead: SignedDuration) -> Arc<TestClock> {
        Arc::new(TestClock { began: Instant::now(), start: Timestamp::from_second(1_800_000_000).unwrap() + ahead })
    }

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            self.start + self.began.elapsed()
        }
    }

    /// A ledger that cannot be reached.
    struct Away;

    impl Away {
        fn fail<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, PortError>> {
            Box::pin(async { Err(PortError::new(PortErrorKind::Unavailable, "ledger", "limits")) })
        }
    }

    impl SharedLimits for Away {
        fn take<'a>(&'a self, _: &'a RateLimit, _: u32, _: Timestamp) -> BoxFuture<'a, Result<Taken, PortError>> {
            Self::fail()
        }

        fn paused<'a>(&'a self, _: &'a str, _: Timestamp) -> BoxFuture<'a, Result<Option<Timestamp>, PortError>> {
            Self::fail()
        }

        fn pause<'a>(&'a self, _: &'a str, _: Timestamp, _: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
            Self::fail()
        }
    }

    fn rates(rates: &[(u32, u64)]) -> Vec<RateSettings> {
        let rate = |(calls, seconds): &(u32, u64)| RateSettings { calls: *calls, per: Duration::from_secs(*seconds) };
        rates.iter().map(rate).collect()
    }

    fn throttle(limits: &Arc<dyn SharedLimits>, settings: &[(u32, u64)], ahead: SignedDuration) -> Throttle {
        Throttle::with_clock(Arc::clone(limits), "target", &rates(settings), clock(ahead))
    }

    fn in_memory() -> Arc<dyn SharedLimits> {
        Arc::new(MemoryLedger::new())
    }

    fn after(seconds: f64) -> Instant {
        Instant::now() + Duration::from_secs_f64(seconds)
    }

    fn refusal(seconds: &'static str) -> Answer {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(seconds))]);
        Answer { status: 429, headers, body: Vec::new(), version: "HTTP/1.1" }
    }

    /// When callers at two instances get their turns, as seconds from the start.
    async fn turns(instances: &[Throttle; 2], seconds: f64) -> Vec<f64> {
        let (began, end) = (Instant::now(), after(seconds));
        let calls = async |throttle: &Throttle| {
            let mut turns = Vec::new();
            while throttle.turn(end).await.is_ok() {
                turns.push(began.elapsed().as_secs_f64());
            }
            turns
        };
        let callers = (0..8).flat_map(|_| instances.iter().map(calls));
        let mut turns: Vec<f64> = join_all(callers).await.concat();
        turns.sort_by(f64::total_cmp);
        turns
    }

    /// The most turns in any stretch of time.
    fn most_within(turns: &[f64], seconds: f64) -> usize {
        let from = |start: &f64| turns.iter().filter(|turn| **turn >= *start && **turn < start + seconds).count();
        turns.iter().map(from).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn two_instances_keep_the_rates_together() {
        let limits = in_memory();
        let instances = [(); 2].map(|()| throttle(&limits, &[(50, 1), (500, 60)], SignedDuration::ZERO));
        let turns = turns(&instances, 130.0).await;
        assert!(most_within(&turns, 1.0) <= 50, "{}", most_within(&turns, 1.0));
        assert!(most_within(&turns, 60.0) <= 500, "{}", most_within(&turns, 60.0));
        assert!((950..=1100).contains(&turns.len()), "{}", turns.len());
        let fast = [(); 2].map(|()| throttle(&in_memory(), &[(50, 1)], SignedDuration::ZERO));
        assert!(self::turns(&fast, 10.0).await.len() >= 900, "each of them has its own ledger");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_processes_keep_the_rates_together() {
        let folder = TempDir::new().unwrap();
        let ledgers =
            [open(&folder).await, open(&folder).await].map(|ledger| Arc::new(ledger) as Arc<dyn SharedLimits>);
        let instances = ledgers.map(|limits| throttle(&limits, &[(50, 1), (500, 60)], SignedDuration::ZERO));
        let began = Instant::now();
        let turns = turns(&instances, 1.5).await;
        let seconds = began.elapsed().as_secs_f64();
        let most = (45.0 + seconds * 455.0 / 60.0 + 1.0).min(5.0 + seconds * 46.0);
        assert!(turns.len() as f64 <= most, "{} turns in {seconds} s", turns.len());
        assert!(turns.len() >= 40, "{} turns in {seconds} s", turns.len());
        instances[0].note(&refusal("1")).await;
        tokio::time::sleep(TENTH).await;
        assert_eq!(instances[1].turn(after(0.3)).await, Err(over_rate()));
        let waited = Instant::now();
        instances[1].turn(after(20.0)).await.unwrap();
        assert!(waited.elapsed() > Duration::from_millis(500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_all_instances_until_it_ends() {
        let limits = in_memory();
        for settings in [&[][..], &[(50, 1)]] {
            let [one, two] = [(); 2].map(|()| throttle(&limits, settings, SignedDuration::ZERO));
            let began = Instant::now();
            one.note(&refusal("7")).await;
            for instance in [&one, &two] {
                assert_eq!(instance.turn(after(6.0)).await, Err(over_rate()));
            }
            assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits in vain");
            join_all((0..3).flat_map(|_| [one.turn(after(8.0)), two.turn(after(8.0))]))
                .await
                .into_iter()
                .for_each(Result::unwrap);
            assert!((7.0..7.2).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_jumped_clock_does_not_stop_everybody() {
        let limits = in_memory();
        let jumped = throttle(&limits, &[(10, 60)], SignedDuration::from_hours(24));
        let right = throttle(&limits, &[(10, 60)], SignedDuration::ZERO);
        jumped.turn(after(1.0)).await.unwrap();
        jumped.note(&refusal("60")).await;
        right.turn(after(1.0)).await.unwrap();
        let behind = throttle(&limits, &[(10, 60)], SignedDuration::from_hours(-24));
        behind.turn(after(1.0)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_past_the_deadline() {
        let slow = throttle(&in_memory(), &[(1, 60)], SignedDuration::ZERO);
        slow.turn(after(3.0)).await.unwrap();
        let began = Instant::now();
        assert_eq!(slow.turn(after(3.0)).await, Err(over_rate()));
        assert_eq!(began.elapsed(), Duration::ZERO);
        slow.turn(after(61.0)).await.unwrap();
        let throttle = throttle(&in_memory(), &[(10, 1)], SignedDuration::ZERO);
        let began = Instant::now();
        let ends = join_all((0..100).map(|_| async {
            let answer = throttle.turn(began + Duration::from_secs(3)).await;
            (answer, began.elapsed())
        }));
        let ends = ends.await;
        assert!(ends.iter().all(|(_, took)| *took <= Duration::from_secs(3)));
        let made = ends.iter().filter(|(answer, _)| answer.is_ok()).count();
        assert!((28..=32).contains(&made), "{made}");
        let refused_at_once = ends.iter().filter(|(answer, took)| answer.is_err() && took.is_zero()).count();
        assert!(refused_at_once > 60, "{refused_at_once}");
    }

    #[tokio::test(start_paused = true)]
    async fn callers_who_leave_hold_nobody() {
        let throttle = throttle(&in_memory(), &[(10, 1)], SignedDuration::ZERO);
        throttle.turn(after(1.0)).await.unwrap();
        {
            let leaving = join_all((0..20).map(|_| throttle.turn(after(9.0))));
            assert!(tokio::time::timeout(Duration::from_millis(150), leaving).await.is_err());
        }
        assert_eq!(throttle.waiting.load(Ordering::Relaxed), 0);
        throttle.turn(after(0.5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_ledger_that_is_away_is_no_fault_of_the_system() {
        let throttle = Throttle::new(Arc::new(Away), "target", &rates(&[(10, 1)]));
        let error = throttle.turn(after(1.0)).await.unwrap_err().of("target", "create");
        assert!(error.is_about_this_process() && error.kind() == PortErrorKind::Unavailable, "{error}");
    }
}
