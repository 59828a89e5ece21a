//! A web API as a verifier: one request that is never repeated, and conditions that tell what its answer means.

use std::fmt;
use std::path::Path as FilePath;

use bumpalo::Bump;
use tokio::time::timeout_at;

use super::answer::Answer;
use super::check::{self, VerifierPlan};
use super::client::{Client, Resend};
use super::error::Failure;
use super::path::Path;
use super::request::{Built, Request};
use super::settings::HttpVerifierSettings;
use super::template::Values;
use super::trial;
use crate::adapters::registry::Trial;
use crate::model::{Value, read};
use crate::password::Verdict;
use crate::ports::{BoxFuture, Call, IdentifierProfile, PortError, Presented, Verification, Verifier, Work};

/// Verifies passwords by requests.
pub struct HttpVerifier {
    name: String,
    client: Client,
    plan: VerifierPlan,
    identifiers: IdentifierProfile,
}

impl HttpVerifier {
    /// Creates a verifier; connects to nothing. Paths are relative to the folder.
    ///
    /// # Errors
    /// If the settings are invalid, as one sentence.
    pub fn open(
        name: &str,
        settings: &HttpVerifierSettings,
        identifiers: IdentifierProfile,
        folder: &FilePath,
    ) -> Result<Self, String> {
        let client = Client::open(&settings.server, settings.response_limit, folder);
        let client = client.map_err(|mistake| check::sentence(&[mistake]))?;
        let plan = check::verifier_plan(settings, folder).map_err(|mistakes| check::sentence(&mistakes))?;
        Ok(Self { name: name.to_owned(), client, plan, identifiers })
    }

    /// Connects, and gets a token if there is one to get. Verifies nothing.
    pub(super) async fn try_out(&self) -> Trial {
        let asked = async {
            self.client.prepare().await?;
            self.client.reach().await
        };
        // the status of whatever is at the base says nothing about the system
        trial::of(asked, "server", |answer, took| {
            format!("reached by {}, {took} ms; no password was sent", answer.version)
        })
        .await
    }

    async fn check(&self, call: Call<'_>, presented: Presented<'_>) -> Result<Verification, Failure> {
        let Some(password) = self.text_of(presented) else {
            let why = "a password that is empty, or that the request cannot carry, is never sent";
            return Ok(Verification::without_work(Verdict::Unusable(why.into())));
        };
        let built = self.built(&self.plan.request, presented, Some(password), None)?;
        let answer = self.client.send(&built, Resend::Never, call.request_id).await?;
        let (verdict, has_subject) = match self.plan.verdict(&answer) {
            Ok(found) => found,
            Err(failure) => {
                if answer.status == 401 {
                    self.client.distrust().await;
                }
                return Err(failure);
            }
        };
        if verdict.is_match()
            && has_subject
            && let Some((path, of_record)) = &self.plan.subject
        {
            let second = match &self.plan.then {
                Some(then) => Some(self.second(then, presented, &answer, call).await?),
                None => None,
            };
            self.check_subject(second.as_ref().unwrap_or(&answer), path, of_record.as_ref(), presented)?;
        }
        Ok(Verification { verdict, work: Work::Remote })
    }

    /// The password as text, if it can be sent. Servers written in C may cut passwords at a NUL.
    fn text_of<'p>(&self, presented: Presented<'p>) -> Option<&'p str> {
        let text = std::str::from_utf8(presented.password.expose()).ok()?;
        let is_sent = |c: char| c != '\0' && !(c.is_control() && self.plan.request.refuses_controls());
        (!text.is_empty() && text.chars().all(is_sent)).then_some(text)
    }

    fn built(
        &self,
        request: &Request,
        presented: Presented<'_>,
        password: Option<&str>,
        answer: Option<&Answer>,
    ) -> Result<Built, Failure> {
        let arena = Bump::new();
        let mut values = Values::new(presented.identifier, &self.plan.params, &arena);
        values.record = record(presented, &arena)?;
        values.password = password;
        if let Some(answer) = answer {
            values.answer = answer.json(&arena)?;
        }
        request.build(self.client.base(), &values)
    }

    async fn second(
        &self,
        then: &Request,
        presented: Presented<'_>,
        first: &Answer,
        call: Call<'_>,
    ) -> Result<Answer, Failure> {
        let built = self.built(then, presented, None, Some(first))?;
        let answer = self.client.send(&built, Resend::Never, call.request_id).await?;
        if answer.status == 200 { Ok(answer) } else { Err(answer.failure()) }
    }

    /// INVARIANT: an answer about somebody else verifies nobody.
    fn check_subject(
        &self,
        answer: &Answer,
        path: &Path,
        of_record: Option<&Path>,
        presented: Presented<'_>,
    ) -> Result<(), Failure> {
        let arena = Bump::new();
        let found = path.find(answer.json(&arena)?).scalar_text(&arena);
        let found = found.ok_or_else(|| Failure::bad(format!("the answer has no subject at `{path}`")))?;
        let is_same = match of_record {
            Some(path) => {
                let own = path.find(record(presented, &arena)?).scalar_text(&arena);
                let own = own.filter(|own| !own.is_empty());
                let missing = || Failure::of_one_record(format!("the record has no single value at `{path}`"));
                own.ok_or_else(missing)? == found
            }
            None => {
                let canonical = self.identifiers.canonical(found);
                canonical.is_ok_and(|found| found.canonical() == presented.identifier.canonical())
            }
        };
        if is_same { Ok(()) } else { Err(Failure::of_one_record("the answer is about somebody else")) }
    }
}

impl VerifierPlan {
    /// What an answer means, and whether it must say whose password it is. Only what the settings describe has a meaning;
    /// everything else is a failure of the system.
    pub(super) fn verdict(&self, answer: &Answer) -> Result<(Verdict, bool), Failure> {
        let arena = Bump::new();
        let text = if self.reads_text { answer.text()? } else { "" };
        let body = match answer.json(&arena) {
            Ok(body) => body,
            Err(_) if self.status_alone || self.reads_text => Value::Missing,
            Err(_) if answer.status >= 300 => return Err(answer.failure()),
            Err(failure) => return Err(failure),
        };
        let mut has_subject = false;
        let mut verdicts = Vec::new();
        for (verdict, conditions) in &self.conditions {
            let mut holding = conditions.iter().filter(|condition| condition.holds(answer, body, text)).peekable();
            if holding.peek().is_some() {
                verdicts.push(verdict.clone());
            }
            has_subject |= holding.any(|condition| condition.has_subject);
        }
        match verdicts.as_slice() {
            [] if answer.status < 300 => {
                Err(Failure::bad(format!("no condition describes the answer (status {})", answer.status)))
            }
            [] => Err(answer.failure()),
            [verdict] => Ok((verdict.clone(), has_subject)),
            // both say that the password is right
            [Verdict::Match, Verdict::MustChange] => Ok((Verdict::MustChange, has_subject)),
            several => {
                let names: Vec<&str> = several.iter().map(Verdict::name).collect();
                Err(Failure::bad(format!("conditions contradict each other: {}", names.join(", "))))
            }
        }
    }
}

fn record<'a>(presented: Presented<'a>, arena: &'a Bump) -> Result<Value<'a>, Failure> {
    let limits = read::ReadLimits { bytes: usize::MAX, ..read::ReadLimits::default() };
    let record = read::parse(presented.record.json(), arena, &limits);
    record.map_err(|_| Failure::of_one_record("the record cannot be read"))
}

/// Never shows the URL.
impl fmt::Debug for HttpVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpVerifier").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Verifier for HttpVerifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn verify<'a>(
        &'a self,
        call: Call<'a>,
        presented: Presented<'a>,
    ) -> BoxFuture<'a, Result<Verification, PortError>> {
        Box::pin(async move {
            let found = timeout_at(call.deadline, self.check(call, presented)).await;
            let failed = |failure: Failure| failure.of(&self.name, "verify");
            found.unwrap_or_else(|_| Err(Failure::late())).map_err(failed)
        })
    }
}
