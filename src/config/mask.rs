//! Masks secrets that are written in the settings file, so that findings do not show them. The schema of the settings says
//! what is secret; whatever it does not know is secret too, because a misspelt or misplaced key may contain a secret.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value as Json;

use super::retired;
use super::schema::json_schema;
use crate::rules::{Node, NodeKind};
use crate::settings::shown::{is_secret_name, only_placeholders};

/// The section of the rule parameters.
const PARAMS: &str = "params";

/// What is known about a place in the settings.
#[derive(Clone)]
enum Place<'s> {
    /// A setting or section with its schema, or with several, as long as the kind of an adapter is not considered.
    Known(Vec<&'s Json>),
    /// Something with free names: those that suggest a secret are secrets.
    Free,
    /// A secret, or nothing that is known.
    Secret,
}

impl<'s> Place<'s> {
    /// A key that is secret in one of the kinds is secret in all.
    fn new(schemas: Vec<&'s Json>) -> Self {
        if schemas.iter().any(|schema| is_secret(schema)) { Self::Secret } else { Self::Known(schemas) }
    }

    /// The value of a key.
    fn member(&self, key: &str) -> Self {
        match self {
            Self::Free if is_secret_name(key) => Self::Secret,
            Self::Free => Self::Free,
            Self::Secret => Self::Secret,
            Self::Known(schemas) => {
                let ways = || schemas.iter().flat_map(|schema| ways(schema));
                let found: Vec<&Json> = ways().filter_map(|way| of_key(way, key)).collect();
                let is_named = ways().any(|way| way.get("properties").is_some_and(|named| named.get(key).is_some()));
                match found.is_empty() {
                    true if ways().any(is_free) => Self::Free.member(key),
                    true => Self::Secret,
                    // such as a header with a token that somebody wrote there
                    false if !is_named && is_secret_name(key) => Self::Secret,
                    false => Self::new(found),
                }
            }
        }
    }

    /// The elements of a list.
    fn item(&self) -> Self {
        let Self::Known(schemas) = self else { return self.clone() };
        let ways = schemas.iter().flat_map(|schema| ways(schema));
        let items: Vec<&Json> = ways.filter_map(|way| way.get("items")).collect();
        if items.is_empty() { self.clone() } else { Self::new(items) }
    }

    /// Whether a text here is masked. One in place of a section may be a secret that belongs in the section.
    fn hides_text(&self) -> bool {
        match self {
            Self::Known(schemas) => schemas.iter().any(|schema| has_secrets(schema)),
            Self::Free => false,
            Self::Secret => true,
        }
    }
}

/// A schema and its alternatives.
fn ways(schema: &Json) -> impl Iterator<Item = &Json> {
    std::iter::once(schema).chain(schema.get("anyOf").and_then(Json::as_array).into_iter().flatten())
}

fn of_key<'s>(schema: &'s Json, key: &str) -> Option<&'s Json> {
    let named = schema.get("properties").and_then(|properties| properties.get(key));
    named.or_else(|| schema.get("additionalProperties").filter(|any| any.is_object()))
}

fn is_free(schema: &Json) -> bool {
    schema["type"] == "object" && schema.get("properties").is_none()
}

fn is_secret(schema: &Json) -> bool {
    schema["writeOnly"] == true
}

/// Whether a schema has a secret at any depth.
fn has_secrets(schema: &Json) -> bool {
    match schema {
        Json::Object(members) => is_secret(schema) || members.values().any(has_secrets),
        Json::Array(items) => items.iter().any(has_secrets),
        _ => false,
    }
}

/// Whether a value is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Open,
    Secret,
}

/// The text with every character of a secret replaced by as many `*` as it has bytes, so that all positions stay the
/// same.
pub(super) fn masked(text: &str, node: &Node) -> String {
    let mut bytes = text.as_bytes().to_vec();
    mask(&mut bytes, "", node, &Place::new(vec![json_schema()]));
    // only whole characters were replaced
    String::from_utf8(bytes).unwrap_or_default()
}

/// The same for a text that cannot be parsed: only known words before a colon are kept.
pub(super) fn masked_blindly(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if !matches!(character, ' ' | '\t' | '\n' | '\r' | '{' | '}' | '[' | ']' | ',' | ':' | '"' | '\'' | '#') {
            word.push(character);
            continue;
        }
        let ends_key = character == ':' && characters.peek().is_none_or(|next| next.is_ascii_whitespace());
        push_word(&mut out, &word, if ends_key && is_name(&word) { Shown::Open } else { Shown::Secret });
        word.clear();
        out.push(character);
    }
    push_word(&mut out, &word, Shown::Secret);
    out
}

fn push_word(out: &mut String, word: &str, shown: Shown) {
    match shown {
        Shown::Open => out.push_str(word),
        Shown::Secret => out.extend(std::iter::repeat_n('*', word.len())),
    }
}

/// Whether a word is the name of a setting.
fn is_name(word: &str) -> bool {
    static NAMES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
        let mut names = BTreeSet::new();
        collect_names(json_schema(), &mut names);
        names
    });
    NAMES.contains(word)
}

fn collect_names<'s>(schema: &'s Json, names: &mut BTreeSet<&'s str>) {
    if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
        names.extend(properties.keys().map(String::as_str));
        properties.values().for_each(|below| collect_names(below, names));
    }
    for below in ["items", "additionalProperties"] {
        schema.get(below).into_iter().for_each(|below| collect_names(below, names));
    }
    let ways = schema.get("anyOf").and_then(Json::as_array);
    ways.into_iter().flatten().for_each(|way| collect_names(way, names));
}

fn mask(bytes: &mut [u8], path: &str, node: &Node, place: &Place<'_>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            if is_revealing(&scalar.text) || place.hides_text() && !only_names(&scalar.text) {
                let written = bytes.get_mut(node.span.start..node.span.end).unwrap_or_default();
                written.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b'*');
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| mask(bytes, path, item, &place.item())),
        NodeKind::Map(entries) => {
            for entry in entries {
                let is_retired = retired::is_retired(path, &entry.key);
                let place = if is_retired { Place::Free } else { place.member(&entry.key) };
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                mask(bytes, &path, &entry.value, &place);
            }
        }
    }
}

/// The parameters whose values contain an environment variable; secrets are often set that way.
pub(super) fn from_environment(settings: &Node) -> Vec<String> {
    let params = settings.get(PARAMS).and_then(Node::as_map).unwrap_or_default();
    params.iter().filter(|entry| has_variable(&entry.value)).map(|entry| entry.key.clone()).collect()
}

fn has_variable(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar.text.contains("${"),
        NodeKind::List(items) => items.iter().any(has_variable),
        NodeKind::Map(entries) => entries.iter().any(|entry| has_variable(&entry.value)),
    }
}

/// Whether a text is a secret by its looks, wherever it is written: an address with a user, and so perhaps with a password,
/// or a private key in place of its file.
fn is_revealing(text: &str) -> bool {
    text.contains("PRIVATE KEY-----") || text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

/// Whether a text refers to a secret and is not one itself: a file, a variable without a default, a placeholder, an SQLite
/// file.
fn only_names(text: &str) -> bool {
    let is_variable = text.starts_with("${") && text.ends_with('}') && !text.contains(":-");
    is_variable || only_placeholders(text) || text.starts_with("file:") || text.starts_with("sqlite:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Files, Findings};

    fn check(text: &str, wanted: &str) {
        let mut files = Files::default();
        let file = files.add("a", text);
        let node = crate::rules::read(&files, file, &mut Findings::default()).unwrap();
        assert_eq!(masked(text, &node), wanted);
        assert_eq!(wanted.len(), text.len());
    }

    #[test]
    fn secrets_are_masked_and_positions_stay() {
        check(
            "ledger: { url: a, key: \"hünter2\" }\nservice: { callers: [ { bearer: pass, signed: [ x, 'file:y' ] } ] }\n\
             password: { peppers: [ { id: a, secret: '${A:-b}' }, { secret: '${A}' } ] }\n",
            "ledger: { url: *, key: ********** }\nservice: { callers: [ { bearer: ****, signed: [ *, 'file:y' ] } ] }\n\
             password: { peppers: [ { id: a, secret: ********* }, { secret: '${A}' } ] }\n",
        );
    }

    #[test]
    fn misspelt_and_misplaced_values_are_masked() {
        check("ledger: { keey: a, url: b }\nledgr: { url: c }\n", "ledger: { keey: *, url: * }\nledgr: { url: * }\n");
        check(
            "ledger: { key: { a: b } }\nservice: { callers: c }\n",
            "ledger: { key: { a: * } }\nservice: { callers: * }\n",
        );
        check("login: { floor: x, of: y }\nparams: { a: b }\n", "login: { floor: x, of: * }\nparams: { a: b }\n");
        check(
            "source: { kind: sql, url: 'postgres://me:pw@host/', record: a }\nservice: { nonces: n }\n",
            "source: { kind: sql, url: ************************, record: a }\nservice: { nonces: n }\n",
        );
        check(
            "source: { kind: http, server: { url: a, auth: { kind: bearer, token: b } }, record: { path: c, body: { json: d } },\n\
             pick: e, lists: { f: { request: { path: g } } } }\nverifiers: { v: { kind: http, verified_when: [ { status: 200 } ] } }\n",
            "source: { kind: http, server: { url: a, auth: { kind: bearer, token: * } }, record: { path: c, body: { json: d } },\n\
             pick: e, lists: { f: { request: { path: g } } } }\nverifiers: { v: { kind: http, verified_when: [ { status: 200 } ] } }\n",
        );
        check(
            "source: { kind: http, record: { headers: { X-Api-Key: a, Authorization: 'Bearer b', Cookie: '{param.c}', X-A: d } } }\n",
            "source: { kind: http, record: { headers: { X-Api-Key: *, Authorization: **********, Cookie: '{param.c}', X-A: d } } }\n",
        );
        check(
            "source: { kind: http, record: { headers: { Authorization: a, X-Shop: b }, query: { api_key: c, q: d } } }\n",
            "source: { kind: http, record: { headers: { Authorization: *, X-Shop: b }, query: { api_key: *, q: d } } }\n",
        );
        check("params: { pepper: a, api_key: b, region: c }\n", "params: { pepper: *, api_key: *, region: c }\n");
        check("params: { deep: { secret: a, b: c } }\n", "params: { deep: { secret: *, b: c } }\n");
        check(
            "password: { peppers: [ a ], decoy: { value: b } }\n",
            "password: { peppers: [ * ], decoy: { value: b } }\n",
        );
    }

    #[test]
    fn only_known_names_of_an_invalid_text_are_kept() {
        for (text, wanted) in [
            ("ledger: { key: 'a b#c }\n", "ledger: { key: '* *#* }\n"),
            ("\tkey: a:b: c", "\tkey: *:*: *"),
            ("hünter: x\nsecret:\n  ü\n", "*******: *\nsecret:\n  **\n"),
        ] {
            assert_eq!(masked_blindly(text), wanted);
            assert_eq!(wanted.len(), text.len());
        }
    }
}
