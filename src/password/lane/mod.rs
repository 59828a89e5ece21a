//! The hashing lane: a fixed number of threads, a memory budget, and a bounded queue with deadlines.
//!
//! Password hashing is the only expensive part of a login. Without a lane, 200 concurrent logins take 200 times the
//! memory of a hash, and every one of them is slow. With a lane, memory is bounded, and a job that cannot be served in
//! time is rejected before any work is spent on it.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use landfall::password::lane::{Job, JobMemory, Lane, LaneSettings};
//!
//! let lane = Lane::start(LaneSettings::default())?;
//! let job = Job::new(JobMemory::Own(64), Instant::now() + Duration::from_secs(5));
//! assert_eq!(lane.run(job, |_workspace| 6 * 7)?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Jobs of one [`Stage`] start in the order in which they were submitted, and those that complete what was begun start
//! before those that begin something. A job that is next and waits for memory is not overtaken, so that small jobs cannot
//! starve a large one.
//!
//! A job that says what it costs is rejected as soon as it cannot end before its deadline: when it is submitted, if what
//! is ahead of it takes too long, and while it waits. What jobs ahead of it cost is corrected by what jobs took lately.

mod decoy;
mod moving;
mod queue;
mod waiting;
mod worker;
mod workspace;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, io};

use thiserror::Error;

pub use decoy::Decoy;
#[cfg(feature = "login")]
pub(crate) use moving::MovingRatio;
use queue::Shared;
use waiting::Queued;
pub use workspace::{Workspace, WorkspaceError};

/// The size of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneSettings {
    /// The number of hashing threads, at least one. The default is the number of cores: more threads only add waiting
    /// inside a hash.
    pub threads: usize,
    /// The memory of all running jobs, in KiB. The default is 64 MiB per thread, which admits three default Argon2id
    /// hashes or one 64 MiB legacy hash per thread; a single job above the whole budget is rejected.
    pub budget_kib: u64,
    /// How many jobs may wait, at least one. Stops a flood of logins from piling up passwords, whatever their hashes are
    /// expected to cost; at 30 hashes a second per core, the default of 256 is a wait of several seconds, longer than a
    /// login page waits.
    pub queue: usize,
    /// How long an idle lane keeps the memory of its last hashes before it wipes and frees it. The default of 500 ms
    /// spans the gaps between logins of a busy service, and does not leave traces of passwords in memory for long.
    pub keep: Duration,
}

impl Default for LaneSettings {
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let budget_kib = u64::try_from(threads).unwrap_or(1).saturating_mul(64 * 1024);
        Self { threads, budget_kib, queue: 256, keep: Duration::from_millis(500) }
    }
}

/// The memory of a job, in KiB, held from the start of the job to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobMemory {
    /// Argon2 blocks, from the workspace that the job gets.
    Workspace(u32),
    /// Memory that the job allocates itself, as scrypt and yescrypt do; its workspace is empty.
    Own(u32),
}

impl JobMemory {
    /// The amount, in KiB.
    #[must_use]
    pub fn kib(self) -> u64 {
        match self {
            Self::Workspace(kib) | Self::Own(kib) => u64::from(kib),
        }
    }
}

/// Which jobs start first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Begins something: nothing was spent on it yet. The first hash of a login, and every decoy.
    First,
    /// Completes something: if it is rejected, what was spent before is lost. The store's hash of a verified password.
    /// Starts before waiting jobs of the first stage, but after four in a row one of those has its turn.
    Last,
}

/// What the lane needs to know about a job.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// The memory of the job.
    pub memory: JobMemory,
    /// The time after which the job is not worth starting. A job that has started is finished.
    pub deadline: Instant,
    /// Which jobs it starts before.
    pub stage: Stage,
    /// How long it takes at least on an idle machine; zero if that is not known.
    pub cost: Duration,
    /// How long what must follow it before the deadline takes at least.
    pub then: Duration,
}

impl Job {
    /// A job of the first stage whose cost is not known.
    #[must_use]
    pub fn new(memory: JobMemory, deadline: Instant) -> Self {
        Self { memory, deadline, stage: Stage::First, cost: Duration::ZERO, then: Duration::ZERO }
    }

    /// The time after which it cannot end before its deadline.
    fn latest_start(&self) -> Option<Instant> {
        self.deadline.checked_sub(self.cost.saturating_add(self.then))
    }

    /// Whether it cannot end before its deadline if it starts at this time.
    fn is_late(&self, start: Instant) -> bool {
        self.latest_start().is_none_or(|latest| start >= latest)
    }
}

/// Why a job has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LaneError {
    /// The queue is full.
    #[error("too many password checks are waiting")]
    Full,
    /// The job could not start, or not end, before its deadline.
    #[error("the password check could not start in time")]
    Late,
    /// The lane is shutting down.
    #[error("the hashing lane is closed")]
    Closed,
    /// The job needs more memory than the whole budget; trying again cannot help.
    #[error("the password check needs more memory than the budget of the lane")]
    TooLarge,
    /// The job panicked; the lane keeps working.
    #[error("the password check failed unexpectedly")]
    Panicked,
}

impl LaneError {
    /// Whether the same job can succeed later.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Full | Self::Late)
    }
}

/// The load of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneFigures {
    /// Waiting jobs.
    pub waiting: usize,
    /// Running jobs.
    pub running: usize,
    /// Memory of the running jobs, in KiB.
    pub busy_kib: u64,
    /// Memory kept for the next jobs, in KiB.
    pub kept_kib: u64,
    /// The peak of busy plus kept memory, in KiB; never above the budget.
    pub peak_kib: u64,
    /// How long a new job of the first stage is expected to wait, as far as the costs of the jobs ahead are known.
    pub wait: Duration,
}

/// Boxed work with a result.
pub type Work<T> = Box<dyn FnOnce(&mut Workspace) -> T + Send>;

/// A running lane. Dropping it rejects waiting jobs, finishes running ones, and ends the threads.
pub struct Lane {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Lane {
    /// Starts the threads.
    ///
    /// # Errors
    /// The error of the operating system if a thread cannot be started.
    pub fn start(settings: LaneSettings) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(settings));
        // Created before the first thread starts, so that if a later one fails, dropping the lane ends the earlier
        // ones.
        let mut lane = Self { shared, threads: Vec::new() };
        for number in 0..settings.threads.max(1) {
            let shared = Arc::clone(&lane.shared);
            let thread = thread::Builder::new().name(format!("hash-{number}"));
            lane.threads.push(thread.spawn(move || worker::work(&shared))?);
        }
        Ok(lane)
    }

    /// Queues a job. `done` is called exactly once: on a hashing thread with the result or the error, or, if the job is
    /// rejected at once, before this function returns. It should only pass the result on, for example to a one-shot
    /// channel that async code awaits: while it runs, the thread does not hash.
    pub fn submit<T, W, D>(&self, job: Job, work: W, done: D)
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
        D: FnOnce(Result<T, LaneError>) + Send + 'static,
    {
        self.enqueue(job, work, done);
    }

    /// Queues a job and returns a ticket for its result.
    pub fn ticket<T, W>(&self, job: Job, work: W) -> Ticket<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        let id = self.enqueue(job, work, move |result| {
            // The ticket may have been dropped.
            let _ = sender.send(result);
        });
        Ticket { receiver, id, deadline: job.deadline, shared: Arc::clone(&self.shared) }
    }

    /// Runs a job and blocks until it is done or rejected.
    ///
    /// # Errors
    /// [`LaneError`] if there is no result.
    pub fn run<T, W>(&self, job: Job, work: W) -> Result<T, LaneError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        self.ticket(job, work).wait()
    }

    /// The number of hashing threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// The memory of all running jobs, in KiB: a job that needs more never runs.
    #[must_use]
    pub fn budget_kib(&self) -> u64 {
        self.shared.budget_kib()
    }

    /// The current load of the lane.
    #[must_use]
    pub fn figures(&self) -> LaneFigures {
        self.shared.figures()
    }

    fn enqueue<T, W, D>(&self, job: Job, work: W, done: D) -> Option<u64>
    where
        T: Send + 'static,
        W: FnOnce(&mut Workspace) -> T + Send + 'static,
        D: FnOnce(Result<T, LaneError>) + Send + 'static,
    {
        let run = move |turn: Result<&mut Workspace, LaneError>| {
            let result = turn.and_then(|workspace| {
                catch_unwind(AssertUnwindSafe(|| work(workspace))).map_err(|_| LaneError::Panicked)
            });
            Box::new(move || done(result)) as waiting::Deliver
        };
        self.shared.push(Queued::new(job, Box::new(run)))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shared.close();
        for thread in self.threads.drain(..) {
            // The last owner may be a `done` callback on a hashing thread, which cannot join itself.
            if thread.thread().id() != thread::current().id() {
                // A worker catches every panic; there is nothing to report.
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("threads", &self.threads.len()).field("figures", &self.figures()).finish()
    }
}

/// The pending result of a queued job.
pub struct Ticket<T> {
    receiver: mpsc::Receiver<Result<T, LaneError>>,
    id: Option<u64>,
    deadline: Instant,
    shared: Arc<Shared>,
}

impl<T> Ticket<T> {
    /// Blocks until the job is done or rejected. A job that has not started by its deadline is removed from the queue.
    ///
    /// # Errors
    /// [`LaneError`] if there is no result.
    pub fn wait(self) -> Result<T, LaneError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.receiver.recv_timeout(left) {
            Ok(result) => result,
            Err(mpsc::RecvTimeoutError::Timeout) if self.id.is_some_and(|id| self.shared.cancel(id)) => {
                Err(LaneError::Late)
            }
            Err(_) => self.receiver.recv().unwrap_or(Err(LaneError::Panicked)),
        }
    }
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
