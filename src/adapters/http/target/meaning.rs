//! What the answer to a request of a target means.

use bumpalo::Bump;

use crate::adapters::http::answer::Answer;
use crate::adapters::http::condition::Condition;
use crate::adapters::http::error::Failure;
use crate::model::Value;
use crate::ports::PortErrorKind;

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is done.
    Done,
    /// There is no such account.
    None,
    /// An account has the id or a login already.
    Duplicate,
    /// The product's policy refuses the password.
    PasswordRefused,
    /// The product does not take this account.
    Rejected,
}

/// Conditions by what they mean. What none of them describes is an outage.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    /// `None` if every success means it.
    pub done: Option<Vec<Condition>>,
    pub none: Vec<Condition>,
    pub duplicate: Vec<Condition>,
    pub password_refused: Vec<Condition>,
    pub rejected: Vec<Condition>,
}

impl Meanings {
    /// What an answer means. Products that report several faults at once name a duplicate first, because with one no other
    /// password or profile would help.
    pub fn of(&self, answer: &Answer) -> Result<Meaning, Failure> {
        if answer.is_page() && answer.status >= 300 {
            return Err(answer.failure());
        }
        let arena = Bump::new();
        let body = answer.json(&arena).unwrap_or(Value::Missing);
        let text = answer.text().unwrap_or_default();
        let holds = |conditions: &[Condition]| conditions.iter().any(|condition| condition.holds(answer, body, text));
        let is_success = (200..300).contains(&answer.status) && !answer.is_page();
        let is_done = self.done.as_deref().map_or(is_success, holds);
        let other = [
            (Meaning::None, &self.none),
            (Meaning::Duplicate, &self.duplicate),
            (Meaning::PasswordRefused, &self.password_refused),
            (Meaning::Rejected, &self.rejected),
        ];
        let other = other.into_iter().find(|(_, conditions)| holds(conditions)).map(|(meaning, _)| meaning);
        match (is_done, other) {
            (true, None) => Ok(Meaning::Done),
            (false, Some(meaning)) => Ok(meaning),
            // every success that is not described otherwise
            (true, Some(meaning)) if self.done.is_none() => Ok(meaning),
            (true, Some(_)) => Err(Failure::bad("conditions contradict each other")),
            (false, None) if answer.status < 300 => {
                let detail = format!("no condition describes the answer (status {})", answer.status);
                Err(Failure::new(PortErrorKind::Unavailable, detail))
            }
            (false, None) => Err(answer.failure()),
        }
    }
}
