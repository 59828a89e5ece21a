//! A user as a service returns it.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::ETAG;
use serde_json::{Map, Value as Json};

use super::api::{member, object};
use super::ids::IdAttribute;
use super::password::PasswordIn;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::error::Failure;
use crate::ports::{AccountState, PasswordChange, SinceMigration, StoredAccount, TargetId};

/// How far the times of the creation and of the last change may be apart if nothing was changed: servers read the clock twice.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(1);

/// A user of the service.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    members: Map<String, Json>,
    version: Option<String>,
}

impl Resource {
    /// The user in the body of an answer.
    pub fn of(answer: &Answer) -> Result<Self, Failure> {
        let members = object(answer)?;
        let header = answer.header(ETAG.as_str()).map(str::to_owned);
        Ok(Self { version: header.or_else(|| version(&members)), members })
    }

    /// A user in a list.
    pub fn listed(found: &Json) -> Result<Self, Failure> {
        let members =
            found.as_object().cloned().ok_or_else(|| Failure::bad("a user in the answer is not an object"))?;
        Ok(Self { version: version(&members), members })
    }

    fn text(&self, name: &str) -> Option<&str> {
        member(&self.members, name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    /// The id that the service assigned.
    pub fn id(&self) -> Result<TargetId, Failure> {
        let id = self.text("id").map(|id| TargetId(id.to_owned()));
        id.ok_or_else(|| Failure::bad("a user in the answer has no `id`"))
    }

    /// Landfall's id, if it has one.
    pub fn external_id(&self, attribute: &IdAttribute) -> Option<&str> {
        attribute.of(&self.members)
    }

    /// The user name.
    pub fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// The user as JSON text.
    pub fn json(&self) -> String {
        Json::Object(self.members.clone()).to_string()
    }

    /// Whether it has this user name. Services compare it without regard to case.
    pub fn has_user_name(&self, name: &str) -> bool {
        self.user_name().is_some_and(|own| own.to_lowercase() == name.to_lowercase())
    }

    /// Whether it may sign in, as far as it says so.
    pub fn active(&self) -> Option<bool> {
        match member(&self.members, "active")? {
            Json::Bool(active) => Some(*active),
            // written so by some services
            Json::String(text) => text.to_ascii_lowercase().parse().ok(),
            _ => None,
        }
    }

    /// The version, for `If-Match`.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        let meta = member(&self.members, "meta")?.as_object()?;
        member(meta, name)?.as_str()?.parse().ok()
    }

    /// When it was created, to tell the older of two.
    pub fn created(&self) -> Option<Timestamp> {
        self.time("created")
    }

    /// Whether it was never changed, as far as the service tells its times. Without them an account that waits for its password
    /// counts as such: its customer could never sign in otherwise.
    fn is_untouched(&self) -> bool {
        let times = self.created().zip(self.time("lastModified"));
        times.is_none_or(|(created, changed)| changed.duration_since(created).abs() <= SAME_TIME)
    }

    /// The state. An account that waits for its password in a second request is inactive and was never changed; one that was
    /// made inactive by somebody was changed.
    pub fn state(&self, password: PasswordIn) -> AccountState {
        match (self.active(), password) {
            (Some(false), PasswordIn::Patch) if self.is_untouched() => AccountState::Pending,
            (Some(false), _) => AccountState::Disabled,
            _ => AccountState::Active,
        }
    }

    /// The members that a change replaces the whole user with.
    pub fn writable(&self) -> Map<String, Json> {
        let kept = self.members.iter().filter(|(name, _)| {
            !["id", "meta", "groups", "password"].iter().any(|left| name.eq_ignore_ascii_case(left))
        });
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The account, with the user as claims.
    pub fn account(&self, password: PasswordIn) -> Result<StoredAccount, Failure> {
        let mut claims = self.members.clone();
        claims.retain(|name, _| !name.eq_ignore_ascii_case("password"));
        let created = self.created().unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(StoredAccount {
            id: self.id()?,
            state: self.state(password),
            legacy: None,
            logins: self.user_name().map(str::to_owned).into_iter().collect(),
            claims: Json::Object(claims).to_string(),
            rules: None,
            created_at: created,
            changed_at: self.time("lastModified").unwrap_or(created),
            since_migration: SinceMigration::Unknown,
            change: PasswordChange::Optional,
        })
    }
}

fn version(members: &Map<String, Json>) -> Option<String> {
    let meta = member(members, "meta")?.as_object()?;
    member(meta, "version")?.as_str().map(str::to_owned)
}
