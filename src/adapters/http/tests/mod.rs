//! A web API within the test, and what the adapter makes of it.

mod attacks;
mod auth;
mod conditions;
mod faults;
mod hostile;
mod pages;
mod presets;
mod reach;
mod settings;
mod target;
mod write_back;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

pub(in crate::adapters) use conditions::answers_have_the_meaning_of_their_conditions;
pub(in crate::adapters) use target::http_target_passes;
pub(in crate::adapters) use write_back::http_is_written_back;

use super::{HttpSettings, HttpSource, HttpVerifier, HttpVerifierSettings};
use crate::model::Password;
use crate::password::Verdict;
use crate::ports::{
    Call, Identifier, IdentifierProfile, PortError, PortErrorKind, Presented, Record, Source, Verification, Verifier,
};

/// A server that counts requests.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    /// A server that answers each request in the same way.
    async fn answering<F>(answer: impl Fn(Request) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        let routes = Router::new().fallback(move |request: Request| {
            count.fetch_add(1, Ordering::SeqCst);
            answer(request)
        });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, asked }
    }

    /// A server that always answers this.
    async fn always(status: u16, body: Json) -> Self {
        Self::answering(move |_| {
            let response = reply(status, "application/json", body.to_string());
            async { response }
        })
        .await
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// `server` in settings.
    fn settings(&self) -> Json {
        json!({ "url": format!("http://{}", self.address), "allow": ["127.0.0.1"] })
    }

    /// A source with these settings.
    fn source(&self, mut settings: Json) -> HttpSource {
        settings["server"] = merged(self.settings(), settings["server"].take());
        source(settings).unwrap()
    }

    /// A verifier with these settings.
    fn verifier(&self, mut settings: Json) -> HttpVerifier {
        settings["server"] = merged(self.settings(), settings["server"].take());
        verifier(settings).unwrap()
    }
}

fn merged(mut into: Json, from: Json) -> Json {
    for (key, value) in from.as_object().cloned().unwrap_or_default() {
        into[key] = value;
    }
    into
}

fn reply(status: u16, content_type: &str, body: impl Into<Body>) -> Response {
    Response::builder().status(status).header("content-type", content_type).body(body.into()).unwrap()
}

fn source(settings: Json) -> Result<HttpSource, String> {
    let settings: HttpSettings = serde_json::from_value(kinded(settings)).unwrap();
    HttpSource::open(&settings, IdentifierProfile::default(), Path::new(""))
}

fn verifier(settings: Json) -> Result<HttpVerifier, String> {
    let settings: HttpVerifierSettings = serde_json::from_value(kinded(settings)).unwrap();
    HttpVerifier::open("shop", &settings, IdentifierProfile::default(), Path::new(""))
}

/// Writes `auth` as serde reads an enum; the settings file is read by `kind`.
fn kinded(mut settings: Json) -> Json {
    if let Some(auth) = settings["server"]["auth"].as_object_mut() {
        let kind = auth.remove("kind").unwrap();
        settings["server"]["auth"] = json!({ kind.as_str().unwrap(): auth.clone() });
    }
    settings
}

fn identifier(text: &str) -> Identifier {
    IdentifierProfile::default().canonical(text).unwrap()
}

fn call() -> Call<'static> {
    Call { deadline: Instant::now() + Duration::from_secs(5), request_id: "r1" }
}

async fn fetch(source: &HttpSource, typed: &str) -> Result<Option<Json>, PortError> {
    let found = source.fetch(call(), &identifier(typed)).await?;
    Ok(found.map(|record| serde_json::from_str(record.json()).unwrap()))
}

/// Verifies the password `right horse` of Ada.
async fn verify(verifier: &HttpVerifier, record: Json) -> Result<Verdict, PortError> {
    verify_password(verifier, record, b"right horse").await.map(|found| found.verdict)
}

async fn verify_password(verifier: &HttpVerifier, record: Json, password: &[u8]) -> Result<Verification, PortError> {
    let (identifier, record) = (identifier("ada"), Record::new(record.to_string()));
    let password = Arc::new(Password::new(password.to_vec()).unwrap());
    let presented = Presented { identifier: &identifier, record: &record, credential: None, password: &password };
    verifier.verify(call(), presented).await
}

fn kind<T: std::fmt::Debug>(result: Result<T, PortError>) -> PortErrorKind {
    result.unwrap_err().kind()
}
