//! Compares the outcomes of a record: account by account, claim by claim.

use super::pairs::{Side, pairs};
use super::{Change, Difference, Part, reason_text};
use crate::engine::outcome::{Made, Outcome, Reason};
use crate::engine::plan::Plan;
use crate::model::Value;
use crate::model::json::same;
use crate::schema::path_names;

/// The claims that two versions of rules make. Made once; comparing a record allocates only for its differences.
#[derive(Debug)]
pub struct Comparison {
    claims: Vec<Claim>,
}

/// A claim with the member names on the path to it.
#[derive(Debug)]
struct Claim {
    name: String,
    path: Vec<String>,
}

impl Comparison {
    /// The claims of both versions: those of the new one in its order, then those that only the old one makes.
    #[must_use]
    pub fn new(old: &Plan, new: &Plan) -> Self {
        let mut names = new.columns();
        for name in old.columns() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let path = |name: &str| -> Vec<String> {
            path_names(name)
                .map_or_else(|| vec![name.to_owned()], |names| names.into_iter().map(str::to_owned).collect())
        };
        Self { claims: names.into_iter().map(|name| Claim { path: path(&name), name }).collect() }
    }

    /// The position of a claim in the order of reports.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.claims.iter().position(|claim| claim.name == name)
    }

    /// Calls `found` with every difference between the accounts of a record.
    pub fn differences<'a>(&'a self, old: &Side<'a>, new: &Side<'a>, mut found: impl FnMut(Difference<'a>)) {
        let pairs = pairs(old, new);
        let several = pairs.len() > 1;
        for (at, (old, new)) in pairs.into_iter().enumerate() {
            let account = several.then_some(at + 1);
            match (old, new) {
                (Some(Outcome::Account(old)), Some(Outcome::Account(new))) => {
                    self.accounts(old, new, |difference| found(Difference { account, ..difference }));
                }
                (old, new) => {
                    if let Some((change, reason)) = outcomes(old, new) {
                        found(Difference { account, ..of(Part::Account, change, reason) });
                    }
                }
            }
        }
    }

    fn accounts<'a>(&'a self, old: &Made<'a>, new: &Made<'a>, mut found: impl FnMut(Difference<'a>)) {
        let mut compare = |part, before: Value<'a>, after: Value<'a>| {
            if let Some(change) = changed(before, after) {
                found(Difference { before, after, ..of(part, change, None) });
            }
        };
        compare(Part::Id, old.who.id, new.who.id);
        compare(Part::Logins, old.who.logins, new.who.logins);
        compare(Part::Credential, old.credential, new.credential);
        for claim in &self.claims {
            let value =
                |made: &Made<'a>| claim.path.iter().fold(made.account.value(), |value, name| value.member(name));
            compare(Part::Claim(&claim.name), value(old), value(new));
        }
    }
}

fn of<'a>(part: Part<'a>, change: Change, reason: Option<String>) -> Difference<'a> {
    Difference { part, change, reason, account: None, before: Value::Missing, after: Value::Missing }
}

/// How a value differs; `None` if it does not.
fn changed(before: Value<'_>, after: Value<'_>) -> Option<Change> {
    match (before.is_present(), after.is_present()) {
        (false, false) => None,
        (false, true) => Some(Change::Added),
        (true, false) => Some(Change::Removed),
        (true, true) => (!same(before, after)).then_some(Change::Changed),
    }
}

/// How two outcomes differ of which at most one is an account, and why there is none.
fn outcomes(old: Option<&Outcome<'_>>, new: Option<&Outcome<'_>>) -> Option<(Change, Option<String>)> {
    match (old, new) {
        (Some(Outcome::Account(_)), None) => Some((Change::Removed, None)),
        (Some(_), None) | (None, None) => None,
        (None, Some(Outcome::Account(_))) => Some((Change::Made, None)),
        (Some(before), Some(Outcome::Account(_))) => Some((Change::Made, why(before))),
        (Some(Outcome::Denied(old)), Some(Outcome::Denied(new))) if old == new => None,
        (Some(Outcome::Invalid(old)), Some(Outcome::Invalid(new))) if are_same(old, new) => None,
        (Some(Outcome::Denied(_)), Some(after @ Outcome::Denied(_)))
        | (Some(Outcome::Invalid(_)), Some(after @ Outcome::Invalid(_))) => Some((Change::OtherReason, why(after))),
        (_, Some(Outcome::Denied(key))) => Some((Change::Denied, Some((*key).to_owned()))),
        (_, Some(after @ Outcome::Invalid(_))) => Some((Change::Invalid, why(after))),
    }
}

/// Whether the reasons are the same, wherever they stand in their rule files.
fn are_same(old: &[Reason], new: &[Reason]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| reason_text(old) == reason_text(new))
}

/// Why there is no account.
fn why(outcome: &Outcome<'_>) -> Option<String> {
    match outcome {
        Outcome::Account(_) => None,
        Outcome::Denied(key) => Some(format!("denied: {key}")),
        Outcome::Invalid(reasons) => reasons.first().map(reason_text),
    }
}
