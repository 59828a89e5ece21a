//! Services that refuse what they do not know.

use super::*;

#[tokio::test]
async fn users_are_shaped_to_what_the_service_knows() {
    let Scene { service, target } = Scene::new(Traps { strict: true, ..Traps::default() }).await;
    assert_eq!(customer("1", "ada").create(&target).await, new("u1"));
    let user = service.user("ada");
    assert_eq!(user.members["name"], json!({ "givenName": "Ada", "familyName": "King" }));
    assert_eq!(user.members["emails"], json!([ { "value": "ada@example.org", "type": "home" } ]));
    assert!(!user.members.contains_key("locale"));
}

#[tokio::test]
async fn what_the_service_requires_is_an_error_of_the_record() {
    let Scene { service, target } = Scene::new(Traps { strict: true, ..Traps::default() }).await;
    let mut nameless = customer("1", "ada");
    nameless.claims["name"] = json!({ "given": "Ada" });
    let error = nameless.try_create(&target).await.unwrap_err();
    assert!(error.is_about_one_record() && error.detail().contains("`name.familyName`"), "{error}");
    assert!(service.users().is_empty());
}

/// Without a schema everything is sent, and the refusal is the customer's alone.
#[tokio::test]
async fn a_refused_user_is_an_error_of_the_record() {
    for settings in [json!({}), json!({ "discover": false })] {
        let traps = Traps { strict: true, has_no_discovery: true, ..Traps::default() };
        let Scene { service, target } = Scene::with(traps, settings).await;
        let error = customer("1", "ada").try_create(&target).await.unwrap_err();
        assert!(error.is_about_one_record(), "{error}");
        assert!(service.users().is_empty());
    }
}

/// The service was upgraded while Landfall ran.
#[tokio::test]
async fn the_schema_is_read_again_when_a_user_is_refused() {
    let Scene { service, target } = Scene::new(Traps::default()).await;
    customer("1", "ada").create(&target).await;
    service.with(|state| state.traps.strict = true);
    let error = customer("2", "bo").try_create(&target).await.unwrap_err();
    assert!(error.is_about_one_record(), "it was read within the last minute: {error}");
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    tokio::time::resume();
    assert_eq!(customer("2", "bo").create(&target).await, new("u2"));
    service.requests();
    assert_eq!(customer("3", "cy").create(&target).await, new("u3"));
    assert_eq!(service.requests(), ["POST /Users"]);
}

/// A login that gives up does not interrupt the answer, which later logins need.
#[tokio::test]
async fn a_slow_service_is_known_in_the_end() {
    let Scene { service, target } = Scene::new(Traps { delay_millis: 300, ..Traps::default() }).await;
    let ada = customer("1", "ada");
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(50), ada.try_create(&target)).await;
    assert!(given_up.is_err());
    tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    service.with(|state| state.traps.delay_millis = 0);
    assert_eq!(service.requests(), ["GET /ServiceProviderConfig", "GET /Schemas"]);
    assert_eq!(ada.create(&target).await, new("u1"));
    assert_eq!(service.requests(), ["POST /Users"]);
}
