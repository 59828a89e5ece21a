//! Creates an account: at most two calls in the usual case, and an end for every creation that was interrupted.

use bumpalo::Bump;
use zeroize::Zeroizing;

use super::HttpTarget;
use super::body::Carries;
use super::link::verified_email;
use super::meaning::Meaning;
use super::name::TargetValues;
use super::plan::{HashPlan, IdPlace};
use super::search::Owner;
use super::secret::StoredHash;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::error::Failure;
use crate::adapters::http::password::{sendable, unusable_password};
use crate::adapters::http::request::Built;
use crate::adapters::http::source::parsed;
use crate::adapters::http::template::Values;
use crate::model::Value;
use crate::ports::{AccountState, Call, Conflict, Created, Found, NewAccount, PasswordChange, PortErrorKind, TargetId};

/// A creation in progress.
pub(super) struct Creation<'c> {
    pub target: &'c HttpTarget,
    pub call: Call<'c>,
    pub new: NewAccount<'c>,
    /// What the rules make, as JSON text.
    pub account: Zeroizing<String>,
    /// The password, if it can be sent.
    pub password: Option<&'c str>,
    hash: Option<(&'c HashPlan, StoredHash)>,
}

/// What became of the request that creates.
enum Sent {
    New(TargetId),
    Duplicate,
    PasswordRefused,
}

/// What became of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Password {
    /// It is stored, or there was none to store.
    Done,
    /// The product's policy refused it, or it cannot be sent.
    Refused,
}

impl<'c> Creation<'c> {
    /// Runs the rules. Calls nothing.
    pub fn new(target: &'c HttpTarget, call: Call<'c>, new: NewAccount<'c>) -> Result<Self, Failure> {
        let account = target.rules.account(&new).map_err(Failure::of_one_record)?;
        let password = new.password.and_then(|password| sendable(password));
        let hash = match new.hash {
            Some(hash) => target.hash_plan(hash),
            None => None,
        };
        Ok(Self { target, call, new, account, password, hash })
    }

    /// Creates the account, or completes it.
    pub async fn run(&self) -> Result<Created, Failure> {
        if let Some(pending) = self.new.pending
            && let Some(created) = self.complete_known(pending).await?
        {
            return Ok(created);
        }
        let carries = if self.has_secret() { Carries::Secret } else { Carries::Nothing };
        match self.send(carries).await? {
            Sent::New(id) => self.finish(id, self.given()).await,
            Sent::Duplicate => self.resolve().await,
            Sent::PasswordRefused => self.create_without().await,
        }
    }

    /// The password was refused by the policy: the customer gets an account all the same.
    async fn create_without(&self) -> Result<Created, Failure> {
        let without = Self {
            password: None,
            hash: None,
            account: self.account.clone(),
            target: self.target,
            call: self.call,
            new: self.new,
        };
        match without.send(Carries::Nothing).await? {
            Sent::New(id) => without.finish(id, Password::Refused).await,
            Sent::Duplicate => without.resolve().await,
            Sent::PasswordRefused => Err(Failure::bad("the policy refuses an account without the password, too")),
        }
    }

    fn has_secret(&self) -> bool {
        self.password.is_some() || self.hash.is_some()
    }

    /// What becomes of the password if all requests succeed.
    fn given(&self) -> Password {
        let is_wanted = self.new.password.is_some() || self.new.hash.is_some();
        if is_wanted && !self.has_secret() { Password::Refused } else { Password::Done }
    }

    fn created(id: TargetId, password: Password) -> Created {
        match password {
            Password::Done => Created::New(id),
            Password::Refused => Created::NewWithoutPassword(id),
        }
    }

    /// Completes a pending account that the ledger knows; `None` if it is gone.
    async fn complete_known(&self, pending: &TargetId) -> Result<Option<Created>, Failure> {
        if self.new.password.is_none() && self.new.hash.is_none() {
            return Ok(Some(Created::New(pending.clone())));
        }
        match self.target.plan.lookup.as_ref().filter(|lookup| lookup.tells_state()) {
            // it may have a password by now, which must not be overwritten
            None => Ok(Some(Created::NewWithoutPassword(pending.clone()))),
            Some(lookup) => match self.target.lookup(lookup, self.new.external_id, self.call).await? {
                Some(found) => self.complete(found).await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// Completes an account of ours if it is pending.
    async fn complete(&self, found: Found) -> Result<Created, Failure> {
        if found.state != AccountState::Pending {
            return Ok(Created::Exists(found.id));
        }
        let mut given = self.given();
        // a hash is taken only by a creation
        if self.hash.is_some() {
            given = Password::Refused;
        }
        if let Some(password) = self.password
            && !self.target.plan.steps_set_password()
        {
            let set = self.target.set_password_until(&found.id, password, self.call, self.new.until).await?;
            match set {
                Meaning::Done => {}
                Meaning::PasswordRefused => given = Password::Refused,
                _ => return Err(Failure::new(PortErrorKind::Unavailable, "the account has just disappeared")),
            }
        }
        self.finish(found.id, given).await
    }

    /// The steps after the creation.
    async fn finish(&self, id: TargetId, given: Password) -> Result<Created, Failure> {
        let is_stored = given == Password::Done && self.has_secret();
        let must_change = is_stored && self.new.change == PasswordChange::Required;
        let steps = self.steps(&id, self.password, must_change).await?;
        let password = if steps == Password::Refused { steps } else { given };
        Ok(Self::created(id, password))
    }

    /// An account has our id or a login: ours, or somebody else's.
    async fn resolve(&self) -> Result<Created, Failure> {
        if let Some(lookup) = &self.target.plan.lookup
            && let Some(found) = self.target.lookup(lookup, self.new.external_id, self.call).await?
        {
            if lookup.tells_state() {
                return self.complete(found).await;
            }
            return self.exists(found.id).await;
        }
        for plan in &self.target.plan.owner {
            let owner = self.target.owner(plan, self.new.external_id, &self.account, self.call).await?;
            let Some(owner) = owner else { continue };
            match &owner.external_id {
                Some(id) if *id == self.new.external_id.0 => return self.ours(owner).await,
                Some(_) => {}
                None if self.may_link(&owner) => return self.link(owner).await,
                None => {}
            }
        }
        Ok(Created::Conflict(Conflict::Login))
    }

    /// An account that has our id, and that the look-up by it does not find: an index of the product may be behind.
    async fn ours(&self, owner: Owner) -> Result<Created, Failure> {
        match self.target.plan.lookup.as_ref().filter(|lookup| lookup.tells_state()) {
            Some(lookup) => {
                let found = self.target.found_as(lookup, owner.account, self.new.external_id, self.call).await?;
                self.complete(found).await
            }
            None => self.exists(owner.id).await,
        }
    }

    /// An account of ours. Whether its creation was interrupted is not known, so what has the same effect twice is repeated,
    /// without the password.
    async fn exists(&self, id: TargetId) -> Result<Created, Failure> {
        self.steps(&id, None, false).await?;
        Ok(Created::Exists(id))
    }

    /// Whether the settings link accounts, and both mail addresses are verified and the same.
    fn may_link(&self, owner: &Owner) -> bool {
        let ours = verified_email(self.new.claims);
        let theirs = owner.verified_email.as_deref();
        self.target.links() && ours.zip(theirs).is_some_and(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
    }

    async fn link(&self, owner: Owner) -> Result<Created, Failure> {
        let Some(adopt) = &self.target.plan.adopt else { return Ok(Created::Conflict(Conflict::Login)) };
        let built = {
            let arena = Bump::new();
            let mut values = self.values(&arena, Some(&owner.id), Value::Missing)?;
            values.record = parsed(&owner.account, &arena)?;
            self.target.filled(adopt, &values)?
        };
        let answer = self.target.write(&built, self.call, self.new.until).await?;
        match adopt.meanings.of(&answer)? {
            Meaning::Done => Ok(Created::Exists(owner.id)),
            _ => Ok(Created::Conflict(Conflict::Login)),
        }
    }

    /// Sends the request that creates.
    async fn send(&self, carries: Carries) -> Result<Sent, Failure> {
        let create = &self.target.plan.create;
        let built = self.built(carries)?;
        let answer = self.target.write(&built, self.call, self.new.until).await?;
        match create.meanings.of(&answer)? {
            Meaning::Done => self.id_of(&answer).await.map(Sent::New),
            Meaning::Duplicate => Ok(Sent::Duplicate),
            Meaning::PasswordRefused if carries == Carries::Secret => Ok(Sent::PasswordRefused),
            Meaning::PasswordRefused => Err(Failure::bad("the policy refuses a password that was not sent")),
            Meaning::Rejected | Meaning::None => {
                let detail = format!("the product does not take the account (status {})", answer.status);
                Err(Failure::of_one_record(detail))
            }
        }
    }

    fn built(&self, carries: Carries) -> Result<Built, Failure> {
        let (create, arena) = (&self.target.plan.create, Bump::new());
        let unusable = unusable_password()?;
        let mut values = self.values(&arena, None, Value::Missing)?;
        if let Some(target) = &mut values.target {
            target.unusable_password = Some(&unusable);
        }
        let base = self.target.client.base();
        let hash = self.hash.as_ref().filter(|_| carries == Carries::Secret);
        let body = hash.map(|(plan, _)| &plan.body).or(create.body.as_ref());
        match body {
            Some(body) => {
                let account = values.target.map_or(Value::Missing, |target| target.account);
                let body = body.build(account, carries, &values)?;
                create.request.build_with_body(base, &values, body)
            }
            None => create.request.build(base, &values),
        }
    }

    /// What placeholders stand for.
    pub fn values<'v>(
        &'v self,
        arena: &'v Bump,
        id: Option<&'v TargetId>,
        item: Value<'v>,
    ) -> Result<Values<'v>, Failure> {
        let target = TargetValues {
            external_id: Some(self.new.external_id),
            id: id.map(|id| id.0.as_str()),
            account: parsed(&self.account, arena)?,
            item,
            must_change: self.new.change == PasswordChange::Required,
            unusable_password: None,
            hash: self.hash.as_ref().and_then(|(_, hash)| hash.text()),
            hash_parts: self.hash.as_ref().map_or(Value::Missing, |(_, hash)| hash.parts(arena)),
        };
        let mut values = Values::of_target(target, &self.target.plan.params, arena);
        values.password = self.password;
        Ok(values)
    }

    /// The product's id of the new account. If the answer does not have it, the account is looked up.
    async fn id_of(&self, answer: &Answer) -> Result<TargetId, Failure> {
        if let Some(id) = id_in(&self.target.plan.create.id, answer) {
            return Ok(TargetId(id));
        }
        let found = match &self.target.plan.lookup {
            Some(lookup) => self.target.lookup(lookup, self.new.external_id, self.call).await?.map(|found| found.id),
            None => self.id_by_login().await?,
        };
        found.ok_or_else(|| Failure::bad("the answer to a creation has no id of the account"))
    }

    /// The product's id of our account, which is found by its logins.
    async fn id_by_login(&self) -> Result<Option<TargetId>, Failure> {
        for plan in &self.target.plan.owner {
            let owner = self.target.owner(plan, self.new.external_id, &self.account, self.call).await?;
            let is_ours = |owner: &Owner| owner.external_id.as_ref() == Some(&self.new.external_id.0);
            if let Some(owner) = owner.filter(is_ours) {
                return Ok(Some(owner.id));
            }
        }
        Ok(None)
    }
}

fn id_in(place: &IdPlace, answer: &Answer) -> Option<String> {
    let id = match place {
        IdPlace::Body(path) => {
            let arena = Bump::new();
            path.find(answer.json(&arena).ok()?).scalar_text(&arena).map(str::to_owned)
        }
        IdPlace::Header(name) => {
            let last = answer.header(name)?.trim_end_matches('/').rsplit('/').next()?;
            let last = last.split(['?', '#']).next().unwrap_or_default();
            percent_encoding::percent_decode_str(last).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        }
    };
    id.filter(|id| !id.is_empty())
}
