//! The step of a login that verifies the presented password against the legacy system.

use tokio::time::Instant;

use super::admission::Admission;
use super::ending::{Ending, Flow};
use super::mapping::Identity;
use super::outcome::Refusal;
use super::step::Step;
use super::visit::Visit;
use crate::password::{Credential, Verdict, find};
use crate::ports::{PasswordChange, Presented, Record, Verification, Verifier};

impl Visit<'_> {
    /// Verifies the password against the legacy system. Only a positive verdict continues. A lossy match requires a new
    /// password, because the typed password may differ from the one the customer chose.
    pub(super) async fn verify(
        &mut self,
        admission: &Admission,
        identity: &Identity,
        record: &Record,
    ) -> Flow<PasswordChange> {
        let chosen = self.legacy.verifiers.choose(identity.verifier.as_deref());
        let mut last = None;
        for (name, verifier) in chosen {
            let presented = Presented {
                identifier: &admission.identifier,
                record,
                credential: identity.credential.as_ref(),
                password: &admission.password,
            };
            let verdict = self.ask(name, &**verifier, presented).await?;
            if verdict == Verdict::Mismatch {
                // counts even if the next verifier cannot be asked: otherwise its outage would admit any number of guesses
                self.note_mismatch();
            }
            last = Some((name, more_telling(last.map(|(_, verdict)| verdict), verdict)));
            if !matches!(last, Some((_, Verdict::Mismatch | Verdict::Unusable(_)))) {
                break;
            }
        }
        // the rules name a verifier that the settings do not have
        let (name, verdict) = last.unwrap_or(("", Verdict::Unsupported("there is no such verifier".into())));
        self.conclude(name, verdict)
    }

    /// Asks one verifier.
    async fn ask(&mut self, name: &str, verifier: &dyn Verifier, presented: Presented<'_>) -> Flow<Verdict> {
        let began = Instant::now();
        let answer = verifier.verify(self.call(), presented).await;
        let Verification { verdict, work } = answer.map_err(|error| self.legacy_failed(&error))?;
        self.note_legacy_work(work);
        let scheme = presented.credential.map_or("", scheme_name);
        self.step(&Step::Verified { verifier: name, scheme, verdict: verdict.kind(), took: began.elapsed() });
        Ok(verdict)
    }

    /// What a verdict means for the login.
    fn conclude(&mut self, verifier: &str, verdict: Verdict) -> Flow<PasswordChange> {
        let refusal = match verdict {
            Verdict::Match => {
                self.verified();
                return Ok(PasswordChange::Optional);
            }
            Verdict::LossyMatch(_) | Verdict::MustChange => {
                self.verified();
                return Ok(PasswordChange::Required);
            }
            Verdict::Mismatch => Refusal::WrongPassword,
            Verdict::Locked => Refusal::Locked,
            Verdict::Disabled => Refusal::Disabled,
            Verdict::Expired => Refusal::Expired,
            Verdict::CostRefused(why) => {
                self.too_expensive(verifier, &why);
                Refusal::CostRefused
            }
            Verdict::Unusable(_) | Verdict::Malformed(_) | Verdict::Unsupported(_) => Refusal::Unverifiable,
        };
        Err(Ending::refused(refusal))
    }
}

/// The verdict of several verifiers: a wrong password says more than no password to compare with.
fn more_telling(before: Option<Verdict>, now: Verdict) -> Verdict {
    match (before, now) {
        (Some(Verdict::Mismatch), Verdict::Unusable(_)) => Verdict::Mismatch,
        (_, now) => now,
    }
}

/// The canonical name of the scheme. The name in the record is arbitrary text and is not passed on.
fn scheme_name(credential: &Credential) -> &'static str {
    match credential.scheme() {
        "auto" => "auto",
        named => find(named).map_or("unknown", |info| info.name),
    }
}
