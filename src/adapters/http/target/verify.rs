//! Verifies a password by the product's own API: positive evidence, or an outage.

use bumpalo::Bump;

use super::HttpTarget;
use super::name::TargetValues;
use super::plan::VerifyPlan;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::client::Resend;
use crate::adapters::http::error::Failure;
use crate::adapters::http::password::sendable;
use crate::adapters::http::path::Path;
use crate::adapters::http::request::{Built, Request};
use crate::adapters::http::source::parsed;
use crate::adapters::http::template::Values;
use crate::model::{Password, Value};
use crate::password::Verdict;
use crate::ports::{Authenticated, Authentication, Call, PasswordChange, TargetId, Work};

/// A password that is verified.
struct Presented<'p> {
    id: &'p TargetId,
    password: &'p str,
    /// The account as the product returns it, if it is needed.
    account: Option<String>,
}

impl HttpTarget {
    /// Verifies a password.
    pub(super) async fn verify(
        &self,
        id: &TargetId,
        password: &Password,
        call: Call<'_>,
    ) -> Result<Authenticated, Failure> {
        let Some(plan) = &self.plan.verify else {
            return Ok(Authenticated { verdict: Authentication::Unusable, work: Work::Nothing });
        };
        let Some(password) = sendable(password) else {
            // the product cannot have stored one that cannot be sent
            return Ok(Authenticated { verdict: Authentication::Mismatch, work: Work::Nothing });
        };
        let remote = |verdict| Ok(Authenticated { verdict, work: Work::Remote });
        let mut presented = Presented { id, password, account: None };
        if plan.reads {
            presented.account = self.account(id, call).await?;
            let Some(account) = &presented.account else { return remote(Authentication::Gone) };
            let arena = Bump::new();
            if self.plan.disabled_when.describes(parsed(account, &arena)?) {
                return remote(Authentication::Unusable);
            }
        }
        let built = self.built(&plan.plan.request, &presented, None)?;
        let answer = self.send_as(&built, Resend::Never, call).await?;
        if is_none(plan, &answer) {
            return remote(Authentication::Gone);
        }
        let (verdict, has_subject) = match plan.plan.verdict(&answer) {
            Ok(found) => found,
            Err(failure) => {
                if answer.status == 401 {
                    self.client.distrust().await;
                }
                return Err(failure);
            }
        };
        if verdict.is_match() && has_subject {
            self.check_subject(plan, &presented, answer, call).await?;
        }
        remote(match verdict {
            Verdict::Match => Authentication::Verified(PasswordChange::Optional),
            Verdict::MustChange => Authentication::Verified(PasswordChange::Required),
            Verdict::Mismatch => Authentication::Mismatch,
            _ => Authentication::Unusable,
        })
    }

    fn built(&self, request: &Request, presented: &Presented<'_>, answer: Option<&Answer>) -> Result<Built, Failure> {
        let arena = Bump::new();
        let target = TargetValues { id: Some(&presented.id.0), ..TargetValues::default() };
        let mut values = Values::of_target(target, &self.plan.params, &arena);
        if let Some(account) = &presented.account {
            values.record = parsed(account, &arena)?;
        }
        match answer {
            Some(answer) => values.answer = answer.json(&arena)?,
            None => values.password = Some(presented.password),
        }
        request.build(self.client.base(), &values)
    }

    /// INVARIANT: an answer about somebody else verifies nobody.
    async fn check_subject(
        &self,
        plan: &VerifyPlan,
        presented: &Presented<'_>,
        first: Answer,
        call: Call<'_>,
    ) -> Result<(), Failure> {
        let Some((path, of_record)) = &plan.plan.subject else { return Ok(()) };
        let answer = match &plan.plan.then {
            None => first,
            Some(then) => {
                let built = self.built(then, presented, Some(&first))?;
                let second = self.send_as(&built, Resend::Never, call).await?;
                if second.status == 200 { second } else { return Err(second.failure()) }
            }
        };
        let arena = Bump::new();
        let found = path.find(answer.json(&arena)?).scalar_text(&arena);
        let found = found.ok_or_else(|| Failure::bad(format!("the answer has no subject at `{path}`")))?;
        let own = own(presented, of_record.as_ref(), &arena)?;
        if own == found { Ok(()) } else { Err(Failure::of_one_record("the answer is about somebody else")) }
    }
}

/// What the subject of an answer must be.
fn own<'a>(presented: &'a Presented<'_>, path: Option<&Path>, arena: &'a Bump) -> Result<&'a str, Failure> {
    let Some(path) = path else { return Ok(&presented.id.0) };
    let account = presented.account.as_deref().map_or(Ok(Value::Missing), |account| parsed(account, arena))?;
    let own = path.find(account).scalar_text(arena).filter(|own| !own.is_empty());
    own.ok_or_else(|| Failure::of_one_record(format!("the account has no single value at `{path}`")))
}

/// Whether an answer means that there is no such account.
fn is_none(plan: &VerifyPlan, answer: &Answer) -> bool {
    let arena = Bump::new();
    let body = answer.json(&arena).unwrap_or(Value::Missing);
    plan.none_when.iter().any(|condition| condition.holds(answer, body, ""))
}
