//! The state shared by the threads of a lane: waiting jobs, running jobs, and memory.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::workspace::Workspace;
use super::{Job, JobMemory, LaneError, LaneFigures, LaneSettings};

/// Delivers the result; called without holding the lock.
pub(super) type Deliver = Box<dyn FnOnce() + Send>;

/// Runs the job or turns it away, and returns the delivery of the result.
pub(super) type Turn = Box<dyn FnOnce(Result<&mut Workspace, LaneError>) -> Deliver + Send>;

/// A job in the queue.
pub(super) struct Queued {
    id: u64,
    pub job: Job,
    pub turn: Turn,
}

impl Queued {
    pub(super) fn new(job: Job, turn: Turn) -> Self {
        Self { id: 0, job, turn }
    }

    /// Tells the owner that the job will not run.
    pub(super) fn reject(self, error: LaneError) {
        (self.turn)(Err(error))();
    }
}

/// The next action of a worker.
pub(super) enum Next {
    /// Run the job in the workspace; `surplus` is memory to be freed first.
    Run { queued: Queued, workspace: Workspace, surplus: Vec<Workspace> },
    /// Reject these jobs.
    Reject(Vec<Queued>, LaneError),
    /// Wipe and free memory that was idle for a while.
    Free(Vec<Workspace>),
    /// End the thread.
    End,
}

/// The state, and a signal for its changes.
pub(super) struct Shared {
    settings: LaneSettings,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: VecDeque<Queued>,
    running: usize,
    /// INVARIANT: `busy_kib + kept_kib <= settings.budget_kib`.
    busy_kib: u64,
    kept: Vec<Workspace>,
    kept_kib: u64,
    peak_kib: u64,
    closed: bool,
    next_id: u64,
    last_use: Instant,
}

impl Shared {
    pub(super) fn new(settings: LaneSettings) -> Self {
        // Every job passes through the queue, so a lane without a queue could not run anything.
        let settings = LaneSettings { queue: settings.queue.max(1), ..settings };
        let state = State {
            waiting: VecDeque::new(),
            running: 0,
            busy_kib: 0,
            kept: Vec::new(),
            kept_kib: 0,
            peak_kib: 0,
            closed: false,
            next_id: 1,
            last_use: Instant::now(),
        };
        Self { settings, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// No code that can panic runs under the lock, so the state behind a poisoned lock is valid.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn budget_kib(&self) -> u64 {
        self.settings.budget_kib
    }

    /// Queues a job and returns its number, or rejects it at once.
    pub(super) fn push(&self, mut queued: Queued) -> Option<u64> {
        let mut state = self.lock();
        let mut late = Vec::new();
        if state.waiting.len() >= self.settings.queue {
            late = state.take_late(Instant::now());
        }
        let rejection = self.rejection(&state, queued.job);
        let id = state.next_id;
        state.next_id += 1;
        queued.id = id;
        let outcome = match rejection {
            Some(error) => Err((queued, error)),
            None => {
                state.waiting.push_back(queued);
                self.changed.notify_one();
                Ok(id)
            }
        };
        drop(state);
        late.into_iter().for_each(|queued| queued.reject(LaneError::Late));
        match outcome {
            Ok(id) => Some(id),
            Err((queued, error)) => {
                queued.reject(error);
                None
            }
        }
    }

    fn rejection(&self, state: &State, job: Job) -> Option<LaneError> {
        if state.closed {
            Some(LaneError::Closed)
        } else if job.memory.kib() > self.settings.budget_kib {
            Some(LaneError::TooLarge)
        } else if job.deadline <= Instant::now() {
            Some(LaneError::Late)
        } else if state.waiting.len() >= self.settings.queue {
            Some(LaneError::Full)
        } else {
            None
        }
    }

    /// Removes a job that has not started from the queue; returns whether it was still there.
    pub(super) fn cancel(&self, id: u64) -> bool {
        let mut state = self.lock();
        let position = state.waiting.iter().position(|queued| queued.id == id);
        let queued = position.and_then(|position| state.waiting.remove(position));
        self.changed.notify_one();
        drop(state);
        queued.is_some()
    }

    /// Blocks until there is something to do.
    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        loop {
            if state.closed {
                let rejected: Vec<Queued> = state.waiting.drain(..).collect();
                return if rejected.is_empty() { Next::End } else { Next::Reject(rejected, LaneError::Closed) };
            }
            let now = Instant::now();
            let late = state.take_late(now);
            if !late.is_empty() {
                return Next::Reject(late, LaneError::Late);
            }
            if let Some(next) = state.start(self.settings.budget_kib) {
                // The next job may fit as well, and only this thread knows that the first one has left.
                self.changed.notify_one();
                return next;
            }
            if state.is_idle() && now.duration_since(state.last_use) >= self.settings.keep {
                return Next::Free(state.take_kept());
            }
            state = match state.pause(now, self.settings.keep) {
                Some(pause) => self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Releases the memory of a finished job.
    pub(super) fn release(&self, memory: JobMemory, workspace: Option<Workspace>) {
        let mut state = self.lock();
        state.running -= 1;
        state.busy_kib -= memory.kib();
        state.last_use = Instant::now();
        let surplus = state.keep(workspace, memory);
        self.changed.notify_all();
        drop(state);
        drop(surplus);
    }

    /// Rejects all jobs from now on.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The first deadline in the queue.
    #[cfg(test)]
    pub(super) fn earliest_deadline(&self) -> Option<Instant> {
        self.lock().waiting.iter().map(|queued| queued.job.deadline).min()
    }

    pub(super) fn figures(&self) -> LaneFigures {
        let state = self.lock();
        LaneFigures {
            waiting: state.waiting.len(),
            running: state.running,
            busy_kib: state.busy_kib,
            kept_kib: state.kept_kib,
            peak_kib: state.peak_kib,
        }
    }
}

impl State {
    fn take_late(&mut self, now: Instant) -> Vec<Queued> {
        if self.waiting.iter().all(|queued| queued.job.deadline > now) {
            return Vec::new();
        }
        let (late, waiting) = self.waiting.drain(..).partition(|queued| queued.job.deadline <= now);
        self.waiting = waiting;
        late.into()
    }

    /// Starts the first job if its memory is free. Never looks past the first job, or large jobs would starve.
    fn start(&mut self, budget_kib: u64) -> Option<Next> {
        let memory = self.waiting.front()?.job.memory;
        if self.busy_kib + memory.kib() > budget_kib {
            return None;
        }
        let queued = self.waiting.pop_front()?;
        let workspace = self.workspace(memory);
        self.busy_kib += memory.kib();
        self.running += 1;
        let mut surplus = Vec::new();
        while self.busy_kib + self.kept_kib > budget_kib {
            let Some(kept) = self.kept.pop() else { break };
            self.kept_kib -= kept.kib();
            surplus.push(kept);
        }
        self.peak_kib = self.peak_kib.max(self.busy_kib + self.kept_kib);
        Some(Next::Run { queued, workspace, surplus })
    }

    /// The largest kept workspace that is not larger than the job may have.
    fn workspace(&mut self, memory: JobMemory) -> Workspace {
        let JobMemory::Workspace(kib) = memory else { return Workspace::new() };
        let fits = |workspace: &Workspace| workspace.kib() <= u64::from(kib);
        let positions = self.kept.iter().enumerate().filter(|(_, workspace)| fits(workspace));
        let Some((position, _)) = positions.max_by_key(|(_, workspace)| workspace.kib()) else {
            return Workspace::new();
        };
        let workspace = self.kept.swap_remove(position);
        self.kept_kib -= workspace.kib();
        workspace
    }

    /// Keeps a workspace for the next job, unless it holds more than its job was allowed.
    fn keep(&mut self, workspace: Option<Workspace>, memory: JobMemory) -> Option<Workspace> {
        let workspace = workspace?;
        if workspace.kib() == 0 || workspace.kib() > memory.kib() {
            return Some(workspace);
        }
        self.kept_kib += workspace.kib();
        self.kept.push(workspace);
        None
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running == 0 && !self.kept.is_empty()
    }

    fn take_kept(&mut self) -> Vec<Workspace> {
        self.kept_kib = 0;
        std::mem::take(&mut self.kept)
    }

    /// How long a worker may sleep without missing a deadline or keeping memory too long; `None` if there is neither.
    fn pause(&self, now: Instant, keep: Duration) -> Option<Duration> {
        let used = now.saturating_duration_since(self.last_use);
        let keep = self.is_idle().then(|| keep.saturating_sub(used));
        let deadlines = self.waiting.iter().map(|queued| queued.job.deadline.saturating_duration_since(now));
        deadlines.chain(keep).min()
    }
}
