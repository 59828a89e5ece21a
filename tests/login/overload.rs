//! More logins than hashes can be computed for: who is turned away, when, and that it says nothing about customers.

use std::time::{Duration, Instant};

use landfall::adapters::memory::Fault;
use landfall::hashing::{HashCalls, MostExpensive, Place, TimeSettings};
use landfall::migrate::{Outcome, Refusal};
use landfall::password::lane::{Job, JobMemory};

use super::fixture::{Fixture, Options, customer, login_from};

const DEADLINE: Duration = Duration::from_millis(400);

fn brisk() -> Options {
    let mut options = Options::default();
    options.settings.deadline = DEADLINE;
    options
}

/// Takes all places of the machine.
fn fill(fixture: &Fixture) -> Vec<Place> {
    fixture.hasher.calibrate(MostExpensive::Fixed, TimeSettings { deadline: DEADLINE, longest_check: None });
    let enter = || fixture.hasher.enter(tokio::time::Instant::now() + DEADLINE).ok();
    let places: Vec<Place> = std::iter::from_fn(enter).take(1_000_000).collect();
    assert!(places.len() < 1_000_000, "nobody is turned away");
    places
}

#[tokio::test]
async fn everybody_is_turned_away_alike_soon_and_before_anything_is_looked_up() {
    let fixture = Fixture::with(brisk());
    for name in ["ada", "bob"] {
        fixture.legacy(&customer(name));
    }
    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::Migrated);
    let (asked, before) = (fixture.source.calls(), fixture.ledger.decisions().len());
    let places = fill(&fixture);
    for (identifier, password) in [
        ("ada", "secret ada"),
        ("ada", "wrong"),
        ("nobody", "wrong"),
        ("bob", "secret bob"),
        ("bob", "wrong"),
        ("bob", ""),
    ] {
        let began = Instant::now();
        let (answer, hashes) = fixture.hashes(fixture.login(identifier, password)).await;
        assert_eq!((answer.outcome, answer.account), (Outcome::Overloaded, None), "{identifier} {password}");
        assert!(answer.retry_after.is_some_and(|after| after > Duration::ZERO && after <= DEADLINE));
        assert_eq!(hashes, HashCalls { legacy: 0, target: 0 });
        assert!(began.elapsed() >= Duration::from_millis(60), "clients that try again at once are slowed down");
    }
    assert_eq!(fixture.source.calls(), asked);
    assert_eq!(fixture.ledger.decisions().len(), before + 1, "the others are counted");
    fixture.migrator.write_all_sums().await.unwrap();
    assert_eq!(fixture.ledger.decisions().last().map(|decision| decision.count), Some(5));
    assert_eq!(fixture.ledger.counters(), 0, "nobody has used up an attempt");
    drop(places);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
}

/// Logins that wait for others of their network take no places from everybody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowded_network_is_turned_away_and_keeps_nobody_out() {
    let mut options = brisk();
    options.settings.attempts.network_in_flight = 1;
    let fixture = Fixture::with(options);
    let mut places = fill(&fixture);
    // Some are left.
    places.truncate(places.len() - 20);
    fixture.legacy(&customer("ada"));
    fixture.source.faults().stand(Fault::Hang);
    let from = |last: u8| Some(std::net::IpAddr::from([192, 0, last, 1]));
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..60 {
        let migrator = fixture.migrator.clone();
        crowd.spawn(async move {
            let began = Instant::now();
            let outcome = login_from(&migrator, &format!("worker{number}"), "secret", from(1)).await.outcome;
            (outcome, began.elapsed())
        });
    }
    tokio::time::sleep(DEADLINE / 4).await;
    fixture.source.faults().stand(Fault::Pass);
    assert_eq!(login_from(&fixture.migrator, "ada", "secret ada", from(2)).await.outcome, Outcome::Migrated);
    let ended = crowd.join_all().await;
    let early = ended.iter().filter(|(outcome, took)| *outcome == Outcome::Overloaded && *took < DEADLINE).count();
    assert!(early >= 30, "{early} of {} were turned away before their deadline", ended.len());
}

/// The lane is busy until after the deadline: a customer whom nobody knows gets no other answer than one whose password
/// could not be verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_lane_does_not_tell_who_is_known() {
    let fixture = Fixture::with(brisk());
    fixture.legacy(&customer("ada"));
    fixture.source.faults().stand(Fault::Delay(DEADLINE / 2));
    let lane = fixture.hasher.lane();
    for _ in 0..lane.threads() {
        let job = Job::new(JobMemory::Own(1), Instant::now() + Duration::from_secs(60));
        lane.submit(job, |_| std::thread::sleep(DEADLINE * 5 / 4), |_| ());
    }
    let (known, unknown) = tokio::join!(fixture.outcome("ada", "wrong"), fixture.outcome("nobody", "wrong"));
    assert_eq!((known, unknown), (Outcome::Overloaded, Outcome::Overloaded));
    fixture.source.faults().stand(Fault::Pass);
    tokio::time::sleep(DEADLINE).await;
    assert_eq!(fixture.outcome("nobody", "wrong").await, Outcome::Refused(Refusal::Unknown));
}
