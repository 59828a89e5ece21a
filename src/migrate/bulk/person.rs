//! The pure part of a bulk creation: who the accounts of a record are, and what the rules make of them.

use bumpalo::Bump;

use super::account::Candidate;
use super::outcome::{BulkOutcome, reason};
use crate::engine::outcome::{Customer, Outcome, Reason};
use crate::engine::probe::Silent;
use crate::migrate::identity;
use crate::migrate::mapping::{Draft, Standing, draft};
use crate::migrate::outcome::Outcome as LoginOutcome;
use crate::migrate::visit::Visit;
use crate::password::Credential;
use crate::ports::{HookInput, HookPoint, Identifier, LegacyKey, Record, Refusal};

/// Who an account of a record is.
pub(super) struct Person {
    pub key: Result<LegacyKey, Reason>,
    /// As the record spells them, each once.
    pub logins: Vec<Identifier>,
    pub credential: Result<Option<Credential>, Reason>,
}

/// What the rules make of an account of a record.
pub(super) enum Prepared {
    Candidate(Box<Candidate>),
    Ended(BulkOutcome, Vec<Reason>),
}

impl Visit<'_> {
    /// Who the accounts of a record are.
    pub(super) fn people(&self, json: &str) -> Result<Vec<Result<Person, Reason>>, Reason> {
        let arena = Bump::new();
        let customers = self.rules.plan().customers(json, &self.run, &arena)?;
        Ok(customers.into_iter().map(|customer| Ok(self.person(&customer?))).collect())
    }

    fn person(&self, customer: &Customer<'_>) -> Person {
        let source = self.legacy.source.name();
        let key = identity::id(&customer.who).map(|id| LegacyKey { source: source.to_owned(), id: id.to_owned() });
        let credential = customer.credential.clone().and_then(identity::credential);
        Person { key, logins: identity::spelled_logins(&customer.who, &self.cx.identifiers), credential }
    }

    /// Runs the hooks before an account, and the rules.
    pub(super) fn prepared(&mut self, record: &Record, at: usize, person: Person) -> Prepared {
        let identifier = person.logins.first().cloned();
        self.run.facts.identifier = identifier.as_ref().map(|login| login.typed().to_owned());
        let person = match self.with_facts_of_hooks(record, at, person) {
            Ok(person) => person,
            Err((outcome, reasons)) => return Prepared::Ended(outcome, reasons),
        };
        let draft = match self.account(record.json(), at) {
            Ok(draft) => draft,
            Err((outcome, reasons)) => return Prepared::Ended(outcome, reasons),
        };
        match draft.standing {
            Standing::Good => {}
            Standing::Disabled => return Prepared::Ended(BulkOutcome::Refused(Refusal::Disabled), Vec::new()),
            Standing::Locked => return Prepared::Ended(BulkOutcome::Refused(Refusal::Locked), Vec::new()),
        }
        match (person.key, person.credential) {
            (Err(reason), _) | (_, Err(reason)) => Prepared::Ended(BulkOutcome::Invalid, vec![reason]),
            (Ok(key), Ok(credential)) => {
                let keyring = &self.cx.records.keyring;
                let (external_id, customer) = (keyring.external_id(&key), keyring.customer(&key));
                let (logins, record, at) = (person.logins, record.clone(), self.cx.records.now());
                let candidate = Candidate { key, external_id, customer, logins, credential, draft, record, at };
                Prepared::Candidate(Box::new(candidate))
            }
        }
    }

    /// The person, read again if hooks before and after a fetch added facts. Both run as if the record had just been fetched.
    fn with_facts_of_hooks(&mut self, record: &Record, at: usize, person: Person) -> Result<Person, Ended> {
        let points = [HookPoint::BeforeFetch, HookPoint::AfterFetch];
        if !points.iter().any(|point| self.cx.hooks.has(*point)) {
            return Ok(person);
        }
        let identifier = person.logins.first().map(|login| login.canonical().to_owned()).unwrap_or_default();
        let input = HookInput { identifier: &identifier, ..HookInput::default() };
        self.run_hook(HookPoint::BeforeFetch, input)?;
        self.run_hook(HookPoint::AfterFetch, HookInput { record: Some(record.json()), ..input })?;
        let again = self.people(record.json()).map(|people| people.into_iter().nth(at));
        match again {
            Ok(Some(Ok(person))) => Ok(person),
            Ok(None) => Ok(person),
            Err(reason) | Ok(Some(Err(reason))) => Err((BulkOutcome::Invalid, vec![reason])),
        }
    }

    /// Runs a hook; a denial or a failure ends the account.
    pub(super) fn run_hook(&mut self, point: HookPoint, input: HookInput<'_>) -> Result<(), Ended> {
        self.hook(point, input).map_err(|ending| match ending.outcome {
            LoginOutcome::DeniedByRule(key) => (BulkOutcome::Denied(key), Vec::new()),
            _ => (BulkOutcome::Invalid, vec![reason("hooks", point.name(), "the hook failed")]),
        })
    }

    /// What the rules make of one account of a record.
    fn account(&self, json: &str, at: usize) -> Result<Draft, Ended> {
        let (arena, plan) = (Bump::new(), self.rules.plan());
        let outcomes = plan.run(json, &self.run, &arena, &mut Silent).outcomes;
        let several = outcomes.len() > 1;
        match outcomes.into_iter().nth(if several { at } else { 0 }) {
            Some(Outcome::Account(made)) => match identity::refused_at_login(plan, &made, &self.cx.identifiers) {
                Some(reason) => Err((BulkOutcome::Invalid, vec![reason])),
                None => Ok(draft(&made)),
            },
            Some(Outcome::Denied(key)) => Err((BulkOutcome::Denied(key.to_owned()), Vec::new())),
            Some(Outcome::Invalid(reasons)) => Err((BulkOutcome::Invalid, reasons)),
            None => Err((BulkOutcome::Invalid, vec![reason("accounts", "several", "the record yields no account")])),
        }
    }
}

/// An outcome, and its reasons.
type Ended = (BulkOutcome, Vec<Reason>);
