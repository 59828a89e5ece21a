//! Verifies a password at another system: SCIM itself has no way to.

use std::sync::Arc;

use super::ScimTarget;
use crate::adapters::http::error::Failure;
use crate::model::Password;
use crate::password::Verdict;
use crate::ports::{
    Authenticated, Authentication, Call, IdentifierProfile, PasswordChange, PortError, Presented, Record, TargetId,
    Verifier, Work,
};

impl ScimTarget {
    /// Reads the user, whose name is what the other system knows, and lets it verify the password.
    pub(super) async fn verify(
        &self,
        verifier: &dyn Verifier,
        id: &TargetId,
        password: &Arc<Password>,
        call: Call<'_>,
    ) -> Result<Authenticated, PortError> {
        let failed = |failure: Failure| failure.of(self.name_in_settings(), "authenticate");
        let remote = |verdict| Ok(Authenticated { verdict, work: Work::Remote });
        let Some(user) = self.user(id, call).await.map_err(failed)? else { return remote(Authentication::Gone) };
        if user.active() == Some(false) {
            return remote(Authentication::Unusable);
        }
        let named = user.user_name().and_then(|name| IdentifierProfile::default().canonical(name).ok());
        let identifier = named.ok_or_else(|| failed(Failure::of_one_record("the user has no usable `userName`")))?;
        let record = Record::new(user.json());
        let presented = Presented { identifier: &identifier, record: &record, credential: None, password };
        let verification = verifier.verify(call, presented).await?;
        let verdict = match verification.verdict {
            Verdict::Match => Authentication::Verified(PasswordChange::Optional),
            Verdict::MustChange => Authentication::Verified(PasswordChange::Required),
            Verdict::Mismatch => Authentication::Mismatch,
            _ => Authentication::Unusable,
        };
        Ok(Authenticated { verdict, work: verification.work })
    }
}
