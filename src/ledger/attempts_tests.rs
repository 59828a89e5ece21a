//! What every ledger does with attempts. Each case runs against the file and against memory.

use std::time::Duration;

use futures_util::future::join_all;

use super::behaviour_tests::{at, decision, every_ledger, open};
use super::{MemoryLedger, SqliteLedger};
use crate::migrate::{Attempt, Counter, Ledger, Reservation, Reserved, Room, Settled};

every_ledger! {
    failures_and_attempts_in_flight_never_pass_a_limit
    a_reservation_that_nobody_ends_expires_and_is_no_failure
    an_attempt_that_is_let_go_is_no_failure
    reserving_renews_no_window
    failures_leave_the_window_bucket_by_bucket
    parallel_attempts_cannot_pass_a_limit
    a_proven_password_clears_every_lane
    a_known_network_has_a_lane_of_its_own
    few_networks_are_remembered_and_not_for_ever
    stamps_far_ahead_have_expired
    looking_counts_nothing
}

/// How long reservations of these tests hold.
const HOLD: Duration = Duration::from_secs(5);

/// A counter with buckets of 4 seconds.
pub(super) fn counter(whose: &str, limit: u32) -> Counter {
    Counter { whose: whose.into(), lane: String::new(), limit, window: Duration::from_secs(64) }
}

pub(super) async fn reserve(ledger: &dyn Ledger, seconds: i64, counter: &Counter) -> Reserved {
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
    ledger.decide(&crate::migrate::Decision { settled, ..decision("refused", seconds) }, &[]).await.unwrap();
}

/// One attempt that fails.
pub(super) async fn fail(ledger: &dyn Ledger, seconds: i64, counter: &Counter) {
    let reservation = admitted(ledger, seconds, counter).await;
    let failed = Settled::Failed(reservation.counter.clone());
    settle(ledger, seconds, vec![Settled::Ended(reservation), failed]).await;
}

async fn seen_at(ledger: &dyn Ledger, seconds: i64, network: &str) {
    settle(ledger, seconds, vec![Settled::SeenAt { whose: "ada".into(), network: network.into() }]).await;
}

async fn failures_and_attempts_in_flight_never_pass_a_limit(ledger: &dyn Ledger) {
    let ada = counter("ada", 3);
    fail(ledger, 0, &ada).await;
    let (first, second) = (admitted(ledger, 1, &ada).await, admitted(ledger, 1, &ada).await);
    assert_eq!(reserve(ledger, 2, &ada).await, Reserved::Busy, "they may fail");
    assert!(matches!(reserve(ledger, 2, &counter("bob", 1)).await, Reserved::Admitted(_)));
    settle(ledger, 2, vec![Settled::Ended(first)]).await;
    fail(ledger, 2, &ada).await;
    assert_eq!(reserve(ledger, 2, &ada).await, Reserved::Busy);
    settle(ledger, 3, vec![Settled::Ended(second), Settled::Failed(ada.clone())]).await;
    assert_eq!(reserve(ledger, 3, &ada).await, Reserved::OverLimit);
}

async fn a_reservation_that_nobody_ends_expires_and_is_no_failure(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    for round in 0..20 {
        admitted(ledger, round * 5, &ada).await;
        assert_eq!(reserve(ledger, round * 5 + 4, &ada).await, Reserved::Busy);
    }
    let late = admitted(ledger, 100, &ada).await;
    // Its login ends after all: a guess is a failure, however late it is told.
    settle(ledger, 110, vec![Settled::Ended(late.clone()), Settled::Failed(late.counter)]).await;
    assert_eq!(reserve(ledger, 110, &ada).await, Reserved::OverLimit);
}

async fn an_attempt_that_is_let_go_is_no_failure(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    for _ in 0..5 {
        let reservation = admitted(ledger, 0, &ada).await;
        settle(ledger, 0, vec![Settled::Ended(reservation.clone())]).await;
        settle(ledger, 0, vec![Settled::Ended(reservation)]).await;
    }
    let _held = admitted(ledger, 0, &ada).await;
    assert_eq!(reserve(ledger, 0, &ada).await, Reserved::Busy, "ending twice gives nobody a second attempt");
}

/// One mistake every 6 seconds with room for one in 4 seconds: nobody is ever shut out.
async fn reserving_renews_no_window(ledger: &dyn Ledger) {
    let ada = Counter { window: Duration::from_secs(4), ..counter("ada", 1) };
    for round in 0..20 {
        fail(ledger, round * 6, &ada).await;
        assert_eq!(reserve(ledger, round * 6 + 3, &ada).await, Reserved::OverLimit);
    }
}

async fn failures_leave_the_window_bucket_by_bucket(ledger: &dyn Ledger) {
    let ada = counter("ada", 3);
    for seconds in [0, 20, 40] {
        fail(ledger, seconds, &ada).await;
    }
    for seconds in [41, 63] {
        assert_eq!(reserve(ledger, seconds, &ada).await, Reserved::OverLimit, "a failure counts for the whole window");
    }
    // At most a bucket later than the window.
    fail(ledger, 68, &ada).await;
    assert_eq!(reserve(ledger, 83, &ada).await, Reserved::OverLimit);
    fail(ledger, 88, &ada).await;
    assert_eq!(reserve(ledger, 88, &ada).await, Reserved::OverLimit);
    assert_eq!(ledger.would_admit(&ada, at(103)).await.unwrap(), Room::Full);
    assert_eq!(ledger.would_admit(&ada, at(108)).await.unwrap(), Room::Free);
}

async fn parallel_attempts_cannot_pass_a_limit(ledger: &dyn Ledger) {
    let ada = counter("ada", 10);
    let answers = join_all((0..500).map(|_| reserve(ledger, 0, &ada))).await;
    let (mut admitted, mut busy) = (0, 0);
    for answer in answers {
        match answer {
            Reserved::Admitted(_) => admitted += 1,
            Reserved::Busy => busy += 1,
            Reserved::OverLimit => panic!("nobody has failed"),
        }
    }
    assert_eq!((admitted, busy), (10, 490));
}

async fn a_proven_password_clears_every_lane(ledger: &dyn Ledger) {
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

async fn a_known_network_has_a_lane_of_its_own(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    seen_at(ledger, 0, "home").await;
    fail(ledger, 1, &ada).await;
    assert_eq!(reserve_from(ledger, 1, &ada, Some("elsewhere")).await, Reserved::OverLimit);
    let Reserved::Admitted(held) = reserve_from(ledger, 1, &ada, Some("home")).await else {
        panic!("shut out at home")
    };
    assert_eq!(held.counter, Counter { lane: "home".into(), ..ada.clone() });
    assert_eq!(reserve_from(ledger, 1, &ada, Some("home")).await, Reserved::Busy);
    settle(ledger, 1, vec![Settled::Failed(held.counter.clone()), Settled::Ended(held)]).await;
    assert_eq!(reserve_from(ledger, 1, &ada, Some("home")).await, Reserved::OverLimit);
    assert!(matches!(reserve_from(ledger, 1, &counter("bob", 1), Some("home")).await, Reserved::Admitted(_)));
}

async fn few_networks_are_remembered_and_not_for_ever(ledger: &dyn Ledger) {
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
    assert!(!is_known(8, "0").await, "the oldest of nine");
    assert!(is_known(8, "1").await && is_known(8, "8").await);
    assert!(is_known(31, "1").await && !is_known(32, "1").await, "known for 30 days");
    seen_at(ledger, 20 * DAY, "2").await;
    assert!(is_known(50, "2").await && !is_known(51, "2").await, "30 days after the last sign-in");
    assert!(!is_known(-60, "8").await, "seen by a clock that was far ahead");
}

/// A clock that was a year ahead, or some minutes, shuts nobody out when it is right again.
async fn stamps_far_ahead_have_expired(ledger: &dyn Ledger) {
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

async fn looking_counts_nothing(ledger: &dyn Ledger) {
    let ada = counter("ada", 1);
    for _ in 0..3 {
        assert_eq!(ledger.would_admit(&ada, at(0)).await.unwrap(), Room::Free);
    }
    let _held = admitted(ledger, 0, &ada).await;
    assert_eq!(ledger.would_admit(&ada, at(0)).await.unwrap(), Room::Free, "what is in flight has not failed");
}

/// Every failure is one of another identifier, and of another network: the ledger hold one window of them.
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
        // Somebody guesses at one customer all the time; no flood washes the counter away.
        if ledger.would_admit(&hot, at(second)).await.unwrap() == Room::Free {
            fail(&ledger, second, &hot).await;
        }
        flood(&ledger, second * 200..(second + 1) * 200, 200).await;
        most = most.max(ledger.counters());
    }
    assert_eq!(ledger.would_admit(&hot, at(500)).await.unwrap(), Room::Full);
    let bound = usize::try_from(ROWS_PER_SECOND * 200).unwrap() + 10;
    assert!(most <= bound, "{most} rows after 100,000 identifiers; the bound is {bound}");
    // When the flood is over, a fourth of as many failures empties the ledger.
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
    assert_eq!(rows(ledger, "attempts").await, 2 * 50 * 20, "what has expired is swept");
}

#[tokio::test]
async fn the_file_sweeps_what_nobody_ended() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    for name in 0..50 {
        admitted(&ledger, 0, &counter(&name.to_string(), 1)).await;
    }
    let ahead = admitted(&ledger, 1_000_000, &counter("ahead", 1)).await;
    fail(&ledger, 1_000_000, &counter("ahead too", 1)).await;
    assert_eq!(ahead.counter.whose, "ahead");
    fail(&ledger, 20, &counter("ada", 1)).await;
    assert_eq!((rows(&ledger, "reservations").await, rows(&ledger, "attempts").await), (0, 1));
}
