//! Requests to a SCIM service: where they go, their turn within the rates, and what a refusal says.

use percent_encoding::{AsciiSet, CONTROLS};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH};
use serde_json::{Map, Value as Json};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::adapters::http::answer::Answer;
use crate::adapters::http::client::{Client, Resend};
use crate::adapters::http::error::Failure;
use crate::adapters::http::request::Built;
use crate::adapters::http::throttle::Throttle;
use crate::model::read;
use crate::ports::{Call, PortErrorKind};

/// The media type (RFC 7644, section 3.1).
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");

const ACCEPTED: HeaderValue = HeaderValue::from_static("application/scim+json, application/json");

/// What is encoded in a query, also what some servers take for a separator.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'\'')
    .add(b'\\')
    .add(b';');

/// The errors of RFC 7644, section 3.12, as far as they mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorType {
    /// A value that must be unique is taken.
    Uniqueness,
    /// The filter is not supported.
    InvalidFilter,
    /// Anything else.
    Other,
}

/// A service.
#[derive(Debug)]
pub(super) struct Api {
    pub client: Client,
    pub throttle: Throttle,
}

/// A request that changes something.
pub(super) struct Write<'w> {
    pub method: Method,
    pub path: &'w [&'w str],
    pub body: Option<Zeroizing<Vec<u8>>>,
    /// The version that is changed.
    pub if_match: Option<&'w str>,
    /// When nothing may be written any more.
    pub until: Instant,
}

impl Api {
    /// Reads.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)], call: Call<'_>) -> Result<Answer, Failure> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            let encode = |text: &str| percent_encoding::utf8_percent_encode(text, QUERY).to_string();
            let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
            url.set_query(Some(&pairs.join("&")));
        }
        self.throttle.turn(call.deadline).await?;
        self.sent(Built { method: Method::GET, url, headers: headers(), body: None }, call).await
    }

    /// Changes something, if the claim of the customer still holds.
    pub async fn write(&self, write: Write<'_>, call: Call<'_>) -> Result<Answer, Failure> {
        let (url, mut headers) = (self.url(write.path)?, headers());
        if write.body.is_some() {
            headers.insert(CONTENT_TYPE, MEDIA_TYPE);
        }
        if let Some(version) = write.if_match.and_then(|version| HeaderValue::from_str(version).ok()) {
            headers.insert(IF_MATCH, version);
        }
        self.throttle.turn(call.deadline.min(write.until)).await?;
        // waiting for a turn takes time
        if Instant::now() >= write.until {
            return Err(Failure::of_this_process(PortErrorKind::Unavailable, "the claim on the customer has expired"));
        }
        self.sent(Built { method: write.method, url, headers, body: write.body }, call).await
    }

    async fn sent(&self, built: Built, call: Call<'_>) -> Result<Answer, Failure> {
        let answer = self.client.send(&built, Resend::Allowed, call.request_id).await?;
        self.throttle.note(&answer).await;
        Ok(answer)
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = self.client.base().clone();
        let segments = url.path_segments_mut().map(|mut segments| {
            segments.pop_if_empty().extend(path);
        });
        let wrong = |()| Failure::new(PortErrorKind::Misconfigured, "`server.url` cannot have a path");
        segments.map_err(wrong).map(|()| url)
    }
}

fn headers() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT, ACCEPTED)])
}

/// The body of an answer: an object, or a list in place of one.
pub(super) fn body(answer: &Answer) -> Result<Json, Failure> {
    let arena = bumpalo::Bump::new();
    // the type, the size, the depth and duplicate keys are checked here
    answer.json(&arena)?;
    serde_json::from_slice(&answer.body).map_err(|_| Failure::bad("the answer is not valid JSON"))
}

/// The body of an answer that is an object.
pub(super) fn object(answer: &Answer) -> Result<Map<String, Json>, Failure> {
    match body(answer)? {
        Json::Object(object) => Ok(object),
        _ => Err(Failure::bad("the answer is not an object")),
    }
}

/// An object in JSON text that Landfall made.
pub(super) fn own_object(text: &str) -> Result<Map<String, Json>, Failure> {
    let arena = bumpalo::Bump::new();
    let limits = read::ReadLimits { bytes: usize::MAX, ..read::ReadLimits::default() };
    let is_read = read::parse(text, &arena, &limits).is_ok();
    let object = serde_json::from_str(text).ok().filter(|_| is_read);
    object.ok_or_else(|| Failure::of_one_record("the rules of the target make no object"))
}

/// What a refusal is about.
pub(super) fn error_type(answer: &Answer) -> ErrorType {
    let body = object(answer).unwrap_or_default();
    match member(&body, "scimType").and_then(Json::as_str) {
        Some("uniqueness") => ErrorType::Uniqueness,
        Some("invalidFilter") => ErrorType::InvalidFilter,
        _ => ErrorType::Other,
    }
}

/// A member, whose name is written in any case (RFC 7643, section 2.1).
pub(super) fn member<'j>(object: &'j Map<String, Json>, name: &str) -> Option<&'j Json> {
    let found = object.get(name);
    found.or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}
