//! Hooks: scripts of the operator at named points.

use std::sync::Arc;

use landfall::migrate::{HookAnswer, HookError, HookInput, HookPoint, Hooks, Outcome};
use serde_json::json;

use super::house::{House, Wishes, customer};

/// Does what the point's name asks for.
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
                return Err(HookError { point: point.name(), message: "it broke".to_owned() });
            }
            HookPoint::AfterFetch => {
                answer.facts.insert("tags".to_owned(), json!(["vip"]));
            }
            HookPoint::AfterCreate => return Err(HookError { point: point.name(), message: "it broke".to_owned() }),
            _ => {}
        }
        Ok(answer)
    }
}

#[tokio::test]
async fn hooks_deny_and_add_facts_but_cannot_undo() {
    let house = House::with(Wishes { hooks: Arc::new(Scripted), ..Wishes::default() });
    for name in ["ada", "early", "late", "broken"] {
        house.legacy(&customer(name));
    }
    let denied = |key: &str| Outcome::DeniedByRule(key.to_owned());
    assert_eq!(house.outcome("early", "secret early").await, denied("too_early"));
    assert_eq!(house.outcome("late", "secret late").await, denied("too_late"));
    assert_eq!(house.outcome("broken", "secret broken").await, Outcome::InvalidRecord);
    let ada = house.login("ada", "secret ada").await;
    assert_eq!(ada.outcome, Outcome::Migrated);
    assert_eq!(house.account(&ada.account.unwrap()).await["tags"], json!(["vip"]));
    assert_eq!(house.accounts().await.len(), 1);
}
