//! What counts as a failed attempt, and what does not; who is shut out by it, and for how long.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::future::join_all;
use landfall::migrate::{Allowance, Challenge, Outcome, PortErrorKind, Refusal, ResetAnswer, SignupAnswer, TargetId};
use landfall::sources::Fault;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::house::{House, Wishes, challenged, customer, login, login_from};

const SHUT_OUT: Outcome = Outcome::Refused(Refusal::Attempts);
const WRONG: Outcome = Outcome::Refused(Refusal::WrongPasswordAtTarget);

/// An address of its own network.
fn network(number: u16) -> Option<IpAddr> {
    let [high, low] = number.to_be_bytes();
    Some(IpAddr::V4(Ipv4Addr::new(10, high, low, 1)))
}

/// A house whose customer `ada` is migrated.
async fn migrated(wishes: Wishes) -> House {
    let house = House::with(wishes);
    house.legacy(&customer("ada"));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    house
}

/// A login that hangs after it was reserved, beside so many others.
async fn hang(house: &House, others: usize) -> JoinHandle<Outcome> {
    house.target.faults().push([Fault::Pass, Fault::Hang]);
    let migrator = house.migrator.clone();
    let hung = tokio::spawn(async move { login_from(&migrator, "ada", "guess", network(1)).await.outcome });
    while house.ledger.in_flight() == others {
        tokio::task::yield_now().await;
    }
    hung
}

async fn guess(house: &House, times: usize) {
    for _ in 0..times {
        assert_eq!(house.outcome("ada", "guess").await, WRONG);
    }
}

#[tokio::test]
async fn one_mistake_now_and_then_never_shuts_out() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.customer = Allowance { limit: 2, window: Duration::from_secs(4) };
    let house = migrated(wishes).await;
    for _ in 0..20 {
        guess(&house, 1).await;
        house.clock.advance(6);
    }
    guess(&house, 2).await;
    assert_eq!(house.outcome("ada", "secret ada").await, SHUT_OUT);
    house.clock.advance(5);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

#[tokio::test]
async fn an_outage_counts_against_nobody() {
    let house = migrated(Wishes::default()).await;
    for _ in 0..12 {
        house.target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
        assert_eq!(house.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    }
    assert_eq!((house.ledger.counters(), house.ledger.in_flight()), (0, 0));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

/// Dropped connections, or a process that was killed: what was in flight expires by itself, and until then it is 503.
#[tokio::test]
async fn a_login_that_was_cut_off_counts_against_nobody() {
    let mut wishes = Wishes::default();
    wishes.settings.deadline = Duration::from_millis(200);
    let house = migrated(wishes).await;
    for before in 0..10 {
        let hung = hang(&house, before).await;
        hung.abort();
        assert!(hung.await.is_err());
    }
    assert_eq!((house.ledger.counters(), house.ledger.in_flight()), (0, 10));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Overloaded);
    house.clock.advance(2);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(house.ledger.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_in_flight_are_waited_for() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.customer.limit = 1;
    wishes.settings.turns = 100;
    let house = migrated(wishes).await;
    let answers = join_all((0..30).map(|_| house.outcome("ada", "secret ada"))).await;
    assert!(answers.iter().all(|outcome| *outcome == Outcome::Authenticated), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_and_all_spellings_share_one_limit() {
    let house = House::new();
    house.legacy(&customer("ada"));
    let others = [house.migrator.clone(), house.world.migrator(Wishes::default())];
    let spellings = ["ada", "ada@example.org", "ADA", "Ada@Example.org"];
    let guesses = join_all((0..40).map(|at| login(&others[at % 2], spellings[at % 4], "guess"))).await;
    let verified = guesses.iter().filter(|answer| answer.outcome.reason() == "wrong_password").count();
    assert_eq!(verified, 10);
    for spelling in spellings {
        assert_eq!(house.outcome(spelling, "secret ada").await, SHUT_OUT);
    }
}

/// 480 people of one office sign in at the same time, and the limit of their network is 300.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_signs_in_all_at_once() {
    let house = House::new();
    let names: Vec<String> = (0..480).map(|number| format!("worker{number}")).collect();
    for name in &names {
        house.legacy(&customer(name));
    }
    let logins = names.iter().map(|name| {
        let (migrator, name) = (house.migrator.clone(), name.clone());
        tokio::spawn(async move { login_from(&migrator, &name, &format!("secret {name}"), network(1)).await.outcome })
    });
    let outcomes = join_all(logins).await;
    let migrated = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Migrated))).count();
    assert_eq!(migrated, 480, "{outcomes:?}");
    assert_eq!(house.ledger.counters(), 0);
}

#[tokio::test]
async fn a_network_waits_for_its_own_logins_alone() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.network_in_flight = 1;
    wishes.settings.deadline = Duration::from_millis(100);
    let house = migrated(wishes).await;
    let hung = hang(&house, 0).await;
    let behind = async |from| login_from(&house.migrator, "ada@example.org", "secret ada", from).await.outcome;
    assert_eq!(behind(network(1)).await, Outcome::Overloaded, "it is no refusal");
    assert_eq!(behind(network(2)).await, Outcome::Authenticated);
    hung.abort();
    assert!(hung.await.is_err());
    assert_eq!(behind(network(1)).await, Outcome::Authenticated);
}

#[tokio::test]
async fn a_right_password_clears_the_failures_of_all_logins() {
    let house = migrated(Wishes::default()).await;
    for right in ["ada", "ada@example.org"] {
        guess(&house, 9).await;
        assert_eq!(house.outcome(right, "secret ada").await, Outcome::Authenticated);
    }
    assert_eq!(house.ledger.counters(), 0);
}

#[tokio::test]
async fn a_password_that_is_set_clears_the_failures() {
    let house = migrated(Wishes::default()).await;
    let id = house.accounts().await[0].id.clone();
    guess(&house, 10).await;
    assert_eq!(house.outcome("ada", "secret ada").await, SHUT_OUT);
    let set = house.migrator.set_password("r1", &id, Zeroizing::new(b"a new one".to_vec())).await.unwrap();
    assert_eq!(set, Some(id));
    assert_eq!(house.outcome("ada", "a new one").await, Outcome::Authenticated);
    let nobody = TargetId("nobody".to_owned());
    assert_eq!(house.migrator.set_password("r1", &nobody, Zeroizing::new(b"x".to_vec())).await.unwrap(), None);
}

#[tokio::test]
async fn resets_and_signup_checks_shut_out_no_sign_in() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.network.limit = 5;
    let house = migrated(wishes).await;
    for _ in 0..30 {
        assert_eq!(house.migrator.forgot_password("r1", "ada", network(1)).await, ResetAnswer::Accepted);
        assert_eq!(house.migrator.signup_check("r1", "ada", network(1)).await, SignupAnswer::Reserved);
    }
    let answer = login_from(&house.migrator, "ada", "secret ada", network(1)).await;
    assert_eq!(answer.outcome, Outcome::Authenticated);
}

/// More resets than admitted are answered as ever, and nobody is written to.
#[tokio::test]
async fn resets_have_a_limit_of_their_own() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.reset = Allowance::per_minutes(3, 60);
    wishes.settings.attempts.reset_network = Allowance::per_minutes(8, 60);
    let house = migrated(wishes).await;
    for number in 0..6 {
        let name = if number % 2 == 0 { "ada" } else { "ADA@example.org" };
        assert_eq!(house.migrator.forgot_password("r1", name, network(number)).await, ResetAnswer::Accepted);
    }
    let accepted = |house: &House| house.ledger.decisions().iter().filter(|one| one.outcome == "accepted").count();
    assert_eq!(accepted(&house), 3);
    house.clock.advance(64 * 60);
    house.legacy(&customer("bob"));
    for number in 0..8 {
        assert_eq!(
            house.migrator.forgot_password("r1", &format!("no{number}"), network(9)).await,
            ResetAnswer::Accepted
        );
    }
    assert_eq!(house.migrator.forgot_password("r1", "bob", network(9)).await, ResetAnswer::Accepted);
    assert_eq!(accepted(&house), 3, "the network is over its limit");
    assert_eq!(house.migrator.forgot_password("r1", "bob", network(10)).await, ResetAnswer::Accepted);
    assert_eq!(accepted(&house), 4);
}

#[tokio::test]
async fn signup_checks_have_a_limit_of_their_own() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.signup_network = Allowance::per_minutes(3, 15);
    let house = House::with(wishes);
    for number in 0..3 {
        let name = format!("new{number}");
        assert_eq!(house.migrator.signup_check("r1", &name, network(1)).await, SignupAnswer::Free);
    }
    assert!(matches!(house.migrator.signup_check("r1", "new", network(1)).await, SignupAnswer::Unknown(_)));
    assert_eq!(house.migrator.signup_check("r1", "new", network(2)).await, SignupAnswer::Free);
}

#[tokio::test]
async fn strangers_do_not_shut_out_a_known_network() {
    let house = migrated(Wishes::default()).await;
    let home = login_from(&house.migrator, "ada", "secret ada", network(0)).await;
    assert_eq!(home.outcome, Outcome::Authenticated);
    for number in 1..=20 {
        login_from(&house.migrator, "ada", "guess", network(number)).await;
    }
    let ada = async |from| login_from(&house.migrator, "ada", "secret ada", from).await.outcome;
    assert_eq!(ada(network(99)).await, SHUT_OUT);
    assert_eq!(ada(network(0)).await, Outcome::Authenticated);
    // Guesses at home are guesses.
    for _ in 0..10 {
        assert_eq!(login_from(&house.migrator, "ada", "guess", network(0)).await.outcome, WRONG);
    }
    assert_eq!(ada(network(0)).await, SHUT_OUT);
    house.clock.advance(31 * 24 * 60 * 60);
    for number in 1..=10 {
        login_from(&house.migrator, "ada", "guess", network(number)).await;
    }
    assert_eq!(ada(network(0)).await, SHUT_OUT, "nobody was there for 30 days");
}

/// The figure of the settings reference: so many guesses within a window has an attacker with as many networks as wanted.
#[tokio::test]
async fn an_attacker_with_unlimited_networks_has_two_buckets() {
    let house = migrated(Wishes::default()).await;
    let home = login_from(&house.migrator, "ada", "secret ada", network(0)).await;
    assert_eq!(home.outcome, Outcome::Authenticated);
    let mut verified = 0;
    for number in 1..=40 {
        let challenge = if number % 2 == 0 { Challenge::Passed } else { Challenge::None };
        let answer = challenged(&house.migrator, "ada", "guess", network(number), challenge).await;
        verified += usize::from(answer.outcome == WRONG);
    }
    assert_eq!(verified, 15);
}

#[tokio::test]
async fn a_challenge_lets_in_who_was_shut_out_by_strangers() {
    let house = migrated(Wishes::default()).await;
    guess(&house, 10).await;
    assert_eq!(house.outcome("ada", "secret ada").await, SHUT_OUT);
    let passed = challenged(&house.migrator, "ada", "secret ada", None, Challenge::Passed).await;
    assert_eq!(passed.outcome, Outcome::Authenticated);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

#[tokio::test]
async fn a_clock_that_was_ahead_shuts_nobody_out() {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    let house = migrated(Wishes::default()).await;
    house.clock.advance(YEAR);
    guess(&house, 10).await;
    assert_eq!(house.outcome("ada", "secret ada").await, SHUT_OUT);
    house.clock.advance(-YEAR);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

/// Unknown identifiers share 4,096 counters, and so shut nobody out.
#[tokio::test]
async fn a_flood_of_unknown_identifiers_stays_small_and_shuts_nobody_out() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.customer.limit = 1;
    let house = House::with(wishes);
    house.legacy(&customer("ada"));
    for number in 0..100 {
        let names: Vec<String> = (0..80).map(|at| format!("nobody{}", number * 80 + at)).collect();
        join_all(names.iter().map(|name| house.outcome(name, "guess"))).await;
    }
    let rows = house.ledger.counters();
    assert!((3000..=4096).contains(&rows), "{rows} counters of 8,000 identifiers");
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
}
