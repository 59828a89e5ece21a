//! Who a record is, as a login judges it. Dry runs judge by the same code, so that they say what a login would say.

use crate::engine::outcome::{Identity, Made, Reason};
use crate::engine::plan::Plan;
use crate::model::json::to_json;
use crate::model::{Kind, Value};
use crate::password::Credential;
use crate::ports::{Identifier, IdentifierProfile};

/// Why a login would not accept an account that the rules make of a record: it has no usable id, no login that can be typed,
/// or a credential that cannot be read. Nothing for rules that do not say who a record is.
#[must_use]
pub fn refused_at_login(plan: &Plan, made: &Made<'_>, identifiers: &IdentifierProfile) -> Option<Reason> {
    if !plan.identifies() {
        return None;
    }
    id(&made.who)
        .map(drop)
        .and_then(|()| if plan.names_logins() { can_sign_in(&made.who, identifiers) } else { Err(nobody()) })
        .and_then(|()| credential(made.credential).map(drop))
        .err()
}

/// The legacy id.
pub(super) fn id<'a>(who: &Identity<'a>) -> Result<&'a str, Reason> {
    who.id.as_text().ok_or_else(|| {
        reason(
            "identify",
            "id",
            match who.id_kind {
                Kind::Missing | Kind::Null => "the record has no id: `identify.id` has no value".to_owned(),
                Kind::Text => "the record has no id: `identify.id` is blank".to_owned(),
                kind => format!("`identify.id` gives {} {kind}; an id is text or a number", article(kind)),
            },
        )
    })
}

/// The logins in their one spelling, without doubles. What cannot be typed here is no login here.
#[must_use]
pub fn logins(who: &Identity<'_>, identifiers: &IdentifierProfile) -> Vec<String> {
    spelled_logins(who, identifiers).iter().map(|login| login.canonical().to_owned()).collect()
}

/// The same logins as the record spells them.
pub(super) fn spelled_logins(who: &Identity<'_>, identifiers: &IdentifierProfile) -> Vec<Identifier> {
    let mut logins: Vec<Identifier> = Vec::new();
    for login in who.logins.as_list().unwrap_or_default() {
        let Some(Ok(login)) = login.as_text().map(|text| identifiers.canonical(text)) else { continue };
        if !logins.iter().any(|known| known.canonical() == login.canonical()) {
            logins.push(login);
        }
    }
    logins
}

/// The stored password, when there is one.
pub(super) fn credential(value: Value<'_>) -> Result<Option<Credential>, Reason> {
    match to_json(value) {
        serde_json::Value::Object(object) => Credential::from_json(&object)
            .map(Some)
            .map_err(|problem| reason("credential", "read", problem.to_string())),
        _ => Ok(None),
    }
}

/// The verifier that a credential names in `source`, if it names one.
pub(super) fn verifier(value: Value<'_>) -> Result<Option<String>, Reason> {
    match value.member("source") {
        Value::Missing | Value::Null => Ok(None),
        Value::Text(name) => Ok(Some(name.to_owned())),
        _ => Err(reason("credential", "source", "`credential.source` gives no name of a verifier")),
    }
}

/// Whether any login leads to the record.
fn can_sign_in(who: &Identity<'_>, identifiers: &IdentifierProfile) -> Result<(), Reason> {
    let given = who.logins.as_list().unwrap_or_default();
    if given.is_empty() {
        return Err(reason(
            "identify",
            "logins",
            "the record has no login: nothing under `identify.logins` has a value",
        ));
    }
    // one that can be typed is enough
    let mut problems = given.iter().map(|login| identifiers.canonical(login.as_text().unwrap_or_default()).err());
    match problems.next().flatten() {
        None => Ok(()),
        Some(_) if problems.any(|problem| problem.is_none()) => Ok(()),
        Some(problem) => {
            Err(reason("identify", "logins", format!("the record has no login that can be typed: {problem}")))
        }
    }
}

/// Rules that name no login serve none.
fn nobody() -> Reason {
    reason("identify", "logins", "the rules name no `identify.logins`, so that nobody can sign in")
}

fn article(kind: Kind) -> &'static str {
    if matches!(kind, Kind::Object | Kind::Integer) { "an" } else { "a" }
}

fn reason(rule: &str, step: &str, message: impl Into<String>) -> Reason {
    Reason { rule: rule.to_owned(), step: step.to_owned(), message: message.into(), span: None }
}
