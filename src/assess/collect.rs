//! An assessment in progress: what its threads count, and what they found together.

use std::io;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::class::{Class, Classes};
use super::document::{About, RulesAbout};
use super::entry::{Customer, Entry, ROW};
use super::names::Names;
use super::part::Part;
use super::record::{Assessor, RulesOf, Shared};
use super::sorter::Sorter;
use crate::engine::plan::Plan;
use crate::engine::run::Settings;
use crate::formats::{RawRecord, RecordError};
use crate::hashing::MostExpensive;
use crate::model::read::ReadLimits;
use crate::ready_rules::Fit;

/// The rules of an assessment.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'r> {
    /// What the report calls rules without a `name`, such as their file.
    pub file_name: &'r str,
    /// The compiled rules.
    pub plan: &'r Plan,
    /// Their parameters, facts and limits.
    pub settings: &'r Settings,
    /// The hash of everything they consist of.
    pub digest: &'r str,
}

/// What the report has to know about the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RulesFacts {
    pub about: RulesAbout,
    /// The parameters, as JSON.
    params: String,
    pub names: Names,
    /// The names of the lookup tables.
    pub tables: Vec<String>,
    pub has_credential: bool,
    /// Whether accounts start from an object, so that every claim of the schema may be made.
    pub has_start: bool,
    pub most_expensive: MostExpensive,
}

/// An assessment in progress.
#[derive(Debug)]
pub struct Assessing<'r> {
    shared: Shared<'r>,
    facts: Option<RulesFacts>,
    /// What the threads that have ended counted.
    total: Mutex<Part>,
}

impl<'r> Assessing<'r> {
    /// Begins an assessment by these rules; without rules, the fields of the records are profiled.
    #[must_use]
    pub fn new(rules: Option<Rules<'r>>, limits: ReadLimits) -> Self {
        let (rules, facts) = match rules {
            None => (None, None),
            Some(Rules { file_name, plan, settings, digest }) => {
                let name = if plan.name.is_empty() { file_name } else { &plan.name };
                let rules = RulesOf::new(plan, settings);
                let params: serde_json::Map<String, serde_json::Value> = settings.params.iter().cloned().collect();
                let facts = RulesFacts {
                    about: RulesAbout { name: name.to_owned(), digest: digest.to_owned() },
                    params: serde_json::Value::Object(params).to_string(),
                    names: Names::of(plan),
                    tables: plan.lookups.iter().map(|table| table.name.clone()).collect(),
                    has_credential: plan.has_credential(),
                    has_start: plan.start.is_some(),
                    most_expensive: MostExpensive::of(plan),
                };
                (Some(rules), Some(facts))
            }
        };
        Self { shared: Shared { rules, classes: Classes::default(), limits }, facts, total: Mutex::default() }
    }

    /// A worker for one thread.
    #[must_use]
    pub fn worker<'a>(&'a self) -> Worker<'a, 'r>
    where
        'r: 'a,
    {
        Worker { assessor: Assessor::new(&self.shared), total: &self.total }
    }

    /// What was found, once all workers have ended.
    #[must_use]
    pub fn end(self, rows: Rows, about: About) -> Collected {
        let part = self.total.into_inner().unwrap_or_else(PoisonError::into_inner);
        let about = About { rules: self.facts.as_ref().map(|facts| facts.about.clone()), ..about };
        Collected {
            about,
            facts: self.facts,
            classes: self.shared.classes.all(),
            part,
            rows: rows.0,
            ready_rules: Vec::new(),
            stopped: None,
            content: None,
        }
    }
}

/// Assesses records for one thread. What it counted is added up when it is dropped.
pub struct Worker<'a, 'r> {
    assessor: Assessor<'a, 'r>,
    total: &'a Mutex<Part>,
}

impl Worker<'_, '_> {
    /// Assesses a record.
    pub fn record(&mut self, record: &RawRecord, batch: &mut Batch) {
        self.assessor.record(record, &mut batch.0);
    }

    /// Counts a record that cannot be read.
    pub fn unreadable(&mut self, error: &RecordError) {
        self.assessor.unreadable(error);
    }

    /// Counts a record on which the program failed.
    pub fn failed(&mut self, number: u64) {
        self.assessor.failed(number);
    }
}

impl Drop for Worker<'_, '_> {
    fn drop(&mut self) {
        let part = std::mem::take(&mut self.assessor.part);
        self.total.lock().unwrap_or_else(PoisonError::into_inner).merge(part, 0, |class| class);
    }
}

/// The identifiers of a few records, as digests.
#[derive(Debug, Default)]
pub struct Batch(Vec<[u8; ROW]>);

/// The identifiers of all records, as digests in temporary files.
#[derive(Debug, Default)]
pub struct Rows(Sorter<ROW>);

impl Rows {
    /// Takes the identifiers of a batch.
    ///
    /// # Errors
    /// If a temporary file cannot be written.
    pub fn take(&mut self, batch: &mut Batch) -> io::Result<()> {
        batch.0.drain(..).try_for_each(|row| self.0.add(row))
    }
}

/// What was found in an export, or in a part of one.
#[derive(Debug)]
pub struct Collected {
    pub(super) about: About,
    pub(super) facts: Option<RulesFacts>,
    pub(super) classes: Vec<Class>,
    pub(super) part: Part,
    pub(super) rows: Sorter<ROW>,
    /// Ready rules that fit the first records.
    pub ready_rules: Vec<Fit>,
    /// Why reading stopped before the end.
    pub stopped: Option<String>,
    /// The digest of what a partial result contains.
    pub content: Option<[u8; 32]>,
}

/// Why parts cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// They were made in different ways.
    #[error("the parts were made with different {0}")]
    Different(&'static str),
    /// A temporary file cannot be written or read.
    #[error("cannot compare identifiers in a temporary file: {}", .0.kind())]
    Io(#[from] io::Error),
}

impl Collected {
    /// What the rules call their claims and reasons.
    #[must_use]
    pub fn names(&self) -> Option<&Names> {
        self.facts.as_ref().map(|facts| &facts.names)
    }

    /// The number of records.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.part.records
    }

    /// Adds the part of the export that comes next.
    ///
    /// # Errors
    /// If the parts were made by other rules or at another time, or a temporary file cannot be written.
    pub fn add(&mut self, next: Self) -> Result<(), MergeError> {
        self.check_same(&next)?;
        let offset = self.part.records;
        let mut known: rustc_hash::FxHashMap<Class, usize> =
            self.classes.iter().enumerate().map(|(at, class)| (class.clone(), at)).collect();
        let mut numbers = Vec::with_capacity(next.classes.len());
        for class in next.classes {
            let at = *known.entry(class.clone()).or_insert_with(|| {
                self.classes.push(class);
                self.classes.len() - 1
            });
            numbers.push(at);
        }
        let number = |at: usize| numbers.get(at).copied().unwrap_or(at);
        for row in next.rows.sorted()? {
            let entry = Entry::of(&row?);
            let class = u16::try_from(number(usize::from(entry.customer.class))).unwrap_or(u16::MAX);
            let customer = Customer { record: entry.customer.record.saturating_add(offset), class, ..entry.customer };
            self.rows.add(Entry { customer, ..entry }.row())?;
        }
        self.part.merge(next.part, offset, number);
        for export in next.about.exports {
            if !self.about.exports.contains(&export) {
                self.about.exports.push(export);
            }
        }
        Ok(())
    }

    fn check_same(&self, next: &Self) -> Result<(), MergeError> {
        let different = [
            (self.about.landfall != next.about.landfall, "versions of Landfall"),
            (self.facts.is_some() != next.facts.is_some(), "rules: some have none"),
            (self.about.rules != next.about.rules, "rules"),
            (self.facts != next.facts, "parameters"),
            (self.about.now != next.about.now, "values of `--now`"),
        ];
        match different.into_iter().find(|(is_different, _)| *is_different) {
            Some((_, what)) => Err(MergeError::Different(what)),
            None => Ok(()),
        }
    }
}
