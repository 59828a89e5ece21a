//! Changes users that exist: a password, the state, a deletion; with the version that is changed, where services have versions.

use reqwest::Method;
use serde_json::Value as Json;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::ScimTarget;
use super::api::Write;
use super::discovery::Abilities;
use super::password::with_password;
use super::resource::Resource;
use super::shape::shape;
use crate::adapters::http::error::Failure;
use crate::model::json::write_text;
use crate::ports::{AccountState, Call, Deleted, PortErrorKind, Support, TargetId};

/// What is changed.
pub(super) struct Change<'p> {
    pub password: Option<&'p str>,
    pub active: Option<bool>,
    pub when: When,
}

/// When a user is changed that was changed by somebody else meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// While it waits for its password.
    Pending,
}

/// What became of a change.
pub(super) enum Changed {
    Done,
    /// The service does not take it: a password against its policy.
    Refused(Failure),
    /// Somebody else has completed the user.
    Overtaken,
    /// There is no such user.
    Missing,
}

impl Change<'_> {
    /// Operations of a PATCH (RFC 7644, section 3.5.2). Each has a path, which more services understand than a value without one.
    fn patch(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(1024));
        out.extend_from_slice(br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":["#);
        if let Some(password) = self.password {
            out.extend_from_slice(br#"{"op":"replace","path":"password","value":"#);
            write_text(password, &mut out);
            out.extend_from_slice(if self.active.is_some() { b"}," } else { b"}" });
        }
        if let Some(active) = self.active {
            out.extend_from_slice(format!(r#"{{"op":"replace","path":"active","value":{active}}}"#).as_bytes());
        }
        out.extend_from_slice(b"]}");
        out
    }

    /// The whole user, for services without PATCH.
    fn put(&self, user: &Resource, abilities: &Abilities) -> Zeroizing<Vec<u8>> {
        let mut user = user.writable();
        if let Some(active) = self.active {
            user.retain(|name, _| !name.eq_ignore_ascii_case("active"));
            user.insert("active".to_owned(), Json::from(active));
        }
        let user = match &abilities.schemas {
            Some(schemas) => shape(user, schemas).user,
            None => user,
        };
        with_password(&user, self.password)
    }
}

impl ScimTarget {
    /// The user with this id.
    pub(super) async fn user(&self, id: &TargetId, call: Call<'_>) -> Result<Option<Resource>, Failure> {
        let answer = self.api.get(&["Users", &id.0], &[], call).await?;
        match answer.status {
            200 => Resource::of(&answer).map(Some),
            404 => Ok(None),
            _ => Err(answer.failure()),
        }
    }

    /// Changes a user. Without a version that was seen, the user is read first if the service has versions.
    pub(super) async fn change(
        &self,
        id: &TargetId,
        change: &Change<'_>,
        version: Option<&str>,
        call: Call<'_>,
        until: Instant,
    ) -> Result<Changed, Failure> {
        let abilities = self.abilities().await?;
        if change.password.is_some() && abilities.change_password == Support::No && abilities.patch == Support::No {
            return Err(Failure::new(PortErrorKind::Unsupported, "the service does not change passwords"));
        }
        let is_read = abilities.patch == Support::No || (abilities.etag == Support::Yes && version.is_none());
        let mut user = None;
        if is_read {
            user = self.user(id, call).await?;
            if user.is_none() {
                return Ok(Changed::Missing);
            }
        }
        let mut version = user.as_ref().and_then(Resource::version).or(version).map(str::to_owned);
        for _ in 0..2 {
            let is_pending = |user: &Resource| user.state(self.password_in) == AccountState::Pending;
            if change.when == When::Pending && !user.as_ref().is_none_or(is_pending) {
                return Ok(Changed::Overtaken);
            }
            let (method, body) = match (&user, abilities.patch) {
                (Some(user), Support::No) => (Method::PUT, change.put(user, &abilities)),
                _ => (Method::PATCH, change.patch()),
            };
            let path = ["Users", id.0.as_str()];
            let write = Write { method, path: &path, body: Some(body), if_match: version.as_deref(), until };
            let answer = self.api.write(write, call).await?;
            match answer.status {
                // a proxy or a login wall
                200..=204 if answer.is_page() => {
                    return Err(Failure::bad("the answer to a change is a page in HTML"));
                }
                200..=204 => return Ok(Changed::Done),
                404 => return Ok(Changed::Missing),
                400 | 422 => {
                    let detail = format!("the service does not take a change of the user (status {})", answer.status);
                    return Ok(Changed::Refused(Failure::of_one_record(detail)));
                }
                // it was changed meanwhile, or must be named by its version
                412 | 428 => user = self.user(id, call).await?,
                _ => return Err(answer.failure()),
            }
            let Some(user) = &user else { return Ok(Changed::Missing) };
            version = user.version().map(str::to_owned);
        }
        Err(Failure::new(PortErrorKind::Unavailable, "the user is changed by others at the same time"))
    }

    /// Deletes a user.
    pub(super) async fn remove(&self, id: &TargetId, call: Call<'_>, until: Instant) -> Result<Deleted, Failure> {
        let mut version: Option<String> = None;
        for _ in 0..2 {
            let path = ["Users", id.0.as_str()];
            let write = Write { method: Method::DELETE, path: &path, body: None, if_match: version.as_deref(), until };
            let answer = self.api.write(write, call).await?;
            match answer.status {
                200..=204 if answer.is_page() => {
                    return Err(Failure::bad("the answer to a deletion is a page in HTML"));
                }
                200..=204 => return Ok(Deleted::Yes),
                404 => return Ok(Deleted::Missing),
                405 | 501 => {
                    return Err(Failure::new(PortErrorKind::Unsupported, "the service does not delete users"));
                }
                412 | 428 => {}
                _ => return Err(answer.failure()),
            }
            let Some(user) = self.user(id, call).await? else { return Ok(Deleted::Missing) };
            version = user.version().map(str::to_owned);
        }
        Err(Failure::new(PortErrorKind::Unavailable, "the user is changed by others at the same time"))
    }
}
