//! Records with several accounts: each signs in by itself.

use landfall::migrate::Outcome;
use serde_json::json;

use super::fixture::{Fixture, Options, md5};

const FAMILY: &str = r#"
landfall: 1
name: family
target: standard
defaults: { on_error: reject }
identify: { id: "{$.id}-{$member.no}", logins: [ $member.logins ] }
accounts: { name: member, from: $.members, let: { born: { from: $member.born, do: [ to_integer ] } } }
account:
  username: { from: "$member.logins[0]", required: true }
  custom.born: $born
credential: { scheme: md5, value: $member.hash }
"#;

const TOGETHER: &str = r#"
landfall: 1
name: family
target: standard
identify: { id: "{$.id}-{$member.no}", logins: [ $member.logins ] }
accounts: { name: member, from: $.members, all_or_none: true }
account:
  username: { from: "$member.logins[0]" }
  custom.age: { from: $member.age, required: true }
credential: { scheme: md5, value: $member.hash }
"#;

fn fixture(rules: &'static str, members: serde_json::Value) -> Fixture {
    let fixture = Fixture::with(Options { rules, ..Options::default() });
    let record = json!({ "id": 7, "members": members }).to_string();
    fixture.source.insert(&["ada", "ada@example.org", "bob", "cy"], record).unwrap();
    fixture
}

#[tokio::test]
async fn one_that_is_invalid_does_not_keep_the_others_out() {
    let hash = |name: &str| md5(&format!("secret {name}"));
    let fixture = fixture(
        FAMILY,
        json!([
            { "no": 1, "logins": ["ada", "ada@example.org"], "hash": hash("ada"), "born": "1990" },
            { "no": 2, "logins": ["bob"], "hash": hash("bob"), "born": "soon" },
            { "logins": ["cy"], "hash": hash("cy") },
        ]),
    );
    assert_eq!(fixture.outcome("ada@example.org", "secret ada").await, Outcome::Migrated);
    assert_eq!(fixture.outcome("bob", "secret bob").await.name(), "invalid_record");
    // no id
    assert_eq!(fixture.outcome("cy", "secret cy").await.name(), "invalid_record");
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(fixture.accounts().await.len(), 1);
}

#[tokio::test]
async fn one_that_is_invalid_keeps_the_others_out_when_that_is_asked() {
    let hash = |name: &str| md5(&format!("secret {name}"));
    let members = |age: serde_json::Value| json!([{ "no": 1, "logins": ["ada"], "hash": hash("ada"), "age": 3 }, { "no": 2, "logins": ["bob"], "age": age }]);
    let whole = fixture(TOGETHER, members(json!(4)));
    assert_eq!(whole.outcome("ada", "secret ada").await, Outcome::Migrated);
    let broken = fixture(TOGETHER, members(json!(null)));
    assert_eq!(broken.outcome("ada", "secret ada").await.name(), "invalid_record");
    assert!(broken.accounts().await.is_empty());
}
