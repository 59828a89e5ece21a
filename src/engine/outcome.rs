//! The outcome of a record: accounts, a denial, or the reasons why it is invalid.

use super::output;
use super::plan::OutputNode;
use crate::diag::Span;
use crate::model::{Kind, Value};
use crate::schema::Account;

/// The outcome of a record, or of one of its accounts.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// An account.
    Account(Made<'a>),
    /// The rules deny the customer: the key of the reason.
    Denied(&'a str),
    /// The record is invalid.
    Invalid(Vec<Reason>),
}

/// An account with its warnings, credential and identity.
#[derive(Debug)]
pub struct Made<'a> {
    /// The account.
    pub account: Account<'a>,
    /// The claims that were left out because their value was invalid.
    pub warnings: &'a [&'a str],
    /// The stored password, for the verifier; never part of the account.
    pub credential: Value<'a>,
    /// Why a stored password is not in `credential`: it does not match its scheme. Contains no value.
    pub unusable: Option<&'a str>,
    /// Who the record is, if the rules have `identify`.
    pub who: Identity<'a>,
    pub(super) skeleton: &'a [OutputNode],
}

impl Made<'_> {
    /// Appends the account as compact JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        output::write(self.skeleton, self.account.value(), out);
    }
}

/// Who a record is, according to `identify`.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The legacy id as text, if it is text or a number.
    pub id: Value<'a>,
    /// The value of `identify.id`.
    pub id_kind: Kind,
    /// What the customer may type to sign in: a list of texts.
    pub logins: Value<'a>,
}

impl Default for Identity<'_> {
    fn default() -> Self {
        Self { id: Value::Missing, id_kind: Kind::Missing, logins: Value::Missing }
    }
}

/// Who a record is and its stored password: everything that a login needs before it verifies the password.
#[derive(Debug)]
pub struct Customer<'a> {
    /// Who the record is.
    pub who: Identity<'a>,
    /// The stored password as the rules read it: an object, or nothing; or why it is invalid.
    pub credential: Result<Value<'a>, Reason>,
}

/// Why a record is invalid. It never contains a value of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The claim, working value or check; `account` if no claim has a value.
    pub rule: String,
    /// The op that failed, or `required`, `schema`, `check`, `record`, `unread`.
    pub step: String,
    /// One sentence.
    pub message: String,
    /// The place in the rules, if there is one.
    pub span: Option<Span>,
}

impl Reason {
    /// The reason as JSON: `rule`, `step`, `message`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "rule": self.rule, "step": self.step, "message": self.message })
    }
}
