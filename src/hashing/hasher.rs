//! Password hashing for async callers: every hash of a login runs on one bounded lane and is counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::calibration::{Admission, MostExpensive, Speed, TimeSettings, store_time};
use super::load::{Load, Place, TurnedAway};
use crate::model::Password;
use crate::password::lane::{Decoy, Job, JobMemory, Lane, LaneError, Stage, Workspace, WorkspaceError};
use crate::password::store::{PasswordStore, StoreError, StoreVerdict};
use crate::password::{Cost, Credential, Limits, Parsed, Problem, Verdict, parse};
use crate::ports::{PortError, PortErrorKind, Verification, Work};
use crate::random;

/// Hashes and verifies on the threads of the lane.
pub struct Hasher {
    lane: Lane,
    load: Arc<Load>,
    store: Arc<PasswordStore>,
    limits: Limits,
    decoy: Arc<Parsed>,
    speed: Speed,
    admission: RwLock<Option<Admission>>,
    legacy: AtomicU64,
    target: AtomicU64,
}

/// The number of hashes computed, including decoys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCalls {
    /// Hashes of legacy schemes.
    pub legacy: u64,
    /// Hashes of the target's scheme.
    pub target: u64,
}

impl Hasher {
    /// Creates a hasher on this lane. `decoy` is a typical stored hash of the legacy system: its cost is paid for
    /// customers without one. It never changes: a decoy that followed the last checked hash would reveal which
    /// customers have which scheme.
    ///
    /// # Errors
    /// The [`Problem`] if the decoy is not a valid hash.
    pub fn new(lane: Lane, store: PasswordStore, limits: Limits, decoy: &Credential) -> Result<Self, Problem> {
        let decoy = Arc::new(parse(decoy)?);
        let (legacy, target) = (AtomicU64::new(0), AtomicU64::new(0));
        let (speed, admission) = (Speed::default(), RwLock::new(None));
        let load = Arc::new(Load::new(lane.threads()));
        Ok(Self { lane, load, store: Arc::new(store), limits, decoy, speed, admission, legacy, target })
    }

    /// Measures this machine and determines which stored hashes it can check within a login. The first call blocks for
    /// a few tenths of a second. Until it is called, every hash within the limits is admitted and
    /// [`release`](Self::release) is zero.
    pub fn calibrate(&self, most_expensive: MostExpensive, settings: TimeSettings) -> Admission {
        let known = self.admission().map(|admission| admission.store_hash);
        let store_hash = known.unwrap_or_else(|| store_time(self.store.parameters()));
        let admission = Admission::new(most_expensive, store_hash, settings, &self.speed);
        *self.admission.write().unwrap_or_else(PoisonError::into_inner) = Some(admission);
        self.load.measured(store_hash);
        admission
    }

    /// Lets a login in if its hashes can be computed before its deadline; keep the place until they are. The answer
    /// depends on the load alone, and not on who signs in.
    ///
    /// # Errors
    /// How long the login would have had to wait.
    pub fn enter(&self, deadline: Instant) -> Result<Place, TurnedAway> {
        self.load.enter(left(deadline), self.lane.figures().wait)
    }

    /// Whether [`enter`](Self::enter) would let a login in after so many others.
    ///
    /// # Errors
    /// As for [`enter`](Self::enter).
    pub fn has_room(&self, deadline: Instant, ahead: usize) -> Result<(), TurnedAway> {
        self.load.room(ahead, left(deadline), self.lane.figures().wait)
    }

    /// How long a new login is expected to wait for its hashes.
    #[must_use]
    pub fn expected_wait(&self) -> Duration {
        self.load.wait().max(self.lane.figures().wait)
    }

    /// The current admission; `None` before [`calibrate`](Self::calibrate).
    #[must_use]
    pub fn admission(&self) -> Option<Admission> {
        *self.admission.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The earliest time at which refusals are released.
    #[must_use]
    pub fn release(&self) -> Duration {
        self.admission().map_or(Duration::ZERO, |admission| admission.release)
    }

    /// The longest admitted check of a stored hash.
    #[must_use]
    pub fn longest_check(&self) -> Duration {
        self.admission().map_or(Duration::ZERO, |admission| admission.longest_check)
    }

    /// Why a check can never run within the memory of the lane or the time of a login.
    fn too_expensive(&self, cost: &Cost) -> Option<Problem> {
        let (needs, available) = (cost.memory().kib(), self.lane.budget_kib());
        if needs > available {
            let message =
                format!("the stored hash needs {needs} KiB of memory, but the hashing lane has only {available} KiB");
            return Some(Problem::CostRefused(message.into()));
        }
        let longest = self.admission()?.longest_check;
        let estimate = self.speed.estimate(cost);
        (estimate > longest).then(|| {
            let (estimate, longest) = (estimate.as_millis(), longest.as_millis());
            let message =
                format!("the stored hash takes about {estimate} ms to check, but a login allows only {longest} ms");
            Problem::CostRefused(message.into())
        })
    }

    /// The number of hashes computed.
    #[must_use]
    pub fn calls(&self) -> HashCalls {
        HashCalls { legacy: self.legacy.load(Ordering::Relaxed), target: self.target.load(Ordering::Relaxed) }
    }

    /// The lane, for metrics.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Verifies a password against a stored credential.
    ///
    /// # Errors
    /// A temporary error if the lane is full or the deadline passes before the check ends. A credential that cannot
    /// be checked is a verdict, and so is one that is estimated to take longer than a login.
    pub async fn verify(
        &self,
        credential: &Credential,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<Verification, PortError> {
        let parsed = match parse(credential) {
            Ok(parsed) => Arc::new(parsed),
            Err(problem) => return Ok(Verification::without_work(problem.into())),
        };
        if let Err(problem) = parsed.cost().within(&self.limits) {
            return Ok(Verification::without_work(problem.into()));
        }
        if let Some(problem) = self.too_expensive(&parsed.cost()) {
            return Ok(Verification::without_work(problem.into()));
        }
        let (verdict, took) = self.legacy(&parsed, password, deadline).await?;
        // Any other verdict was reached without a hash.
        let has_hashed = verdict.is_match() || verdict == Verdict::Mismatch;
        Ok(Verification { verdict, work: if has_hashed { Work::Hash(took) } else { Work::Nothing } })
    }

    /// Does the work of [`verify`](Self::verify) for a customer without a stored hash, and returns how long it took. A
    /// decoy above the admitted cost is not computed, because no stored hash of that cost is either.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub async fn legacy_decoy(&self, password: &Arc<Password>, deadline: Instant) -> Result<Duration, PortError> {
        if self.too_expensive(&self.decoy.cost()).is_some() {
            self.legacy.fetch_add(1, Ordering::Relaxed);
            return self
                .on_lane(Job::new(JobMemory::Own(1), deadline.into_std()), |_| ())
                .await
                .map(|()| Duration::ZERO);
        }
        self.legacy(&self.decoy, password, deadline).await.map(|(_, took)| took)
    }

    /// Checks a password and returns how long that took.
    async fn legacy(
        &self,
        parsed: &Arc<Parsed>,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<(Verdict, Duration), PortError> {
        self.legacy.fetch_add(1, Ordering::Relaxed);
        let (check, password, limits) = (Arc::clone(parsed), Arc::clone(password), self.limits.clone());
        let cost = parsed.cost();
        let mut job = Job::new(cost.memory(), deadline.into_std());
        if let Some(admission) = self.admission() {
            // A verified password is followed by a hash of the store. So is a decoy, or it would be admitted longer.
            (job.cost, job.then) = (self.speed.estimate(&cost), admission.store_hash);
        }
        let work = move |workspace: &mut Workspace| check.verify(&password, &limits, workspace);
        let check = self.on_lane(job, timed(work));
        // A check that is still running at the deadline has told nothing, whatever it costs: this process may have been
        // paused, or the machine is busy.
        let checked = timeout_at(deadline.checked_sub(CUTOFF_MARGIN).unwrap_or(deadline), check).await;
        checked.unwrap_or_else(|_| Err(lane_failed(LaneError::Late)))
    }

    /// Hashes a password to store it.
    ///
    /// # Errors
    /// If the lane is full, the deadline passes, or no salt can be generated.
    pub async fn hash(&self, password: &Arc<Password>, deadline: Instant) -> Result<String, PortError> {
        let (store, password) = (Arc::clone(&self.store), Arc::clone(password));
        // What is stored was verified before, and must not be lost to somebody who begins.
        self.on_target(Stage::Last, deadline.checked_sub(WRITE).unwrap_or(deadline), move |workspace| {
            store.hash(&password, &mut random::bytes, workspace)
        })
        .await?
        .map_err(|error| store_failed(&error))
    }

    /// Checks a password against a stored hash of the target, and returns how long that took.
    ///
    /// # Errors
    /// If the lane is full, the deadline passes, or the stored hash does not have the target's format.
    pub async fn check(
        &self,
        phc: &str,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<(StoreVerdict, Duration), PortError> {
        let (store, password, phc) = (Arc::clone(&self.store), Arc::clone(password), phc.to_owned());
        let work = move |workspace: &mut Workspace| store.verify(&password, &phc, workspace);
        let (checked, took) = self.on_target(Stage::First, deadline, timed(work)).await?;
        checked.map(|verdict| (verdict, took)).map_err(|error| store_failed(&error))
    }

    /// Does the work of [`check`](Self::check) for a customer without a stored hash, and returns how long it took.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    pub async fn target_decoy(&self, password: &Arc<Password>, deadline: Instant) -> Result<Duration, PortError> {
        let decoy = Decoy::new(self.store.parameters());
        let password = Arc::clone(password);
        let work = move |workspace: &mut Workspace| decoy.run(password.expose(), workspace);
        let (done, took): (Result<(), WorkspaceError>, _) = self.on_target(Stage::First, deadline, timed(work)).await?;
        done.map(|()| took).map_err(|error| failed(PortErrorKind::Unavailable).caused_by(error))
    }

    async fn on_target<T, W>(&self, stage: Stage, deadline: Instant, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        self.target.fetch_add(1, Ordering::Relaxed);
        let memory = JobMemory::Workspace(self.store.parameters().memory_kib());
        let cost = self.admission().map_or(Duration::ZERO, |admission| admission.store_hash);
        self.on_lane(Job { stage, cost, ..Job::new(memory, deadline.into_std()) }, work).await
    }

    async fn on_lane<T, W>(&self, job: Job, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let (load, work) = (Arc::clone(&self.load), timed(work));
        let work = move |workspace: &mut Workspace| {
            let (done, took) = work(workspace);
            load.worked(took);
            done
        };
        // The receiver is gone if the login was given up.
        self.lane.submit(job, work, move |result| drop(sender.send(result)));
        receiver.await.unwrap_or(Err(LaneError::Closed)).map_err(lane_failed)
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("lane", &self.lane).field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// How long before the deadline a hash must end that is to be stored: a hash that ends later is lost.
const WRITE: Duration = Duration::from_millis(30);

/// How long before the deadline of a login a check is given up, so that its end is known as late.
const CUTOFF_MARGIN: Duration = Duration::from_millis(10);

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Measures how long some work takes.
fn timed<T>(work: impl FnOnce(&mut Workspace) -> T) -> impl FnOnce(&mut Workspace) -> (T, Duration) {
    move |workspace| {
        let start = std::time::Instant::now();
        (work(workspace), start.elapsed())
    }
}

/// A failure of the lane, or of its machine.
fn failed(kind: PortErrorKind) -> PortError {
    PortError::new(kind, "lane", "hash").about_this_process()
}

fn lane_failed(error: LaneError) -> PortError {
    let kind = match error {
        LaneError::Full | LaneError::Late => PortErrorKind::RateLimited,
        LaneError::TooLarge => PortErrorKind::Misconfigured,
        _ => PortErrorKind::Unavailable,
    };
    failed(kind).because(error.to_string())
}

fn store_failed(error: &StoreError) -> PortError {
    let kind = match error {
        StoreError::Salt(_) | StoreError::Workspace(_) => PortErrorKind::Unavailable,
        StoreError::UnknownKey => PortErrorKind::Misconfigured,
        _ => PortErrorKind::BadResponse,
    };
    failed(kind).because(error.to_string())
}
