//! Counting attempts: who may try, what is in flight, and what a decision makes of it.
//!
//! A guess is reserved on one counter: the customer's when the customer is known, whatever was typed, and one that unknown
//! identifiers share otherwise. Only failures count on a network; how much of it is in flight is bounded in this process.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::allowance::Allowance;
use super::counter::{Attempt, Counter, Reservation, Reserved, Room, Settled};
use super::locks::KeyedPermit;
use super::network::network_of;
use super::outcome::{Outcome, Refusal};
use super::ports::StoredAccount;
use super::step::Step;
use super::visit::{Ending, Flow, Visit};

/// How long an attempt waits before it asks again whether those in flight have ended.
const BUSY: Duration = Duration::from_millis(15);

/// How long a reservation outlives the last moment at which its login may still compute: the commit of its decision. Longer
/// than the ledger's writer waits for a lock.
const COMMIT: Duration = Duration::from_millis(1500);

/// How many hexadecimal digits of an unknown identifier's digest name its counter. Nobody signs in with an unknown identifier,
/// so that sharing a counter shuts nobody out; and a million identifiers fill no more than 4,096 counters.
const UNKNOWN_DIGITS: usize = 3;

/// Whether the caller made the customer pass a challenge: a CAPTCHA, a code sent by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Challenge {
    /// It did not.
    #[default]
    None,
    /// It did, and the customer passed.
    Passed,
}

/// What a visit has counted, and what is still in flight.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pub challenge: Challenge,
    /// Keyed digest of the network.
    network: Option<String>,
    reservation: Option<Reservation>,
    /// Where it counts when the visit fails.
    counts: Vec<Counter>,
    /// Whose failures a right password clears.
    whose: Option<String>,
    /// Whether a password was verified and found wrong.
    wrong: Wrong,
    /// The place among what the network has in flight.
    turn: Option<KeyedPermit>,
}

/// Whether a password was verified and found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wrong {
    Yes,
    #[default]
    No,
}

impl Counting {
    /// The ledger have it: nothing is in flight any more.
    pub(super) fn settle(&mut self) {
        (self.reservation, self.turn) = (None, None);
        self.counts.clear();
    }
}

/// Which requests share counters.
#[derive(Clone, Copy)]
enum Asked {
    SignIn,
    Reset,
    Signup,
}

impl Asked {
    /// The words before the digests of a customer, of unknown identifiers, and of a network.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SignIn => ("customer", "unknown", "network"),
            Self::Reset => ("reset", "reset-unknown", "reset-network"),
            Self::Signup => ("signup", "signup-unknown", "signup-network"),
        }
    }
}

/// The counters of a customer's sign-ins.
fn sign_ins_of(customer: &str) -> String {
    format!("{}:{customer}", Asked::SignIn.words().0)
}

fn counter(whose: String, lane: &str, allowance: Allowance) -> Counter {
    Counter { whose, lane: lane.to_owned(), limit: allowance.limit, window: allowance.window }
}

impl Visit<'_> {
    /// Waits for a place among the network's logins, and refuses a network that is over its limit before anybody is asked.
    /// Nothing is counted.
    pub(super) async fn look_at_attempts(&mut self, network: Option<IpAddr>) -> Flow<()> {
        self.enter(Asked::SignIn, network).await
    }

    /// The same for a password reset.
    pub(super) async fn look_at_resets(&mut self, network: Option<IpAddr>) -> Flow<()> {
        self.enter(Asked::Reset, network).await
    }

    /// The same for a sign-up check, which counts on the network alone: it is no guess at a password.
    pub(super) async fn reserve_network(&mut self, network: Option<IpAddr>) -> Flow<()> {
        self.enter(Asked::Signup, network).await?;
        self.counting.counts.extend(self.network_counter(Asked::Signup));
        Ok(())
    }

    /// Reserves a guess, durable before anything is verified. `customer` is who is behind the identifier, when that is known.
    ///
    /// A visit has one reservation: who finds the account gone and asks the legacy system goes on with it.
    pub(super) async fn reserve(&mut self, customer: Option<&str>) -> Flow<()> {
        if self.counting.reservation.is_some() {
            return Ok(());
        }
        let passed = self.counting.challenge == Challenge::Passed;
        let settings = &self.migrator.settings.attempts;
        let (lane, allowance) = if passed { ("challenge", settings.challenge) } else { ("", settings.customer) };
        let counter = counter(self.owner(Asked::SignIn, customer), lane, allowance);
        self.counting.whose = customer.map(sign_ins_of);
        self.counting.counts.extend(self.network_counter(Asked::SignIn));
        let network = self.counting.network.clone().filter(|_| !passed && customer.is_some());
        self.hold(counter, network).await
    }

    /// Counts a password reset, on counters that no sign-in looks at.
    pub(super) async fn reserve_reset(&mut self, customer: Option<&str>) -> Flow<()> {
        let counter = counter(self.owner(Asked::Reset, customer), "", self.migrator.settings.attempts.reset);
        self.counting.counts.extend(self.network_counter(Asked::Reset));
        self.hold(counter, None).await
    }

    fn owner(&self, asked: Asked, customer: Option<&str>) -> String {
        let (known, unknown, _) = asked.words();
        let shared = self.subject().get(..UNKNOWN_DIGITS).unwrap_or_default();
        customer.map_or_else(|| format!("{unknown}:{shared}"), |customer| format!("{known}:{customer}"))
    }

    fn network_counter(&self, asked: Asked) -> Option<Counter> {
        let settings = &self.migrator.settings.attempts;
        let allowance = match asked {
            Asked::SignIn => settings.network,
            Asked::Reset => settings.reset_network,
            Asked::Signup => settings.signup_network,
        };
        let network = self.counting.network.as_ref()?;
        Some(counter(format!("{}:{network}", asked.words().2), "", allowance))
    }

    async fn enter(&mut self, asked: Asked, network: Option<IpAddr>) -> Flow<()> {
        if self.migrator.foreign.load(Ordering::Acquire) {
            return Err(Ending::of(Outcome::TargetUnavailable));
        }
        let Some(network) = network else { return Ok(()) };
        let parts = &self.migrator.parts;
        let network = parts.keyring.network(&network_of(network));
        let turn = timeout_at(self.deadline, self.migrator.networks.take(&network)).await;
        self.counting.turn = Some(turn.map_err(|_| Ending::of(Outcome::Overloaded))?);
        self.counting.network = Some(network);
        let Some(counter) = self.network_counter(asked) else { return Ok(()) };
        let room = parts.ledger.would_admit(&counter, parts.clock.now()).await;
        match room.map_err(|error| self.ledger_failed(&error))? {
            Room::Free => Ok(()),
            Room::Full => Err(self.over_limit()),
        }
    }

    /// Puts the attempt in flight. While those in flight may use up what is left, it waits for them.
    async fn hold(&mut self, counter: Counter, network: Option<String>) -> Flow<()> {
        let parts = &self.migrator.parts;
        loop {
            let (counter, network, at) = (counter.clone(), network.clone(), parts.clock.now());
            let attempt = Attempt { counter, network, at, hold: self.hold_for() };
            let reserved = parts.ledger.reserve(&attempt).await;
            match reserved.map_err(|error| self.ledger_failed(&error))? {
                Reserved::Admitted(reservation) => {
                    self.counting.counts.push(reservation.counter.clone());
                    self.counting.reservation = Some(reservation);
                    self.step(&Step::Counted);
                    return Ok(());
                }
                Reserved::OverLimit => return Err(self.over_limit()),
                Reserved::Busy if Instant::now() + BUSY < self.deadline => sleep(BUSY).await,
                Reserved::Busy => return Err(Ending::of(Outcome::Overloaded)),
            }
        }
    }

    /// A login verifies until its deadline; a refusal then computes what it has spared, for as long again; and the decision is
    /// committed. Until then the attempt is in flight, so that no guess is verified that is not counted.
    fn hold_for(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()) + self.migrator.settings.deadline + COMMIT
    }

    fn over_limit(&self) -> Ending {
        self.step(&Step::OverLimit);
        Ending::refused(Refusal::Attempts)
    }

    /// Notes that the password was verified and found wrong: a failure even when the login then ends for another reason, or
    /// an overloaded service would verify guesses that nobody counts.
    pub(super) fn mismatched(&mut self) {
        self.counting.wrong = Wrong::Yes;
    }

    /// Notes that an account gets a new password: its failures end with that.
    pub(super) fn clears(&mut self, account: &StoredAccount) {
        let external = account.legacy.as_ref().map(|key| self.migrator.parts.keyring.external_id(key));
        let customer = external.map_or_else(|| account.id.0.clone(), |external| external.0);
        self.counting.whose = Some(sign_ins_of(&customer));
    }

    /// What the end of a sign-in makes of the attempt: it fails when it was a guess, and it is let go when the end is temporary.
    pub(super) fn settled(&self, ending: &Ending) -> Vec<Settled> {
        let counting = &self.counting;
        let is_temporary = ending.outcome.is_temporary();
        let ended = counting.reservation.iter().cloned().map(Settled::Ended);
        let fails = !self.is_verified() && (!is_temporary || counting.wrong == Wrong::Yes);
        let failed = counting.counts.iter().filter(|_| fails).cloned().map(Settled::Failed);
        let whose = counting.whose.iter().filter(|_| self.is_verified() && !is_temporary);
        let cleared = whose.clone().cloned().map(Settled::Cleared);
        let seen = whose.zip(&counting.network).filter(|_| ending.outcome.is_success());
        let seen = seen.map(|(whose, network)| Settled::SeenAt { whose: whose.clone(), network: network.clone() });
        ended.chain(failed).chain(cleared).chain(seen).collect()
    }

    /// What another operation makes of it: every question counts that was answered; a password that was set clears.
    pub(super) fn settled_at_operation(&self, outcome: &str) -> Vec<Settled> {
        let counting = &self.counting;
        let temporary = [Outcome::LegacyUnavailable, Outcome::TargetUnavailable, Outcome::Overloaded];
        let is_temporary = temporary.iter().any(|temporary| temporary.name() == outcome);
        let ended = counting.reservation.iter().cloned().map(Settled::Ended);
        let counted = counting.counts.iter().filter(|_| !is_temporary).cloned().map(Settled::Failed);
        ended.chain(counted).chain(counting.whose.iter().cloned().map(Settled::Cleared)).collect()
    }
}
