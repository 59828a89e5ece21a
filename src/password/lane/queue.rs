//! The state shared by the threads of a lane: waiting jobs, running jobs, and memory.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::moving::MovingRatio;
use super::waiting::{Queued, Waiting};
use super::workspace::Workspace;
use super::{Job, JobMemory, LaneError, LaneFigures, LaneSettings, Stage};

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

/// The longest wait that is told apart, so that adding it to a time never overflows.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How much expected work the pace remembers, in seconds: the last hundred hashes or so.
const PACE_SPAN: f64 = 2.0;

struct State {
    waiting: Waiting,
    running: usize,
    /// What the running jobs cost together.
    running_cost: Duration,
    /// How long jobs take, in relation to what they cost on an idle machine.
    pace: MovingRatio,
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
        let settings = LaneSettings { queue: settings.queue.max(1), threads: settings.threads.max(1), ..settings };
        let state = State {
            waiting: Waiting::default(),
            running: 0,
            running_cost: Duration::ZERO,
            pace: MovingRatio::new(1.0, PACE_SPAN),
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
            late = state.waiting.take_late(Instant::now());
        }
        let rejection = self.rejection(&state, queued.job);
        let id = state.next_id;
        state.next_id += 1;
        queued.id = id;
        let outcome = match rejection {
            Some(error) => Err((queued, error)),
            None => {
                state.waiting.push(queued);
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
        } else if job.is_late(Instant::now() + state.wait(job.stage, self.settings.threads)) {
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
        let queued = state.waiting.remove(id);
        self.changed.notify_one();
        drop(state);
        queued.is_some()
    }

    /// Blocks until there is something to do.
    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        loop {
            if state.closed {
                let rejected = state.waiting.take_all();
                return if rejected.is_empty() { Next::End } else { Next::Reject(rejected, LaneError::Closed) };
            }
            let now = Instant::now();
            let late = state.waiting.take_late(now);
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

    /// Releases the memory of a finished job, and notes how long it took.
    pub(super) fn release(&self, job: Job, workspace: Option<Workspace>, took: Duration) {
        let mut state = self.lock();
        state.running -= 1;
        state.running_cost = state.running_cost.saturating_sub(job.cost);
        if !job.cost.is_zero() {
            state.pace.add(took.as_secs_f64(), job.cost.as_secs_f64());
        }
        state.busy_kib -= job.memory.kib();
        state.last_use = Instant::now();
        let surplus = state.keep(workspace, job.memory);
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
        self.lock().waiting.next_late()
    }

    pub(super) fn figures(&self) -> LaneFigures {
        let state = self.lock();
        LaneFigures {
            waiting: state.waiting.len(),
            running: state.running,
            busy_kib: state.busy_kib,
            kept_kib: state.kept_kib,
            peak_kib: state.peak_kib,
            wait: state.wait(Stage::First, self.settings.threads),
        }
    }
}

impl State {
    /// How long a new job of a stage is expected to wait. Running jobs count half, because some have just begun and
    /// others are about to end.
    fn wait(&self, stage: Stage, threads: usize) -> Duration {
        if self.running < threads && self.waiting.is_empty() {
            return Duration::ZERO;
        }
        let ahead = self.waiting.ahead_of(stage).saturating_add(self.running_cost / 2);
        let seconds = ahead.as_secs_f64() * self.pace.get() / f64::from(u32::try_from(threads).unwrap_or(u32::MAX));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO).min(LONGEST_WAIT)
    }

    /// Starts the next job if its memory is free.
    fn start(&mut self, budget_kib: u64) -> Option<Next> {
        let memory = self.waiting.next()?.memory;
        if self.busy_kib + memory.kib() > budget_kib {
            return None;
        }
        let queued = self.waiting.pop()?;
        let workspace = self.workspace(memory);
        self.busy_kib += memory.kib();
        self.running += 1;
        self.running_cost = self.running_cost.saturating_add(queued.job.cost);
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
        let late = self.waiting.next_late().map(|late| late.saturating_duration_since(now));
        late.into_iter().chain(keep).min()
    }
}
