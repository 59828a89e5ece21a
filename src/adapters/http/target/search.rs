//! Finds accounts at the product: by our id, by a login, and by the product's id.

use bumpalo::Bump;

use super::HttpTarget;
use super::name::{TargetName, TargetValues};
use super::plan::{FindPlan, LookupPlan, OwnerPlan};
use crate::adapters::http::answer::Answer;
use crate::adapters::http::check::ListPlan;
use crate::adapters::http::error::Failure;
use crate::adapters::http::path::Path;
use crate::adapters::http::source::{parsed, picked, written};
use crate::adapters::http::template::{Name, Values};
use crate::model::Value;
use crate::ports::{AccountState, Call, ExternalId, Found, TargetId};

/// The account that has a login.
pub(super) struct Owner {
    pub id: TargetId,
    /// Our id, if the account has one.
    pub external_id: Option<String>,
    /// Its mail address, if it is verified.
    pub verified_email: Option<String>,
    /// The account as the product returns it.
    pub account: String,
}

impl LookupPlan {
    /// Whether an incomplete account can be told from a complete one.
    pub fn tells_state(&self) -> bool {
        !(self.pending_when.is_empty() && self.complete_when.is_empty())
    }

    fn state(&self, account: Value<'_>) -> Result<AccountState, Failure> {
        if self.disabled_when.describes(account) {
            return Ok(AccountState::Disabled);
        }
        let is_pending = self.pending_when.describes(account);
        let is_complete = match self.complete_when.is_empty() {
            true => !is_pending,
            false => self.complete_when.describes(account),
        };
        match (is_pending, is_complete, self.pending_when.is_empty()) {
            (false, true, _) => Ok(AccountState::Active),
            (true, false, _) | (false, false, true) => Ok(AccountState::Pending),
            _ => Err(Failure::bad("it does not show whether the account is complete")),
        }
    }
}

impl HttpTarget {
    /// The account that we created under this id.
    pub(super) async fn lookup(
        &self,
        plan: &LookupPlan,
        external: &ExternalId,
        call: Call<'_>,
    ) -> Result<Option<Found>, Failure> {
        let target = TargetValues { external_id: Some(external), ..TargetValues::default() };
        let matching = plan.matching.as_ref().map(|path| (path, external.0.as_str()));
        match self.found(&plan.find, target, matching, call).await? {
            Some(account) => self.found_as(plan, account, external, call).await.map(Some),
            None => Ok(None),
        }
    }

    /// What a look-up says of an account of ours.
    pub(super) async fn found_as(
        &self,
        plan: &LookupPlan,
        account: String,
        external: &ExternalId,
        call: Call<'_>,
    ) -> Result<Found, Failure> {
        let target = TargetValues { external_id: Some(external), ..TargetValues::default() };
        let account = self.with_lists(account, &plan.lists, target, call).await?;
        let arena = Bump::new();
        let account = parsed(&account, &arena)?;
        let id = id_at(&plan.id, account, &arena)?;
        Ok(Found { id, external_id: Some(external.clone()), state: plan.state(account)? })
    }

    /// The account that has a login of a customer for whom the rules made an account.
    pub(super) async fn owner(
        &self,
        plan: &OwnerPlan,
        external: &ExternalId,
        account: &str,
        call: Call<'_>,
    ) -> Result<Option<Owner>, Failure> {
        let built = {
            let arena = Bump::new();
            let account = parsed(account, &arena)?;
            let is_missing = |name: &Name| match name {
                Name::Target(TargetName::Account(path)) => path.find(account).is_empty(),
                _ => false,
            };
            if plan.find.request.names().any(is_missing) {
                return Ok(None);
            }
            let target = TargetValues { external_id: Some(external), account, ..TargetValues::default() };
            let values = Values::of_target(target, &self.plan.params, &arena);
            plan.find.request.build(self.client.base(), &values)?
        };
        let answer = self.send(&built, call).await?;
        let Some(text) = one(&plan.find, &answer, None)? else { return Ok(None) };
        let arena = Bump::new();
        let account = parsed(&text, &arena)?;
        let id = id_at(&plan.id, account, &arena)?;
        let text_at = |path: &Path| {
            let found = path.find(account).scalar_text(&arena).filter(|text| !text.is_empty());
            found.map(str::to_owned)
        };
        let is_verified = plan.verified_when.describes(account);
        let verified_email = plan.email.as_ref().filter(|_| is_verified).and_then(text_at);
        let external_id = text_at(&plan.external_id);
        drop(arena);
        Ok(Some(Owner { id, external_id, verified_email, account: text }))
    }

    /// The account with this id of the product, as the product returns it.
    pub(super) async fn account(&self, id: &TargetId, call: Call<'_>) -> Result<Option<String>, Failure> {
        let Some(plan) = &self.plan.read else { return Ok(None) };
        let target = TargetValues { id: Some(&id.0), ..TargetValues::default() };
        self.found(plan, target, None, call).await
    }

    async fn found(
        &self,
        plan: &FindPlan,
        target: TargetValues<'_>,
        matching: Option<(&Path, &str)>,
        call: Call<'_>,
    ) -> Result<Option<String>, Failure> {
        let built = {
            let arena = Bump::new();
            plan.request.build(self.client.base(), &Values::of_target(target, &self.plan.params, &arena))?
        };
        let answer = self.send(&built, call).await?;
        one(plan, &answer, matching)
    }

    /// The account with more members, each from a request of its own.
    async fn with_lists(
        &self,
        mut account: String,
        lists: &[ListPlan],
        target: TargetValues<'_>,
        call: Call<'_>,
    ) -> Result<String, Failure> {
        for list in lists {
            let built = {
                let arena = Bump::new();
                let mut values = Values::of_target(target, &self.plan.params, &arena);
                values.record = parsed(&account, &arena)?;
                list.request.build(self.client.base(), &values)?
            };
            let answer = self.send(&built, call).await?;
            let arena = Bump::new();
            let part = picked(&answer, &list.pick, (&list.none_when, &[]), &arena)?.unwrap_or(Value::List(&[]));
            if matches!(part, Value::Missing) {
                return Err(Failure::bad(format!("the answer for `{}` has nothing at `{}`", list.name, list.pick)));
            }
            let whole = parsed(&account, &arena)?.as_object().unwrap_or_default().iter();
            let kept = whole.filter(|(name, _)| *name != list.name).copied();
            let members: Vec<(&str, Value<'_>)> = kept.chain([(list.name.as_str(), part)]).collect();
            let text = written(Value::Object(&members));
            account = text;
        }
        Ok(account)
    }
}

/// The one account of an answer, as JSON text.
fn one(plan: &FindPlan, answer: &Answer, matching: Option<(&Path, &str)>) -> Result<Option<String>, Failure> {
    let arena = Bump::new();
    let found = match picked(answer, &plan.pick, (&plan.none_when, &[]), &arena)? {
        None => return Ok(None),
        Some(Value::List(items)) => items.to_vec(),
        Some(Value::Object(members)) => vec![Value::Object(members)],
        Some(_) => return Err(Failure::bad(format!("the answer has no account at `{}`", plan.pick))),
    };
    // an error in the form of an object is no account that is not ours
    let is_account = |value: &Value<'_>| matches!(value, Value::Object([_, ..]));
    if !found.iter().all(is_account) {
        return Err(Failure::bad("an account of the answer is not an object, or empty"));
    }
    let is_ours = |value: &Value<'_>| {
        matching.is_none_or(|(path, id)| path.find(*value).scalar_text(&arena).is_some_and(|found| found == id))
    };
    let ours: Vec<Value<'_>> = found.into_iter().filter(is_ours).collect();
    match ours.as_slice() {
        [] => Ok(None),
        [account] => Ok(Some(written(*account))),
        _ => Err(Failure::of_one_record("the product has more than one such account")),
    }
}

/// The product's id of an account.
fn id_at(path: &Path, account: Value<'_>, arena: &Bump) -> Result<TargetId, Failure> {
    let id = path.find(account).scalar_text(arena).filter(|id| !id.is_empty()).map(str::to_owned);
    id.map(TargetId).ok_or_else(|| Failure::bad(format!("the account has no id at `{path}`")))
}
