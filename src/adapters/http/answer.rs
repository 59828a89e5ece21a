//! Answers: bounded, of the expected type, and parsed strictly.

use bumpalo::Bump;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::error::Failure;
use crate::model::{Value, read};

/// An answer that was read completely.
pub(crate) struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// The version of HTTP, for reports.
    pub version: &'static str,
}

impl Answer {
    /// The body as JSON; [`Value::Missing`] if it is empty.
    ///
    /// No other content type is accepted: a page of a proxy with the status 200 is not an answer of the system.
    pub fn json<'a>(&'a self, arena: &'a Bump) -> Result<Value<'a>, Failure> {
        if self.body.is_empty() {
            return Ok(Value::Missing);
        }
        let (essence, charset) = self.content_type();
        let subtype = essence.strip_prefix("application/").or_else(|| essence.strip_prefix("text/"));
        let is_json = |name: &str| name == "json" || name.ends_with("+json") || name.starts_with("x-amz-json-");
        if !subtype.is_some_and(is_json) {
            return Err(Failure::bad("the answer is not JSON by its content type"));
        }
        let text = self.utf8(charset.as_deref())?;
        let limits = read::ReadLimits { bytes: usize::MAX, ..read::ReadLimits::default() };
        read::parse(text, arena, &limits).map_err(|error| match error {
            // a message about syntax may quote the text
            read::ReadError::Syntax { .. } => Failure::bad("the answer is not valid JSON"),
            read::ReadError::DuplicateKey { .. } => Failure::bad("the answer has a duplicate key"),
            read::ReadError::TooDeep { limit, .. } => {
                Failure::bad(format!("the answer is nested deeper than {limit} levels"))
            }
            _ => Failure::bad("the answer has too many values or a key that is too long"),
        })
    }

    /// The body as text. A page in HTML is not an answer of the system.
    pub fn text(&self) -> Result<&str, Failure> {
        if self.is_page() {
            return Err(Failure::bad("the answer is a page in HTML"));
        }
        let (_, charset) = self.content_type();
        self.utf8(charset.as_deref())
    }

    /// Whether it is a page in HTML, such as a proxy shows.
    pub fn is_page(&self) -> bool {
        matches!(self.content_type().0.as_str(), "text/html" | "application/xhtml+xml")
    }

    fn utf8(&self, charset: Option<&str>) -> Result<&str, Failure> {
        if charset.is_some_and(|name| !matches!(name, "utf-8" | "utf8" | "us-ascii")) {
            return Err(Failure::bad("the answer has a charset other than UTF-8"));
        }
        std::str::from_utf8(&self.body).map_err(|_| Failure::bad("the answer is not UTF-8"))
    }

    /// The media type without parameters, and the charset.
    fn content_type(&self) -> (String, Option<String>) {
        let written = self.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        let mut parts = written.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_owned();
        let charset = parts.find_map(|part| part.strip_prefix("charset="));
        (essence, charset.map(|name| name.trim_matches('"').to_owned()))
    }

    /// A header, if it is text and there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.get_all(name).iter();
        let value = found.next()?.to_str().ok();
        value.filter(|_| found.next().is_none())
    }

    /// The failure that the status means.
    pub fn failure(&self) -> Failure {
        Failure::status(self.status, self.header(RETRY_AFTER.as_str()))
    }

    /// Whether the server says that Landfall's own token is no longer valid (RFC 6750, section 3.1).
    pub fn rejects_token(&self) -> bool {
        let challenge = self.header("www-authenticate").unwrap_or_default();
        self.status == 401 && challenge.to_ascii_lowercase().contains("error=\"invalid_token\"")
    }
}
