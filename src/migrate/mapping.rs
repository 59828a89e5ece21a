//! The pure part of a login: identifies a record and maps it to an account.

use bumpalo::Bump;

use super::identity;
use super::rules::RuleSet;
use crate::engine::outcome::{Customer, Made, Outcome, Reason};
use crate::engine::probe::Silent;
use crate::engine::run::Settings;
use crate::model::Value;
use crate::model::json::write;
use crate::model::read::{ReadLimits, parse};
use crate::password::Credential;
use crate::ports::{ExternalId, Identifier, IdentifierProfile, Keyring, LegacyKey, PasswordChange, Record};
use crate::schema::Account;

/// The identity of a record.
pub(super) struct Identity {
    /// The position among the record's accounts.
    position: usize,
    pub key: LegacyKey,
    /// The external id under which the account is created.
    pub external_id: ExternalId,
    /// The keyed digest of the customer in the audit.
    pub customer: String,
    /// Canonical, without duplicates.
    pub logins: Vec<String>,
    pub credential: Option<Credential>,
    /// The verifier that the rules name in `credential.source`.
    pub verifier: Option<String>,
}

/// A record that cannot become an account: `rule: step: message` lines, without values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InvalidRecord(pub Vec<String>);

impl InvalidRecord {
    fn because(rule: &str, message: &str) -> Self {
        Self(vec![format!("{rule}: {message}")])
    }
}

impl From<Reason> for InvalidRecord {
    fn from(reason: Reason) -> Self {
        Self(vec![line(&reason)])
    }
}

fn line(reason: &Reason) -> String {
    format!("{}: {}: {}", reason.rule, reason.step, reason.message)
}

/// What the rules make of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mapped {
    Account(Draft),
    Denied(String),
    Invalid(InvalidRecord),
}

/// The text of an account that conforms to the schema.
#[derive(PartialEq, Eq)]
pub(super) struct Draft {
    pub claims: String,
    pub warnings: Vec<String>,
    pub standing: Standing,
    pub change: PasswordChange,
}

impl Draft {
    /// Resets claims that require a verified customer: members named `verified`, `email_verified` and the like become
    /// `false` at any depth.
    pub(super) fn unverify(&mut self) {
        let arena = Bump::new();
        // We have just written this text; if it did not parse, the target would reject it.
        let Ok(claims) = parse(&self.claims, &arena, &ReadLimits { bytes: usize::MAX, ..ReadLimits::default() }) else {
            return;
        };
        let mut text = Vec::new();
        write(unverified(claims, &arena), &mut text);
        self.claims = String::from_utf8_lossy(&text).into_owned();
    }
}

fn unverified<'a>(value: Value<'a>, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Object(members) => Value::Object(arena.alloc_slice_fill_iter(members.iter().map(|(name, member)| {
            let is_verified_flag = *name == "verified" || name.ends_with("_verified") || name.ends_with("Verified");
            match member {
                Value::Bool(_) if is_verified_flag => (*name, Value::Bool(false)),
                member => (*name, unverified(*member, arena)),
            }
        }))),
        Value::List(items) => {
            Value::List(arena.alloc_slice_fill_iter(items.iter().map(|item| unverified(*item, arena))))
        }
        value => value,
    }
}

/// Never shows claims.
impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("standing", &self.standing).finish_non_exhaustive()
    }
}

/// Whether the claims allow the customer to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They do.
    Good,
    /// The legacy account is disabled.
    Disabled,
    /// It is locked.
    Locked,
}

/// The context in which a customer is looked up.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub rules: &'a RuleSet,
    pub source: &'a str,
    pub identifier: &'a Identifier,
    pub identifiers: &'a IdentifierProfile,
    pub settings: &'a Settings,
    pub keyring: &'a Keyring,
}

impl Question<'_> {
    /// Identifies the record. It must contain the requested identifier: a source with a looser comparison must not sign
    /// one customer in as another.
    pub(super) fn identity(&self, record: &Record) -> Result<Identity, InvalidRecord> {
        let arena = Bump::new();
        let customers = self.rules.plan().customers(record.json(), self.settings, &arena)?;
        let (mut found, mut unknown) = (None, None);
        for (position, customer) in customers.into_iter().enumerate() {
            let customer = match customer {
                Ok(customer) => customer,
                // one account that cannot be made does not keep the others of its record from signing in
                Err(reason) => {
                    unknown.get_or_insert(reason);
                    continue;
                }
            };
            let logins = identity::logins(&customer.who, self.identifiers);
            if !logins.iter().any(|login| login == self.identifier.canonical()) {
                continue;
            }
            if found.replace((position, customer, logins)).is_some() {
                return Err(InvalidRecord::because(
                    "identify",
                    "the identifier matches more than one account of the record",
                ));
            }
        }
        match (found, unknown) {
            (Some((position, customer, logins)), _) => self.identity_of(position, customer, logins),
            (None, Some(reason)) => Err(reason.into()),
            (None, None) => {
                Err(InvalidRecord::because("identify", "the record does not contain the requested identifier"))
            }
        }
    }

    fn identity_of(
        &self,
        position: usize,
        customer: Customer<'_>,
        logins: Vec<String>,
    ) -> Result<Identity, InvalidRecord> {
        let id = identity::id(&customer.who)?;
        let key = LegacyKey { source: self.source.to_owned(), id: id.to_owned() };
        let value = customer.credential?;
        let (credential, verifier) = (identity::credential(value)?, identity::verifier(value)?);
        let (external_id, customer) = (self.keyring.external_id(&key), self.keyring.customer(&key));
        Ok(Identity { position, key, external_id, customer, logins, credential, verifier })
    }

    /// What the rules read only from members that the record does not have, such as `credential.value`.
    pub(super) fn lacking(&self, record: &Record) -> Option<&str> {
        let arena = Bump::new();
        let value = parse(record.json(), &arena, &self.settings.limits).ok()?;
        self.rules.plan().lacking(|name| !matches!(value.member(name), Value::Missing))
    }

    /// Maps the record to an account.
    pub(super) fn map(&self, record: &Record, identity: &Identity) -> Mapped {
        let arena = Bump::new();
        let run = self.rules.plan().run(record.json(), self.settings, &arena, &mut Silent);
        let several = run.outcomes.len() > 1;
        let outcome = run.outcomes.into_iter().nth(if several { identity.position } else { 0 });
        match outcome {
            Some(Outcome::Account(made)) => Mapped::Account(draft(&made)),
            Some(Outcome::Denied(key)) => Mapped::Denied(key.to_owned()),
            Some(Outcome::Invalid(reasons)) => Mapped::Invalid(InvalidRecord(reasons.iter().map(line).collect())),
            None => Mapped::Invalid(InvalidRecord::because("accounts", "the record yields no account")),
        }
    }
}

/// The text of an account.
pub(super) fn draft(made: &Made<'_>) -> Draft {
    let mut claims = Vec::new();
    made.write_json(&mut claims);
    let must_change = matches!(made.account.claim("must_change_password"), Value::Bool(true));
    Draft {
        // The JSON writer emits valid UTF-8.
        claims: String::from_utf8_lossy(&claims).into_owned(),
        warnings: made.warnings.iter().map(|warning| (*warning).to_owned()).collect(),
        standing: standing(made.account),
        change: if must_change { PasswordChange::Required } else { PasswordChange::Optional },
    }
}

/// Whether the claims of an account allow its customer to sign in: `status` of the standard schema, `active` of SCIM (RFC 7643
/// section 4.1.1).
#[must_use]
pub fn standing(account: Account<'_>) -> Standing {
    match account.claim("status").as_text() {
        Some("locked") => Standing::Locked,
        Some("disabled") => Standing::Disabled,
        _ if matches!(account.claim("active"), Value::Bool(false)) => Standing::Disabled,
        _ => Standing::Good,
    }
}
