//! The jobs that wait, by stage: which is next, which are too late, and how long a new one would wait.
//!
//! Nothing here reads a clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::workspace::Workspace;
use super::{Job, LaneError, Stage};

/// Delivers the result; called without holding the lock.
pub(super) type Deliver = Box<dyn FnOnce() + Send>;

/// Runs the job or turns it away, and returns the delivery of the result.
pub(super) type Turn = Box<dyn FnOnce(Result<&mut Workspace, LaneError>) -> Deliver + Send>;

/// A job in the queue.
pub(super) struct Queued {
    pub id: u64,
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

/// How many jobs of the last stage start in a row while one of the first waits. Keeps a first job from starving, and the
/// lane from running empty: a job of the last stage comes only some milliseconds after the first job of its login.
const IN_A_ROW: u32 = 4;

/// Jobs of one stage in their order, and what they cost together.
#[derive(Default)]
struct Line {
    jobs: VecDeque<Queued>,
    cost: Duration,
}

impl Line {
    fn push(&mut self, queued: Queued) {
        self.cost = self.cost.saturating_add(queued.job.cost);
        self.jobs.push_back(queued);
    }

    fn pop(&mut self) -> Option<Queued> {
        let queued = self.jobs.pop_front()?;
        self.cost = self.cost.saturating_sub(queued.job.cost);
        Some(queued)
    }

    fn remove(&mut self, id: u64) -> Option<Queued> {
        let position = self.jobs.iter().position(|queued| queued.id == id)?;
        let queued = self.jobs.remove(position)?;
        self.cost = self.cost.saturating_sub(queued.job.cost);
        Some(queued)
    }

    fn take_late(&mut self, now: Instant) -> Vec<Queued> {
        if !self.jobs.iter().any(|queued| queued.job.is_late(now)) {
            return Vec::new();
        }
        let (late, jobs): (VecDeque<_>, _) = self.jobs.drain(..).partition(|queued| queued.job.is_late(now));
        self.jobs = jobs;
        self.cost = self.jobs.iter().map(|queued| queued.job.cost).fold(Duration::ZERO, Duration::saturating_add);
        late.into()
    }
}

/// All jobs that wait.
#[derive(Default)]
pub(super) struct Waiting {
    first: Line,
    last: Line,
    /// Jobs of the last stage that have started since one of the first did or could have.
    in_a_row: u32,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.first.jobs.len() + self.last.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, queued: Queued) {
        match queued.job.stage {
            Stage::First => self.first.push(queued),
            Stage::Last => self.last.push(queued),
        }
    }

    /// The stage of the next job.
    fn turn(&self) -> Stage {
        let is_first = self.last.jobs.is_empty() || (self.in_a_row >= IN_A_ROW && !self.first.jobs.is_empty());
        if is_first { Stage::First } else { Stage::Last }
    }

    /// The job that starts next. No other one may start before it, or large jobs would starve.
    pub(super) fn next(&self) -> Option<&Job> {
        let line = match self.turn() {
            Stage::First => &self.first,
            Stage::Last => &self.last,
        };
        line.jobs.front().map(|queued| &queued.job)
    }

    /// Takes the job that starts next.
    pub(super) fn pop(&mut self) -> Option<Queued> {
        match self.turn() {
            Stage::First => {
                self.in_a_row = 0;
                self.first.pop()
            }
            Stage::Last => {
                self.in_a_row = if self.first.jobs.is_empty() { 0 } else { self.in_a_row + 1 };
                self.last.pop()
            }
        }
    }

    /// Takes a job that has not started.
    pub(super) fn remove(&mut self, id: u64) -> Option<Queued> {
        self.first.remove(id).or_else(|| self.last.remove(id))
    }

    /// Takes the jobs that can no longer end before their deadlines.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<Queued> {
        let mut late = self.first.take_late(now);
        late.append(&mut self.last.take_late(now));
        late
    }

    pub(super) fn take_all(&mut self) -> Vec<Queued> {
        let mut all: Vec<_> = std::mem::take(&mut self.last).jobs.into();
        all.extend(std::mem::take(&mut self.first).jobs);
        all
    }

    /// What the jobs cost that start before a new one of a stage.
    pub(super) fn ahead_of(&self, stage: Stage) -> Duration {
        match stage {
            Stage::First => self.last.cost.saturating_add(self.first.cost),
            Stage::Last => self.last.cost,
        }
    }

    /// When the next job becomes late; `None` if there is none.
    pub(super) fn next_late(&self) -> Option<Instant> {
        let jobs = self.first.jobs.iter().chain(&self.last.jobs);
        jobs.map(|queued| queued.job.latest_start().unwrap_or(queued.job.deadline)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::lane::JobMemory;

    const MS: Duration = Duration::from_millis(1);

    /// A job of a stage that costs and must be followed by so many milliseconds, within so many of `now`.
    fn queued(id: u64, stage: Stage, now: Instant, (cost, then, within): (u32, u32, u32)) -> Queued {
        let job = Job::new(JobMemory::Own(1), now + MS * within);
        let mut queued =
            Queued::new(Job { stage, cost: MS * cost, then: MS * then, ..job }, Box::new(|_| Box::new(|| ())));
        queued.id = id;
        queued
    }

    fn ids(taken: impl IntoIterator<Item = Queued>) -> Vec<u64> {
        taken.into_iter().map(|queued| queued.id).collect()
    }

    #[test]
    fn what_was_begun_is_completed_first() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        for (id, stage) in [(1, Stage::First), (2, Stage::First), (3, Stage::Last), (4, Stage::Last)] {
            waiting.push(queued(id, stage, now, (10, 0, 1000)));
        }
        assert_eq!(waiting.ahead_of(Stage::Last), MS * 20);
        assert_eq!(waiting.ahead_of(Stage::First), MS * 40);
        assert_eq!(ids(std::iter::from_fn(|| waiting.pop())), [3, 4, 1, 2]);
        assert_eq!(waiting.ahead_of(Stage::First), Duration::ZERO);
    }

    #[test]
    fn a_first_job_has_its_turn_after_four_last_ones() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.push(queued(0, Stage::First, now, (10, 0, 1000)));
        waiting.push(queued(100, Stage::First, now, (10, 0, 1000)));
        let mut started = Vec::new();
        for id in 1..=10 {
            waiting.push(queued(id, Stage::Last, now, (10, 0, 1000)));
            started.extend(waiting.pop().map(|queued| queued.id));
        }
        assert_eq!(started, [1, 2, 3, 4, 0, 5, 6, 7, 8, 100]);
    }

    #[test]
    fn a_job_is_late_when_it_and_what_follows_cannot_end_in_time() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.push(queued(1, Stage::First, now, (30, 10, 100)));
        waiting.push(queued(2, Stage::First, now, (30, 0, 100)));
        waiting.push(queued(3, Stage::Last, now, (0, 0, 100)));
        assert_eq!(waiting.next_late(), Some(now + MS * 60));
        assert!(waiting.take_late(now + MS * 59).is_empty());
        assert_eq!(ids(waiting.take_late(now + MS * 60)), [1]);
        assert_eq!(waiting.ahead_of(Stage::First), MS * 30);
        assert_eq!(ids(waiting.take_late(now + MS * 70)), [2]);
        assert_eq!(ids(waiting.take_late(now + MS * 100)), [3]);
        assert_eq!(waiting.next_late(), None);
    }

    #[test]
    fn a_removed_job_costs_nobody_time() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.push(queued(1, Stage::First, now, (30, 0, 100)));
        waiting.push(queued(2, Stage::Last, now, (5, 0, 100)));
        assert_eq!(ids(waiting.remove(1)), [1]);
        assert_eq!((waiting.len(), waiting.ahead_of(Stage::First)), (1, MS * 5));
        assert!(waiting.remove(1).is_none());
        assert_eq!(ids(waiting.take_all()), [2]);
        assert!(waiting.is_empty() && waiting.next().is_none());
    }
}
