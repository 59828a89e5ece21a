//! What is done with accounts that exist: a password is set, an account deleted, the product asked whether it works.

use bumpalo::Bump;
use tokio::time::Instant;

use super::HttpTarget;
use super::body::Carries;
use super::meaning::{Meaning, Meanings};
use super::name::TargetValues;
use super::plan::WritePlan;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::error::Failure;
use crate::adapters::http::password::{new_password, refused_by_policy};
use crate::adapters::http::request::{Built, Request};
use crate::adapters::http::source::parsed;
use crate::adapters::http::template::Values;
use crate::model::Password;
use crate::ports::{Call, Deleted, PortErrorKind, TargetId};

impl HttpTarget {
    /// Sets the password of an account, in a creation.
    pub(super) async fn set_password_until(
        &self,
        id: &TargetId,
        password: &str,
        call: Call<'_>,
        until: Instant,
    ) -> Result<Meaning, Failure> {
        let Some(plan) = &self.plan.set_password else { return Ok(Meaning::PasswordRefused) };
        let Some(built) = self.about(plan, id, Some(password), call).await? else { return Ok(Meaning::None) };
        let answer = self.write(&built, call, until).await?;
        plan.meanings.of(&answer)
    }

    /// Sets the password of an account. Returns the id if the account exists.
    pub(super) async fn set_password_now(
        &self,
        id: &TargetId,
        password: &Password,
        call: Call<'_>,
    ) -> Result<Option<TargetId>, Failure> {
        match self.set_password_until(id, new_password(password)?, call, call.deadline).await? {
            Meaning::Done => Ok(Some(id.clone())),
            Meaning::PasswordRefused => Err(refused_by_policy()),
            _ => Ok(None),
        }
    }

    /// Deletes an account.
    pub(super) async fn delete_now(&self, id: &TargetId, call: Call<'_>) -> Result<Deleted, Failure> {
        let Some(plan) = &self.plan.delete else {
            return Err(Failure::new(PortErrorKind::Unsupported, "the target has no request that deletes"));
        };
        let was_there = match &plan.before {
            None => false,
            Some(before) if self.prepare_deletion(before, id, call).await? => true,
            Some(_) => return Ok(Deleted::Missing),
        };
        let Some(built) = self.about(plan, id, None, call).await? else { return Ok(Deleted::Missing) };
        let answer = self.send(&built, call).await?;
        match plan.meanings.of(&answer)? {
            Meaning::Done => Ok(Deleted::Yes),
            // the request before may have deleted what somebody had deactivated
            _ if was_there => Ok(Deleted::Yes),
            _ => Ok(Deleted::Missing),
        }
    }

    /// Sends the request before a deletion; `false` if there is no such account.
    async fn prepare_deletion(
        &self,
        (request, meanings): &(Request, Meanings),
        id: &TargetId,
        call: Call<'_>,
    ) -> Result<bool, Failure> {
        let built = {
            let arena = Bump::new();
            let target = TargetValues { id: Some(&id.0), ..TargetValues::default() };
            request.build(self.client.base(), &Values::of_target(target, &self.plan.params, &arena))?
        };
        let answer = self.send(&built, call).await?;
        Ok(meanings.of(&answer)? == Meaning::Done)
    }

    /// A request about an account; `None` if it needs the account and there is none.
    async fn about(
        &self,
        plan: &WritePlan,
        id: &TargetId,
        password: Option<&str>,
        call: Call<'_>,
    ) -> Result<Option<Built>, Failure> {
        let account = if plan.reads { self.account(id, call).await? } else { None };
        if plan.reads && account.is_none() {
            return Ok(None);
        }
        let arena = Bump::new();
        let target = TargetValues { id: Some(&id.0), ..TargetValues::default() };
        let mut values = Values::of_target(target, &self.plan.params, &arena);
        if let Some(account) = &account {
            values.record = parsed(account, &arena)?;
        }
        values.password = password;
        self.filled(plan, &values).map(Some)
    }

    /// A request about an account that exists. Without `method` one that replaces the account is a PUT.
    pub(super) fn filled(&self, plan: &WritePlan, values: &Values<'_>) -> Result<Built, Failure> {
        match &plan.merge {
            Some(merge) => {
                let body = merge.build(values.record, Carries::Secret, values)?;
                plan.request.build_with_body(self.client.base(), values, body)
            }
            None => plan.request.build(self.client.base(), values),
        }
    }

    /// Whether the product works: asked at most every ten seconds.
    pub(super) async fn ping_now(&self) -> Result<(), Failure> {
        self.pinged.or_ask(|call| async move { self.reach(call).await.map(drop) }).await
    }

    /// Asks the product something that changes nothing.
    pub(super) async fn reach(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let Some(plan) = &self.plan.ping else {
            self.client.prepare().await?;
            let answer = self.client.reach().await?;
            // the status of whatever is at the base says nothing else
            return if answer.status >= 500 { Err(answer.failure()) } else { Ok(answer) };
        };
        let built = {
            let arena = Bump::new();
            let values = Values::of_target(TargetValues::default(), &self.plan.params, &arena);
            plan.request.build(self.client.base(), &values)?
        };
        let answer = self.send(&built, call).await?;
        match plan.meanings.of(&answer)? {
            Meaning::Done => Ok(answer),
            _ => Err(answer.failure()),
        }
    }
}
