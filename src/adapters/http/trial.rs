//! Tries an HTTP system out, for `landfall check --connect`.

use tokio::time::{Instant, timeout};

use super::answer::Answer;
use super::error::Failure;
use crate::adapters::registry::{Trial, TrialFinding};
use crate::diag::Severity;
use crate::ports::{Identifier, IdentifierProfile};

/// Identifiers that nobody has, one of each kind. The number is reserved for fiction.
const NOBODY: [&str; 3] =
    ["landfall-check-finds-nobody@example.invalid", "landfall-check-finds-nobody", "+12025550143"];

/// An identifier that nobody has.
pub(super) fn nobody(profile: &IdentifierProfile) -> Identifier {
    let found = NOBODY.iter().find_map(|text| profile.canonical(text).ok());
    // one of them is valid in each profile; otherwise user names are
    found.unwrap_or_else(|| nobody(&IdentifierProfile::default()))
}

/// The result of a request, as one line that is made of the answer.
pub(super) async fn of(
    asked: impl Future<Output = Result<Answer, Failure>>,
    key: &str,
    summary: fn(&Answer, u128) -> String,
) -> Trial {
    let (began, mut trial) = (Instant::now(), Trial::default());
    match timeout(Trial::PATIENCE, asked).await.unwrap_or_else(|_| Err(Failure::late())) {
        Ok(answer) => {
            trial.summary = Some(summary(&answer, began.elapsed().as_millis()));
        }
        Err(failure) => trial.findings.push(TrialFinding {
            severity: Severity::Error,
            code: "R514",
            key: key.to_owned(),
            message: format!("the system cannot be used: {}", failure.detail()),
            help: "check the URL, the certificates, the credentials and the paths".to_owned(),
        }),
    }
    trial
}
