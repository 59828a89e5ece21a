//! Classifies a stored credential without any password: its scheme and cost, or why it cannot be checked.

use super::{Cost, Credential, Detection, Limits, Problem, detect, parse};

/// What a stored credential is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    /// The scheme: the one that the text shows, otherwise the declared one; `ambiguous`, `unknown` or `none` if there is
    /// neither.
    pub scheme: String,
    /// The cost of a check, and whether the scheme ignores part of the password; or why it cannot be checked.
    pub check: Result<Check, Problem>,
    /// Why the text does not determine its scheme; empty if it does, or if the scheme is declared.
    pub why: &'static str,
}

/// The check of a stored credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its cost.
    pub cost: Cost,
    /// Whether passwords other than the right one may match.
    pub ignores_part: bool,
}

impl Census {
    /// `usable`, `unusable`, `malformed`, `cost_refused`, `ambiguous` or `unsupported`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match &self.check {
            Ok(check) if matches!(check.cost.within(&Limits::default()), Err(Problem::CostRefused(_))) => {
                "cost_refused"
            }
            Ok(_) => "usable",
            Err(Problem::Unusable(_)) => "unusable",
            Err(Problem::Malformed(_)) => "malformed",
            Err(Problem::CostRefused(_)) => "cost_refused",
            Err(Problem::Unsupported(_)) if self.scheme == "ambiguous" => "ambiguous",
            Err(Problem::Unsupported(_)) => "unsupported",
        }
    }
}

/// Classifies a credential. `text` is the stored text, if it has one.
#[must_use]
pub fn census(credential: Result<&Credential, Problem>, text: &str) -> Census {
    let named = credential.as_ref().map(|credential| credential.scheme().to_owned()).unwrap_or_default();
    let (scheme, why) = if named.eq_ignore_ascii_case("auto") { scheme_of(text) } else { (named, "") };
    match credential.and_then(parse) {
        Ok(parsed) => {
            let scheme = if why.is_empty() { parsed.scheme().to_owned() } else { scheme };
            let check = Check { cost: parsed.cost(), ignores_part: parsed.ignores_part() };
            Census { scheme, check: Ok(check), why }
        }
        Err(problem) => Census { scheme, check: Err(problem), why },
    }
}

/// The scheme that a text names, or the possible schemes and why the text does not determine one.
fn scheme_of(text: &str) -> (String, &'static str) {
    match detect(text) {
        Detection::Known(info) => (info.name.to_owned(), ""),
        Detection::Ambiguous { why, readings: [] } => ("ambiguous".to_owned(), why),
        Detection::Ambiguous { why, readings } => (readings.join(" or "), why),
        Detection::Unusable(_) => ("none".to_owned(), ""),
        Detection::Unknown => ("unknown".to_owned(), ""),
    }
}
