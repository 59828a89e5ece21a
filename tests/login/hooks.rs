//! Hooks: scripts of the operator at defined points.

use std::sync::Arc;

use landfall::migrate::Outcome;
use landfall::ports::{HookAnswer, HookError, HookInput, HookPoint, Hooks};
use serde_json::json;

use super::fixture::{Fixture, Options, customer};

/// Denies, fails or adds facts depending on the point and the customer.
struct Scripted;

impl Hooks for Scripted {
    fn has(&self, _: HookPoint) -> bool {
        true
    }

    fn run(&self, point: HookPoint, input: HookInput<'_>) -> Result<HookAnswer, HookError> {
        let mut answer = HookAnswer::default();
        match point {
            HookPoint::BeforeFetch if input.identifier == "early" => answer.deny = Some("too_early".to_owned()),
            HookPoint::BeforeCreate if input.account.is_some_and(|account| account.contains("late@")) => {
                answer.deny = Some("too_late".to_owned());
            }
            HookPoint::AfterFetch if input.identifier == "broken" => {
                return Err(HookError { point, message: "the script failed".to_owned() });
            }
            HookPoint::AfterFetch => {
                answer.facts.insert("tags".to_owned(), json!(["vip"]));
            }
            HookPoint::AfterCreate => {
                return Err(HookError { point, message: "the script failed".to_owned() });
            }
            _ => {}
        }
        Ok(answer)
    }
}

#[tokio::test]
async fn hooks_deny_and_add_facts_but_cannot_undo() {
    let fixture = Fixture::with(Options { hooks: Arc::new(Scripted), ..Options::default() });
    for name in ["ada", "early", "late", "broken"] {
        fixture.legacy(&customer(name));
    }
    let denied = |key: &str| Outcome::DeniedByRule(key.to_owned());
    assert_eq!(fixture.outcome("early", "secret early").await, denied("too_early"));
    assert_eq!(fixture.outcome("late", "secret late").await, denied("too_late"));
    assert_eq!(fixture.outcome("broken", "secret broken").await, Outcome::InvalidRecord);
    let ada = fixture.login("ada", "secret ada").await;
    assert_eq!(ada.outcome, Outcome::Migrated);
    assert_eq!(fixture.account(&ada.account.unwrap()).await["tags"], json!(["vip"]));
    assert_eq!(fixture.accounts().await.len(), 1);
}
