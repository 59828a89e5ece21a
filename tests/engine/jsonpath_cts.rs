//! The official compliance suite of RFC 9535 (JSONPath) as a gate: what deviates is listed by name, and nothing else may.

use bumpalo::Bump;
use landfall::engine::context::Cx;
use landfall::engine::path::Tail;
use landfall::model::Value;
use landfall::model::json::to_json;
use landfall::model::read::{ReadLimits, parse};
use landfall::rules::reference;
use serde_json::Value as Json;

/// Tests that may differ, each with the reason. One that no longer differs fails too, so that the list stays true.
///
/// Six more tests, invalid selectors that jsonpath-rust accepts, do not deviate: the reader refuses them itself.
const DEVIATIONS: &[(&str, &str)] = &[
    ("basic, descendant segment, multiple selectors", "jsonpath-rust gives the nodes selector by selector"),
    (
        "basic, descendant segment, object traversal, multiple selectors",
        "jsonpath-rust gives the nodes selector by selector",
    ),
    ("filter, nested", "refused on purpose: jsonpath-rust evaluates a filter inside a filter wrongly"),
];

fn suite() -> Vec<Json> {
    let mut suite: Json = serde_json::from_str(include_str!("../corpora/jsonpath-cts.json")).unwrap();
    serde_json::from_value(suite["tests"].take()).unwrap()
}

/// Compares numbers by value, because the suite writes `1.0` and `1` for the same.
fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => a == b,
    }
}

/// The node list of a selector over a document.
fn nodes(selector: &str, document: &str) -> Result<Vec<Json>, String> {
    let path = selector.strip_prefix('$').ok_or("a path begins with `$`")?;
    let tail = Tail::of(reference::parse(path).map_err(|problem| problem.message)?);
    let arena = Bump::new();
    let limits = ReadLimits { depth: ReadLimits::MAX_DEPTH, ..ReadLimits::default() };
    let value = parse(document, &arena, &limits).map_err(|error| error.to_string())?;
    Ok(match (tail.find(value, &Cx::bare(&arena)), tail.is_singular()) {
        (Value::Missing, _) => Vec::new(),
        (found, true) => vec![to_json(found)],
        (Value::List(found), false) => found.iter().map(|node| to_json(*node)).collect(),
        (other, false) => return Err(format!("a path for several nodes gave {}", other.kind())),
    })
}

/// What is wrong, when something is.
fn judge(test: &Json) -> Option<String> {
    let selector = test["selector"].as_str().unwrap();
    let got = nodes(selector, &test["document"].to_string());
    if test["invalid_selector"].as_bool() == Some(true) {
        let path = selector.strip_prefix('$');
        return path.is_some_and(|path| reference::parse(path).is_ok()).then(|| "accepted".to_owned());
    }
    let got = match got {
        Ok(got) => Json::Array(got),
        Err(message) => return Some(format!("refused: {message}")),
    };
    let allowed: Vec<&Json> = match &test["results"] {
        Json::Array(several) => several.iter().collect(),
        _ => vec![&test["result"]],
    };
    (!allowed.iter().any(|wanted| equal(&got, wanted))).then(|| format!("got {got}, wanted {}", allowed[0]))
}

#[test]
fn only_the_listed_tests_deviate() {
    let tests = suite();
    assert!(tests.len() >= 700, "the suite is not whole");
    let mut problems = Vec::new();
    for test in &tests {
        let name = test["name"].as_str().unwrap();
        let listed = DEVIATIONS.iter().any(|(deviation, _)| *deviation == name);
        match (judge(test), listed) {
            (Some(problem), false) => problems.push(format!("{name}: `{}`: {problem}", test["selector"])),
            (None, true) => problems.push(format!("{name}: deviates no longer, take it off the list")),
            _ => {}
        }
    }
    for (name, _) in DEVIATIONS {
        if !tests.iter().any(|test| test["name"] == *name) {
            problems.push(format!("{name}: not in the suite"));
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
