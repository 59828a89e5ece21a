//! Counts attempts: who may try, what is in flight, and how a decision settles it.
//!
//! A guess is reserved on one counter: the customer's if the customer is known, whichever identifier was typed, and a
//! shared counter for unknown identifiers otherwise. Networks count only failures; the number of requests in flight per
//! network is limited within this process.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::allowance::Allowance;
use super::context::Store;
use super::ending::{Ending, Flow};
use super::locks::KeyedPermit;
use super::network::network_of;
use super::outcome::{Outcome, Refusal};
use super::step::Step;
use super::visit::Visit;
use crate::ports::{Attempt, Counter, DecisionOutcome, LegacyKey, Reservation, Reserved, Room, Settled, TargetId};

/// How long to wait before retrying a reservation while other attempts are in flight.
const BUSY_RETRY: Duration = Duration::from_millis(15);

/// How long a reservation outlives the last moment at which its login may compute, to cover the commit of its decision.
/// Longer than the ledger's writer waits for a lock.
const COMMIT: Duration = Duration::from_millis(1500);

/// How many hexadecimal digits of an unknown identifier's digest select its counter. Nobody signs in with an unknown
/// identifier, so sharing a counter locks nobody out, and a million identifiers use at most 4,096 counters.
const UNKNOWN_DIGITS: usize = 3;

/// Whether the caller had the customer pass a challenge, such as a CAPTCHA or an emailed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Challenge {
    /// No challenge was passed.
    #[default]
    None,
    /// The customer passed a challenge.
    Passed,
}

/// What a visit has counted, and what is still in flight.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pub challenge: Challenge,
    /// The keyed digest of the network.
    network: Option<String>,
    reservation: Option<Reservation>,
    /// The counters that count a failure if the visit fails.
    counts: Vec<Counter>,
    /// Whose failures are cleared by a correct password.
    owner: Option<String>,
    /// Whether a password was verified and found wrong.
    wrong: WrongPassword,
    /// The visit's permit among the requests of its network.
    permit: Option<KeyedPermit>,
}

/// Whether a password was verified and found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WrongPassword {
    Yes,
    #[default]
    No,
}

impl Counting {
    /// The decision is in the ledger, so nothing is in flight any more.
    pub(super) fn settle(&mut self) {
        (self.reservation, self.permit) = (None, None);
        self.counts.clear();
    }
}

/// Which requests share counters.
#[derive(Clone, Copy)]
enum RequestKind {
    SignIn,
    Reset,
    Signup,
}

impl RequestKind {
    /// The prefixes for the digests of a customer, of unknown identifiers, and of a network.
    fn prefixes(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SignIn => ("customer", "unknown", "network"),
            Self::Reset => ("reset", "reset-unknown", "reset-network"),
            Self::Signup => ("signup", "signup-unknown", "signup-network"),
        }
    }
}

/// The counters of a customer's sign-ins.
fn sign_ins_of(customer: &str) -> String {
    format!("{}:{customer}", RequestKind::SignIn.prefixes().0)
}

fn counter(owner: String, lane: &str, allowance: Allowance) -> Counter {
    Counter { owner, lane: lane.to_owned(), limit: allowance.limit, window: allowance.window }
}

impl Visit<'_> {
    /// Waits for a permit of the network, takes a place, and refuses a network that is over its limit before any port is
    /// used. Counts nothing.
    pub(super) async fn check_attempts(&mut self, network: Option<IpAddr>) -> Flow<()> {
        self.may_enter_behind(network)?;
        self.wait_for_network(network).await?;
        self.enter()?;
        self.check_network(RequestKind::SignIn).await
    }

    /// The same for a password reset, which computes no hashes.
    pub(super) async fn check_resets(&mut self, network: Option<IpAddr>) -> Flow<()> {
        self.wait_for_network(network).await?;
        self.check_network(RequestKind::Reset).await
    }

    /// The same for a sign-up check, which counts only on the network, since it does not guess a password.
    pub(super) async fn reserve_network(&mut self, network: Option<IpAddr>) -> Flow<()> {
        self.wait_for_network(network).await?;
        self.check_network(RequestKind::Signup).await?;
        self.counting.counts.extend(self.network_counter(RequestKind::Signup));
        Ok(())
    }

    /// Reserves a guess, durably before anything is verified. `customer` is the owner of the identifier, if known.
    ///
    /// A visit has one reservation: if the account disappears and the legacy system is asked, the visit keeps it.
    pub(super) async fn reserve(&mut self, customer: Option<&str>) -> Flow<()> {
        if self.counting.reservation.is_some() {
            return Ok(());
        }
        let passed = self.counting.challenge == Challenge::Passed;
        let settings = &self.cx.limits.attempts;
        let (lane, allowance) = if passed { ("challenge", settings.challenge) } else { ("", settings.customer) };
        let counter = counter(self.owner(RequestKind::SignIn, customer), lane, allowance);
        self.counting.owner = customer.map(sign_ins_of);
        self.counting.counts.extend(self.network_counter(RequestKind::SignIn));
        let network = self.counting.network.clone().filter(|_| !passed && customer.is_some());
        self.hold(counter, network).await
    }

    /// Counts a password reset on counters separate from those of sign-ins.
    pub(super) async fn reserve_reset(&mut self, customer: Option<&str>) -> Flow<()> {
        let counter = counter(self.owner(RequestKind::Reset, customer), "", self.cx.limits.attempts.reset);
        self.counting.counts.extend(self.network_counter(RequestKind::Reset));
        self.hold(counter, None).await
    }

    fn owner(&self, kind: RequestKind, customer: Option<&str>) -> String {
        let (known, unknown, _) = kind.prefixes();
        let shared = self.subject.get(..UNKNOWN_DIGITS).unwrap_or_default();
        customer.map_or_else(|| format!("{unknown}:{shared}"), |customer| format!("{known}:{customer}"))
    }

    fn network_counter(&self, kind: RequestKind) -> Option<Counter> {
        let settings = &self.cx.limits.attempts;
        let allowance = match kind {
            RequestKind::SignIn => settings.network,
            RequestKind::Reset => settings.reset_network,
            RequestKind::Signup => settings.signup_network,
        };
        let network = self.counting.network.as_ref()?;
        Some(counter(format!("{}:{network}", kind.prefixes().2), "", allowance))
    }

    /// Turns a login away that would wait too long for a permit of its network: those ahead of it are hashed before.
    fn may_enter_behind(&mut self, network: Option<IpAddr>) -> Flow<()> {
        let ahead = network.map_or(0, |network| self.cx.limits.networks.waiting(&self.network_digest(network)));
        if ahead == 0 { Ok(()) } else { self.may_enter(ahead) }
    }

    fn network_digest(&self, network: IpAddr) -> String {
        self.cx.records.keyring.network(&network_of(network))
    }

    async fn wait_for_network(&mut self, network: Option<IpAddr>) -> Flow<()> {
        if self.cx.accounts.store() == Store::Wrong {
            return Err(Ending::of(Outcome::TargetUnavailable));
        }
        let Some(network) = network else { return Ok(()) };
        let network = self.network_digest(network);
        let permit = timeout_at(self.deadline, self.cx.limits.networks.acquire(&network)).await;
        self.counting.permit = Some(permit.map_err(|_| Ending::of(Outcome::Overloaded))?);
        self.counting.network = Some(network);
        Ok(())
    }

    async fn check_network(&mut self, kind: RequestKind) -> Flow<()> {
        let Some(counter) = self.network_counter(kind) else { return Ok(()) };
        let room = self.cx.records.ledger.would_admit(&counter, self.cx.records.now()).await;
        match room.map_err(|error| self.ledger_failed(&error))? {
            Room::Free => Ok(()),
            Room::Full => Err(self.over_limit()),
        }
    }

    /// Reserves the attempt. Waits while the attempts in flight could use up the remaining allowance.
    async fn hold(&mut self, counter: Counter, network: Option<String>) -> Flow<()> {
        loop {
            let (counter, network, at) = (counter.clone(), network.clone(), self.cx.records.now());
            let attempt = Attempt { counter, network, at, hold: self.hold_for() };
            let reserved = self.cx.records.ledger.reserve(&attempt).await;
            match reserved.map_err(|error| self.ledger_failed(&error))? {
                Reserved::Admitted(reservation) => {
                    self.counting.counts.push(reservation.counter.clone());
                    self.counting.reservation = Some(reservation);
                    self.step(&Step::Counted);
                    return Ok(());
                }
                Reserved::OverLimit => return Err(self.over_limit()),
                Reserved::Busy if Instant::now() + BUSY_RETRY < self.deadline => sleep(BUSY_RETRY).await,
                Reserved::Busy => return Err(Ending::of(Outcome::Overloaded)),
            }
        }
    }

    /// A login verifies until its deadline. A refusal then does the work it skipped, for up to the same time again, and
    /// the decision is committed. The attempt stays in flight until then, so that no guess is verified without being
    /// counted.
    fn hold_for(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()) + self.cx.deadline + COMMIT
    }

    fn over_limit(&self) -> Ending {
        self.step(&Step::OverLimit);
        Ending::refused(Refusal::Attempts)
    }

    /// Notes that the password was verified and found wrong. This counts as a failure even if the login then ends for
    /// another reason; otherwise an overloaded service would verify guesses without counting them.
    pub(super) fn note_mismatch(&mut self) {
        self.counting.wrong = WrongPassword::Yes;
    }

    /// Notes that an account gets a new password, which clears its failures.
    pub(super) fn note_password_set(&mut self, legacy: Option<&LegacyKey>, id: &TargetId) {
        let external = legacy.map(|key| self.cx.records.keyring.external_id(key));
        let customer = external.map_or_else(|| id.0.clone(), |external| external.0);
        self.counting.owner = Some(sign_ins_of(&customer));
    }

    /// How the end of a sign-in settles the attempt: a guess fails, and a temporary end releases it.
    pub(super) fn settled(&self, ending: &Ending) -> Vec<Settled> {
        let counting = &self.counting;
        let is_temporary = ending.outcome.is_temporary();
        let ended = counting.reservation.iter().cloned().map(Settled::Ended);
        let fails = !self.is_verified() && (!is_temporary || counting.wrong == WrongPassword::Yes);
        let failed = counting.counts.iter().filter(|_| fails).cloned().map(Settled::Failed);
        let owner = counting.owner.iter().filter(|_| self.is_verified() && !is_temporary);
        let cleared = owner.clone().cloned().map(Settled::Cleared);
        let seen = owner.zip(&counting.network).filter(|_| ending.outcome.is_success());
        let seen = seen.map(|(owner, network)| Settled::SeenAt { owner: owner.clone(), network: network.clone() });
        ended.chain(failed).chain(cleared).chain(seen).collect()
    }

    /// How another operation settles it: every answered request counts, and a password that was set clears the
    /// failures.
    pub(super) fn settled_at_operation(&self, outcome: DecisionOutcome) -> Vec<Settled> {
        let counting = &self.counting;
        let ended = counting.reservation.iter().cloned().map(Settled::Ended);
        let counted = counting.counts.iter().filter(|_| !outcome.is_temporary()).cloned().map(Settled::Failed);
        ended.chain(counted).chain(counting.owner.iter().cloned().map(Settled::Cleared)).collect()
    }
}
