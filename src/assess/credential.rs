//! What becomes of the stored password of an account.

use super::class::{Class, Stored, rounded};
use super::names::reason;
use super::part::Part;
use crate::engine::outcome::Made;
use crate::model::Value;
use crate::model::json::to_json;
use crate::password::{Census, Credential, Detection, Limits, Problem, census, detect};

/// What stands in place of a scheme if the legacy system verifies the password.
const LEGACY_SYSTEM: &str = "(legacy system)";

/// What the rules know about stored passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// They have `credential`.
    Credential,
    /// They do not.
    NoCredential,
}

const CHOOSE: &str = "these customers choose a new password by \"forgot password\"; tell them before the migration";

const ALLOW_PLAIN_TEXT: &str = "set `password.plain_text: true` in the settings of the service, or let these customers choose \
                                a new password";

/// Counts the stored password of an account, and says what it means for the first login.
pub(super) fn class(made: &Made<'_>, rules: Rules, number: u64, part: &mut Part) -> Class {
    if rules == Rules::NoCredential {
        let help = "add `credential` to the rules, or let these customers choose a new password";
        return Class::new_password(reason::NO_CREDENTIAL, help);
    }
    if let Some(why) = made.unusable {
        return unusable(why, number, part);
    }
    let serde_json::Value::Object(object) = to_json(made.credential) else {
        part.no_password += 1;
        return Class::new_password(reason::NO_PASSWORD, CHOOSE);
    };
    let stored = if object.contains_key("source") {
        Stored { scheme: LEGACY_SYSTEM.to_owned(), cost: None, ignores_part: false }
    } else {
        let credential = Credential::from_json(&object);
        let text = made.credential.member("value").as_text().unwrap_or_default();
        let found = census(credential.as_ref().map_err(Clone::clone), text);
        match checked(found, text) {
            Ok(stored) => stored,
            Err(problem) => return unusable(&problem.to_string(), number, part),
        }
    };
    let must_change = matches!(made.account.claim("must_change_password"), Value::Bool(true));
    if let Some(count) = part.schemes.get_mut(&stored) {
        *count += 1;
    } else {
        part.schemes.insert(stored.clone(), 1);
    }
    Class::Verified { stored, must_change }
}

fn unusable(why: &str, number: u64, part: &mut Part) -> Class {
    part.unusable.note(why, number);
    let help = if why.starts_with("plain text") { ALLOW_PLAIN_TEXT } else { CHOOSE };
    Class::new_password(format!("{}{why}", reason::UNUSABLE), help)
}

/// The stored password, if a login could check it. What it costs is judged later.
fn checked(found: Census, text: &str) -> Result<Stored, Problem> {
    let check = found.check?;
    match check.cost.within(&Limits::default()) {
        Ok(()) | Err(Problem::CostRefused(_)) => {}
        Err(problem) => return Err(problem),
    }
    // some schemes read the hashes of several: the text says which one it is
    let scheme = match detect(text) {
        Detection::Known(info) => info.name.to_owned(),
        _ => found.scheme,
    };
    Ok(Stored { scheme, cost: Some(rounded(check.cost)), ignores_part: check.ignores_part })
}
