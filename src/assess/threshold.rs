//! Thresholds for automated checks: how many customers may have a problem.

use std::str::FromStr;

use super::document::Assessment;
use super::names::Names;
use crate::diag::{closest, codes};

/// How many customers may have a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    of: Of,
    most: Most,
    text: String,
}

/// Which problem.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    /// Customers who cannot migrate.
    Cannot,
    /// Customers who need a new password.
    NewPassword,
    /// Records that are invalid.
    Invalid,
    /// Records that cannot be read.
    Unreadable,
    /// Customers whom the rules deny.
    Denied,
    /// Findings with this code.
    Code(String),
    /// Reasons of the forecast that begin like this.
    Reason(String),
    /// A claim: accounts without it because its value is bad, and records that it makes invalid.
    Claim(String),
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Most {
    Share(f64),
    Count(u64),
}

/// A threshold that is exceeded.
#[derive(Debug, Clone, PartialEq)]
pub struct Exceeded {
    /// The threshold as written.
    pub threshold: String,
    /// How many there are.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

/// A threshold about something that the rules do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What can be written.
    pub help: String,
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, most) = match text.rsplit_once('=') {
            Some((name, most)) => (name.trim(), most.trim()),
            None => ("cannot", text.trim()),
        };
        let most = match most.strip_suffix('%') {
            Some(share) => share.trim().parse().ok().filter(|share| (0.0..=100.0).contains(share)).map(Most::Share),
            None => most.parse().ok().map(Most::Count),
        };
        let most =
            most.ok_or_else(|| "write a share such as `2%`, or a number of customers such as `100`".to_owned())?;
        let of = match name {
            "cannot" => Of::Cannot,
            "new-password" => Of::NewPassword,
            "invalid" => Of::Invalid,
            "unreadable" => Of::Unreadable,
            "denied" => Of::Denied,
            "" => return Err("write what it is a threshold of in front of `=`".to_owned()),
            name => {
                match (name.strip_prefix("reason:"), codes::find(name).filter(|info| info.code.starts_with("R7"))) {
                    (Some(reason), _) => Of::Reason(reason.trim().to_owned()),
                    (None, Some(info)) => Of::Code(info.code.to_owned()),
                    (None, None) => Of::Claim(name.to_owned()),
                }
            }
        };
        Ok(Self { of, most, text: text.to_owned() })
    }
}

impl Threshold {
    /// Checks that the threshold is about something that an assessment by these rules can have.
    ///
    /// # Errors
    /// If it is about a claim or a reason that the rules do not have, or about a forecast, which is made with rules only.
    pub fn fits(&self, names: Option<&Names>) -> Result<(), Unknown> {
        match (&self.of, names) {
            (Of::Invalid | Of::Unreadable | Of::Denied | Of::Code(_), _)
            | (Of::Cannot | Of::NewPassword, Some(_)) => Ok(()),
            (Of::Cannot | Of::NewPassword | Of::Reason(_) | Of::Claim(_), None) => Err(Unknown {
                message: format!("`{}` needs rules, and there are none", self.text),
                help: "give `--rules`; without rules, write `invalid`, `unreadable` or a code such as `R719`".to_owned(),
            }),
            (Of::Reason(start), Some(names)) if names.may_begin(start) => Ok(()),
            (Of::Reason(start), Some(_)) => Err(Unknown {
                message: format!("no reason of the forecast begins with `{start}`"),
                help: "write the beginning of a reason as the report has it, such as `reason:no password is stored=1%`, or the \
                       name of a claim, such as `reason:email.value=1%`"
                    .to_owned(),
            }),
            (Of::Claim(name), Some(names)) if names.claims.contains(name) => Ok(()),
            (Of::Claim(name), Some(names)) => Err(unknown(name, names)),
        }
    }

    /// Whether the assessment exceeds the threshold.
    ///
    /// # Errors
    /// If it does not [fit](Self::fits) the rules of the assessment.
    pub fn check(&self, assessment: &Assessment) -> Result<Option<Exceeded>, String> {
        let records = &assessment.records;
        let forecast = || assessment.forecast.as_ref().ok_or("without rules, there is no forecast: give `--rules`");
        let customers = match &assessment.forecast {
            Some(forecast) => forecast.migrate + forecast.new_password + forecast.cannot,
            None => records.all,
        };
        let count = match &self.of {
            Of::Cannot => forecast()?.cannot,
            Of::NewPassword => forecast()?.new_password,
            Of::Invalid => records.invalid,
            Of::Unreadable => records.unreadable,
            Of::Denied => records.denied.iter().map(|reason| reason.count).sum(),
            Of::Code(code) => {
                assessment.findings.iter().filter(|finding| finding.code == *code).map(|finding| finding.count).sum()
            }
            Of::Reason(start) => {
                let reasons = forecast()?.reasons.iter().map(|reason| &reason.reason);
                reasons.filter(|reason| reason.reason.starts_with(start.as_str())).map(|reason| reason.count).sum()
            }
            Of::Claim(name) => {
                let claim = assessment.claims.iter().find(|claim| claim.name == *name);
                let claim = claim.ok_or_else(|| not_a_claim(name))?;
                claim.warned + claim.invalid
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "shares of counts that are far below 2^53")]
        let is_exceeded = match self.most {
            Most::Count(most) => count > most,
            Most::Share(share) => count as f64 * 100.0 > share * customers as f64,
        };
        Ok(is_exceeded.then(|| Exceeded { threshold: self.text.clone(), count, of: customers }))
    }
}

fn not_a_claim(name: &str) -> String {
    format!("`{name}` is not a claim of the rules")
}

/// A name that is neither a claim nor another word.
fn unknown(name: &str, names: &Names) -> Unknown {
    const WORDS: [&str; 5] = ["cannot", "new-password", "invalid", "unreadable", "denied"];
    let known = names.claims.iter().map(String::as_str).chain(WORDS);
    let near = closest(name, known).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    let help = format!(
        "{near}besides the claims of the rules you can write `cannot`, `new-password`, `invalid`, `unreadable`, `denied`, codes \
         such as `R703` (docs/assess.md lists them), and `reason:` with the beginning of a reason"
    );
    Unknown { message: not_a_claim(name), help }
}

#[cfg(test)]
mod tests {
    use super::super::document::{Claim, Forecast, ForecastOutcome, ForecastReason, Reason};
    use super::super::tests::empty;
    use super::*;

    fn assessment() -> Assessment {
        let reason = Reason { reason: "no password is stored".to_owned(), count: 3, numbers: Vec::new() };
        let reason = ForecastReason { outcome: ForecastOutcome::NewPassword, reason, help: String::new() };
        let forecast = Forecast { migrate: 95, new_password: 3, cannot: 2, reasons: vec![reason] };
        let phone =
            Claim { name: "phone.value".to_owned(), made: 90, missing: 6, warned: 3, invalid: 1, reasons: Vec::new() };
        Assessment { forecast: Some(forecast), claims: vec![phone], ..empty() }
    }

    #[test]
    fn thresholds_are_exceeded_by_more_than_they_say() {
        for (text, wanted) in [
            ("2%", None),
            ("1.9%", Some((2, 100))),
            ("1", Some((2, 100))),
            ("cannot=2", None),
            ("new-password=2%", Some((3, 100))),
            ("phone.value=4%", None),
            ("phone.value=3%", Some((4, 100))),
            ("reason:no password=2%", Some((3, 100))),
            ("reason:other=0%", None),
            ("R703=0", None),
            ("invalid=0%", None),
        ] {
            let exceeded = text.parse::<Threshold>().unwrap().check(&assessment()).unwrap();
            assert_eq!(exceeded.map(|exceeded| (exceeded.count, exceeded.of)), wanted, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for text in ["", "x", "101%", "-1", "=2%", "cannot="] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
        let unknown = "phone=1%".parse::<Threshold>().unwrap().check(&assessment());
        assert!(unknown.unwrap_err().starts_with("`phone` is not a claim of the rules"));
        assert!("2%".parse::<Threshold>().unwrap().check(&empty()).is_err());
    }
}
