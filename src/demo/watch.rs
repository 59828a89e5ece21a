//! Watches logins and keeps their steps for the page, by the id of the request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::step_text::{self, StepText};
use crate::migrate::{Observer, Step};

/// How many logins are kept. Stops a script with `curl` in a loop from filling the memory; a person looks at one at a time.
const MAX_LOGINS: usize = 64;

/// How many steps are kept of a login; an ordinary one has ten.
const MAX_STEPS: usize = 64;

/// The steps of one login.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// What happened, in order.
    pub steps: Vec<StepText>,
    /// How long it took in all, without the wait that makes refusals look alike; none while it runs.
    pub took: Option<Duration>,
    /// Whether the rules made an account of the record, or tried to.
    pub mapped: bool,
}

/// Keeps the steps of the last logins.
#[derive(Debug, Default)]
pub struct Watch {
    logins: Mutex<VecDeque<(String, Watched)>>,
}

impl Watch {
    /// Takes the steps of a login out; nothing when it is not known, or was too long ago.
    #[must_use]
    pub fn take(&self, request_id: &str) -> Option<Watched> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let at = logins.iter().position(|(id, _)| id == request_id)?;
        logins.remove(at).map(|(_, watched)| watched)
    }
}

impl Observer for Watch {
    fn step(&self, request_id: &str, step: &Step<'_>) {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        if !logins.iter().any(|(id, _)| id == request_id) {
            if logins.len() >= MAX_LOGINS {
                logins.pop_front();
            }
            logins.push_back((request_id.to_owned(), Watched::default()));
        }
        let Some((_, watched)) = logins.iter_mut().rfind(|(id, _)| id == request_id) else { return };
        match step {
            Step::Ended { took, .. } => watched.took = Some(*took),
            Step::Mapped { .. } | Step::Invalid { .. } => watched.mapped = true,
            _ => {}
        }
        watched.steps.extend(step_text::step(step).filter(|_| watched.steps.len() < MAX_STEPS));
    }
}

/// The watch and another observer as one.
pub struct Both<O>(pub Arc<Watch>, pub O);

impl<O: Observer> Observer for Both<O> {
    fn step(&self, request_id: &str, step: &Step<'_>) {
        self.0.step(request_id, step);
        self.1.step(request_id, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::Outcome;

    #[test]
    fn steps_are_kept_by_request() {
        let watch = Watch::default();
        watch.step("a", &Step::Counted);
        watch.step("b", &Step::OverLimit);
        watch.step("a", &Step::Mapped { warnings: &[], took: Duration::ZERO });
        watch.step("a", &Step::Ended { outcome: &Outcome::Authenticated, took: Duration::from_millis(7) });
        let watched = watch.take("a").unwrap();
        let titles: Vec<_> = watched.steps.iter().map(|told| told.title.as_str()).collect();
        assert_eq!(titles, ["Attempt counted", "Record mapped"]);
        assert_eq!(watched.took, Some(Duration::from_millis(7)));
        assert!(watched.mapped);
        assert!(watch.take("a").is_none());
        let other = watch.take("b").unwrap();
        assert_eq!((other.took, other.mapped), (None, false));
    }

    #[test]
    fn the_memory_is_bounded() {
        let watch = Watch::default();
        for id in 0..MAX_LOGINS + 1 {
            for _ in 0..MAX_STEPS + 1 {
                watch.step(&id.to_string(), &Step::Counted);
            }
        }
        assert!(watch.take("0").is_none());
        assert_eq!(watch.take("1").unwrap().steps.len(), MAX_STEPS);
    }
}
