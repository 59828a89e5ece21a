//! Thresholds for automated checks: how many customers may have a problem.

use std::str::FromStr;

use super::document::Assessment;
use crate::diag::codes;

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
    /// Whether the assessment exceeds the threshold.
    ///
    /// # Errors
    /// If it is about a claim that the rules do not have, or about a forecast that was not made.
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
                let claim = claim.ok_or_else(|| {
                    format!(
                        "`{name}` is not a claim of the rules; besides claims there are `cannot`, `new-password`, `invalid`, \
                         `unreadable`, `denied`, codes such as `R703`, and `reason:` with the start of a reason"
                    )
                })?;
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
