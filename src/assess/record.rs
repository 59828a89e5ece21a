//! Assesses records: one after the other, each thread by itself.

use std::collections::BTreeMap;

use bumpalo::Bump;
use rustc_hash::{FxHashMap, FxHashSet};

use super::claims::{Columns, Holds};
use super::class::{Class, Classes};
use super::credential::{self, Rules};
use super::entry::{Customer, Entry, Row, Space, digest, uses};
use super::names::reason;
use super::part::Part;
use super::secret::{self, Hidden};
use super::text::{is_document, looks};
use super::watch::{Watch, of_parser, plain};
use crate::diag::Span;
use crate::engine::outcome::{Identity, Made, Outcome, Reason};
use crate::engine::plan::Plan;
use crate::engine::run::{Run, Settings};
use crate::formats::{RawRecord, RecordError};
use crate::migrate::{canonical_logins, refused_at_login};
use crate::model::Value;
use crate::model::read::{ReadLimits, parse};
use crate::ports::IdentifierProfile;

/// The most identifiers of one account that are compared. Stops records with millions; customers have a few.
const MAX_IDENTIFIERS: usize = 1000;

/// What all threads of an assessment share.
#[derive(Debug)]
pub(super) struct Shared<'r> {
    /// The rules; `None` if only the fields are profiled.
    pub rules: Option<RulesOf<'r>>,
    pub classes: Classes,
    pub limits: ReadLimits,
}

/// The rules of an assessment.
#[derive(Debug)]
pub(super) struct RulesOf<'r> {
    pub plan: &'r Plan,
    pub settings: &'r Settings,
    pub columns: Columns,
    pub identifiers: IdentifierProfile,
    /// What each rule is called, by its place.
    pub names: FxHashMap<Span, String>,
    /// The places of the rules that read secrets.
    secret_rules: FxHashSet<Span>,
}

impl<'r> RulesOf<'r> {
    /// The rules with their parameters.
    pub(super) fn new(plan: &'r Plan, settings: &'r Settings) -> Self {
        let columns = Columns::of(plan);
        let rules = plan.rules().map(|rule| (rule.span, rule.path().to_owned())).collect();
        let secret_rules = secret::rules(plan);
        Self { plan, settings, columns, identifiers: IdentifierProfile::default(), names: rules, secret_rules }
    }

    /// Whether a value that a rule reads may be shown: not if the rule reads secrets, or the value is a document.
    fn may_show(&self, rule: Option<Span>, value: &str) -> bool {
        let is_text = |text: &String| is_document(text) || looks(text).is_secret();
        rule.is_some_and(|span| !self.secret_rules.contains(&span))
            && !serde_json::from_str::<String>(value).is_ok_and(|text| is_text(&text))
    }
}

/// Assesses records for one thread.
#[derive(Debug)]
pub(super) struct Assessor<'a, 'r> {
    shared: &'a Shared<'r>,
    arena: Bump,
    watch: Watch,
    /// The numbers of classes that this thread has met.
    numbers: FxHashMap<Class, u16>,
    pub part: Part,
}

impl<'s, 'r> Assessor<'s, 'r> {
    pub(super) fn new(shared: &'s Shared<'r>) -> Self {
        let (watch, numbers) = (Watch::default(), FxHashMap::default());
        let hidden = shared.rules.as_ref().map(|rules| Hidden::of(&rules.plan.places));
        let part = Part::hiding(hidden.unwrap_or_default());
        Self { shared, arena: Bump::new(), watch, numbers, part }
    }

    /// Counts a record that cannot be read.
    pub(super) fn unreadable(&mut self, error: &RecordError) {
        self.not_read(&error.message, error.number);
    }

    fn not_read(&mut self, reason: &str, number: u64) {
        self.part.records += 1;
        self.part.unreadable.note(reason, number);
        if self.shared.rules.is_some() {
            self.customer(&unreadable(), number);
        }
    }

    /// Counts a record on which the program failed.
    pub(super) fn failed(&mut self, number: u64) {
        self.part.records += 1;
        self.part.invalid += 1;
        self.part.invalid_reasons.note("record: internal error", number);
        if self.shared.rules.is_some() {
            self.customer(&invalid("record: internal error"), number);
        }
    }

    /// Assesses a record. Its identifiers are added to the rows.
    pub(super) fn record(&mut self, record: &RawRecord, rows: &mut Vec<Row>) {
        let shared = self.shared;
        let arena = std::mem::take(&mut self.arena);
        match (parse(&record.json, &arena, &shared.limits), &shared.rules) {
            (Ok(value), None) => {
                self.part.records += 1;
                match value {
                    Value::Object(_) => self.part.profile.count(value, record.number),
                    _ => self
                        .not_a_record(&format!("record: a record is an object, found {}", value.kind()), record.number),
                }
            }
            (Ok(value), Some(rules)) => self.with_rules(rules, value, record, &arena, rows),
            (Err(error), _) => self.not_read(&of_parser(&error.to_string()), record.number),
        }
        self.arena = arena;
        self.arena.reset();
    }

    fn not_a_record(&mut self, reason: &str, number: u64) {
        self.part.invalid += 1;
        self.part.invalid_reasons.note(reason, number);
        if self.shared.rules.is_some() {
            self.customer(&invalid(reason), number);
        }
    }

    fn with_rules<'a>(
        &mut self,
        rules: &'a RulesOf<'_>,
        value: Value<'a>,
        record: &'a RawRecord,
        arena: &'a Bump,
        rows: &mut Vec<Row>,
    ) {
        let mut watch = std::mem::take(&mut self.watch);
        watch.clear();
        let Run { outcomes, unread, .. } = rules.plan.run_value(value, rules.settings, arena, &mut watch);
        // from here on nothing depends on the rules any more, so that a record is counted once or not at all
        self.part.records += 1;
        self.part.profile.count(value, record.number);
        unread.iter().for_each(|path| self.part.unread.note(path, record.number));
        self.misses(rules, &watch, record.number);
        let mut reasons: Vec<Reason> = Vec::new();
        let mut others: Vec<(usize, u16)> = Vec::new();
        for (at, outcome) in outcomes.into_iter().enumerate() {
            if !record.accounts.is_empty() && !record.accounts.contains(&(at + 1)) {
                continue;
            }
            let outcome = match outcome {
                Outcome::Account(made) => match refused_at_login(rules.plan, &made, &rules.identifiers) {
                    Some(reason) => Outcome::Invalid(vec![reason]),
                    None => Outcome::Account(made),
                },
                other => other,
            };
            match outcome {
                Outcome::Account(made) => self.account(rules, &made, at, &watch, record.number, rows),
                Outcome::Denied(key) => {
                    self.part.denied.note(key, record.number);
                    others.push((at, self.customer(&denied(key), record.number)));
                }
                Outcome::Invalid(all) => {
                    let why = all.first().map_or_else(String::new, sentence);
                    others.push((at, self.customer(&invalid(&why), record.number)));
                    reasons.extend(all);
                }
            }
        }
        self.invalid(rules, &reasons, record.number);
        self.customers_without_account(rules, record, &others, arena, rows);
        self.watch = watch;
    }

    /// Counts values that lookups did not find.
    fn misses(&mut self, rules: &RulesOf<'_>, watch: &Watch, number: u64) {
        for miss in &watch.misses {
            let rule = miss.rule.and_then(|span| rules.names.get(&span)).cloned().unwrap_or_default();
            let value = Some(miss.value.as_str()).filter(|value| rules.may_show(miss.rule, value));
            self.part.lookups.entry((rule, miss.lookup)).or_default().note(value, number);
        }
    }

    fn account<'a>(
        &mut self,
        rules: &RulesOf<'_>,
        made: &Made<'a>,
        at: usize,
        watch: &Watch,
        number: u64,
        rows: &mut Vec<Row>,
    ) {
        self.part.accounts += 1;
        let mut identifiers = Identifiers::default();
        let mut warned = vec![false; rules.columns.len()];
        for name in made.warnings {
            self.warning(rules, name, watch, number, &mut warned);
        }
        for (at, value) in rules.columns.values(made.account.value()) {
            let is_made = !value.is_empty();
            let is_warned = warned.get(at).copied().unwrap_or_default();
            let claim = self.part.claim(at);
            claim.made += u64::from(is_made);
            claim.warned += u64::from(is_warned);
            claim.missing += u64::from(!is_made && !is_warned);
            let (holds, texts) = rules.columns.identifiers(at, value);
            texts.into_iter().for_each(|text| identifiers.claim(holds, text, &rules.identifiers));
        }
        let has_credential = if rules.plan.has_credential() { Rules::Credential } else { Rules::NoCredential };
        let stored = credential::class(made, has_credential, number, &mut self.part);
        let class = standing(made).unwrap_or(stored);
        let class = if rules.plan.identifies() { class } else { nobody() };
        let class = self.customer(&class, number);
        identifiers.who(&made.who, &rules.identifiers);
        identifiers.rows(number, at, class, rows);
    }

    /// Counts a warning of an account.
    fn warning(&mut self, rules: &RulesOf<'_>, name: &str, watch: &Watch, number: u64, warned: &mut [bool]) {
        let Some(at) = rules.columns.find(name) else {
            // what concerns the stored password is in the census
            if !name.starts_with("credential") {
                self.part.other_warnings.note(name, number);
            }
            return;
        };
        if let Some(warned) = warned.get_mut(at) {
            *warned = true;
        }
        let mut whys: Vec<&str> =
            watch.warnings.iter().filter(|(warned, _)| warned == name).map(|(_, why)| why.as_str()).collect();
        whys.sort_unstable();
        whys.dedup();
        if whys.is_empty() {
            whys.push("a value was left out");
        }
        for why in whys {
            self.part.claim(at).reasons.note(why, number);
        }
    }

    /// Counts the reasons why a record is invalid, each once.
    fn invalid(&mut self, rules: &RulesOf<'_>, reasons: &[Reason], number: u64) {
        if reasons.is_empty() {
            return;
        }
        self.part.invalid += 1;
        let mut told: Vec<String> = Vec::new();
        let mut claims: Vec<usize> = Vec::new();
        for reason in reasons {
            let sentence = sentence(reason);
            if told.contains(&sentence) {
                continue;
            }
            self.part.invalid_reasons.note(&sentence, number);
            told.push(sentence);
            let Some(at) = rules.columns.find(&reason.rule) else { continue };
            let claim = self.part.claim(at);
            claim.reasons.note(plain(&reason.message), number);
            if !claims.contains(&at) {
                claim.invalid += 1;
                claims.push(at);
            }
        }
    }

    /// The identifiers of customers without an account: a login that finds two records is as ambiguous if one of them is
    /// invalid.
    fn customers_without_account(
        &self,
        rules: &RulesOf<'_>,
        record: &RawRecord,
        others: &[(usize, u16)],
        arena: &Bump,
        rows: &mut Vec<Row>,
    ) {
        if others.is_empty() || !rules.plan.identifies() {
            return;
        }
        let Ok(customers) = rules.plan.customers(&record.json, rules.settings, arena) else { return };
        for (at, customer) in customers.into_iter().enumerate() {
            let class = others.iter().find(|(other, _)| *other == at).map(|(_, class)| *class);
            if let (Some(class), Ok(customer)) = (class, customer) {
                let mut identifiers = Identifiers::default();
                identifiers.who(&customer.who, &rules.identifiers);
                identifiers.rows(record.number, at, class, rows);
            }
        }
    }

    /// Counts a customer of a class, and returns its number.
    fn customer(&mut self, class: &Class, number: u64) -> u16 {
        let at = match self.numbers.get(class) {
            Some(at) => *at,
            None => {
                let at = self.shared.classes.number(class);
                self.numbers.insert(class.clone(), at);
                at
            }
        };
        self.part.customer(at, number);
        at
    }
}

/// The identifiers of a customer in their canonical spelling.
#[derive(Debug, Default)]
struct Identifiers {
    id: Option<String>,
    logins: u16,
    /// Logins and mail addresses, with what they are.
    names: BTreeMap<String, u8>,
    phones: Vec<String>,
}

impl Identifiers {
    /// Adds the text of a claim.
    fn claim(&mut self, holds: Holds, text: &str, identifiers: &IdentifierProfile) {
        if self.names.len() + self.phones.len() >= MAX_IDENTIFIERS {
            return;
        }
        match holds {
            Holds::Email => {
                let canonical = identifiers.canonical(text);
                let address = canonical.map_or_else(|_| text.to_lowercase(), |one| one.canonical().to_owned());
                *self.names.entry(address).or_default() |= uses::EMAIL;
            }
            Holds::Phone if !self.phones.iter().any(|phone| phone == text) => self.phones.push(text.to_owned()),
            Holds::Phone | Holds::Other => {}
        }
    }

    /// Adds who the customer is.
    fn who(&mut self, who: &Identity<'_>, identifiers: &IdentifierProfile) {
        self.id = who.id.as_text().map(str::to_owned);
        for login in canonical_logins(who, identifiers).into_iter().take(MAX_IDENTIFIERS) {
            self.logins = self.logins.saturating_add(1);
            *self.names.entry(login).or_default() |= uses::LOGIN;
        }
    }

    /// The rows of the customer.
    fn rows(self, record: u64, account: usize, class: u16, rows: &mut Vec<Row>) {
        let account = u16::try_from(account).unwrap_or(u16::MAX);
        let customer = Customer { record, account, logins: self.logins, class };
        let row = |space, text: &str, uses| Entry { digest: digest(space, text), customer, uses }.row();
        rows.extend(self.id.iter().map(|id| row(Space::Ids, id, uses::ID)));
        rows.extend(self.names.iter().map(|(name, uses)| row(Space::Names, name, *uses)));
        rows.extend(self.phones.iter().map(|phone| row(Space::Phones, phone, uses::PHONE)));
    }
}

/// A reason as one sentence that is the same for all records.
fn sentence(reason: &Reason) -> String {
    match (reason.rule.as_str(), reason.step.as_str()) {
        ("record", "unread") => "record: the record has fields that no rule reads".to_owned(),
        // without the place, which differs from record to record
        ("record", _) => format!("record: {}", of_parser(&reason.message)),
        ("accounts", "all_or_none") => {
            "accounts: another account of the record is invalid, and `all_or_none` is set".to_owned()
        }
        (rule, _) => format!("{rule}: {}", plain(&reason.message)),
    }
}

/// Whether the claims keep a customer from signing in.
fn standing(made: &Made<'_>) -> Option<Class> {
    let help = "nothing, if that is intended; otherwise change `status` in the rules";
    match made.account.claim("status").as_text() {
        Some("disabled") => Some(Class::cannot(reason::DISABLED, help)),
        Some("locked") => Some(Class::cannot(reason::LOCKED, help)),
        _ if matches!(made.account.claim("active"), Value::Bool(false)) => {
            Some(Class::cannot(reason::DISABLED, help.replace("status", "active")))
        }
        _ => None,
    }
}

fn unreadable() -> Class {
    Class::cannot(reason::UNREADABLE, "fix these records in the export, or export them again")
}

fn invalid(reason: &str) -> Class {
    let help =
        "fix these records in the legacy system, or the rules; `landfall explain` shows what they make of one record";
    Class::cannot(reason, help)
}

fn denied(key: &str) -> Class {
    Class::cannot(
        format!("{}{key}", reason::DENIED),
        "nothing, if that is intended; otherwise change `admit` in the rules",
    )
}

fn nobody() -> Class {
    Class::cannot(reason::NOBODY, "add `identify: { id: …, logins: [ … ] }` to the rules")
}
