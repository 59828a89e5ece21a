//! Tells a web API that a customer was migrated: one request, which has the same effect twice.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use bumpalo::Bump;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::check;
use super::client::{self, Client, Resend};
use super::condition::Condition;
use super::error::Failure;
use super::request::{Built, Mistake, Request};
use super::settings::{Server, bounds, response_limit, secrets};
use super::shape::{ConditionSettings, RequestSettings, Statuses};
use super::template::{Known, Name, Values};
use super::trial;
use crate::adapters::registry::{OpenError, Trial, UsedValue, WriteBackAdapter, WriteBackContext};
use crate::adapters::write_back::{WRITE, not_kept};
use crate::model::Value;
use crate::ports::{BoxFuture, Call, LegacyWriter, MigratedCustomer, PortError, PortErrorKind, Written};
use crate::settings::{AdapterSettings, Reporter, Secret, SecretSetting, units};

/// A request to a web API.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpWriteBack {
    /// How to reach the system, as an account that may do this one thing.
    pub server: Box<Server>,
    /// Secret: values for requests, as `{param.NAME}`.
    #[serde(default)]
    pub params: BTreeMap<String, Secret>,
    /// The request. `{id}` is the legacy id; it may be sent twice for one customer.
    pub request: Box<RequestSettings>,
    /// Answers that mean that it is done. By default every status from 200 to 299.
    #[serde(default)]
    pub done_when: Option<Vec<ConditionSettings>>,
    /// Answers that mean that there is no such customer any more. By default the statuses 404 and 410, if the path names the
    /// customer.
    #[serde(default)]
    pub gone_when: Option<Vec<ConditionSettings>>,
    /// Bytes of one answer after it was decompressed.
    #[serde(default = "response_limit", with = "units::Size")]
    pub response_limit: usize,
}

/// What is sent, and what answers mean.
#[derive(Debug)]
struct Plan {
    request: Request,
    /// `None` if every success means it.
    done_when: Option<Vec<Condition>>,
    gone_when: Vec<Condition>,
}

impl HttpWriteBack {
    fn plan(&self) -> Result<Plan, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let known = Known { migrated: true, params: Some(&self.params), ..Known::default() };
        let request = check::required_request("request", Some(&self.request), known, &mut mistakes);
        if let Some(request) = &request
            && !request.names().any(|name| matches!(name, Name::Migrated(name) if MigratedCustomer::is_named_by(name)))
        {
            let help = "write `{id}`, the legacy id, or the name of a field";
            mistakes.push(Mistake::missing("request", "the request does not say which customer it is about", help));
        }
        if self.request.method.is_none() && self.request.body.is_none() {
            let help = "for example `method: DELETE`, or `POST` with a `body`";
            mistakes.push(Mistake::missing("request.method", "a request that changes something needs a method", help));
        }
        if self.request.basic.is_some() {
            let help = "write Landfall's own user and password as `server.auth: { kind: basic, … }`";
            mistakes.push(Mistake::new("request.basic", "`basic` is for the password of a customer", help));
        }
        let done_when = self.done_when.as_ref().map(|written| {
            let compiled = Condition::compile_all("done_when", written, &mut mistakes);
            check::check_none("done_when", &compiled, &mut mistakes);
            compiled
        });
        if done_when.as_ref().is_some_and(Vec::is_empty) {
            let help = "leave it out if every success means it";
            mistakes.push(Mistake::missing("done_when", "no answer would mean that it is done", help));
        }
        let statuses = Statuses(vec![404, 410]);
        let usual = || vec![ConditionSettings { status: statuses, ..ConditionSettings::default() }];
        let names_customer = request.as_ref().is_some_and(Request::path_has_values);
        let gone_when = self.gone_when.clone().unwrap_or_else(|| if names_customer { usual() } else { Vec::new() });
        let gone_when = Condition::compile_all("gone_when", &gone_when, &mut mistakes);
        check::check_none("gone_when", &gone_when, &mut mistakes);
        match request {
            Some(request) if mistakes.is_empty() => Ok(Plan { request, done_when, gone_when }),
            _ => Err(mistakes),
        }
    }

    fn writer(&self, name: &str, folder: &FilePath) -> Result<HttpWriter, String> {
        let client = Client::open(&self.server, self.response_limit, folder);
        let client = client.map_err(|mistake| check::sentence(&[mistake]))?;
        let plan = self.plan().map_err(|mistakes| check::sentence(&mistakes))?;
        Ok(HttpWriter { name: name.to_owned(), client, plan, params: self.params.clone() })
    }
}

impl AdapterSettings for HttpWriteBack {
    fn name(&self) -> &'static str {
        "http"
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        bounds(reporter, "response_limit", self.response_limit);
        let mut mistakes: Vec<Mistake> = client::place(&self.server).err().into_iter().collect();
        mistakes.extend(self.plan().err().unwrap_or_default());
        check::report(mistakes, reporter);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        secrets(&mut self.server, &mut self.params)
    }
}

impl WriteBackAdapter for HttpWriteBack {
    fn used_values(&self) -> Vec<UsedValue> {
        let plan = self.plan();
        let names = plan.iter().flat_map(|plan| plan.request.names());
        let used = names.filter_map(|name| match name {
            Name::Migrated(name) => Some(UsedValue { key: "request".to_owned(), name: name.clone() }),
            _ => None,
        });
        used.collect()
    }

    fn check_secrets(&self, context: WriteBackContext<'_>, reporter: &mut Reporter<'_>) {
        check::report(check::client_mistakes(&self.server, context.folder), reporter);
    }

    fn connect<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match self.writer(context.name, context.folder) {
                Ok(writer) => writer.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn open<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Result<Arc<dyn LegacyWriter>, OpenError>> {
        Box::pin(async move { Ok(Arc::new(self.writer(context.name, context.folder)?) as Arc<dyn LegacyWriter>) })
    }
}

/// Sends one request for each customer.
struct HttpWriter {
    name: String,
    client: Client,
    plan: Plan,
    params: BTreeMap<String, Secret>,
}

impl HttpWriter {
    /// Connects, and gets a token if there is one to get. Writes nothing.
    async fn try_out(&self) -> Trial {
        let asked = async {
            self.client.prepare().await?;
            self.client.reach().await
        };
        trial::of(asked, "server", |answer, took| {
            format!("reached by {}, {took} ms; nothing was written", answer.version)
        })
        .await
    }

    fn built(&self, customer: &MigratedCustomer) -> Result<Built, PortError> {
        let missing = self.plan.request.names().find_map(|name| match name {
            Name::Migrated(name) if customer.value(name).is_none() => Some(name),
            _ => None,
        });
        if let Some(name) = missing {
            return Err(not_kept(&self.name, name));
        }
        let arena = Bump::new();
        let values = Values::of_migrated(customer, &self.params, &arena);
        self.plan.request.build(self.client.base(), &values).map_err(|failure| failure.of(&self.name, WRITE))
    }

    /// What an answer means. A success that the settings do not describe proves nothing, and may be a page of a proxy.
    fn meaning(&self, answer: &Answer) -> Result<Written, Failure> {
        if answer.is_page() && answer.status >= 300 {
            return Err(answer.failure());
        }
        let arena = Bump::new();
        let body = answer.json(&arena).unwrap_or(Value::Missing);
        let text = answer.text().unwrap_or_default();
        let holds = |conditions: &[Condition]| conditions.iter().any(|condition| condition.holds(answer, body, text));
        let is_success = (200..300).contains(&answer.status);
        let is_done = self.plan.done_when.as_deref().map_or(is_success, holds);
        match (is_done, holds(&self.plan.gone_when)) {
            (true, false) => Ok(Written::Done),
            (false, true) => Ok(Written::Gone),
            (true, true) => Err(Failure::bad("`done_when` and `gone_when` contradict each other")),
            (false, false) if is_success => {
                let detail = format!("no condition describes the answer (status {})", answer.status);
                Err(Failure::new(PortErrorKind::Unavailable, detail))
            }
            (false, false) => Err(answer.failure()),
        }
    }
}

impl LegacyWriter for HttpWriter {
    fn write<'a>(
        &'a self,
        call: Call<'a>,
        customer: &'a MigratedCustomer,
    ) -> BoxFuture<'a, Result<Written, PortError>> {
        Box::pin(async move {
            let built = self.built(customer)?;
            let sent = self.client.send(&built, Resend::Allowed, call.request_id).await;
            let answer = sent.map_err(|failure| {
                let error = failure.of(&self.name, WRITE);
                // no answer to the request itself: the connection, the certificate or a token is at fault
                if error.kind() == PortErrorKind::BadResponse { error } else { error.temporarily() }
            })?;
            self.meaning(&answer).map_err(|failure| failure.of(&self.name, WRITE))
        })
    }

    fn rehearse<'a>(&'a self, _: Call<'a>, customer: &'a MigratedCustomer) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move { self.built(customer).map(drop) })
    }
}
