//! One visit: what a request has found out so far.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::attempts::Counting;
use super::context::Context;
use super::ending::{Ending, Flow};
use super::equalise::Hashes;
use super::handover::{Handover, Profile};
use super::outcome::Refusal;
use super::rules::RuleSet;
use super::step::Step;
use super::systems::LegacySystem;
use crate::engine::run::{Facts, Settings};
use crate::hashing::Place;
use crate::model::Password;
use crate::model::read::ReadLimits;
use crate::ports::{Call, Identifier, Operation, Record, Work};

/// What is known so far.
pub(super) struct Visit<'m> {
    pub cx: &'m Context,
    pub request_id: String,
    /// The legacy system that is asked.
    pub legacy: &'m LegacySystem,
    pub rules: Arc<RuleSet>,
    /// What the rules run with: their parameters and limits, and the facts of this request.
    pub run: Settings,
    pub deadline: Instant,
    pub operation: Operation,
    pub started: Instant,
    /// The same by the wall clock.
    pub started_at: Timestamp,
    /// Keyed digest of the identifier.
    pub subject: String,
    /// Keyed digest of the customer, if the record is known.
    pub customer: Option<String>,
    /// The name of the source, if it was queried.
    pub queried_source: Option<String>,
    /// The hash of the rules, if they ran.
    pub used_rules: Option<String>,
    /// What was counted, and what is in flight.
    pub counting: Counting,
    verified: PasswordVerified,
    /// The hashes that were computed for it.
    pub hashes: Hashes,
    /// The place among those whose hashes are computed.
    pub place: Option<Place>,
    /// Whether the visit was turned away before anything was looked up for it.
    pub turned_away: bool,
    /// What the customer presented, for the hashes that a refusal has skipped.
    pub password: Option<Arc<Password>>,
    /// Tags that hooks assigned to the customer.
    pub tags: Vec<String>,
    /// The number of logins of the record that its account does not own.
    pub left_out: usize,
    /// Whether a login of the record belongs to somebody else.
    pub is_contested: bool,
    tenant: Option<String>,
    /// The identity provider that asks, if there is one.
    pub handover: Option<&'m Handover>,
    /// The profile that it is given.
    pub profile: Option<Profile>,
    /// A copy of the record, for what looks at it afterwards.
    pub sample: Option<Record>,
}

/// Whether the presented password was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PasswordVerified {
    Yes,
    No,
}

impl<'m> Visit<'m> {
    pub(super) fn begin(cx: &'m Context, operation: Operation, request_id: String) -> Self {
        let started = Instant::now();
        let started_at = cx.records.now();
        let facts = Facts { now: Some(started_at.to_string()), tenant: cx.tenant.clone(), ..Facts::default() };
        let legacy = &cx.systems.first;
        let (rules, run) = rules_of(legacy, facts);
        Self {
            cx,
            request_id,
            legacy,
            rules,
            run,
            deadline: started + cx.deadline,
            operation,
            started,
            started_at,
            subject: String::new(),
            customer: None,
            queried_source: None,
            used_rules: None,
            counting: Counting::default(),
            verified: PasswordVerified::No,
            hashes: Hashes::default(),
            place: None,
            turned_away: false,
            password: None,
            tags: Vec::new(),
            left_out: 0,
            is_contested: false,
            tenant: None,
            handover: None,
            profile: None,
            sample: None,
        }
    }

    /// Serves a customer of this tenant, if there is one.
    pub(super) fn turn_to_tenant(&mut self, tenant: Option<String>) {
        if tenant.is_some() {
            self.run.facts.tenant.clone_from(&tenant);
        }
        self.tenant = tenant;
    }

    /// The systems to ask for a customer, in their order.
    pub(super) fn systems(&self, identifier: &Identifier) -> Vec<&'m LegacySystem> {
        let mut systems = self.cx.systems.of(identifier);
        systems.retain(|system| self.is_asked(system));
        systems
    }

    /// Whether a system serves the customer's tenant.
    pub(super) fn is_asked(&self, system: &LegacySystem) -> bool {
        system.serves_tenant(self.tenant.as_deref())
    }

    /// Turns to another legacy system. What the one before said of the customer is forgotten.
    pub(super) fn turn_to(&mut self, legacy: &'m LegacySystem) {
        let (rules, run) = rules_of(legacy, std::mem::take(&mut self.run.facts));
        (self.legacy, self.rules, self.run) = (legacy, rules, run);
        (self.customer, self.used_rules, self.sample) = (None, None, None);
    }

    /// The canonical identifier; from here on the visit has a subject.
    pub(super) fn identify(&mut self, typed: &str) -> Flow<Identifier> {
        match self.cx.identifiers.canonical(typed) {
            Ok(identifier) => {
                self.subject = self.cx.records.keyring.subject(identifier.canonical());
                self.run.facts.identifier = Some(identifier.typed().to_owned());
                Ok(identifier)
            }
            Err(_) => {
                self.subject = self.cx.records.keyring.subject("");
                Err(Ending::refused(Refusal::Malformed))
            }
        }
    }

    pub(super) fn step(&self, step: &Step<'_>) {
        self.cx.observer.step(&self.request_id, step);
    }

    /// The circumstances of a call to a port within this visit.
    pub(super) fn call(&self) -> Call<'_> {
        Call { deadline: self.deadline, request_id: &self.request_id }
    }

    /// Notes what the verifier did.
    pub(super) fn note_legacy_work(&mut self, work: Work) {
        self.hashes.legacy = self.hashes.legacy.max(work.hash());
    }

    /// Notes what the target did.
    pub(super) fn note_target_work(&mut self, work: Work) {
        self.hashes.target = self.hashes.target.max(work.hash());
    }

    /// Notes that the legacy system was queried.
    pub(super) fn note_source_query(&mut self) {
        self.queried_source = Some(self.legacy.source.name().to_owned());
    }

    /// Notes that the rules ran.
    pub(super) fn note_rules_run(&mut self) {
        self.used_rules = Some(self.rules.hash().to_owned());
    }

    /// Notes that the presented password was verified, so this attempt was not a guess.
    pub(super) fn verified(&mut self) {
        self.verified = PasswordVerified::Yes;
    }

    /// Whether the presented password was verified.
    pub(super) fn is_verified(&self) -> bool {
        self.verified == PasswordVerified::Yes
    }
}

/// The active rules of a legacy system, and what they run with.
fn rules_of(legacy: &LegacySystem, facts: Facts) -> (Arc<RuleSet>, Settings) {
    let rules = legacy.rules.current();
    let limits = ReadLimits { bytes: legacy.record_limit, ..rules.settings().limits };
    let run = Settings { facts, limits, ..rules.settings().clone() };
    (rules, run)
}
