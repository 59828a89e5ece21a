//! The behaviour of attempts in every ledger. Each case runs against the file, in memory, and against PostgreSQL.

use std::time::Duration;

use futures_util::future::join_all;

use super::ledger::{at, decision, every_ledger, open};
use crate::adapters::memory::MemoryLedger;
use crate::adapters::sqlite::SqliteLedger;
use crate::ports::{Attempt, Counter, Ledger, Reservation, Reserved, Room, Settled};

every_ledger! {
    failures_plus_reservations_never_exceed_a_limit
    an_unended_reservation_expires_without_a_failure
    a_released_attempt_is_not_a_failure
    reserving_does_not_extend_the_window
    failures_expire_bucket_by_bucket
    parallel_attempts_cannot_exceed_a_limit
    a_verified_password_clears_every_lane
    a_known_network_has_its_own_lane
    known_networks_are_limited_and_expire
    timestamps_far_in_the_future_count_as_expired
    would_admit_counts_nothing
}

/// How long the reservations in these tests last.
const HOLD: Duration = Duration::from_secs(5);

/// A counter with buckets of 4 seconds.
pub(in crate::adapters) fn counter(owner: &str, limit: u32) -> Counter {
    Counter { owner: owner.into(), lane: String::new(), limit, window: Duration::from_secs(64) }
}

pub(in crate::adapters) async fn reserve(ledger: &dyn Ledger, seconds: i64, counter: &Counter) -> Reserved {
    reserve_from(ledger, seconds, counter, None).await
}

async fn reserve_from(ledger: &dyn Ledger, seconds: i64, counter: &Counter, network: Option<&str>) -> Reserved {
    let network = network.map(str::to_owned);
    ledger.reserve(&Attempt { counter: counter.clone(), network, at: at(seconds), hold: HOLD }).await.unwrap()
}

async fn admitted(ledger: &dyn Ledger, seconds: i64, counter: &Counter) -> Reservation {
    match reserve(ledger, seconds, counter).await {
        Reserved::Admitted(reservation) => reservation,
        other => panic!("{other:?} at {seconds}"),
    }
}

async fn settle(ledger: &dyn Ledger, seconds: i64, settled: Vec<Settled>) {
    ledger.decide(&crate::ports::Decision { settled, ..decision("refused", seconds) }, &[]).await.unwrap();
}

/// Reserves an attempt and fails it.
pub(in crate::adapters) async fn fail(ledger: &dyn Ledger, seconds: i64, counter: &Counter) {
    let reservation = admitted(ledger, seconds, counter).await;
    let failed = Settled::Failed(reservation.counter.clone());
    settle(ledger, seconds, vec![Settled::Ended(reservation), failed]).await;
}

async fn seen_at(ledger: &dyn Ledger, seconds: i64, network: &str) {
    settle(ledger, seconds, vec![Settled::SeenAt { owner: "ada".into(), network: network.into() }]).await;
}

async fn failures_plus_reservations_never_exceed_a_limit(ledger: &dyn Ledger) {
    let ada = counter("ada", 3);
    fail(ledger, 0, &ada).await;
    let (first, second) = (admitted(ledger, 1, &ada).await, admitted(ledger, 1, &ada).await);
    assert_eq!(reserve(ledger, 2, &ada).await, Reserved::Busy, "the attempts in flight may fail");
    assert!(matches!(reserve(ledger, 2, &counter("bob", 1)).await, Reserved::Admitted(_)));
    settle(ledger, 2, vec![Settled::Ended(first)]).await;
    fail(ledger, 2, &ada).await;
    assert_eq!(reserve(ledger, 2, &ada).await, Reserved::Busy);
    settle(ledger, 3, vec![Settled::Ended(second), Settled::Failed(ada.clone())]).await;
    assert_eq!(reserve(ledger, 3, &ada).await, Reserved::OverLimit);
}

async fn an_unended_reservation_expires_without_a_failure(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    for round in 0..20 {
        admitted(ledger, round * 5, &ada).await;
        assert_eq!(reserve(ledger, round * 5 + 4, &ada).await, Reserved::Busy);
    }
    let late = admitted(ledger, 100, &ada).await;
    // The login of the reservation still ends later: a guess is a failure, however late it is recorded.
    settle(ledger, 110, vec![Settled::Ended(late.clone()), Settled::Failed(late.counter)]).await;
    assert_eq!(reserve(ledger, 110, &ada).await, Reserved::OverLimit);
}

async fn a_released_attempt_is_not_a_failure(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    for _ in 0..5 {
        let reservation = admitted(ledger, 0, &ada).await;
        settle(ledger, 0, vec![Settled::Ended(reservation.clone())]).await;
        settle(ledger, 0, vec![Settled::Ended(reservation)]).await;
    }
    let _held = admitted(ledger, 0, &ada).await;
    assert_eq!(reserve(ledger, 0, &ada).await, Reserved::Busy, "ending a reservation twice frees no second attempt");
}

/// One mistake every 6 seconds with room for one in 4 seconds: nobody is ever locked out.
async fn reserving_does_not_extend_the_window(ledger: &dyn Ledger) {
    let ada = Counter { window: Duration::from_secs(4), ..counter("ada", 1) };
    for round in 0..20 {
        fail(ledger, round * 6, &ada).await;
        assert_eq!(reserve(ledger, round * 6 + 3, &ada).await, Reserved::OverLimit);
    }
}

async fn failures_expire_bucket_by_bucket(ledger: &dyn Ledger) {
    let ada = counter("ada", 3);
    for seconds in [0, 20, 40] {
        fail(ledger, seconds, &ada).await;
    }
    for seconds in [41, 63] {
        assert_eq!(reserve(ledger, seconds, &ada).await, Reserved::OverLimit, "a failure counts for the whole window");
    }
    // At most one bucket later than the window.
    fail(ledger, 68, &ada).await;
    assert_eq!(reserve(ledger, 83, &ada).await, Reserved::OverLimit);
    fail(ledger, 88, &ada).await;
    assert_eq!(reserve(ledger, 88, &ada).await, Reserved::OverLimit);
    assert_eq!(ledger.would_admit(&ada, at(103)).await.unwrap(), Room::Full);
    assert_eq!(ledger.would_admit(&ada, at(108)).await.unwrap(), Room::Free);
}

async fn parallel_attempts_cannot_exceed_a_limit(ledger: &dyn Ledger) {
    let ada = counter("ada", 10);
    let answers = join_all((0..500).map(|_| reserve(ledger, 0, &ada))).await;
    let (mut admitted, mut busy) = (0, 0);
    for answer in answers {
        match answer {
            Reserved::Admitted(_) => admitted += 1,
            Reserved::Busy => busy += 1,
            Reserved::OverLimit => panic!("no attempt has failed"),
        }
    }
    assert_eq!((admitted, busy), (10, 490));
}

async fn a_verified_password_clears_every_lane(ledger: &dyn Ledger) {
    let lanes = ["", "challenge", "home"].map(|lane| Counter { lane: lane.into(), ..counter("ada", 1) });
    for lane in &lanes {
        fail(ledger, 0, lane).await;
        assert_eq!(reserve(ledger, 0, lane).await, Reserved::OverLimit);
    }
    fail(ledger, 0, &counter("bob", 1)).await;
    settle(ledger, 1, vec![Settled::Cleared("ada".into())]).await;
    for lane in &lanes {
        assert_eq!(ledger.would_admit(lane, at(1)).await.unwrap(), Room::Free);
    }
    assert_eq!(ledger.would_admit(&counter("bob", 1), at(1)).await.unwrap(), Room::Full);
}

async fn a_known_network_has_its_own_lane(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    seen_at(ledger, 0, "home").await;
    fail(ledger, 1, &ada).await;
    assert_eq!(reserve_from(ledger, 1, &ada, Some("elsewhere")).await, Reserved::OverLimit);
    let Reserved::Admitted(held) = reserve_from(ledger, 1, &ada, Some("home")).await else {
        panic!("locked out at home")
    };
    assert_eq!(held.counter, Counter { lane: "home".into(), ..ada.clone() });
    assert_eq!(reserve_from(ledger, 1, &ada, Some("home")).await, Reserved::Busy);
    settle(ledger, 1, vec![Settled::Failed(held.counter.clone()), Settled::Ended(held)]).await;
    assert_eq!(reserve_from(ledger, 1, &ada, Some("home")).await, Reserved::OverLimit);
    assert!(matches!(reserve_from(ledger, 1, &counter("bob", 1), Some("home")).await, Reserved::Admitted(_)));
}

async fn known_networks_are_limited_and_expire(ledger: &dyn Ledger) {
    const DAY: i64 = 24 * 60 * 60;
    let ada = counter("ada", 1);
    let is_known = async |day: i64, network: &str| match reserve_from(ledger, day * DAY, &ada, Some(network)).await {
        Reserved::Admitted(held) => {
            settle(ledger, day * DAY, vec![Settled::Ended(held.clone())]).await;
            held.counter.lane == network
        }
        other => panic!("{other:?}"),
    };
    for network in 0..9 {
        seen_at(ledger, network * DAY, &network.to_string()).await;
    }
    assert!(!is_known(8, "0").await, "the oldest of nine is forgotten");
    assert!(is_known(8, "1").await && is_known(8, "8").await);
    assert!(is_known(31, "1").await && !is_known(32, "1").await, "known for 30 days");
    seen_at(ledger, 20 * DAY, "2").await;
    assert!(is_known(50, "2").await && !is_known(51, "2").await, "30 days after the last sign-in");
    assert!(!is_known(-60, "8").await, "seen by a clock that was far ahead");
}

/// A clock that was a year ahead, or a few minutes, locks nobody out once it is correct again.
async fn timestamps_far_in_the_future_count_as_expired(ledger: &dyn Ledger) {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    let (ada, bob) = (counter("ada", 1), counter("bob", 1));
    for ahead in [YEAR, 200] {
        fail(ledger, ahead, &ada).await;
        admitted(ledger, ahead, &bob).await;
        assert_eq!(reserve(ledger, ahead, &ada).await, Reserved::OverLimit);
        assert_eq!(ledger.would_admit(&ada, at(0)).await.unwrap(), Room::Free);
        let (held, flying) = (admitted(ledger, 0, &ada).await, admitted(ledger, 0, &bob).await);
        settle(ledger, 0, vec![Settled::Ended(held), Settled::Ended(flying)]).await;
    }
}

async fn would_admit_counts_nothing(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    for _ in 0..3 {
        assert_eq!(ledger.would_admit(&ada, at(0)).await.unwrap(), Room::Free);
    }
    let _held = admitted(ledger, 0, &ada).await;
    assert_eq!(ledger.would_admit(&ada, at(0)).await.unwrap(), Room::Free, "an attempt in flight is not a failure");
}

/// Each failure has its own identifier and network; the ledger holds one window of them.
async fn flood(ledger: &dyn Ledger, failures: std::ops::Range<i64>, per_second: i64) {
    for failure in failures {
        let seconds = failure / per_second;
        let (name, network) = (counter(&format!("name {failure}"), 5), counter(&format!("network {failure}"), 300));
        settle(ledger, seconds, vec![Settled::Failed(name), Settled::Failed(network)]).await;
    }
}

/// The bound: two rows for each failure of the last window and one bucket.
const ROWS_PER_SECOND: i64 = 2 * (64 + 4);

#[tokio::test]
async fn memory_stays_within_its_bound_under_a_flood() {
    let ledger = MemoryLedger::new();
    let hot = counter("ada", 10);
    let mut most = 0;
    for second in 0..500 {
        // Somebody keeps guessing at one customer; the flood must not clear that counter.
        if ledger.would_admit(&hot, at(second)).await.unwrap() == Room::Free {
            fail(&ledger, second, &hot).await;
        }
        flood(&ledger, second * 200..(second + 1) * 200, 200).await;
        most = most.max(ledger.counters());
    }
    assert_eq!(ledger.would_admit(&hot, at(500)).await.unwrap(), Room::Full);
    let bound = usize::try_from(ROWS_PER_SECOND * 200).unwrap() + 10;
    assert!(most <= bound, "{most} rows after 100,000 identifiers; the bound is {bound}");
    // After the flood, a quarter as many failures empty the ledger.
    flood(&ledger, 2_000_000..2_007_000, 200).await;
    assert!(ledger.counters() <= 14_000, "{}", ledger.counters());
}

async fn rows(ledger: &SqliteLedger, table: &str) -> i64 {
    let mut connection = ledger.database.reader().acquire("read").await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap()
}

#[tokio::test]
async fn the_file_stays_within_its_bound_under_a_flood() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    fail(&ledger, 0, &counter("ada", 1)).await;
    let ledger = &ledger;
    let second = async |second: i64| {
        join_all((0..20).map(|at| flood(ledger, second * 20 + at..second * 20 + at + 1, 20))).await;
    };
    for at in 0..60 {
        second(at).await;
    }
    assert_eq!(rows(ledger, "attempts").await, 2 * 60 * 20 + 1);
    assert_eq!(ledger.would_admit(&counter("ada", 1), at(60)).await.unwrap(), Room::Full);
    for at in 60..200 {
        second(at).await;
    }
    let held = rows(ledger, "attempts").await;
    assert!(held <= ROWS_PER_SECOND * 20, "{held} rows");
    for at in 300..350 {
        second(at).await;
    }
    assert_eq!(rows(ledger, "attempts").await, 2 * 50 * 20, "expired rows are removed");
}

#[tokio::test]
async fn the_file_removes_unended_reservations() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    for name in 0..50 {
        admitted(&ledger, 0, &counter(&name.to_string(), 1)).await;
    }
    let ahead = admitted(&ledger, 1_000_000, &counter("ahead", 1)).await;
    fail(&ledger, 1_000_000, &counter("ahead too", 1)).await;
    assert_eq!(ahead.counter.owner, "ahead");
    fail(&ledger, 20, &counter("ada", 1)).await;
    assert_eq!((rows(&ledger, "reservations").await, rows(&ledger, "attempts").await), (0, 1));
}
