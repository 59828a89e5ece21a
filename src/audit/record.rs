//! The text form of a decision in the audit.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ports::{AuditRecord, Decision};

/// The canonical JSON of a decision: these keys in this order, without empty ones.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
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
    #[serde(default = "default_count", skip_serializing_if = "is_one")]
    count: u64,
}

fn default_count() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_one(count: &u64) -> bool {
    *count == 1
}

/// The text of a decision.
pub(crate) fn text(decision: &Decision) -> serde_json::Result<String> {
    let (account, external) = match &decision.account {
        Some((account, external)) => (Some(account), external.as_ref()),
        None => (None, None),
    };
    let text = Text {
        at: decision.at.to_string().into(),
        request_id: (&decision.request_id).into(),
        operation: decision.operation.name().into(),
        outcome: decision.outcome.name().into(),
        reason: decision.reason.name().into(),
        subject: (&decision.subject).into(),
        customer: decision.customer.as_deref().map(Cow::from),
        account: account.map(|account| account.0.as_str().into()),
        external_id: external.map(|external| external.0.as_str().into()),
        source: decision.source.as_deref().map(Cow::from),
        rules: decision.rules.as_deref().map(Cow::from),
        micros: decision.micros,
        count: decision.count,
    };
    serde_json::to_string(&text)
}

/// The record of a row's text; `None` if the text is not in the expected format.
pub(crate) fn record(number: u64, text: &str) -> Option<AuditRecord> {
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

/// The columns beside the text that are used for counting and searching: at (microseconds since 1970), outcome, reason,
/// subject, customer, count.
pub(crate) type Columns = (i64, String, String, String, Option<String>, i64);

impl AuditRecord {
    /// The columns that match this record.
    pub(crate) fn columns(&self) -> Columns {
        let texts = (self.outcome.clone(), self.reason.clone(), self.subject.clone());
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        (self.at.as_microsecond(), texts.0, texts.1, texts.2, self.customer.clone(), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{DecisionOutcome, DecisionReason, ExternalId, Operation, Refusal, TargetId};

    #[test]
    fn the_text_of_a_decision_is_canonical() {
        let mut decision = Decision {
            at: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
            request_id: "r1".into(),
            operation: Operation::Login,
            outcome: DecisionOutcome::Refused,
            reason: DecisionReason::Refused(Refusal::WrongPassword),
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
        decision.reason = DecisionReason::None;
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
