//! Creates a user: one request in the usual case, and an end for every creation that was interrupted or refused.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::LOCATION;
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use super::ScimTarget;
use super::api::{ErrorType, Write, error_type, member, own_object};
use super::change::{Change, Changed, When};
use super::discovery::Abilities;
use super::password::{PasswordIn, with_password};
use super::resource::Resource;
use super::search::By;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::error::Failure;
use crate::adapters::http::password::{sendable, unusable_password};
use crate::ports::{AccountState, Call, Conflict, Created, NewAccount, PortErrorKind, TargetId};

/// A creation in progress.
pub(super) struct Creation<'c> {
    pub target: &'c ScimTarget,
    pub call: Call<'c>,
    pub new: NewAccount<'c>,
    /// What the rules make.
    user: Map<String, Json>,
    /// The password, if it can be sent.
    password: Option<&'c str>,
}

/// What became of the request that creates.
enum Sent {
    New(NewUser),
    /// Something that must be unique is taken.
    Duplicate,
    /// An error by which some services also mean a duplicate.
    Unclear(Failure),
    /// The service does not take the user, or the password.
    Refused(Failure),
}

/// A user that was just created.
struct NewUser {
    id: TargetId,
    /// As the service returned it, if it did.
    user: Option<Resource>,
}

impl<'c> Creation<'c> {
    /// Runs the rules. Calls nothing.
    pub fn new(target: &'c ScimTarget, call: Call<'c>, new: NewAccount<'c>) -> Result<Self, Failure> {
        let user = own_object(&target.rules.account(&new).map_err(Failure::of_one_record)?)?;
        let password = new.password.and_then(|password| sendable(password));
        Ok(Self { target, call, new, user, password })
    }

    /// Creates the user, or completes it.
    pub async fn run(self) -> Result<Created, Failure> {
        if let Some(pending) = self.new.pending
            && let Some(created) = self.complete_known(pending).await?
        {
            return Ok(created);
        }
        let abilities = self.target.abilities().await?;
        // a service whose users have no password gets none
        let password = self.password.filter(|_| takes(&abilities, "password"));
        match self.send(&abilities, password).await? {
            Sent::Refused(failure) => self.again(abilities, password, failure).await,
            sent => self.ended(sent, password).await,
        }
    }

    async fn ended(&self, sent: Sent, password: Option<&str>) -> Result<Created, Failure> {
        match sent {
            Sent::New(new) => self.finish(new, password).await,
            Sent::Duplicate => self.resolve(None).await,
            Sent::Unclear(failure) => self.resolve(Some(failure)).await,
            Sent::Refused(failure) => Err(failure),
        }
    }

    /// The service refused the user: because its schema has changed, because of the password, or for a reason of its own. Only
    /// an account that is created without the password shows that the password was refused.
    async fn again(
        &self,
        abilities: Arc<Abilities>,
        password: Option<&str>,
        refused: Failure,
    ) -> Result<Created, Failure> {
        let before = self.shaped(&abilities)?;
        let new = self.target.discovery.refreshed(&self.target.api, &abilities, self.call).await?;
        let (abilities, is_other) = match new {
            Some(new) => {
                let is_other = self.shaped(&new)? != before;
                (new, is_other)
            }
            None => (abilities, false),
        };
        let mut sent = Sent::Refused(refused);
        if is_other {
            sent = self.send(&abilities, password).await?;
        }
        match sent {
            Sent::Refused(_) if self.sends(password) => {
                let sent = self.send(&abilities, None).await?;
                self.ended(sent, None).await
            }
            sent => self.ended(sent, password).await,
        }
    }

    /// Whether the request that creates carries this password.
    fn sends(&self, password: Option<&str>) -> bool {
        password.is_some() && self.target.password_in == PasswordIn::Create
    }

    /// Completes a pending account that the ledger knows; `None` if it is gone.
    async fn complete_known(&self, pending: &TargetId) -> Result<Option<Created>, Failure> {
        if self.new.password.is_none() {
            return Ok(Some(Created::New(pending.clone())));
        }
        match self.target.password_in {
            // it may have a password by now, which nobody can see and which must not be overwritten
            PasswordIn::Create => Ok(Some(Created::NewWithoutPassword(pending.clone()))),
            PasswordIn::Patch => match self.target.user(pending, self.call).await? {
                Some(user) => self.complete(&user).await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// Completes a user of ours if it is incomplete.
    async fn complete(&self, user: &Resource) -> Result<Created, Failure> {
        let id = user.id()?;
        if user.state(self.target.password_in) != AccountState::Pending {
            return Ok(Created::Exists(id));
        }
        if self.new.password.is_none() {
            return Ok(Created::New(id));
        }
        self.set(id, user.version(), self.password).await
    }

    /// Something is taken: by a user of ours, or by somebody else. `unclear` is the error if nothing shows what was meant.
    async fn resolve(&self, unclear: Option<Failure>) -> Result<Created, Failure> {
        // whose user it is does not show, so it is somebody else's
        let found = match self.target.keeps_ids().await? {
            true => self.target.ours(&self.new.external_id.0, self.call).await,
            false => Ok(None),
        };
        match (found, unclear) {
            (Ok(Some(user)), _) => self.complete(&user).await,
            (Ok(None), None) => Ok(Created::Conflict(Conflict::Login)),
            (Ok(None), Some(failure)) => {
                let others = self.target.search(By::UserName(self.user_name()), self.call).await;
                match others {
                    Ok(others) if !others.is_empty() => Ok(Created::Conflict(Conflict::Login)),
                    _ => Err(failure),
                }
            }
            (Err(_), Some(failure)) => Err(failure),
            (Err(failure), None) => Err(failure),
        }
    }

    fn user_name(&self) -> &str {
        member(&self.user, "userName").and_then(Json::as_str).unwrap_or_default()
    }

    /// Whether the rules make a user who may sign in.
    fn is_active(&self) -> bool {
        member(&self.user, "active").and_then(Json::as_bool).unwrap_or(true)
    }

    /// The user in the shape of the service, under our id.
    fn shaped(&self, abilities: &Abilities) -> Result<Map<String, Json>, Failure> {
        let mut user = self.target.shaped(self.user.clone(), abilities)?;
        self.target.ids.set(&mut user, &self.new.external_id.0, abilities.schemas.as_ref());
        if self.target.password_in == PasswordIn::Patch && takes(abilities, "active") {
            user.insert("active".to_owned(), false.into());
        }
        Ok(user)
    }

    async fn send(&self, abilities: &Abilities, password: Option<&str>) -> Result<Sent, Failure> {
        let user = self.shaped(abilities)?;
        let nobody_knows = match &abilities.schemas {
            Some(schemas) if schemas.requires("password") => Some(unusable_password()?),
            _ => None,
        };
        let sent = password.filter(|_| self.sends(password)).or(nobody_knows.as_deref().map(String::as_str));
        let body = with_password(&user, sent);
        let (method, path) = (Method::POST, ["Users"]);
        let write = Write { method, path: &path, body: Some(body), if_match: None, until: self.new.until };
        let answer = self.target.api.write(write, self.call).await?;
        Ok(match answer.status {
            200..=202 => Sent::New(self.created(&answer).await?),
            409 => Sent::Duplicate,
            400 | 422 if error_type(&answer) == ErrorType::Uniqueness => Sent::Duplicate,
            400 | 413 | 422 => {
                let detail = format!("the service does not take the user (status {})", answer.status);
                Sent::Refused(Failure::of_one_record(detail))
            }
            500 => Sent::Unclear(answer.failure()),
            _ => return Err(answer.failure()),
        })
    }

    /// The new user. If the answer does not say its id, the user is searched.
    async fn created(&self, answer: &Answer) -> Result<NewUser, Failure> {
        let external = &self.new.external_id.0;
        let user = if answer.body.is_empty() { None } else { Some(Resource::of(answer)?) };
        let user = user.filter(|user| user.id().is_ok());
        if let Some(user) = user {
            self.check_id(user.external_id(self.target.ids.attribute()))?;
            return Ok(NewUser { id: user.id()?, user: Some(user) });
        }
        if let Some(id) = answer.header(LOCATION.as_str()).and_then(last_segment) {
            return Ok(NewUser { id: TargetId(id), user: None });
        }
        let user = self.target.ours(external, self.call).await?;
        let user = user.ok_or_else(|| Failure::bad("the answer to a creation has no id of the user"))?;
        Ok(NewUser { id: user.id()?, user: Some(user) })
    }

    /// Whether a new user came back with its id.
    fn check_id(&self, found: Option<&str>) -> Result<(), Failure> {
        if found.is_some_and(|found| found != self.new.external_id.0) {
            return Err(Failure::bad("the service answered with another user"));
        }
        if self.target.ids.came_back(found.is_some()) {
            let attribute = self.target.ids.attribute().written();
            tracing::warn!(attribute, "the target does not keep the id of an account, so it cannot be found again");
        }
        Ok(())
    }

    /// What remains to be done once the user exists.
    async fn finish(&self, new: NewUser, password: Option<&str>) -> Result<Created, Failure> {
        if self.target.checks_unique
            && let Some(created) = self.other_user(&new).await?
        {
            return Ok(created);
        }
        let version = new.user.as_ref().and_then(Resource::version);
        let is_without = self.new.password.is_some() && password.is_none();
        match self.target.password_in {
            PasswordIn::Patch if self.new.password.is_some() => self.set(new.id, version, password).await,
            PasswordIn::Patch => Ok(Created::New(new.id)),
            PasswordIn::Create => {
                let active = new.user.as_ref().and_then(Resource::active);
                if active.is_some_and(|active| active != self.is_active()) {
                    self.activate(&new.id, version).await?;
                }
                Ok(if is_without { Created::NewWithoutPassword(new.id) } else { Created::New(new.id) })
            }
        }
    }

    /// Sets the password and the state, which completes the user. One whose password is refused stays incomplete, so that it
    /// gets another one later.
    async fn set(&self, id: TargetId, version: Option<&str>, password: Option<&str>) -> Result<Created, Failure> {
        if password.is_none() {
            return Ok(Created::NewWithoutPassword(id));
        }
        let change = Change { password, active: Some(self.is_active()), when: When::Pending };
        match self.target.change(&id, &change, version, self.call, self.new.until).await? {
            Changed::Done => Ok(Created::New(id)),
            Changed::Refused(_) => Ok(Created::NewWithoutPassword(id)),
            Changed::Overtaken => Ok(Created::Exists(id)),
            Changed::Missing => Err(gone()),
        }
    }

    /// Sets the state alone.
    async fn activate(&self, id: &TargetId, version: Option<&str>) -> Result<(), Failure> {
        let change = Change { password: None, active: Some(self.is_active()), when: When::Always };
        match self.target.change(id, &change, version, self.call, self.new.until).await? {
            Changed::Done => Ok(()),
            Changed::Refused(failure) => Err(failure),
            Changed::Missing | Changed::Overtaken => Err(gone()),
        }
    }

    /// For services that create a second user with the same name: the new one is removed again. Two logins that create at the
    /// same time may both find the other one; then both users go, and the next login creates one.
    async fn other_user(&self, new: &NewUser) -> Result<Option<Created>, Failure> {
        let found = self.target.search(By::UserName(self.user_name()), self.call).await?;
        let others = found.into_iter().filter(|user| user.id().is_ok_and(|id| id != new.id));
        let others: Vec<Resource> = others.collect();
        let Some(other) = others.first() else { return Ok(None) };
        let attribute = self.target.ids.attribute();
        let ours = others.iter().find(|user| user.external_id(attribute) == Some(&self.new.external_id.0));
        // must happen even if the claim ends meanwhile
        let late = Instant::now() + super::target::CLEAN_UP;
        self.target.remove(&new.id, self.call, late).await?;
        match ours {
            Some(ours) => self.complete(ours).await.map(Some),
            None => other.id().map(|_| Some(Created::Conflict(Conflict::Login))),
        }
    }
}

/// Whether users can have an attribute, as far as the service says.
fn takes(abilities: &Abilities, name: &str) -> bool {
    abilities.schemas.as_ref().is_none_or(|schemas| schemas.takes(name))
}

fn gone() -> Failure {
    Failure::new(PortErrorKind::Unavailable, "the user has just disappeared")
}

/// The last segment of an address.
fn last_segment(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().filter(|last| !last.is_empty())?;
    percent_encoding::percent_decode_str(last).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
