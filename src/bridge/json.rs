//! JSON as products send it: unknown members are accepted, because products add some, and repeated ones are not.

use std::fmt;
use std::marker::PhantomData;

use axum::http::StatusCode;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::json;

use super::reply::Reply;

/// How deep a document may be nested. Stops documents that only cost time; the deepest request of a product has six levels.
const MAX_DEPTH: usize = 32;

/// Reads an object; what is no JSON object, is nested too deeply, or lacks a member is `None`.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let read = is_shallow(body).then(|| serde_json::from_slice::<Object<T>>(body).ok()).flatten();
    read.map(|object| object.0)
}

/// An object inside a document. Alone, a derived `Deserialize` reads a list of the members, too.
pub(super) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Whether brackets are nested at most [`MAX_DEPTH`] deep; those in texts do not count.
fn is_shallow(body: &[u8]) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        match (is_text, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => is_text = !is_text,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return false;
        }
    }
    true
}

/// The reply to a request that no product sends so.
pub(super) fn malformed() -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &json!({ "error": "malformed request" }))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Body {
        a: String,
    }

    #[derive(Deserialize)]
    struct Outer {
        inner: Object<Body>,
    }

    #[test]
    fn objects_inside_are_no_lists() {
        let read = |text: &str| object::<Outer>(text.as_bytes()).map(|outer| outer.inner.0.a);
        assert_eq!(read(r#"{"inner":{"a":"b","x":1}}"#), Some("b".to_owned()));
        for text in [r#"{"inner":["b"]}"#, r#"{"inner":{"a":"b","a":"c"}}"#, r#"{"inner":null}"#, r#"[{"a":"b"}]"#] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn objects_may_have_unknown_members_and_no_repeated_ones() {
        let read = |text: &str| object::<Body>(text.as_bytes()).map(|body| body.a);
        assert_eq!(read(" {\"a\":\"b\",\"x\":[{}]}"), Some("b".to_owned()));
        for text in ["[\"b\"]", "", "{\"a\":1}", "{\"a\":\"b\",\"a\":\"c\"}", "{\"a\":\"b\"}x", "{}"] {
            assert_eq!(read(text), None, "{text}");
        }
        let deep = format!("{{\"a\":\"[[[[{}\",\"x\":{}{}}}", "{".repeat(99), "[".repeat(31), "]".repeat(31));
        assert!(read(&deep).is_some());
        let deeper = format!("{{\"a\":\"b\",\"x\":{}{}}}", "[".repeat(32), "]".repeat(32));
        assert_eq!(read(&deeper), None);
    }
}
