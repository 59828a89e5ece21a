//! Accounts for customers who have not come yet: made from records and not from logins, by the same rules, under the same
//! claims, for the same target.
//!
//! Nobody has presented a password, so an account gets the stored hash if the target takes it as it is, and is pending
//! otherwise. A login wins: a customer who is migrated, pending or deleted is left alone, and a claim that a login holds is
//! waited for. Whatever ends the process, the next run continues: the ledger knows who has an account.

mod account;
mod logins;
mod outcome;
mod pace;
mod person;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::context::Context;
use super::login::Migrator;
use super::systems::LegacySystem;
use super::visit::Visit;
use crate::ports::{Call, LegacyKey, Operation, PortError, Record, SharedLimits};
use account::{Attempt, Candidate};
pub use logins::SharedLogins;
pub use outcome::{BulkAccount, BulkOutcome, KnownCustomer, RecordLogins};
use outcome::{failed, known};
use pace::{Next, Pace, Tries};
use person::{Person, Prepared};

/// The request id of bulk creations in the audit.
const REQUEST: &str = "bulk";

/// How long a look-up of one record may take in all. A guard bounds each call to the source further.
const LOOKUPS: Duration = Duration::from_secs(30);

/// How long to wait before a claim that somebody else holds is tried again.
const HELD_RETRY: Duration = Duration::from_millis(50);

/// Settings of a bulk creation.
pub struct BulkSettings {
    /// The name of the source that the records are from.
    pub source: String,
    /// The tenant of the customers, for the rules' `$facts.tenant`; that of the settings if `None`.
    pub tenant: Option<String>,
    /// The logins that belong to several customers, if all records were read before; otherwise each login is looked up at
    /// the source, as at a login.
    pub shared: Option<Arc<dyn SharedLogins>>,
    /// Which events are kept.
    pub events: BulkEvents,
    /// Tells how long the target asked for a pause.
    pub limits: Option<Arc<dyn SharedLimits>>,
    /// Whether anything is written.
    pub mode: BulkMode,
    /// How long nothing may work before the run ends. Stops a run from waiting for a system that is gone; admits a restart
    /// and a fail-over.
    pub patience: Duration,
}

/// Which events a bulk creation keeps for webhooks, and for legacy systems that are told of migrated customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkEvents {
    /// None: nobody wants a million welcome mails.
    Off,
    /// Those of the settings.
    On,
}

/// Whether a bulk creation writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkMode {
    /// Accounts are created.
    Create,
    /// Nothing is written.
    Rehearse,
}

impl BulkSettings {
    /// Settings for the records of this source: logins are looked up at it, events are off, and accounts are created.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            tenant: None,
            shared: None,
            events: BulkEvents::Off,
            limits: None,
            mode: BulkMode::Create,
            patience: Duration::from_secs(120),
        }
    }
}

/// Creates accounts from records. Several records may be in progress at a time.
pub struct Bulk {
    migrator: Arc<Migrator>,
    settings: BulkSettings,
    pace: Pace,
    /// Whether the last customer was known: those who were created before a run was interrupted come one after another.
    last_was_known: AtomicBool,
}

/// Never shows customers.
impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").field("source", &self.settings.source).finish_non_exhaustive()
    }
}

impl Bulk {
    /// A bulk creation with the parts of a migrator; `None` if it has no source of this name.
    #[must_use]
    pub fn new(migrator: Arc<Migrator>, settings: BulkSettings) -> Option<Self> {
        let pace = Pace::new(settings.patience);
        let bulk = Self { migrator, settings, pace, last_was_known: AtomicBool::new(false) };
        bulk.system().is_some().then_some(bulk)
    }

    /// Whether it is known that every login of the source leads to one customer, so that none has to be looked up.
    #[must_use]
    pub fn has_unique_logins(&self) -> bool {
        let is_single = self.cx().systems.is_single();
        self.system().is_some_and(|system| is_single && system.unique_logins)
    }

    /// Who the accounts of a record are, and what they may type, as digests. Nothing for a record that cannot be read.
    #[must_use]
    pub fn logins(&self, json: &str) -> Vec<RecordLogins> {
        let Some(visit) = self.visit() else { return Vec::new() };
        let people = visit.people(json).unwrap_or_default();
        let keyring = &self.cx().records.keyring;
        let digests = people.into_iter().flatten().filter_map(|Person { key, logins, .. }| {
            let customer = keyring.customer(&key.ok()?);
            Some(RecordLogins { customer, logins: logins.iter().map(|l| keyring.subject(l.canonical())).collect() })
        });
        digests.collect()
    }

    /// The digests of the logins of a record that belong to several customers, as far as that was found out before.
    #[must_use]
    pub fn shared_logins(&self, json: &str) -> Vec<String> {
        let Some(shared) = &self.settings.shared else { return Vec::new() };
        let logins = self.logins(json).into_iter().flat_map(|of_customer| of_customer.logins);
        logins.filter(|subject| shared.is_shared(subject)).collect()
    }

    /// Creates the accounts of a record, or those at these positions, counted from 1. A run may be interrupted anywhere.
    ///
    /// # Errors
    /// A failure that waiting does not help, such as a target that has been unavailable for long. The run should end.
    pub async fn record(&self, json: String, only: &[usize]) -> Result<Vec<BulkAccount>, PortError> {
        let Some(visit) = self.visit() else { return Ok(Vec::new()) };
        let record = match self.completed(&visit, json).await? {
            Ok(record) => record,
            Err(account) => return Ok(vec![account]),
        };
        let people = match visit.people(record.json()) {
            Ok(people) => people,
            Err(reason) => return Ok(vec![BulkAccount::of_record(BulkOutcome::Invalid, vec![reason])]),
        };
        let several = people.len() > 1 || !only.is_empty();
        let mut accounts = Vec::with_capacity(people.len());
        for (at, person) in people.into_iter().enumerate().filter(|(at, _)| only.is_empty() || only.contains(&(at + 1)))
        {
            let account = match person {
                Ok(person) => self.person(&record, at, person).await?,
                Err(reason) => BulkAccount::of_record(BulkOutcome::Invalid, vec![reason]),
            };
            accounts.push(BulkAccount { position: several.then_some(at + 1), ..account });
        }
        Ok(accounts)
    }

    /// The record with what the source adds to records, or why it is invalid.
    async fn completed(&self, visit: &Visit<'_>, json: String) -> Result<Result<Record, BulkAccount>, PortError> {
        let (source, mut record, mut tries) = (&visit.legacy.source, Record::new(json), Tries::default());
        loop {
            let began = self.pace.turn().await;
            let call = Call { deadline: began + LOOKUPS, request_id: REQUEST };
            match source.complete(call, record.clone()).await {
                Ok(complete) => record = complete,
                Err(error) if error.is_about_one_record() => {
                    return Ok(Err(BulkAccount::of_record(BulkOutcome::Invalid, vec![failed(&error)])));
                }
                Err(error) => match self.next(began, error, &mut tries).await? {
                    None => continue,
                    Some(error) => return Ok(Err(BulkAccount::of_record(BulkOutcome::Failed, vec![failed(&error)]))),
                },
            }
            return Ok(Ok(record));
        }
    }

    /// One account of a record.
    async fn person(&self, record: &Record, at: usize, person: Person) -> Result<BulkAccount, PortError> {
        let Some(mut visit) = self.visit() else { return Ok(BulkAccount::of_record(BulkOutcome::Failed, Vec::new())) };
        let key = person.key.clone().ok();
        let ended = |outcome, reasons| BulkAccount {
            id: key.as_ref().map(|key| key.id.clone()),
            ..BulkAccount::of_record(outcome, reasons)
        };
        if self.last_was_known.load(Ordering::Relaxed)
            && let Some(known) = self.known(key.as_ref()).await
        {
            return Ok(ended(known, Vec::new()));
        }
        let account = match visit.prepared(record, at, person) {
            Prepared::Candidate(candidate) => self.candidate(&mut visit, *candidate).await?,
            Prepared::Ended(outcome, reasons) => ended(outcome, reasons),
        };
        let is_known = matches!(account.outcome, BulkOutcome::Known(_));
        self.last_was_known.store(is_known, Ordering::Relaxed);
        // A customer who has an account is left alone, whatever the record says today.
        match account.outcome {
            BulkOutcome::Created { .. } | BulkOutcome::Known(_) => Ok(account),
            _ => Ok(self.known(key.as_ref()).await.map_or(account, |known| ended(known, Vec::new()))),
        }
    }

    /// The outcome for a customer who has an account or had one, as far as the ledger says now.
    async fn known(&self, key: Option<&LegacyKey>) -> Option<BulkOutcome> {
        self.cx().records.ledger.entry(key?).await.ok().flatten().as_ref().and_then(known)
    }

    /// Creates an account, and waits whenever that is what helps.
    async fn candidate(&self, visit: &mut Visit<'_>, candidate: Candidate) -> Result<BulkAccount, PortError> {
        let (mut tries, mut held) = (Tries::default(), None);
        let id = candidate.key.id.clone();
        let ended = |outcome, reasons| BulkAccount {
            id: Some(id.clone()),
            warnings: candidate.draft.warnings.clone(),
            ..BulkAccount::of_record(outcome, reasons)
        };
        loop {
            let began = self.pace.turn().await;
            visit.deadline = began + LOOKUPS;
            match self.attempt(visit, &candidate).await {
                Ok(Attempt::Ended(outcome, reasons)) => {
                    self.pace.succeeded();
                    return Ok(ended(outcome, reasons));
                }
                // A claim lasts a lease at most, unless one process after another takes it.
                Ok(Attempt::Held) if *held.get_or_insert(began) + self.cx().records.lease * 10 > Instant::now() => {
                    sleep(HELD_RETRY).await;
                }
                Ok(Attempt::Held) => return Ok(ended(BulkOutcome::Known(KnownCustomer::Held), Vec::new())),
                Err(error) => {
                    if let Some(error) = self.next(began, error, &mut tries).await? {
                        return Ok(ended(BulkOutcome::Failed, vec![failed(&error)]));
                    }
                }
            }
        }
    }

    /// What follows a failure: nothing, if the same is to be tried again, or the failure of this record.
    async fn next(&self, began: Instant, error: PortError, tries: &mut Tries) -> Result<Option<PortError>, PortError> {
        let paused = self.asked_pause(&error).await;
        match self.pace.failed(began, &error, tries, paused) {
            Next::Again => Ok(None),
            Next::Skip => Ok(Some(error)),
            Next::Stop => Err(error),
        }
    }

    /// How long the target asked for a pause.
    async fn asked_pause(&self, error: &PortError) -> Option<Duration> {
        let (limits, now) = (self.settings.limits.as_ref()?, self.cx().records.now());
        let until = limits.paused(error.adapter(), now).await.ok().flatten()?;
        Duration::try_from(until.duration_since(now)).ok()
    }

    fn cx(&self) -> &Context {
        &self.migrator.cx
    }

    fn system(&self) -> Option<&LegacySystem> {
        self.cx().systems.all().find(|system| system.source.name() == self.settings.source)
    }

    /// A visit at the system that the records are from.
    fn visit(&self) -> Option<Visit<'_>> {
        let system = self.system()?;
        let mut visit = Visit::begin(self.cx(), Operation::Bulk, REQUEST.to_owned());
        visit.turn_to_tenant(self.settings.tenant.clone());
        visit.turn_to(system);
        Some(visit)
    }
}
