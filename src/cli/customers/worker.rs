//! Who the customers of one record are, when they were last active, and whether the rules make accounts of them.

use bumpalo::Bump;
use serde_json::Value as Json;

use super::activity::{Activity, time};
use crate::cli::pipeline::Work;
use crate::engine::outcome::{Made, Outcome};
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::{Run, Settings};
use crate::formats::{RawRecord, RecordError};
use crate::migrate::{Standing, refused_at_login, standing};
use crate::model::json::to_json;
use crate::model::read::parse;
use crate::model::{Value, read::ReadLimits};
use crate::ports::IdentifierProfile;

/// What all workers share.
pub struct How<'r> {
    /// The rules.
    pub plan: &'r Plan,
    /// Their parameters and facts.
    pub settings: &'r Settings,
    /// How identifiers are normalised.
    pub identifiers: &'r IdentifierProfile,
    /// Where the last activity is.
    pub activity: &'r Activity,
    /// The claims that are kept.
    pub claims: &'r [String],
}

/// A customer, as the record says.
#[derive(Debug)]
pub struct Found {
    /// The legacy id.
    pub id: String,
    /// What the rules say.
    pub fate: Fate,
    /// When the customer was last active, if it is known.
    pub last_active: Option<jiff::Timestamp>,
    /// The values of the kept claims; null for claims without a value.
    pub claims: Vec<Json>,
}

/// What a login would make of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// An account.
    Account,
    /// Nothing: the rules deny the customer, or the legacy account is disabled or locked.
    Excluded,
    /// Nothing until the record or the rules are corrected.
    Invalid,
}

/// The customers of a batch of records.
#[derive(Debug, Default)]
pub struct Batch {
    pub found: Vec<Found>,
    pub records: u64,
    /// Accounts of records that have no legacy id.
    pub without_id: u64,
    /// Records that cannot be read.
    pub unreadable: u64,
    /// Records with anything at the place of the last activity.
    pub with_place: u64,
    /// Why the input cannot be read any further.
    pub stopped: Option<String>,
}

/// Finds the customers of records.
pub struct Worker<'r> {
    how: &'r How<'r>,
    arena: Bump,
}

impl<'r> Worker<'r> {
    pub fn new(how: &'r How<'r>) -> Self {
        Self { how, arena: Bump::new() }
    }

    fn record(&self, record: &RawRecord, batch: &mut Batch) {
        let how = self.how;
        let Run { outcomes, ids, .. } = how.plan.run(&record.json, how.settings, &self.arena, &mut Silent);
        let ids = if ids.is_empty() { self.ids(record, &outcomes) } else { ids };
        let in_record = self.in_record(record, batch);
        for (at, outcome) in outcomes.into_iter().enumerate() {
            if !record.accounts.is_empty() && !record.accounts.contains(&(at + 1)) {
                continue;
            }
            let Some(id) = ids.get(at).and_then(|id| id.as_text()) else {
                batch.without_id += 1;
                continue;
            };
            batch.found.push(self.found(id, &outcome, in_record));
        }
    }

    /// The legacy ids of a record without `accounts`.
    fn ids<'a>(&'a self, record: &'a RawRecord, outcomes: &[Outcome<'a>]) -> Vec<Value<'a>> {
        if let [Outcome::Account(made)] = outcomes {
            return vec![made.who.id];
        }
        let customers = self.how.plan.customers(&record.json, self.how.settings, &self.arena).unwrap_or_default();
        customers.into_iter().map(|customer| customer.map_or(Value::Missing, |customer| customer.who.id)).collect()
    }

    /// The last activity, if it is at a place in the record.
    fn in_record(&self, record: &RawRecord, batch: &mut Batch) -> Option<jiff::Timestamp> {
        let Activity::Path(path) = self.how.activity else { return None };
        let limits = ReadLimits { bytes: usize::MAX, ..self.how.settings.limits };
        let value = parse(&record.json, &self.arena, &limits).ok()?;
        let found = path.names().iter().fold(value, |value, name| value.member(name));
        batch.with_place += u64::from(!matches!(found, Value::Missing));
        time(found, &self.arena)
    }

    fn found(&self, id: &str, outcome: &Outcome<'_>, in_record: Option<jiff::Timestamp>) -> Found {
        let (fate, made) = match outcome {
            Outcome::Account(made) => (self.fate(made), Some(made)),
            Outcome::Denied(_) => (Fate::Excluded, None),
            Outcome::Invalid(_) => (Fate::Invalid, None),
        };
        let claim = |name: &String| made.map_or(Value::Missing, |made| made.account.claim(name));
        let last_active = match self.how.activity {
            Activity::Claims(names) => names.iter().filter_map(|name| time(claim(name), &self.arena)).max(),
            Activity::Path(_) => in_record,
        };
        let claims = self.how.claims.iter().map(|name| to_json(claim(name))).collect();
        Found { id: id.to_owned(), fate, last_active, claims }
    }

    fn fate(&self, made: &Made<'_>) -> Fate {
        if standing(made.account) != Standing::Good {
            return Fate::Excluded;
        }
        let refused = refused_at_login(self.how.plan, made, self.how.identifiers);
        if refused.is_some() { Fate::Invalid } else { Fate::Account }
    }
}

impl Work for Worker<'_> {
    type Item = Result<RawRecord, RecordError>;
    type Batch = Batch;

    fn item(&mut self, item: &Self::Item, batch: &mut Batch) {
        match item {
            Ok(record) => {
                batch.records += 1;
                self.record(record, batch);
                self.arena.reset();
            }
            Err(error) if error.fatal => batch.stopped = Some(error.to_string()),
            Err(_) => {
                batch.records += 1;
                batch.unreadable += 1;
            }
        }
    }

    fn panicked(&mut self, _: &Self::Item, batch: &mut Batch) {
        batch.unreadable += 1;
    }
}
