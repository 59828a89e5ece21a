//! What becomes of a record: accounts, a refusal, or reasons why it is held back.

use super::output;
use super::plan::OutputNode;
use crate::diag::Span;
use crate::model::{Kind, Value};
use crate::schema::Account;

/// What becomes of a record, or of one of the accounts in it.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// An account.
    Account(Made<'a>),
    /// The rules refuse the customer: the reason's key.
    Denied(&'a str),
    /// The record is held back.
    Invalid(Vec<Reason>),
}

/// An account and what belongs to it.
#[derive(Debug)]
pub struct Made<'a> {
    /// The account.
    pub account: Account<'a>,
    /// The claims that were left out because their value was bad.
    pub warnings: &'a [&'a str],
    /// The stored password, for the verifier; never part of the account.
    pub credential: Value<'a>,
    /// Why there is no `credential` although one is stored: it does not fit its scheme. Without a value.
    pub unusable: Option<&'a str>,
    /// Who the record is, when the rules have `identify`.
    pub who: Identity<'a>,
    pub(super) skeleton: &'a [OutputNode],
}

impl Made<'_> {
    /// Appends the account as compact JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        output::write(self.skeleton, self.account.value(), out);
    }
}

/// Who a record is, as `identify` says.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The legacy id as text, when it is text or a number.
    pub id: Value<'a>,
    /// What `identify.id` gave.
    pub id_kind: Kind,
    /// What the customer may type to sign in: a list of texts.
    pub logins: Value<'a>,
}

impl Default for Identity<'_> {
    fn default() -> Self {
        Self { id: Value::Missing, id_kind: Kind::Missing, logins: Value::Missing }
    }
}

/// Who a record is and what it has stored as a password: what must be known before anything is verified.
#[derive(Debug)]
pub struct Customer<'a> {
    /// Who the record is.
    pub who: Identity<'a>,
    /// The stored password as the rules read it: an object, or nothing; or why it cannot be made.
    pub credential: Result<Value<'a>, Reason>,
}

/// Why a record is held back. It never holds a value of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The claim, working value or check; `account` when no claim has a value.
    pub rule: String,
    /// The op that failed, or `required`, `schema`, `check`, `record`, `unread`.
    pub step: String,
    /// One sentence.
    pub message: String,
    /// Where in the rules, when there is such a place.
    pub span: Option<Span>,
}

impl Reason {
    /// The reason as JSON: `rule`, `step`, `message`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "rule": self.rule, "step": self.step, "message": self.message })
    }
}
