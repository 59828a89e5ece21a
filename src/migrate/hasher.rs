//! Password work for async callers: every hash of a login goes through one bounded lane, and is counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::port::{PortError, PortErrorKind};
use crate::model::Password;
use crate::password::lane::{Decoy, Job, JobMemory, Lane, LaneError, Workspace, WorkspaceError};
use crate::password::store::{PasswordStore, StoreError, StoreVerdict, system_salt};
use crate::password::{Credential, Limits, Parsed, Problem, Verdict, parse};

/// Hashes and verifies on the lane's threads.
pub struct Hasher {
    lane: Lane,
    store: Arc<PasswordStore>,
    limits: Limits,
    profile: RwLock<Arc<Parsed>>,
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
    /// A hasher on this lane. `profile` is what customers have stored in the legacy system: its cost is paid for those who
    /// have nothing. It is replaced by the last stored hash that was really checked, so that it follows the population.
    ///
    /// # Errors
    /// The [`Problem`] of a profile that is no hash.
    pub fn new(lane: Lane, store: PasswordStore, limits: Limits, profile: &Credential) -> Result<Self, Problem> {
        let profile = RwLock::new(Arc::new(parse(profile)?));
        let (legacy, target) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { lane, store: Arc::new(store), limits, profile, legacy, target })
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

    /// Proves a password against a stored credential.
    ///
    /// # Errors
    /// When the lane is full or the deadline passes: temporary. A credential that cannot be checked is a verdict.
    pub async fn prove(
        &self,
        credential: &Credential,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<Verdict, PortError> {
        let parsed = match parse(credential) {
            Ok(parsed) => Arc::new(parsed),
            Err(problem) => return Ok(problem.into()),
        };
        if let Err(problem) = parsed.cost().within(&self.limits) {
            return Ok(problem.into());
        }
        let verdict = self.legacy(&parsed, password, deadline).await?;
        if matches!(verdict, Verdict::Match | Verdict::LossyMatch(_) | Verdict::Mismatch) {
            *self.profile.write().unwrap_or_else(PoisonError::into_inner) = parsed;
        }
        Ok(verdict)
    }

    /// The work of [`prove`](Self::prove) for somebody who has nothing stored.
    ///
    /// # Errors
    /// As for [`prove`](Self::prove).
    pub async fn legacy_decoy(&self, password: &Arc<Password>, deadline: Instant) -> Result<(), PortError> {
        let profile = Arc::clone(&self.profile.read().unwrap_or_else(PoisonError::into_inner));
        self.legacy(&profile, password, deadline).await.map(|_| ())
    }

    async fn legacy(
        &self,
        parsed: &Arc<Parsed>,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<Verdict, PortError> {
        self.legacy.fetch_add(1, Ordering::Relaxed);
        let (parsed, password, limits) = (Arc::clone(parsed), Arc::clone(password), self.limits.clone());
        let memory = parsed.cost().memory();
        self.on_lane(memory, deadline, move |workspace| parsed.verify(&password, &limits, workspace)).await
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
