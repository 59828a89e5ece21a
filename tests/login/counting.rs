//! Which attempts count as failures, whom they lock out, and for how long.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::future::join_all;
use landfall::adapters::memory::Fault;
use landfall::migrate::{Allowance, Challenge, Outcome, Refusal, ResetAnswer, SignupAnswer};
use landfall::ports::{DecisionOutcome, PortErrorKind, TargetId};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::fixture::{Fixture, Options, challenged, customer, login, login_from};

const OVER_LIMIT: Outcome = Outcome::Refused(Refusal::Attempts);
const WRONG: Outcome = Outcome::Refused(Refusal::WrongPasswordAtTarget);

/// An address in its own network.
fn network(number: u16) -> Option<IpAddr> {
    let [high, low] = number.to_be_bytes();
    Some(IpAddr::V4(Ipv4Addr::new(10, high, low, 1)))
}

/// A fixture whose customer `ada` is migrated.
async fn migrated(options: Options) -> Fixture {
    let fixture = Fixture::with(options);
    fixture.legacy(&customer("ada"));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    fixture
}

/// Starts a login that hangs after its attempt was reserved, in addition to `others`.
async fn start_hanging_login(fixture: &Fixture, others: usize) -> JoinHandle<Outcome> {
    fixture.target.faults().push([Fault::Pass, Fault::Hang]);
    let migrator = fixture.migrator.clone();
    let hanging = tokio::spawn(async move { login_from(&migrator, "ada", "guess", network(1)).await.outcome });
    while fixture.ledger.in_flight() == others {
        tokio::task::yield_now().await;
    }
    hanging
}

async fn guess(fixture: &Fixture, times: usize) {
    for _ in 0..times {
        assert_eq!(fixture.outcome("ada", "guess").await, WRONG);
    }
}

#[tokio::test]
async fn occasional_mistakes_never_lock_out() {
    let mut options = Options::default();
    options.settings.attempts.customer = Allowance { limit: 2, window: Duration::from_secs(4) };
    let fixture = migrated(options).await;
    for _ in 0..20 {
        guess(&fixture, 1).await;
        fixture.clock.advance(6);
    }
    guess(&fixture, 2).await;
    assert_eq!(fixture.outcome("ada", "secret ada").await, OVER_LIMIT);
    fixture.clock.advance(5);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

#[tokio::test]
async fn an_outage_is_not_counted() {
    let fixture = migrated(Options::default()).await;
    for _ in 0..12 {
        fixture.target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
        assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    }
    assert_eq!((fixture.ledger.counters(), fixture.ledger.in_flight()), (0, 0));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

/// Dropped connections, or a killed process: attempts in flight expire on their own, and until then logins get 503.
#[tokio::test]
async fn an_interrupted_login_is_not_counted() {
    let mut options = Options::default();
    options.settings.deadline = Duration::from_millis(200);
    let fixture = migrated(options).await;
    for before in 0..10 {
        let hanging = start_hanging_login(&fixture, before).await;
        hanging.abort();
        assert!(hanging.await.is_err());
    }
    assert_eq!((fixture.ledger.counters(), fixture.ledger.in_flight()), (0, 10));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Overloaded);
    fixture.clock.advance(2);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(fixture.ledger.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_wait_for_others_in_flight() {
    let mut options = Options::default();
    options.settings.attempts.customer.limit = 1;
    options.settings.turns = 100;
    let fixture = migrated(options).await;
    let answers = join_all((0..30).map(|_| fixture.outcome("ada", "secret ada"))).await;
    assert!(answers.iter().all(|outcome| *outcome == Outcome::Authenticated), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_and_all_spellings_share_one_limit() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let others = [fixture.migrator.clone(), fixture.world.migrator(Options::default())];
    let spellings = ["ada", "ada@example.org", "ADA", "Ada@Example.org"];
    let guesses = join_all((0..40).map(|at| login(&others[at % 2], spellings[at % 4], "guess"))).await;
    let verified = guesses.iter().filter(|answer| answer.outcome == Outcome::Refused(Refusal::WrongPassword)).count();
    assert_eq!(verified, 10);
    for spelling in spellings {
        assert_eq!(fixture.outcome(spelling, "secret ada").await, OVER_LIMIT);
    }
}

/// 480 people in one office sign in at the same time, while the limit of their network is 300.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_can_sign_in_all_at_once() {
    let fixture = Fixture::new();
    let names: Vec<String> = (0..480).map(|number| format!("worker{number}")).collect();
    for name in &names {
        fixture.legacy(&customer(name));
    }
    let logins = names.iter().map(|name| {
        let (migrator, name) = (fixture.migrator.clone(), name.clone());
        tokio::spawn(async move { login_from(&migrator, &name, &format!("secret {name}"), network(1)).await.outcome })
    });
    let outcomes = join_all(logins).await;
    let migrated = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Migrated))).count();
    assert_eq!(migrated, 480, "{outcomes:?}");
    assert_eq!(fixture.ledger.counters(), 0);
}

#[tokio::test]
async fn a_network_waits_only_for_its_own_logins() {
    let mut options = Options::default();
    options.settings.attempts.network_in_flight = 1;
    options.settings.deadline = Duration::from_millis(100);
    let fixture = migrated(options).await;
    let hanging = start_hanging_login(&fixture, 0).await;
    let queued = async |from| login_from(&fixture.migrator, "ada@example.org", "secret ada", from).await.outcome;
    assert_eq!(queued(network(1)).await, Outcome::Overloaded, "it is not a refusal");
    assert_eq!(queued(network(2)).await, Outcome::Authenticated);
    hanging.abort();
    assert!(hanging.await.is_err());
    assert_eq!(queued(network(1)).await, Outcome::Authenticated);
}

#[tokio::test]
async fn a_correct_password_clears_the_failures_of_all_logins() {
    let fixture = migrated(Options::default()).await;
    for right in ["ada", "ada@example.org"] {
        guess(&fixture, 9).await;
        assert_eq!(fixture.outcome(right, "secret ada").await, Outcome::Authenticated);
    }
    assert_eq!(fixture.ledger.counters(), 0);
}

#[tokio::test]
async fn setting_a_password_clears_the_failures() {
    let fixture = migrated(Options::default()).await;
    let id = fixture.accounts().await[0].id.clone();
    guess(&fixture, 10).await;
    assert_eq!(fixture.outcome("ada", "secret ada").await, OVER_LIMIT);
    let set = fixture.migrator.set_password("r1", &id, Zeroizing::new(b"a new one".to_vec())).await.unwrap();
    assert_eq!(set, Some(id));
    assert_eq!(fixture.outcome("ada", "a new one").await, Outcome::Authenticated);
    let nobody = TargetId("nobody".to_owned());
    assert_eq!(fixture.migrator.set_password("r1", &nobody, Zeroizing::new(b"x".to_vec())).await.unwrap(), None);
}

#[tokio::test]
async fn resets_and_signup_checks_do_not_lock_out_sign_ins() {
    let mut options = Options::default();
    options.settings.attempts.network.limit = 5;
    let fixture = migrated(options).await;
    for _ in 0..30 {
        assert_eq!(fixture.migrator.forgot_password("r1", "ada", network(1), None).await, ResetAnswer::Accepted);
        assert_eq!(fixture.migrator.signup_check("r1", "ada", network(1)).await, SignupAnswer::Reserved);
    }
    let answer = login_from(&fixture.migrator, "ada", "secret ada", network(1)).await;
    assert_eq!(answer.outcome, Outcome::Authenticated);
}

/// Resets over the limit are answered as usual, but no notice is sent.
#[tokio::test]
async fn resets_have_their_own_limit() {
    let mut options = Options::default();
    options.settings.attempts.reset = Allowance::per_minutes(3, 60);
    options.settings.attempts.reset_network = Allowance::per_minutes(8, 60);
    let fixture = migrated(options).await;
    for number in 0..6 {
        let name = if number % 2 == 0 { "ada" } else { "ADA@example.org" };
        assert_eq!(fixture.migrator.forgot_password("r1", name, network(number), None).await, ResetAnswer::Accepted);
    }
    let accepted = |fixture: &Fixture| {
        fixture.ledger.decisions().iter().filter(|one| one.outcome == DecisionOutcome::Accepted).count()
    };
    assert_eq!(accepted(&fixture), 3);
    fixture.clock.advance(64 * 60);
    fixture.legacy(&customer("bob"));
    for number in 0..8 {
        assert_eq!(
            fixture.migrator.forgot_password("r1", &format!("no{number}"), network(9), None).await,
            ResetAnswer::Accepted
        );
    }
    assert_eq!(fixture.migrator.forgot_password("r1", "bob", network(9), None).await, ResetAnswer::Accepted);
    assert_eq!(accepted(&fixture), 3, "the network is over its limit");
    assert_eq!(fixture.migrator.forgot_password("r1", "bob", network(10), None).await, ResetAnswer::Accepted);
    assert_eq!(accepted(&fixture), 4);
}

#[tokio::test]
async fn signup_checks_have_their_own_limit() {
    let mut options = Options::default();
    options.settings.attempts.signup_network = Allowance::per_minutes(3, 15);
    let fixture = Fixture::with(options);
    for number in 0..3 {
        let name = format!("new{number}");
        assert_eq!(fixture.migrator.signup_check("r1", &name, network(1)).await, SignupAnswer::Free);
    }
    assert!(matches!(fixture.migrator.signup_check("r1", "new", network(1)).await, SignupAnswer::Unknown(_)));
    assert_eq!(fixture.migrator.signup_check("r1", "new", network(2)).await, SignupAnswer::Free);
}

#[tokio::test]
async fn strangers_do_not_lock_out_a_known_network() {
    let fixture = migrated(Options::default()).await;
    let home = login_from(&fixture.migrator, "ada", "secret ada", network(0)).await;
    assert_eq!(home.outcome, Outcome::Authenticated);
    for number in 1..=20 {
        login_from(&fixture.migrator, "ada", "guess", network(number)).await;
    }
    let ada = async |from| login_from(&fixture.migrator, "ada", "secret ada", from).await.outcome;
    assert_eq!(ada(network(99)).await, OVER_LIMIT);
    assert_eq!(ada(network(0)).await, Outcome::Authenticated);
    // Guesses from a known network count as well.
    for _ in 0..10 {
        assert_eq!(login_from(&fixture.migrator, "ada", "guess", network(0)).await.outcome, WRONG);
    }
    assert_eq!(ada(network(0)).await, OVER_LIMIT);
    fixture.clock.advance(31 * 24 * 60 * 60);
    for number in 1..=10 {
        login_from(&fixture.migrator, "ada", "guess", network(number)).await;
    }
    assert_eq!(ada(network(0)).await, OVER_LIMIT, "the network was not used for 30 days");
}

/// The figure in the settings reference: the number of guesses per window for an attacker with unlimited networks.
#[tokio::test]
async fn an_attacker_with_unlimited_networks_has_two_buckets() {
    let fixture = migrated(Options::default()).await;
    let home = login_from(&fixture.migrator, "ada", "secret ada", network(0)).await;
    assert_eq!(home.outcome, Outcome::Authenticated);
    let mut verified = 0;
    for number in 1..=40 {
        let challenge = if number % 2 == 0 { Challenge::Passed } else { Challenge::None };
        let answer = challenged(&fixture.migrator, "ada", "guess", network(number), challenge).await;
        verified += usize::from(answer.outcome == WRONG);
    }
    assert_eq!(verified, 15);
}

#[tokio::test]
async fn a_challenge_admits_a_customer_locked_out_by_strangers() {
    let fixture = migrated(Options::default()).await;
    guess(&fixture, 10).await;
    assert_eq!(fixture.outcome("ada", "secret ada").await, OVER_LIMIT);
    let passed = challenged(&fixture.migrator, "ada", "secret ada", None, Challenge::Passed).await;
    assert_eq!(passed.outcome, Outcome::Authenticated);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

#[tokio::test]
async fn a_clock_that_was_ahead_locks_nobody_out() {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    let fixture = migrated(Options::default()).await;
    fixture.clock.advance(YEAR);
    guess(&fixture, 10).await;
    assert_eq!(fixture.outcome("ada", "secret ada").await, OVER_LIMIT);
    fixture.clock.advance(-YEAR);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

/// Unknown identifiers share 4,096 counters, and lock nobody out.
#[tokio::test]
async fn a_flood_of_unknown_identifiers_stays_small_and_locks_nobody_out() {
    let mut options = Options::default();
    options.settings.attempts.customer.limit = 1;
    let fixture = Fixture::with(options);
    fixture.legacy(&customer("ada"));
    for number in 0..100 {
        let names: Vec<String> = (0..80).map(|at| format!("nobody{}", number * 80 + at)).collect();
        join_all(names.iter().map(|name| fixture.outcome(name, "guess"))).await;
    }
    let rows = fixture.ledger.counters();
    assert!((3000..=4096).contains(&rows), "{rows} counters of 8,000 identifiers");
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
}
