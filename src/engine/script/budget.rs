//! The remaining operations and time of a running script, per thread because threads share the engine.
//!
//! Rhai's own count restarts in every callback of `map` and `filter`, so this count is the effective limit.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::limits::ScriptLimits;

/// Why a script must stop immediately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Too many operations.
    Operations,
    /// Too much time.
    Time,
    /// A list or map was used where text is required.
    NoText,
}

struct Budget {
    used: u64,
    most: u64,
    started: Instant,
    soft: Duration,
    hard: Duration,
    stop: Option<Stop>,
}

thread_local! {
    static BUDGET: RefCell<Option<Budget>> = const { RefCell::new(None) };
}

/// How often the clock is read, in operations. A read costs as much as an operation; 16 operations take microseconds.
const CLOCK_EVERY: u64 = 16;

/// A run in progress; dropping it restores the previous budget.
pub(super) struct Running(Option<Budget>);

impl Running {
    /// Starts the count and the clock.
    pub(super) fn start(limits: &ScriptLimits) -> Self {
        let budget = Budget {
            used: 0,
            most: limits.operations,
            started: Instant::now(),
            soft: limits.soft_time,
            hard: limits.hard_time,
            stop: None,
        };
        Self(BUDGET.with(|cell| cell.borrow_mut().replace(budget)))
    }

    /// The operations used so far.
    pub(super) fn used(&self) -> u64 {
        BUDGET.with(|cell| cell.borrow().as_ref().map_or(0, |budget| budget.used))
    }

    /// Why the script had to stop, even if Rhai ignored the error.
    pub(super) fn stopped(&self) -> Option<Stop> {
        BUDGET.with(|cell| cell.borrow().as_ref().and_then(|budget| budget.stop))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let before = self.0.take();
        BUDGET.with(|cell| *cell.borrow_mut() = before);
    }
}

/// Counts one operation. Returns the reason if the script must stop; a stopped script stays stopped.
pub(super) fn spend() -> Option<Stop> {
    count(1, |budget| budget.used.is_multiple_of(CLOCK_EVERY))
}

/// Counts many operations for work that takes that long, and reads the clock before the work starts.
pub(super) fn spend_many(operations: u64) -> Option<Stop> {
    count(operations, |_| true)
}

fn count(operations: u64, reads_clock: fn(&Budget) -> bool) -> Option<Stop> {
    BUDGET.with(|cell| {
        let mut cell = cell.borrow_mut();
        let budget = cell.as_mut()?;
        budget.used = budget.used.saturating_add(operations);
        if budget.stop.is_none() {
            budget.stop = budget.over(reads_clock(budget));
        }
        budget.stop
    })
}

/// Stops the script at the next operation, for code that cannot return an error.
pub(super) fn stop(reason: Stop) {
    BUDGET.with(|cell| {
        if let Some(budget) = cell.borrow_mut().as_mut() {
            budget.stop.get_or_insert(reason);
        }
    });
}

impl Budget {
    fn over(&self, reads_clock: bool) -> Option<Stop> {
        if self.used > self.most {
            return Some(Stop::Operations);
        }
        if !reads_clock {
            return None;
        }
        let time = self.started.elapsed();
        let busy = self.used > self.most / 10;
        (time > self.hard || busy && time > self.soft).then_some(Stop::Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_run_has_its_own_budget() {
        let limits = ScriptLimits { operations: 2, ..ScriptLimits::default() };
        let outer = Running::start(&limits);
        assert_eq!((spend(), spend()), (None, None));
        {
            let inner = Running::start(&limits);
            assert_eq!((spend(), inner.used()), (None, 1));
        }
        assert_eq!((spend(), spend()), (Some(Stop::Operations), Some(Stop::Operations)));
        assert_eq!(outer.stopped(), Some(Stop::Operations));
        drop(outer);
        assert_eq!(spend(), None);
    }
}
