//! Finds users. What comes back is always compared, because some services ignore filters; then users are read in pages.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use super::ScimTarget;
use super::api::{ErrorType, body, error_type, member};
use super::ids::IdAttribute;
use super::resource::Resource;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::error::Failure;
use crate::ports::{Call, PortErrorKind, Support};

/// How many users are read at once.
pub(super) const PAGE: usize = 100;

/// Whether a service was seen to ignore filters.
#[derive(Debug, Default)]
pub(super) struct Filters {
    are_ignored: AtomicBool,
}

impl Filters {
    /// Whether it ignores them.
    pub fn are_ignored(&self) -> bool {
        self.are_ignored.load(Ordering::Relaxed)
    }
}

/// What users are searched by.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'b> {
    /// The id that we created it under, and where it has it.
    ExternalId(&'b IdAttribute, &'b str),
    /// The user name.
    UserName(&'b str),
}

impl By<'_> {
    fn filter(self) -> String {
        let (name, value) = match self {
            Self::ExternalId(attribute, value) => (attribute.written(), value),
            Self::UserName(value) => ("userName", value),
        };
        // a value of a filter is written as in JSON (RFC 7644, section 3.4.2.2)
        format!("{name} eq {}", Json::from(value))
    }

    fn is(self, user: &Resource) -> bool {
        match self {
            Self::ExternalId(attribute, value) => user.external_id(attribute) == Some(value),
            Self::UserName(value) => user.has_user_name(value),
        }
    }

    /// Whether a service that compares more loosely may find it.
    fn resembles(self, user: &Resource) -> bool {
        match self {
            Self::ExternalId(attribute, value) => {
                user.external_id(attribute).is_some_and(|own| own.eq_ignore_ascii_case(value))
            }
            Self::UserName(_) => self.is(user),
        }
    }
}

/// A page of users.
struct Page {
    users: Vec<Resource>,
    total: Option<usize>,
}

impl ScimTarget {
    /// The user that we created under this id. Of two the older one counts.
    pub(super) async fn ours(&self, external: &str, call: Call<'_>) -> Result<Option<Resource>, Failure> {
        if !self.keeps_ids().await? {
            return Err(self.ids.unknown());
        }
        let mut found = self.search(By::ExternalId(self.ids.attribute(), external), call).await?;
        found.sort_by_key(|user| (user.created(), user.id().ok()));
        Ok(found.into_iter().next())
    }

    /// Whether the service keeps our ids.
    pub(super) async fn keeps_ids(&self) -> Result<bool, Failure> {
        let abilities = self.abilities().await?;
        Ok(self.ids.are_kept(abilities.schemas.as_ref()))
    }

    /// All users with this value.
    pub(super) async fn search(&self, by: By<'_>, call: Call<'_>) -> Result<Vec<Resource>, Failure> {
        let abilities = self.abilities().await?;
        if abilities.filter == Support::Yes && !self.filters.are_ignored() {
            let filter = by.filter();
            let answer = self.api.get(&["Users"], &[("filter", &filter)], call).await?;
            // 403 is what RFC 7644 has for a filter that is not allowed; a search without one tells
            let is_unsupported = matches!(answer.status, 403 | 501)
                || (answer.status == 400 && error_type(&answer) == ErrorType::InvalidFilter);
            if !is_unsupported {
                let page = page(&answer)?;
                if page.users.iter().all(|user| by.resembles(user)) {
                    return Ok(page.users.into_iter().filter(|user| by.is(user)).collect());
                }
                // one other user may be a name that the service takes for the same
                if page.users.iter().filter(|user| !by.resembles(user)).nth(1).is_some() {
                    self.filters.are_ignored.store(true, Ordering::Relaxed);
                }
            }
        }
        self.scan(by, abilities.page, call).await
    }

    /// Reads all users, up to the limit. An account beyond it is unknown and never counts as missing.
    async fn scan(&self, by: By<'_>, count: usize, call: Call<'_>) -> Result<Vec<Resource>, Failure> {
        let (mut found, mut seen, mut last) = (Vec::new(), 0, None);
        let mut count = Some(count.to_string());
        loop {
            let Page { users, total } = self.next(seen + 1, &mut count, call).await?;
            let first = users.first().map(Resource::id).transpose()?;
            if seen > 0 && first.is_some() && first == last {
                return Err(Failure::new(PortErrorKind::Unsupported, "the service has neither filters nor pages"));
            }
            let is_end = users.is_empty() || total.is_some_and(|total| seen + users.len() >= total);
            seen += users.len();
            last = first;
            found.extend(users.into_iter().filter(|user| by.is(user)));
            // nobody else has an external id of ours
            if is_end || (!found.is_empty() && matches!(by, By::ExternalId(..))) {
                return Ok(found);
            }
            if seen >= self.scan_limit || total.is_some_and(|total| total > self.scan_limit) {
                let detail = format!(
                    "the service does not filter, and has more than {} users; `scan_limit` is how many are read",
                    self.scan_limit
                );
                return Err(Failure::new(PortErrorKind::Unsupported, detail));
            }
        }
    }
}

impl ScimTarget {
    /// The page that begins with this user. A service that fails because of `count` gets no `count` any more.
    async fn next(&self, start: usize, count: &mut Option<String>, call: Call<'_>) -> Result<Page, Failure> {
        let start = start.to_string();
        let place = ("startIndex", start.as_str());
        if let Some(wanted) = count.as_deref() {
            let answer = self.api.get(&["Users"], &[place, ("count", wanted)], call).await?;
            if !matches!(answer.status, 400 | 500) {
                return page(&answer);
            }
            *count = None;
        }
        page(&self.api.get(&["Users"], &[place], call).await?)
    }
}

/// The users in an answer.
fn page(answer: &Answer) -> Result<Page, Failure> {
    if answer.status != 200 {
        return Err(answer.failure());
    }
    let found = body(answer)?;
    let object = found.as_object().ok_or_else(|| Failure::bad("the answer is not a list of users"))?;
    let total =
        member(object, "totalResults").and_then(Json::as_u64).map(|total| usize::try_from(total).unwrap_or(usize::MAX));
    let users = match member(object, "Resources") {
        Some(Json::Array(users)) => users.iter().map(Resource::listed).collect::<Result<Vec<_>, _>>()?,
        // an error in the form of an object is no empty list
        None | Some(Json::Null) if total == Some(0) => Vec::new(),
        _ => return Err(Failure::bad("the answer is not a list of users")),
    };
    Ok(Page { users, total })
}
