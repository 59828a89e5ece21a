//! What a threshold can be about: the claims of the rules, and how reasons of the forecast begin.

use serde::{Deserialize, Serialize};

use crate::engine::plan::Plan;

/// How reasons of the forecast begin, whatever the rules are.
const BEGINNINGS: [&str; 16] = [
    "no password is stored",
    "the stored password cannot be used: ",
    "the rules have no `credential`",
    "the rules require a new password",
    "checking the stored password takes longer than a login may: ",
    "another record has the same id in the legacy system",
    "other records have every login of the customer, too",
    "the account is disabled",
    "the account is locked",
    "the record cannot be read",
    "the rules have no `identify`",
    "too many different reasons to list",
    "record: ",
    "account: ",
    "accounts: ",
    "identify: ",
];

/// How the reason for a denied customer begins.
pub(super) const DENIED: &str = "the rules deny the customer: ";

/// The names that rules have for claims and reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The claims.
    pub(super) claims: Vec<String>,
    /// How the reasons of these rules begin.
    reasons: Vec<String>,
}

impl Names {
    /// The names of rules.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let claims = plan.columns();
        let denied = plan.denials().map(|key| format!("{DENIED}{key}"));
        let rules = plan.rules().map(|rule| rule.kind.path_of(&rule.name));
        let mut reasons: Vec<String> = denied.chain(plan.reasons_of_checks().map(str::to_owned)).chain(rules).collect();
        reasons.extend(claims.iter().cloned());
        reasons.sort_unstable();
        reasons.dedup();
        Self { claims, reasons }
    }

    /// Whether a reason of the forecast may begin like this.
    pub(super) fn may_begin(&self, start: &str) -> bool {
        let known = BEGINNINGS.into_iter().chain(self.reasons.iter().map(String::as_str));
        known.into_iter().any(|known| known.starts_with(start) || start.starts_with(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_begin_with_known_words_or_names() {
        let names = Names { claims: Vec::new(), reasons: vec!["email.value".to_owned(), format!("{DENIED}spammer")] };
        for (start, wanted) in [
            ("no password", true),
            ("the stored password cannot be used: plain", true),
            ("email.value: is not", true),
            ("the rules deny the customer: spam", true),
            ("the rules deny the customer: minor", false),
            ("no pasword", false),
            ("No password is stored", false),
        ] {
            assert_eq!(names.may_begin(start), wanted, "{start}");
        }
    }
}
