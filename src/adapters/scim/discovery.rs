//! What a service says of itself at `/ServiceProviderConfig` and `/Schemas` (RFC 7644, section 4), kept until it refuses a user.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::api::{Api, body, member};
use super::schema::Schemas;
use crate::adapters::http::answer::Answer;
use crate::adapters::http::error::Failure;
use crate::ports::{Call, PortErrorKind, Support};

/// How long a service is not asked again although it refused a user. Stops users that it never takes from doubling its load.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a service may take to say what it can do. More than a login waits: the answer also counts for later logins.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a failure counts, so that logins that wait for the answer do not all ask again.
const FAILURE_COUNTS: Duration = Duration::from_secs(1);

/// How many pages of schemas are read.
const PAGES: usize = 10;

/// What a service can do. What it does not say is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Abilities {
    pub patch: Support,
    pub filter: Support,
    pub change_password: Support,
    pub etag: Support,
    /// The largest page.
    pub page: usize,
    /// `None` if it does not say what it can store.
    pub schemas: Option<Schemas>,
}

impl Default for Abilities {
    fn default() -> Self {
        Self {
            patch: Support::Yes,
            filter: Support::Yes,
            change_password: Support::Yes,
            etag: Support::No,
            page: super::search::PAGE,
            schemas: None,
        }
    }
}

/// What is known of a service.
#[derive(Debug)]
pub(super) struct Discovery {
    is_asked: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Known>,
    failed: Option<(Instant, Failure)>,
}

#[derive(Debug, Clone)]
struct Known {
    abilities: Arc<Abilities>,
    at: Instant,
}

impl Discovery {
    /// Asks the service when it is first needed.
    pub fn new() -> Self {
        Self { is_asked: true, state: Arc::default() }
    }

    /// Never asks the service, which gets users as the rules make them.
    pub fn off() -> Self {
        Self { is_asked: false, ..Self::new() }
    }

    /// What the service can do. Many logins ask once, and one that gives up does not interrupt the answer.
    pub async fn abilities(&self, api: &Arc<Api>) -> Result<Arc<Abilities>, Failure> {
        if !self.is_asked {
            return Ok(Arc::default());
        }
        if let Some(known) = &self.state.lock().await.known {
            return Ok(Arc::clone(&known.abilities));
        }
        let (state, api) = (Arc::clone(&self.state), Arc::clone(api));
        let asked = tokio::spawn(async move { state.lock().await.ask(&api).await }).await;
        let ended = |_| Failure::of_this_process(PortErrorKind::Unavailable, "the service was not asked to the end");
        asked.map_err(ended)?
    }

    /// Asks again, because the service refused a user; `None` if nothing has changed, or it was asked just now.
    pub async fn refreshed(
        &self,
        api: &Api,
        seen: &Arc<Abilities>,
        call: Call<'_>,
    ) -> Result<Option<Arc<Abilities>>, Failure> {
        if !self.is_asked {
            return Ok(None);
        }
        let known = &mut self.state.lock().await.known;
        if let Some(other) = known.as_ref().filter(|known| !Arc::ptr_eq(&known.abilities, seen)) {
            return Ok(Some(Arc::clone(&other.abilities)));
        }
        if known.as_ref().is_some_and(|known| known.at.elapsed() < PATIENCE) {
            return Ok(None);
        }
        let new = ask(api, call).await?;
        let has_changed = new != **seen;
        let abilities = if has_changed { Arc::new(new) } else { Arc::clone(seen) };
        *known = Some(Known { abilities: Arc::clone(&abilities), at: Instant::now() });
        Ok(has_changed.then_some(abilities))
    }
}

impl State {
    async fn ask(&mut self, api: &Api) -> Result<Arc<Abilities>, Failure> {
        if let Some(known) = &self.known {
            return Ok(Arc::clone(&known.abilities));
        }
        if let Some((_, failure)) = self.failed.as_ref().filter(|(at, _)| at.elapsed() < FAILURE_COUNTS) {
            return Err(failure.clone());
        }
        let call = Call { deadline: Instant::now() + ANSWER_TIMEOUT, request_id: "discovery" };
        let answer = timeout_at(call.deadline, ask(api, call)).await.unwrap_or_else(|_| Err(Failure::late()));
        match answer {
            Ok(abilities) => {
                let abilities = Arc::new(abilities);
                self.known = Some(Known { abilities: Arc::clone(&abilities), at: Instant::now() });
                Ok(abilities)
            }
            Err(failure) => {
                self.failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }
}

async fn ask(api: &Api, call: Call<'_>) -> Result<Abilities, Failure> {
    let answer = api.get(&["ServiceProviderConfig"], &[], call).await?;
    let config = offered(&answer)?.and_then(|config| config.as_object().cloned()).unwrap_or_default();
    Ok(Abilities { schemas: schemas(api, call).await?, ..of_config(&config) })
}

/// What a service has at an endpoint; `None` if it does not have the endpoint, or shows it to others only.
fn offered(answer: &Answer) -> Result<Option<Json>, Failure> {
    match answer.status {
        200 => body(answer).map(Some),
        403 | 404 | 405 | 501 => Ok(None),
        _ => Err(answer.failure()),
    }
}

fn of_config(config: &Map<String, Json>) -> Abilities {
    let section = |name: &str| member(config, name).and_then(Json::as_object);
    let support = |name: &str, usual: Support| {
        let said = section(name).and_then(|section| member(section, "supported")).and_then(Json::as_bool);
        said.map_or(usual, |said| if said { Support::Yes } else { Support::No })
    };
    let usual = Abilities::default();
    let most = section("filter").and_then(|filter| member(filter, "maxResults")).and_then(Json::as_u64);
    let most = most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
    Abilities {
        patch: support("patch", usual.patch),
        filter: support("filter", usual.filter),
        change_password: support("changePassword", usual.change_password),
        etag: support("etag", usual.etag),
        page: most.unwrap_or(usual.page).min(usual.page),
        schemas: None,
    }
}

async fn schemas(api: &Api, call: Call<'_>) -> Result<Option<Schemas>, Failure> {
    let mut found: Vec<Json> = Vec::new();
    for _ in 0..PAGES {
        let start = (found.len() + 1).to_string();
        let query = [("startIndex", start.as_str())];
        let answer = api.get(&["Schemas"], if found.is_empty() { &[] } else { &query }, call).await?;
        let Some(page) = offered(&answer)? else { break };
        let (new, total) = match page {
            Json::Array(schemas) => (schemas, 0),
            Json::Object(mut page) => {
                let total = member(&page, "totalResults").and_then(Json::as_u64).unwrap_or_default();
                let key = page.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
                let new = key.and_then(|key| page.remove(&key));
                (new.and_then(|new| new.as_array().cloned()).unwrap_or_default(), total)
            }
            _ => return Err(Failure::bad("the answer has no schemas")),
        };
        // a service that ignores `startIndex` repeats its first page
        let is_repeated = new.first().is_some_and(|first| found.contains(first));
        if new.is_empty() || is_repeated {
            break;
        }
        found.extend(new);
        if found.len() as u64 >= total {
            break;
        }
    }
    Ok(Schemas::read(found.iter()))
}
