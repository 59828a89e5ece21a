//! The pure part of a login: who a record is, and which account the rules make of it.

use bumpalo::Bump;

use super::identifier::{Identifier, IdentifierProfile};
use super::keyring::Keyring;
use super::ports::{ExternalId, LegacyKey, PasswordChange, Record};
use super::rules::RuleSet;
use crate::engine::outcome::{Customer, Made, Outcome, Reason};
use crate::engine::probe::Silent;
use crate::engine::run::Settings;
use crate::model::Value;
use crate::model::json::{to_json, write};
use crate::model::read::{ReadLimits, parse};
use crate::password::Credential;
use crate::schema::Account;

/// Who a record is.
pub(super) struct Identity {
    /// Which of the record's accounts.
    position: usize,
    pub key: LegacyKey,
    /// The name under which the account is created.
    pub external_id: ExternalId,
    /// How the audit names the customer.
    pub customer: String,
    /// Canonical, without doubles.
    pub logins: Vec<String>,
    pub credential: Option<Credential>,
}

/// A record that gives no account: `rule: step: message` lines, without values.
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

/// An account that keeps the schema, as text.
#[derive(PartialEq, Eq)]
pub(super) struct Draft {
    pub claims: String,
    pub warnings: Vec<String>,
    pub standing: Standing,
    pub change: PasswordChange,
}

impl Draft {
    /// Takes back what only a verified customer has: verified addresses. Members named `verified` or `email_verified` and the
    /// like become `false`, wherever they stand.
    pub(super) fn unverify(&mut self) {
        let arena = Bump::new();
        // The text was written by us a moment ago; were it none, the target would refuse it.
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
            let says_verified = *name == "verified" || name.ends_with("_verified") || name.ends_with("Verified");
            match member {
                Value::Bool(_) if says_verified => (*name, Value::Bool(false)),
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

/// What the claims say of the customer's right to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    Disabled,
    Locked,
}

/// Where a customer is looked for, and under which name.
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
    /// Who the record is. It must carry the identifier that was asked for: a source whose comparison is looser than ours
    /// must not sign one customer in as another.
    pub(super) fn who(&self, record: &Record) -> Result<Identity, InvalidRecord> {
        let arena = Bump::new();
        let customers = self.rules.plan().customers(record.json(), self.settings, &arena)?;
        let mut found = None;
        for (position, customer) in customers.into_iter().enumerate() {
            let customer = customer?;
            let logins = self.logins(&customer);
            if !logins.iter().any(|login| login == self.identifier.canonical()) {
                continue;
            }
            if found.replace(self.named(position, &customer, logins)?).is_some() {
                return Err(InvalidRecord::because(
                    "identify",
                    "the identifier leads to more than one account of the record",
                ));
            }
        }
        found.ok_or_else(|| {
            InvalidRecord::because("identify", "the record does not carry the identifier that was asked for")
        })
    }

    fn logins(&self, customer: &Customer<'_>) -> Vec<String> {
        let mut logins: Vec<String> = Vec::new();
        for login in customer.logins.as_list().unwrap_or_default() {
            // What cannot be typed here is no login here.
            let Some(Ok(login)) = login.as_text().map(|text| self.identifiers.canonical(text)) else { continue };
            if !logins.iter().any(|known| known == login.canonical()) {
                logins.push(login.canonical().to_owned());
            }
        }
        logins
    }

    fn named(&self, position: usize, customer: &Customer<'_>, logins: Vec<String>) -> Result<Identity, InvalidRecord> {
        let id = customer.id.as_text().ok_or_else(|| InvalidRecord::because("identify", "the record has no id"))?;
        let key = LegacyKey { source: self.source.to_owned(), id: id.to_owned() };
        let credential = match to_json(customer.credential) {
            serde_json::Value::Object(object) => {
                let credential = Credential::from_json(&object)
                    .map_err(|problem| InvalidRecord::because("credential", &problem.to_string()))?;
                Some(credential)
            }
            _ => None,
        };
        let (external_id, customer) = (self.keyring.external_id(&key), self.keyring.customer(&key));
        Ok(Identity { position, key, external_id, customer, logins, credential })
    }

    /// The account that the rules make.
    pub(super) fn map(&self, record: &Record, who: &Identity) -> Mapped {
        let arena = Bump::new();
        let run = self.rules.plan().run(record.json(), self.settings, &arena, &mut Silent);
        let several = run.outcomes.len() > 1;
        let outcome = run.outcomes.into_iter().nth(if several { who.position } else { 0 });
        match outcome {
            Some(Outcome::Account(made)) => Mapped::Account(draft(&made)),
            Some(Outcome::Denied(key)) => Mapped::Denied(key.to_owned()),
            Some(Outcome::Invalid(reasons)) => Mapped::Invalid(InvalidRecord(reasons.iter().map(line).collect())),
            None => Mapped::Invalid(InvalidRecord::because("accounts", "the record yields no account")),
        }
    }
}

fn draft(made: &Made<'_>) -> Draft {
    let mut claims = Vec::new();
    made.write_json(&mut claims);
    let must_change = matches!(made.account.claim("must_change_password"), Value::Bool(true));
    Draft {
        // Accounts are written from texts.
        claims: String::from_utf8_lossy(&claims).into_owned(),
        warnings: made.warnings.iter().map(|warning| (*warning).to_owned()).collect(),
        standing: standing(made.account),
        change: if must_change { PasswordChange::Required } else { PasswordChange::Optional },
    }
}

/// `status` of the standard schema, `active` of SCIM (RFC 7643 section 4.1.1).
fn standing(account: Account<'_>) -> Standing {
    match account.claim("status").as_text() {
        Some("locked") => Standing::Locked,
        Some("disabled") => Standing::Disabled,
        _ if matches!(account.claim("active"), Value::Bool(false)) => Standing::Disabled,
        _ => Standing::Good,
    }
}
