//! What will happen to a customer at the first login, as far as it is known from the record alone.

use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::document::ForecastOutcome;
use super::names::reason;
use crate::password::Cost;

/// A class of customers of whom the same is expected.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    /// Signs in with a password that is verified like this.
    Verified {
        /// The stored password.
        stored: Stored,
        /// Whether the rules demand a new password.
        must_change: bool,
    },
    /// Does not simply migrate.
    Otherwise(Obstacle),
}

/// Why a customer does not simply migrate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Obstacle {
    pub outcome: ForecastOutcome,
    pub reason: String,
    pub help: String,
}

/// A stored password, as far as the forecast and the census are concerned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Stored {
    pub scheme: String,
    /// `None` if the legacy system verifies the password.
    pub cost: Option<Cost>,
    /// Whether the scheme ignores part of the password.
    pub ignores_part: bool,
}

impl Class {
    pub(super) fn new_password(reason: impl Into<String>, help: impl Into<String>) -> Self {
        let (reason, help) = (reason.into(), help.into());
        Self::Otherwise(Obstacle { outcome: ForecastOutcome::NewPassword, reason, help })
    }

    pub(super) fn cannot(reason: impl Into<String>, help: impl Into<String>) -> Self {
        let (reason, help) = (reason.into(), help.into());
        Self::Otherwise(Obstacle { outcome: ForecastOutcome::Cannot, reason, help })
    }
}

/// The most classes, so that their numbers fit. Rules and hashes have a few dozen.
const MAX_CLASSES: usize = 60_000;

/// The classes of an assessment, each with its number; shared by all threads.
#[derive(Debug, Default)]
pub(super) struct Classes(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: FxHashMap<Class, u16>,
    all: Vec<Class>,
}

impl Classes {
    /// The number of a class.
    pub(super) fn number(&self, class: &Class) -> u16 {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).numbers.get(class).copied();
        known.unwrap_or_else(|| {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(number) = known.numbers.get(class) {
                return *number;
            }
            let number = u16::try_from(known.all.len()).unwrap_or(u16::MAX);
            let is_full = known.all.len() >= MAX_CLASSES;
            let class = if is_full { various() } else { class.clone() };
            if let Some(number) = known.numbers.get(&class) {
                return *number;
            }
            known.all.push(class.clone());
            known.numbers.insert(class, number);
            number
        })
    }

    /// All classes, by their numbers.
    pub(super) fn all(&self) -> Vec<Class> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).all.clone()
    }
}

fn various() -> Class {
    Class::cannot(reason::VARIOUS, "look at the reasons why records are invalid")
}

/// A cost of which different ones are told apart only as far as it matters: rounds that were chosen at random for each
/// customer would be as many costs as customers. Four digits distinguish all that products use.
pub(super) fn rounded(cost: Cost) -> Cost {
    let round = |number: u64| {
        let digits = number.checked_ilog10().unwrap_or(0).saturating_sub(3);
        let unit = 10_u64.saturating_pow(digits);
        number / unit * unit
    };
    match cost {
        Cost::Digests(calls) => Cost::Digests(round(calls)),
        Cost::Pbkdf2 { iterations, blocks } => Cost::Pbkdf2 { iterations: round(iterations), blocks: round(blocks) },
        Cost::Crypt { rounds } => Cost::Crypt { rounds: round(rounds) },
        Cost::Des { rounds } => Cost::Des { rounds: round(rounds) },
        Cost::Several(costs) => Cost::Several(costs.into_iter().map(rounded).collect()),
        Cost::Argon2 { memory_kib, passes, lanes } => Cost::Argon2 {
            memory_kib: if memory_kib > 99_999 { round(memory_kib) } else { memory_kib },
            passes: round(passes),
            lanes,
        },
        cost => cost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_one_number_each() {
        let classes = Classes::default();
        let (one, other) = (Class::cannot("a", ""), Class::new_password("a", ""));
        assert_eq!([&one, &other, &one].map(|class| classes.number(class)), [0, 1, 0]);
        assert_eq!(classes.all(), [one, other]);
    }

    #[test]
    fn costs_keep_four_digits() {
        for (iterations, wanted) in [(0, 0), (5001, 5001), (656_000, 656_000), (1_234_567, 1_234_000)] {
            let cost = rounded(Cost::Pbkdf2 { iterations, blocks: 1 });
            assert_eq!(cost, Cost::Pbkdf2 { iterations: wanted, blocks: 1 });
        }
    }
}
