//! Password work for async callers: every hash of a login goes through one bounded lane, and is counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::calibration::{Admission, Dearest, Speed, TimeSettings, store_time};
use super::port::{PortError, PortErrorKind};
use super::ports::Spent;
use crate::model::Password;
use crate::password::lane::{Decoy, Job, JobMemory, Lane, LaneError, Workspace, WorkspaceError};
use crate::password::store::{PasswordStore, StoreError, StoreVerdict, system_salt};
use crate::password::{Cost, Credential, Limits, Parsed, Problem, Verdict, parse};

/// Hashes and verifies on the lane's threads.
pub struct Hasher {
    lane: Lane,
    store: Arc<PasswordStore>,
    limits: Limits,
    decoy: Arc<Parsed>,
    speed: Speed,
    admission: RwLock<Option<Admission>>,
    legacy: AtomicU64,
    target: AtomicU64,
}

/// How many hashes were computed, real ones and decoys alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCalls {
    /// Of legacy schemes.
    pub legacy: u64,
    /// Of the target's own.
    pub target: u64,
}

impl Hasher {
    /// A hasher on this lane. `decoy` is what customers have stored in the legacy system: its cost is paid for those who
    /// have nothing. It stays the same whoever signs in: a decoy that followed the last hash that was checked would tell a
    /// mixed population apart.
    ///
    /// # Errors
    /// The [`Problem`] of a decoy that is not a hash.
    pub fn new(lane: Lane, store: PasswordStore, limits: Limits, decoy: &Credential) -> Result<Self, Problem> {
        let decoy = Arc::new(parse(decoy)?);
        let (legacy, target) = (AtomicU64::new(0), AtomicU64::new(0));
        let (speed, admission) = (Speed::default(), RwLock::new(None));
        Ok(Self { lane, store: Arc::new(store), limits, decoy, speed, admission, legacy, target })
    }

    /// Measures this machine, and admits the stored hashes that it can check within a login. Blocks for some tenths of a
    /// second the first time. Until it is called, every hash within the limits is admitted, and [`release`](Self::release)
    /// is zero.
    pub fn calibrate(&self, dearest: Dearest, settings: TimeSettings) -> Admission {
        let known = self.admission().map(|admission| admission.store_hash);
        let store_hash = known.unwrap_or_else(|| store_time(self.store.parameters()));
        let admission = Admission::new(dearest, store_hash, settings, &self.speed);
        *self.admission.write().unwrap_or_else(PoisonError::into_inner) = Some(admission);
        admission
    }

    /// What is admitted; none before [`calibrate`](Self::calibrate).
    #[must_use]
    pub fn admission(&self) -> Option<Admission> {
        *self.admission.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refusals are released no sooner than this.
    #[must_use]
    pub fn release(&self) -> Duration {
        self.admission().map_or(Duration::ZERO, |admission| admission.release)
    }

    /// The longest check of a stored hash that is admitted.
    #[must_use]
    pub fn longest_check(&self) -> Duration {
        self.admission().map_or(Duration::ZERO, |admission| admission.longest_check)
    }

    /// Why a check cannot be made in the lane's memory or the time of a login, however long somebody waits.
    fn too_dear(&self, cost: &Cost) -> Option<Problem> {
        let (needs, has) = (cost.memory().kib(), self.lane.budget_kib());
        if needs > has {
            let message =
                format!("the stored hash needs {needs} KiB of memory, above the {has} KiB of the hashing lane");
            return Some(Problem::CostRefused(message.into()));
        }
        let longest = self.admission()?.longest_check;
        let takes = self.speed.estimate(cost);
        (takes > longest).then(|| {
            let (takes, longest) = (takes.as_millis(), longest.as_millis());
            let message = format!("the stored hash takes about {takes} ms to check, above the {longest} ms of a login");
            Problem::CostRefused(message.into())
        })
    }

    /// How many hashes were computed.
    #[must_use]
    pub fn calls(&self) -> HashCalls {
        HashCalls { legacy: self.legacy.load(Ordering::Relaxed), target: self.target.load(Ordering::Relaxed) }
    }

    /// The lane, for its figures.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Verifies a password against a stored credential.
    ///
    /// # Errors
    /// When the lane is full or the deadline passes before the check began: temporary. A credential that cannot be checked
    /// is a verdict, and so is one that takes longer than a login.
    pub async fn verify(
        &self,
        credential: &Credential,
        password: &Arc<Password>,
        deadline: Instant,
        spent: &Spent,
    ) -> Result<Verdict, PortError> {
        let parsed = match parse(credential) {
            Ok(parsed) => Arc::new(parsed),
            Err(problem) => return Ok(problem.into()),
        };
        if let Err(problem) = parsed.cost().within(&self.limits) {
            return Ok(problem.into());
        }
        if let Some(problem) = self.too_dear(&parsed.cost()) {
            return Ok(problem.into());
        }
        let began = Arc::new(OnceLock::new());
        let check = self.legacy(&parsed, password, deadline, Arc::clone(&began));
        // Whoever waits for the login stops at the deadline; a check that still runs then is told apart from one that waits.
        match timeout_at(deadline.checked_sub(TELL_APART).unwrap_or(deadline), check).await {
            Ok(checked) => {
                let (verdict, took) = checked?;
                spent.add(took);
                Ok(verdict)
            }
            Err(_) => self.cut_off(began.get().copied(), deadline, &parsed.cost()),
        }
    }

    /// A check that had many times what it was estimated at and did not end costs too much: the estimate is wrong. Anything
    /// else met a busy machine, which counts against nobody.
    fn cut_off(&self, began: Option<Instant>, deadline: Instant, cost: &Cost) -> Result<Verdict, PortError> {
        let enough = self.speed.estimate(cost).saturating_mul(MISJUDGED);
        match began.filter(|began| deadline.saturating_duration_since(*began) >= enough) {
            Some(_) => Ok(Verdict::CostRefused("the check did not end within the time of a login".into())),
            None => Err(lane_failed(LaneError::Late)),
        }
    }

    /// The work of [`verify`](Self::verify) for somebody who has nothing stored, and how long it took. A decoy that is dearer
    /// than what is admitted is not computed, since no stored hash of its price is.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub async fn legacy_decoy(&self, password: &Arc<Password>, deadline: Instant) -> Result<Duration, PortError> {
        if self.too_dear(&self.decoy.cost()).is_some() {
            self.legacy.fetch_add(1, Ordering::Relaxed);
            return self.on_lane(JobMemory::Own(1), deadline, |_| ()).await.map(|()| Duration::ZERO);
        }
        self.legacy(&self.decoy, password, deadline, Arc::default()).await.map(|(_, took)| took)
    }

    /// Checks a password, and says how long that took. `began` is set when the check begins.
    async fn legacy(
        &self,
        parsed: &Arc<Parsed>,
        password: &Arc<Password>,
        deadline: Instant,
        began: Arc<OnceLock<Instant>>,
    ) -> Result<(Verdict, Duration), PortError> {
        self.legacy.fetch_add(1, Ordering::Relaxed);
        let (parsed, password, limits) = (Arc::clone(parsed), Arc::clone(password), self.limits.clone());
        let memory = parsed.cost().memory();
        let work = move |workspace: &mut Workspace| {
            let start = std::time::Instant::now();
            let _ = began.set(start.into());
            (parsed.verify(&password, &limits, workspace), start.elapsed())
        };
        self.on_lane(memory, deadline, work).await
    }

    /// Hashes a password to store it.
    ///
    /// # Errors
    /// When the lane is full, the deadline passes, or there is no salt.
    pub async fn hash(&self, password: &Arc<Password>, deadline: Instant) -> Result<String, PortError> {
        let (store, password) = (Arc::clone(&self.store), Arc::clone(password));
        self.on_target(deadline, move |workspace| store.hash(&password, &mut system_salt, workspace))
            .await?
            .map_err(|error| store_failed(&error))
    }

    /// Checks a password against a stored hash of the target.
    ///
    /// # Errors
    /// When the lane is full, the deadline passes, or the stored hash is none of ours.
    pub async fn check(
        &self,
        phc: &str,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<StoreVerdict, PortError> {
        let (store, password, phc) = (Arc::clone(&self.store), Arc::clone(password), phc.to_owned());
        self.on_target(deadline, move |workspace| store.verify(&password, &phc, workspace))
            .await?
            .map_err(|error| store_failed(&error))
    }

    /// The work of [`check`](Self::check) for somebody who has nothing stored.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    pub async fn target_decoy(&self, password: &Arc<Password>, deadline: Instant) -> Result<(), PortError> {
        let decoy = Decoy::new(self.store.parameters());
        let password = Arc::clone(password);
        let done: Result<(), WorkspaceError> =
            self.on_target(deadline, move |workspace| decoy.run(password.expose(), workspace)).await?;
        done.map_err(|error| PortError::new(PortErrorKind::Unavailable, "lane", "hash").caused_by(error))
    }

    async fn on_target<T, W>(&self, deadline: Instant, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        self.target.fetch_add(1, Ordering::Relaxed);
        self.on_lane(JobMemory::Workspace(self.store.parameters().memory_kib()), deadline, work).await
    }

    async fn on_lane<T, W>(&self, memory: JobMemory, deadline: Instant, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        // Nobody waits when the login was given up.
        self.lane.submit(Job { memory, deadline: deadline.into_std() }, work, move |result| drop(sender.send(result)));
        receiver.await.unwrap_or(Err(LaneError::Closed)).map_err(lane_failed)
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("lane", &self.lane).field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// How many times its estimate a check may take on a busy machine.
const MISJUDGED: u32 = 4;

/// How long before the deadline a check is looked at.
const TELL_APART: Duration = Duration::from_millis(10);

fn lane_failed(error: LaneError) -> PortError {
    let kind = match error {
        LaneError::Full | LaneError::Late => PortErrorKind::RateLimited,
        LaneError::TooLarge => PortErrorKind::Misconfigured,
        _ => PortErrorKind::Unavailable,
    };
    PortError::new(kind, "lane", "hash").because(error.to_string())
}

fn store_failed(error: &StoreError) -> PortError {
    let kind = match error {
        StoreError::Salt(_) | StoreError::Workspace(_) => PortErrorKind::Unavailable,
        StoreError::UnknownKey => PortErrorKind::Misconfigured,
        _ => PortErrorKind::BadResponse,
    };
    PortError::new(kind, "lane", "hash").because(error.to_string())
}
