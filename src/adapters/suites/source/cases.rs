//! What every source does. `tests/directory` includes this file, to run it over real servers.

use serde_json::json;

use super::ports::{Call, IdentifierProfile, PortErrorKind, Source};

/// The records of the suite: login, email address, mark. Twins share a login.
pub fn customers() -> Vec<[String; 3]> {
    let long = "x".repeat(IdentifierProfile::MAX_BYTES);
    let hostile = ["'OR/**/1=1--", "%", "_", "*", ")(uid=*", "a'b", "\"", "\\2a", "${x}", ":identifier", long.as_str()];
    let plain = [["Ada", "Ada@Example.org", "mark-ada"], ["twin", "one@example.org", "mark-one"]];
    let more = [["TWIN", "two@example.org", "mark-two"], ["large", "large@example.org", "mark-large"]];
    plain
        .into_iter()
        .chain(more)
        .map(|customer| customer.map(str::to_owned))
        .chain(hostile.iter().map(|name| [(*name).to_owned(), String::new(), format!("mark-{name}")]))
        .collect()
}

/// The filler that takes the record `large` over the limit of its source.
pub fn filler(login: &str, limit: usize) -> String {
    if login == "large" { "f".repeat(limit) } else { String::new() }
}

/// Checks a source that has the [`customers`], each of whose names is a login; the one named `large` is over its limit.
pub async fn check_behaviour(kind: &str, source: &dyn Source) {
    let profile = IdentifierProfile::default();
    let fetch = async |typed: &str| {
        let identifier = profile.canonical(typed).expect("an identifier");
        let found = source.fetch(Call::outside_login("r1"), &identifier).await;
        found.map(|record| record.map(|record| record.json().to_owned())).map_err(|error| error.kind())
    };
    for spelling in ["Ada", "ada", " ADA ", "ada@example.org", "ADA@EXAMPLE.ORG"] {
        let found = fetch(spelling).await.expect(kind).expect(kind);
        assert!(found.contains("mark-ada"), "{kind}: {spelling}");
    }
    for unknown in ["adam", "ad", "ada@example.or", "mark-ada", "ada%", "a_a", "x", "null", "0", "'", "--"] {
        assert_eq!(fetch(unknown).await, Ok(None), "{kind}: {unknown}");
    }
    for two in ["twin", "Twin"] {
        assert_eq!(fetch(two).await, Err(PortErrorKind::BadResponse), "{kind}: {two}");
    }
    assert!(fetch("two@example.org").await.expect(kind).is_some_and(|json| json.contains("mark-two")), "{kind}");
    assert_eq!(fetch("large").await, Err(PortErrorKind::BadResponse), "{kind}");
    for [login, ..] in customers().into_iter().skip(4) {
        let found = fetch(&login).await.expect(kind).expect(kind);
        let mark = json!(format!("mark-{login}")).to_string();
        assert!(found.contains(&mark), "{kind}: {login}");
        serde_json::from_str::<serde::de::IgnoredAny>(&found).expect(kind);
    }
    // These never reach a source.
    for typed in ["' OR 1=1 --", "ada\0", "\u{202e}ada", ""] {
        assert!(profile.canonical(typed).is_err(), "{typed:?}");
    }
}
