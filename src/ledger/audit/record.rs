//! The text of a decision, as the audit keeps it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::stamp::micros;
use crate::migrate::Decision;

/// The canonical JSON of a decision: these keys in this order, without those that have nothing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text<'a> {
    at: Cow<'a, str>,
    request_id: Cow<'a, str>,
    operation: Cow<'a, str>,
    outcome: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    reason: Cow<'a, str>,
    subject: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<Cow<'a, str>>,
    micros: u64,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: u64,
}

fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_one(count: &u64) -> bool {
    *count == 1
}

/// A row of the audit. Identifiers are keyed digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number; the first one is 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The id of the request.
    pub request_id: String,
    /// The operation's name.
    pub operation: String,
    /// The outcome's name, or what an operator did.
    pub outcome: String,
    /// The reason; empty when there is none.
    pub reason: String,
    /// Digest of the canonical identifier.
    pub subject: String,
    /// Digest of source and legacy id, when the record was known.
    pub customer: Option<String>,
    /// The account at the target.
    pub account: Option<String>,
    /// The name under which we made the account.
    pub external_id: Option<String>,
    /// The source's name, when it was asked.
    pub source: Option<String>,
    /// The hash of the rules, when they ran.
    pub rules: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// How many decisions it stands for: more than one for refusals of one subject that were summed up.
    pub count: u64,
}

/// The text of a decision.
pub(super) fn text(decision: &Decision) -> Result<String, sqlx::Error> {
    let (account, external) = match &decision.account {
        Some((account, external)) => (Some(account), external.as_ref()),
        None => (None, None),
    };
    let text = Text {
        at: decision.at.to_string().into(),
        request_id: (&decision.request_id).into(),
        operation: decision.operation.name().into(),
        outcome: decision.outcome.into(),
        reason: (&decision.reason).into(),
        subject: (&decision.subject).into(),
        customer: decision.customer.as_deref().map(Cow::from),
        account: account.map(|account| account.0.as_str().into()),
        external_id: external.map(|external| external.0.as_str().into()),
        source: decision.source.as_deref().map(Cow::from),
        rules: decision.rules.as_deref().map(Cow::from),
        micros: decision.micros,
        count: decision.count,
    };
    serde_json::to_string(&text).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// The record of a row's text; none when it is no text of ours.
pub(super) fn record(number: u64, text: &str) -> Option<AuditRecord> {
    let text: Text<'_> = serde_json::from_str(text).ok()?;
    Some(AuditRecord {
        number,
        at: text.at.parse().ok()?,
        request_id: text.request_id.into_owned(),
        operation: text.operation.into_owned(),
        outcome: text.outcome.into_owned(),
        reason: text.reason.into_owned(),
        subject: text.subject.into_owned(),
        customer: text.customer.map(Cow::into_owned),
        account: text.account.map(Cow::into_owned),
        external_id: text.external_id.map(Cow::into_owned),
        source: text.source.map(Cow::into_owned),
        rules: text.rules.map(Cow::into_owned),
        micros: text.micros,
        count: text.count,
    })
}

/// The columns beside the text, by which rows are counted and found: at, outcome, reason, subject, customer, count.
pub(super) type Columns = (i64, String, String, String, Option<String>, i64);

impl AuditRecord {
    /// The columns that belong to this record.
    pub(super) fn columns(&self) -> Columns {
        let texts = (self.outcome.clone(), self.reason.clone(), self.subject.clone());
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        (micros(self.at), texts.0, texts.1, texts.2, self.customer.clone(), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::{ExternalId, Operation, TargetId};

    #[test]
    fn the_text_of_a_decision_is_canonical() {
        let mut decision = Decision {
            at: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
            request_id: "r1".into(),
            operation: Operation::Login,
            outcome: "refused",
            reason: "wrong_password".into(),
            subject: "d1".into(),
            customer: None,
            account: None,
            source: None,
            rules: None,
            micros: 12,
            count: 1,
            settled: Vec::new(),
        };
        let short = r#"{"at":"2026-01-02T03:04:05.678901Z","request_id":"r1","operation":"login","outcome":"refused","reason":"wrong_password","subject":"d1","micros":12}"#;
        assert_eq!(text(&decision).unwrap(), short);
        decision.reason = String::new();
        decision.customer = Some("c1".into());
        decision.account = Some((TargetId("a1".into()), Some(ExternalId("e1".into()))));
        decision.source = Some("shop".into());
        decision.rules = Some("h1".into());
        let long = r#"{"at":"2026-01-02T03:04:05.678901Z","request_id":"r1","operation":"login","outcome":"refused","subject":"d1","customer":"c1","account":"a1","external_id":"e1","source":"shop","rules":"h1","micros":12}"#;
        assert_eq!(text(&decision).unwrap(), long);
        let record = record(9, long).unwrap();
        assert_eq!((record.number, record.account.as_deref(), record.reason.as_str()), (9, Some("a1"), ""));
        assert_eq!(record.at, decision.at);
        decision.count = 7;
        let summed = text(&decision).unwrap();
        assert_eq!(summed, long.replace('}', r#","count":7}"#));
        assert_eq!((super::record(9, &summed).unwrap().count, record.count), (7, 1));
        assert!(super::record(1, "{}").is_none());
    }
}
