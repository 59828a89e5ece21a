//! What a threshold can be about: the claims of the rules, and how reasons of the forecast begin.

use serde::{Deserialize, Serialize};

use crate::engine::plan::Plan;

/// Reasons of the forecast, or how they begin.
pub(in crate::assess) mod reason {
    pub(in crate::assess) const NO_PASSWORD: &str = "no password is stored";
    pub(in crate::assess) const UNUSABLE: &str = "the stored password cannot be used: ";
    pub(in crate::assess) const NO_CREDENTIAL: &str = "the rules have no `credential`, so no password can be verified";
    pub(in crate::assess) const MUST_CHANGE: &str = "the rules require a new password";
    pub(in crate::assess) const TOO_EXPENSIVE: &str = "checking the stored password takes longer than a login may: ";
    pub(in crate::assess) const SAME_ID: &str = "another record has the same id in the legacy system";
    pub(in crate::assess) const NO_OWN_LOGIN: &str = "other records have every login of the customer, too";
    pub(in crate::assess) const DISABLED: &str = "the account is disabled";
    pub(in crate::assess) const LOCKED: &str = "the account is locked";
    pub(in crate::assess) const UNREADABLE: &str = "the record cannot be read";
    pub(in crate::assess) const NOBODY: &str = "the rules have no `identify`, so nobody can sign in";
    pub(in crate::assess) const VARIOUS: &str = "too many different reasons to list";
    /// The key of `admit` follows.
    pub(in crate::assess) const DENIED: &str = "the rules deny the customer: ";
}

/// How reasons of the forecast begin, whatever the rules are.
const BEGINNINGS: [&str; 16] = [
    reason::NO_PASSWORD,
    reason::UNUSABLE,
    reason::NO_CREDENTIAL,
    reason::MUST_CHANGE,
    reason::TOO_EXPENSIVE,
    reason::SAME_ID,
    reason::NO_OWN_LOGIN,
    reason::DISABLED,
    reason::LOCKED,
    reason::UNREADABLE,
    reason::NOBODY,
    reason::VARIOUS,
    // of records that the rules refuse
    "record: ",
    "account: ",
    "accounts: ",
    "identify: ",
];

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
        let denied = plan.denials().map(|key| format!("{}{key}", reason::DENIED));
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
        let names =
            Names { claims: Vec::new(), reasons: vec!["email.value".to_owned(), format!("{}spammer", reason::DENIED)] };
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
