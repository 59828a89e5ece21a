//! Runs the rules on one record and writes its accounts, or a reject.

use bumpalo::Bump;
use serde_json::{Value as Json, json};

use super::reasons::Reasons;
use super::tally::Tally;
use super::written::Written;
use crate::cli::pipeline::Work;
use crate::engine::outcome::{Outcome, Reason};
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::{Run, Settings};
use crate::formats::{RawRecord, RecordError, reject};
use crate::migrate::refused_at_login;
use crate::model::Value;
use crate::ports::IdentifierProfile;

/// The outcome of the records of a batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// Accounts, as they are written.
    pub accounts: Vec<u8>,
    /// Lines of rejected and unreadable records.
    pub rejects: Vec<u8>,
    /// Lines of warnings.
    pub warnings: Vec<u8>,
    /// The counts.
    pub tally: Tally,
    /// Why the input cannot be read any further.
    pub stopped: Option<String>,
}

/// Turns records into accounts. Its buffers are reused.
pub struct Worker<'r> {
    how: &'r How<'r>,
    arena: Bump,
    accounts: Vec<u8>,
    reasons: Reasons,
}

/// What all workers share.
pub struct How<'r> {
    /// The rules.
    pub plan: &'r Plan,
    /// Their parameters and facts.
    pub settings: &'r Settings,
    /// How accounts are written.
    pub written: &'r Written,
    /// Whether rejects are written.
    pub keeps_rejects: bool,
    /// Whether warnings are written.
    pub keeps_warnings: bool,
    /// How identifiers are normalised, if accounts that a login would not accept are invalid.
    pub as_login: Option<IdentifierProfile>,
}

/// Why an account of a record with several is not made.
enum Unmade<'a> {
    Denied(&'a str),
    Invalid(Vec<Reason>),
}

impl<'r> Worker<'r> {
    /// A worker.
    pub fn new(how: &'r How<'r>) -> Self {
        Self { how, arena: Bump::new(), accounts: Vec::new(), reasons: Reasons::default() }
    }

    fn record(&mut self, record: &RawRecord, batch: &mut Batch) {
        let how = self.how;
        self.accounts.clear();
        self.reasons.clear();
        let Run { outcomes, unread, ids } = match how.keeps_warnings {
            true => how.plan.run(&record.json, how.settings, &self.arena, &mut self.reasons),
            false => how.plan.run(&record.json, how.settings, &self.arena, &mut Silent),
        };
        batch.tally.run += 1;
        unread.iter().for_each(|path| batch.tally.unread.count(path));
        let mut unmade = Vec::new();
        for (at, outcome) in outcomes.into_iter().enumerate() {
            if !record.accounts.is_empty() && !record.accounts.contains(&(at + 1)) {
                continue;
            }
            match self.checked(outcome) {
                Outcome::Account(made) => {
                    how.written.account(&made, &mut self.accounts);
                    batch.tally.accounts += 1;
                    let lacks_password = how.plan.has_credential() && !made.credential.is_present();
                    batch.tally.without_password += u64::from(lacks_password);
                    made.warnings.iter().for_each(|name| batch.tally.warnings.count(name));
                    made.unusable.iter().for_each(|reason| batch.tally.unusable.count(reason));
                    if how.keeps_warnings {
                        let position = (!ids.is_empty()).then_some(at + 1);
                        self.reasons.lines(&made, record, position, &mut batch.warnings);
                    }
                }
                Outcome::Denied(reason) => {
                    batch.tally.denials.count(reason);
                    unmade.push((at, Unmade::Denied(reason)));
                }
                Outcome::Invalid(reasons) => unmade.push((at, Unmade::Invalid(reasons))),
            }
        }
        batch.accounts.extend_from_slice(&self.accounts);
        self.unmade(record, &unmade, &ids, batch);
    }

    /// The outcome, judged as at a login if `as_login` is set.
    fn checked<'a>(&self, outcome: Outcome<'a>) -> Outcome<'a> {
        match (outcome, &self.how.as_login) {
            (Outcome::Account(made), Some(identifiers)) => match refused_at_login(self.how.plan, &made, identifiers) {
                Some(reason) => Outcome::Invalid(vec![reason]),
                None => Outcome::Account(made),
            },
            (outcome, _) => outcome,
        }
    }

    /// Counts and writes the accounts that were not made. Denied customers are only listed if their record has other
    /// accounts.
    fn unmade(&self, record: &RawRecord, unmade: &[(usize, Unmade<'_>)], ids: &[Value<'_>], batch: &mut Batch) {
        // a record that is invalid as a whole has no accounts
        let splits = !ids.is_empty();
        let is_invalid = |unmade: &Unmade<'_>| matches!(unmade, Unmade::Invalid(_));
        let is_rejected = unmade.iter().any(|(_, unmade)| is_invalid(unmade));
        batch.tally.invalid += u64::from(is_rejected);
        let mut reasons = Vec::new();
        for (at, unmade) in unmade {
            let about = splits.then(|| (at + 1, ids.get(*at).and_then(|id| id.as_text())));
            match unmade {
                Unmade::Denied(key) => reasons.push(of_account(json!({ "denied": key }), about)),
                Unmade::Invalid(all) => {
                    all.iter().for_each(|reason| batch.tally.reason(reason));
                    reasons.extend(all.iter().map(|reason| of_account(reason.to_json(), about)));
                }
            }
        }
        if self.how.keeps_rejects && (is_rejected || (splits && !unmade.is_empty())) {
            let accounts: Vec<usize> = if splits { unmade.iter().map(|(at, _)| at + 1).collect() } else { Vec::new() };
            self.reject(record, &accounts, &reasons, batch);
        }
    }

    fn reject(&self, record: &RawRecord, accounts: &[usize], reasons: &[Json], batch: &mut Batch) {
        let about = reject::About {
            number: record.number,
            line: record.line,
            format: None,
            accounts,
            shared: &record.shared,
            reasons,
        };
        reject::write_record(&about, &record.json, &mut batch.rejects);
    }

    fn unreadable(&self, error: &RecordError, batch: &mut Batch) {
        if error.fatal {
            batch.stopped = Some(error.to_string());
            return;
        }
        batch.tally.unreadable += 1;
        batch.tally.problems.count(&error.message);
        if self.how.keeps_rejects {
            let reasons = [internal("read", &error.message).to_json()];
            let format = Some(error.format.name());
            let about = reject::About {
                number: error.number,
                line: error.line,
                format,
                accounts: &[],
                shared: &[],
                reasons: &reasons,
            };
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
                batch.tally.invalid += 1;
                let reason = internal("internal", "internal error");
                batch.tally.reason(&reason);
                if self.how.keeps_rejects {
                    self.reject(record, &record.accounts, &[reason.to_json()], batch);
                }
            }
            Err(error) => batch.stopped = Some(format!("line {}: internal error", error.line)),
        }
    }
}

fn internal(step: &str, message: &str) -> Reason {
    Reason { rule: "record".to_owned(), step: step.to_owned(), message: message.to_owned(), span: None }
}

/// Adds which of several accounts a reason is about: its position from 1, and its id.
fn of_account(mut reason: Json, about: Option<(usize, Option<&str>)>) -> Json {
    if let (Some((account, id)), Some(members)) = (about, reason.as_object_mut()) {
        members.insert("account".to_owned(), account.into());
        if let Some(id) = id {
            members.insert("id".to_owned(), id.into());
        }
    }
    reason
}
