//! A web API as a source: one request for the record, further ones for its parts.

use std::fmt;
use std::path::Path as FilePath;

use bumpalo::Bump;
use futures_util::future::try_join_all;
use reqwest::Method;
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::check::{self, ListPlan, SourcePlan};
use super::client::{Client, Resend};
use super::condition::Condition;
use super::error::Failure;
use super::pages;
use super::path::Path;
use super::request::{Built, Request};
use super::settings::HttpSettings;
use super::template::Values;
use super::trial;
use crate::adapters::registry::Trial;
use crate::adapters::{ambiguous, too_large};
use crate::model::{Value, json, read};
use crate::ports::{BoxFuture, Call, Identifier, IdentifierProfile, PortError, PortErrorKind, Record, Source};

/// Records behind a web API.
pub struct HttpSource {
    name: String,
    client: Client,
    plan: SourcePlan,
    identifiers: IdentifierProfile,
    record_limit: usize,
}

/// What is found in an answer.
enum Found {
    Nobody,
    Record(String),
    Several,
}

impl HttpSource {
    /// Creates a source; connects to nothing. Paths are relative to the folder.
    ///
    /// # Errors
    /// If the settings are invalid, as one sentence.
    pub fn open(settings: &HttpSettings, identifiers: IdentifierProfile, folder: &FilePath) -> Result<Self, String> {
        let client = Client::open(&settings.server, settings.response_limit, folder);
        let client = client.map_err(|mistake| check::sentence(&[mistake]))?;
        let plan = check::source_plan(settings, folder).map_err(|mistakes| check::sentence(&mistakes))?;
        let (name, record_limit) = (settings.name.clone(), settings.record_limit);
        Ok(Self { name, client, plan, identifiers, record_limit })
    }

    /// Connects, and asks for nobody.
    pub(super) async fn try_out(&self) -> Trial {
        let asked = async {
            let nobody = trial::nobody(&self.identifiers);
            for other in &self.plan.others {
                self.ask(other, &nobody, "landfall-check").await?;
            }
            let (answers, _) = self.ask(&self.plan.record, &nobody, "landfall-check").await?;
            answers.into_iter().next().ok_or_else(Failure::late)
        };
        trial::of(asked, "record", |answer, took| format!("{}, status {}, {took} ms", answer.version, answer.status))
            .await
    }

    async fn find(&self, identifier: &Identifier, request_id: &str) -> Result<Option<Record>, PortError> {
        let fetched = |failure: Failure| failure.of(&self.name, "fetch");
        let requests = std::iter::once(&self.plan.record).chain(&self.plan.others);
        let answers = try_join_all(requests.map(|request| self.ask(request, identifier, request_id)));
        let found = answers.await.map_err(fetched)?.into_iter().map(|(_, found)| found);
        let record = match self.one_of(found).map_err(fetched)? {
            Found::Nobody => return Ok(None),
            Found::Several => return Err(ambiguous(&self.name)),
            Found::Record(record) => record,
        };
        let record = self.with_parts(record, identifier, request_id).await.map_err(fetched)?;
        if record.len() > self.record_limit {
            return Err(too_large(&self.name, self.record_limit));
        }
        Ok(Some(Record::new(record)))
    }

    /// What a request finds, and the answer to it.
    async fn ask(&self, request: &Request, identifier: &Identifier, id: &str) -> Result<(Vec<Answer>, Found), Failure> {
        let answers = self.pages(&self.built(request, None, identifier)?, id).await?;
        let found = self.found(&answers, identifier)?;
        Ok((answers, found))
    }

    /// The one customer whom requests found.
    fn one_of(&self, found: impl Iterator<Item = Found>) -> Result<Found, Failure> {
        let mut one = None;
        for found in found {
            match (found, &one) {
                (Found::Nobody, _) => {}
                (Found::Several, _) => return Ok(Found::Several),
                (Found::Record(record), None) => one = Some(record),
                (Found::Record(record), Some(first)) if self.key_of(&record)? != self.key_of(first)? => {
                    return Ok(Found::Several);
                }
                (Found::Record(_), Some(_)) => {}
            }
        }
        Ok(one.map_or(Found::Nobody, Found::Record))
    }

    fn key_of(&self, record: &str) -> Result<Option<String>, Failure> {
        let Some(path) = &self.plan.key else { return Ok(None) };
        let arena = Bump::new();
        let key = path.find(parsed(record, &arena)?).scalar_text(&arena).filter(|key| !key.is_empty());
        let missing = || Failure::of_one_record(format!("the record has no single value at `{path}`"));
        key.map(|key| Some(key.to_owned())).ok_or_else(missing)
    }

    fn built(&self, request: &Request, record: Option<&str>, identifier: &Identifier) -> Result<Built, Failure> {
        let arena = Bump::new();
        let mut values = Values::new(identifier, &self.plan.params, &arena);
        if let Some(record) = record {
            values.record = parsed(record, &arena)?;
        }
        request.build(self.client.base(), &values)
    }

    /// The answer to a request, with all its pages.
    async fn pages(&self, built: &Built, request_id: &str) -> Result<Vec<Answer>, Failure> {
        let mut answers = vec![self.client.send(built, Resend::Allowed, request_id).await?];
        let (mut at, mut bytes) = (built.url.clone(), 0);
        while let Some(last) = answers.last() {
            bytes += last.body.len();
            let Some(next) = pages::next(last, &at, self.client.base())? else { break };
            if answers.len() == pages::MAX || bytes > self.client.response_limit() {
                return Err(Failure::bad("the answer has more pages than Landfall reads"));
            }
            let page = Built { method: Method::GET, url: next.clone(), headers: built.headers.clone(), body: None };
            answers.push(self.client.send(&page, Resend::Allowed, request_id).await?);
            at = next;
        }
        Ok(answers)
    }

    fn found(&self, answers: &[Answer], identifier: &Identifier) -> Result<Found, Failure> {
        let (arena, plan) = (Bump::new(), &self.plan);
        let mut records = Vec::new();
        for answer in answers {
            let candidates = match picked(answer, &plan.pick, (&plan.none_when, &plan.found_when), &arena)? {
                None => continue,
                Some(Value::List(items)) => items,
                Some(Value::Object(members)) => arena.alloc_slice_copy(&[Value::Object(members)]),
                Some(_) => return Err(Failure::bad(format!("the answer has no record at `{}`", plan.pick))),
            };
            if let Some(stranger) = candidates.iter().find(|candidate| !self.can_match(**candidate)) {
                let kind = if stranger.as_object().is_some() { "none of the members of `match`" } else { "no members" };
                return Err(Failure::bad(format!("a record of the answer has {kind}")));
            }
            records.extend(candidates.iter().filter(|candidate| self.matches(**candidate, identifier)).take(2));
        }
        match records.as_slice() {
            [] => Ok(Found::Nobody),
            [Value::Object([])] => Err(Failure::bad("the record is empty")),
            [record @ Value::Object(_)] => Ok(Found::Record(written(*record))),
            [_] => Err(Failure::bad("the record is not an object")),
            [_, _, ..] => Ok(Found::Several),
        }
    }

    /// Whether a record has one of the members that must have the identifier. An error is no unknown customer.
    fn can_match(&self, candidate: Value<'_>) -> bool {
        let mut paths = self.plan.matching.iter();
        self.plan.matching.is_empty() || paths.any(|path| !matches!(path.find(candidate), Value::Missing))
    }

    /// Whether the identifier is in one of the members that must have it.
    fn matches(&self, candidate: Value<'_>, identifier: &Identifier) -> bool {
        let is_same = |text: &str| {
            self.identifiers.canonical(text).is_ok_and(|found| found.canonical() == identifier.canonical())
        };
        let mut paths = self.plan.matching.iter();
        self.plan.matching.is_empty() || paths.any(|path| path.find(candidate).as_text().is_some_and(is_same))
    }

    async fn with_parts(&self, record: String, identifier: &Identifier, id: &str) -> Result<String, Failure> {
        if self.plan.lists.is_empty() {
            return Ok(record);
        }
        self.check_names(&record)?;
        let parts = self.plan.lists.iter().map(|list| self.part(list, &record, identifier, id));
        let parts = try_join_all(parts).await?;
        let mut text = record;
        text.pop();
        for (list, part) in self.plan.lists.iter().zip(parts) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(list.name.as_str()).to_string());
            text.push(':');
            text.push_str(&part);
        }
        text.push('}');
        Ok(text)
    }

    fn check_names(&self, record: &str) -> Result<(), Failure> {
        let arena = Bump::new();
        let record = parsed(record, &arena)?;
        match self.plan.lists.iter().find(|list| !matches!(record.member(&list.name), Value::Missing)) {
            None => Ok(()),
            Some(list) => {
                let detail = format!("the record has a member and a list `{}`", list.name);
                Err(Failure::new(PortErrorKind::Misconfigured, detail))
            }
        }
    }

    async fn part(&self, list: &ListPlan, record: &str, identifier: &Identifier, id: &str) -> Result<String, Failure> {
        let built = self.built(&list.request, Some(record), identifier)?;
        let answers = self.pages(&built, id).await?;
        let arena = Bump::new();
        let mut pages = Vec::new();
        for answer in &answers {
            pages.extend(picked(answer, &list.pick, (&list.none_when, &[]), &arena)?);
        }
        let mut items = Vec::new();
        for page in &pages {
            match page {
                Value::List(page) => items.extend_from_slice(page),
                Value::Object(_) if answers.len() == 1 => return Ok(written(*page)),
                _ => {
                    return Err(Failure::bad(format!("the answer for `{}` has no list at `{}`", list.name, list.pick)));
                }
            }
        }
        Ok(written(Value::List(&items)))
    }
}

/// What an answer has at a path; `None` if it says that there is none.
pub(super) fn picked<'a>(
    answer: &'a Answer,
    pick: &Path,
    (none_when, found_when): (&[Condition], &[Condition]),
    arena: &'a Bump,
) -> Result<Option<Value<'a>>, Failure> {
    let body = match answer.json(arena) {
        Ok(body) => body,
        Err(_) if answer.status >= 300 => return Err(answer.failure()),
        Err(failure) => return Err(failure),
    };
    if none_when.iter().any(|condition| condition.holds(answer, body, "")) {
        return Ok(None);
    }
    let is_found = match found_when {
        [] => answer.status == 200,
        described => described.iter().any(|condition| condition.holds(answer, body, "")),
    };
    if is_found { Ok(Some(pick.find(body))) } else { Err(answer.failure()) }
}

/// A record that was written by [`written`].
pub(super) fn parsed<'a>(record: &'a str, arena: &'a Bump) -> Result<Value<'a>, Failure> {
    let limits = read::ReadLimits { bytes: usize::MAX, ..read::ReadLimits::default() };
    read::parse(record, arena, &limits).map_err(|_| Failure::of_one_record("the record cannot be read"))
}

pub(super) fn written(value: Value<'_>) -> String {
    let mut out = Vec::with_capacity(1024);
    json::write(value, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Never shows the URL.
impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source for HttpSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        Box::pin(async move {
            let found = timeout_at(call.deadline, self.find(identifier, call.request_id)).await;
            let in_time = found.ok().filter(|_| Instant::now() < call.deadline);
            in_time.unwrap_or_else(|| Err(Failure::late().of(&self.name, "fetch")))
        })
    }
}
