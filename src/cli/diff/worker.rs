//! Runs both versions on one record, and counts the differences.

use bumpalo::Bump;

use super::tally::{Example, Kind, Tally};
use crate::cli::pipeline::Work;
use crate::compare::{Comparison, Difference, Part, Side, masked, scheme_of, shown};
use crate::engine::outcome::Outcome;
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::Settings;
use crate::formats::{RawRecord, RecordError};
use crate::migrate::refused_at_login;
use crate::model::Value;
use crate::ports::IdentifierProfile;

/// One version of the rules, and what it runs with.
#[derive(Clone, Copy)]
pub(super) struct Version<'r> {
    pub plan: &'r Plan,
    pub settings: &'r Settings,
}

/// What all workers share.
pub(super) struct How<'r> {
    pub old: Version<'r>,
    pub new: Version<'r>,
    pub comparison: &'r Comparison,
    /// How identifiers are normalised, if accounts that a login would not accept are invalid.
    pub as_login: Option<IdentifierProfile>,
    /// How many examples of each kind are kept.
    pub examples: usize,
    pub shows_values: bool,
}

/// The differences of the records of a batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub tally: Tally,
    /// Why the input cannot be read any further.
    pub stopped: Option<String>,
}

/// Compares records. Its memory is reused.
pub(super) struct Worker<'r> {
    how: &'r How<'r>,
    arena: Bump,
}

impl<'r> Worker<'r> {
    pub(super) fn new(how: &'r How<'r>) -> Self {
        Self { how, arena: Bump::new() }
    }

    fn record(&self, record: &RawRecord, tally: &mut Tally) {
        let how = self.how;
        let [old, new] = [how.old, how.new].map(|version| self.side(version, &record.json));
        tally.records += 1;
        tally.accounts = (tally.accounts.0 + accounts(&old), tally.accounts.1 + accounts(&new));
        let mut differs = false;
        how.comparison.differences(&old, &new, |difference| {
            differs = true;
            self.count(record, difference, tally);
        });
        tally.differing += u64::from(differs);
    }

    fn side<'a>(&'a self, version: Version<'a>, json: &'a str) -> Side<'a> {
        let mut side = Side::from(version.plan.run(json, version.settings, &self.arena, &mut Silent));
        if let Some(identifiers) = &self.how.as_login {
            for outcome in &mut side.outcomes {
                let Outcome::Account(made) = &*outcome else { continue };
                if let Some(reason) = refused_at_login(version.plan, made, identifiers) {
                    *outcome = Outcome::Invalid(vec![reason]);
                }
            }
        }
        side
    }

    fn count(&self, record: &RawRecord, difference: Difference<'_>, tally: &mut Tally) {
        let Difference { part, change, reason, account, before, after } = difference;
        let position = match part {
            Part::Account => 0,
            Part::Id => 1,
            Part::Logins => 2,
            Part::Credential => 3,
            Part::Claim(name) => self.how.comparison.position(name).map_or(4, |at| at + 4),
        };
        let kind = Kind { position, part: part.name().to_owned(), change, reason };
        tally.count(kind, self.how.examples, || {
            let text = |value: Value<'_>| value.is_present().then(|| self.text(part, value));
            Example { record: record.number, account, before: text(before), after: text(after) }
        });
    }

    fn text(&self, part: Part<'_>, value: Value<'_>) -> String {
        match part {
            // hashes are never shown: they can be guessed at
            Part::Credential => scheme_of(value).unwrap_or("stored password").to_owned(),
            _ if self.how.shows_values => shown(value),
            _ => masked(value),
        }
    }
}

fn accounts(side: &Side<'_>) -> u64 {
    side.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Account(_))).count() as u64
}

impl Work for Worker<'_> {
    type Item = Result<RawRecord, RecordError>;
    type Batch = Batch;

    fn item(&mut self, item: &Self::Item, batch: &mut Batch) {
        match item {
            Ok(record) => {
                self.record(record, &mut batch.tally);
                self.arena.reset();
            }
            Err(error) if error.fatal => batch.stopped = Some(error.to_string()),
            Err(_) => batch.tally.unreadable += 1,
        }
    }

    fn panicked(&mut self, item: &Self::Item, batch: &mut Batch) {
        match item {
            Ok(_) => batch.tally.failed += 1,
            Err(error) => batch.stopped = Some(format!("line {}: internal error", error.line)),
        }
    }
}
