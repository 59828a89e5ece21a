//! One record: run, and written as accounts or as a reject.

use bumpalo::Bump;
use serde_json::Value as Json;

use super::tally::Tally;
use super::written::Written;
use crate::cli::pipeline::Work;
use crate::engine::outcome::{Outcome, Reason};
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::{Run, Settings};
use crate::formats::{RawRecord, RecordError, reject};

/// What the records of a batch became.
#[derive(Debug, Default)]
pub struct Batch {
    /// Accounts, as they are written.
    pub accounts: Vec<u8>,
    /// Lines of rejected and unreadable records.
    pub rejects: Vec<u8>,
    /// The counts.
    pub tally: Tally,
    /// Why the input cannot be read any further.
    pub stopped: Option<String>,
}

/// Turns records into accounts. Its buffers are used again and again.
pub struct Worker<'r> {
    plan: &'r Plan,
    settings: &'r Settings,
    written: &'r Written,
    keeps_rejects: bool,
    arena: Bump,
    accounts: Vec<u8>,
}

impl<'r> Worker<'r> {
    /// A worker; it writes rejects when they are kept.
    pub fn new(plan: &'r Plan, settings: &'r Settings, written: &'r Written, keeps_rejects: bool) -> Self {
        Self { plan, settings, written, keeps_rejects, arena: Bump::new(), accounts: Vec::new() }
    }

    fn record(&mut self, record: &RawRecord, batch: &mut Batch) {
        self.accounts.clear();
        let run = self.plan.run(&record.json, self.settings, &self.arena, &mut Silent);
        let accounts = run.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Account(made) => Some(made),
            _ => None,
        });
        accounts.for_each(|made| self.written.account(made, &mut self.accounts));
        batch.tally.run += 1;
        run.unread.iter().for_each(|path| batch.tally.unread.count(path));
        if run.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Invalid(_))) {
            self.invalid(record, &reasons(&run), batch);
            return;
        }
        for outcome in &run.outcomes {
            match outcome {
                Outcome::Account(made) => {
                    batch.tally.accounts += 1;
                    made.warnings.iter().for_each(|name| batch.tally.warnings.count(name));
                    made.unusable.iter().for_each(|reason| batch.tally.unusable.count(reason));
                }
                Outcome::Denied(reason) => batch.tally.denials.count(reason),
                Outcome::Invalid(_) => {}
            }
        }
        batch.accounts.extend_from_slice(&self.accounts);
    }

    fn invalid(&self, record: &RawRecord, reasons: &[(Option<usize>, Reason)], batch: &mut Batch) {
        batch.tally.invalid += 1;
        reasons.iter().for_each(|(_, reason)| batch.tally.reason(reason));
        if self.keeps_rejects {
            let reasons: Vec<Json> = reasons.iter().map(|(account, reason)| to_json(*account, reason)).collect();
            let about = reject::About { number: record.number, line: record.line, format: None, reasons: &reasons };
            reject::write_record(&about, &record.json, &mut batch.rejects);
        }
    }

    fn unreadable(&self, error: &RecordError, batch: &mut Batch) {
        if error.fatal {
            batch.stopped = Some(error.to_string());
            return;
        }
        batch.tally.unreadable += 1;
        batch.tally.problems.count(&error.message);
        if self.keeps_rejects {
            let reasons = [to_json(None, &internal("read", &error.message))];
            let format = Some(error.format.name());
            let about = reject::About { number: error.number, line: error.line, format, reasons: &reasons };
            reject::write_text(&about, error.raw.as_deref(), &mut batch.rejects);
        }
    }
}

impl Work for Worker<'_> {
    type Item = Result<RawRecord, RecordError>;
    type Batch = Batch;

    fn item(&mut self, item: &Self::Item, batch: &mut Batch) {
        match item {
            Ok(record) => {
                self.record(record, batch);
                self.arena.reset();
            }
            Err(error) => self.unreadable(error, batch),
        }
    }

    fn panicked(&mut self, item: &Self::Item, batch: &mut Batch) {
        match item {
            Ok(record) => {
                batch.tally.run += 1;
                self.invalid(record, &[(None, internal("internal", "internal error"))], batch);
            }
            Err(error) => batch.stopped = Some(format!("line {}: internal error", error.line)),
        }
    }
}

fn internal(step: &str, message: &str) -> Reason {
    Reason { rule: "record".to_owned(), step: step.to_owned(), message: message.to_owned(), span: None }
}

/// All reasons of a run; when it has several accounts, each with the account's position from 1.
fn reasons(run: &Run<'_>) -> Vec<(Option<usize>, Reason)> {
    let has_several = run.outcomes.len() > 1;
    let of = |(position, outcome): (usize, &Outcome<'_>)| match outcome {
        Outcome::Invalid(reasons) => {
            let account = has_several.then_some(position + 1);
            reasons.iter().map(|reason| (account, reason.clone())).collect()
        }
        _ => Vec::new(),
    };
    run.outcomes.iter().enumerate().flat_map(of).collect()
}

fn to_json(account: Option<usize>, reason: &Reason) -> Json {
    let mut json = reason.to_json();
    if let (Some(account), Some(members)) = (account, json.as_object_mut()) {
        members.insert("account".to_owned(), account.into());
    }
    json
}
