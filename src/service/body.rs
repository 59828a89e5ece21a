//! Request bodies: read within limits of size and time, then parsed as JSON of exactly one shape, before anything is
//! looked up.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::mistake::{Members, Mistake};
use super::problem::Problem;

/// Reads a whole body of at most `limit` bytes within `time`.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize, time: Duration) -> Result<Bytes, Problem> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(Problem::TOO_LARGE);
    }
    tokio::time::timeout(time, collect(body, limit)).await.unwrap_or(Err(Problem::TOO_SLOW))
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::MALFORMED)?;
        if whole.len().saturating_add(chunk.len()) > limit {
            return Err(Problem::TOO_LARGE);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}

/// A JSON object (RFC 8259) of one shape. Unknown and repeated members are rejected, and so is a list of the member
/// values, which serde would accept.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Members> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::MEDIA_TYPE);
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Problem::MALFORMED)?;
        object(&bytes).map(Self)
    }
}

fn object<T: DeserializeOwned + Members>(bytes: &[u8]) -> Result<T, Problem> {
    let wrong = |error| Problem::malformed(Mistake::of::<T>(bytes, &error));
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong(serde::de::Error::custom("not an object")));
    }
    serde_json::from_slice(bytes).map_err(wrong)
}

/// Whether there is exactly one content type and it is `application/json`, with no charset or UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = only.to_str() else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("application/json")
        && parts.all(|parameter| matches!(parameter.as_str(), "charset=utf-8" | "charset=\"utf-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::mistake::Member;

    #[test]
    fn only_json_media_types_are_accepted() {
        for (text, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/json; boundary=x", false),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, text.parse().unwrap());
            assert_eq!(is_json(&headers), expected, "{text}");
            headers.append(CONTENT_TYPE, "application/json".parse().unwrap());
            assert!(!is_json(&headers), "repeated header");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn a_body_must_be_an_object() {
        #[derive(serde::Deserialize, Debug, PartialEq)]
        #[serde(deny_unknown_fields)]
        struct Body {
            a: String,
        }
        impl Members for Body {
            const MEMBERS: &'static [Member] = &[Member::text("a")];
        }
        assert_eq!(object(b" \r\n{\"a\":\"b\"}"), Ok(Body { a: "b".to_owned() }));
        for other in
            ["[\"b\"]", "\"b\"", "", " ", "{\"a\":\"b\"}x", "{\"a\":\"b\",\"a\":\"b\"}", "{\"a\":\"b\",\"c\":1}"]
        {
            assert_eq!(object::<Body>(other.as_bytes()).map_err(|problem| problem.name()), Err("malformed"), "{other}");
        }
    }

    #[tokio::test]
    async fn bodies_have_limits() {
        let time = Duration::from_secs(5);
        let whole = read(&HeaderMap::new(), Body::from("12345"), 5, time).await;
        assert_eq!(whole.unwrap().as_ref(), b"12345");
        assert_eq!(read(&HeaderMap::new(), Body::from("123456"), 5, time).await, Err(Problem::TOO_LARGE));
        let mut declared = HeaderMap::new();
        declared.insert(CONTENT_LENGTH, "99999999999999999999".parse().unwrap());
        assert_eq!(read(&declared, Body::from("1"), 5, time).await.unwrap().as_ref(), b"1");
        declared.insert(CONTENT_LENGTH, "6".parse().unwrap());
        assert_eq!(read(&declared, Body::empty(), 5, time).await, Err(Problem::TOO_LARGE));
        let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), never, 5, Duration::from_millis(1)).await, Err(Problem::TOO_SLOW));
    }
}
