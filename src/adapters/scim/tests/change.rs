//! Changes of users that exist.

use super::*;

async fn set(target: &ScimTarget, id: &str, text: &str) -> Option<TargetId> {
    let id = TargetId(id.to_owned());
    target.set_password(call(), &id, &password(text), jiff::Timestamp::UNIX_EPOCH).await.unwrap()
}

#[tokio::test]
async fn passwords_are_set_with_and_without_versions_and_patch() {
    for wants_version in [false, true] {
        for has_no_patch in [false, true] {
            for mode in ["create", "patch"] {
                let traps = Traps { wants_version, has_no_patch, ..Traps::default() };
                let Scene { service, target } = Scene::with(traps, json!({ "password": mode })).await;
                customer("1", "ada").create(&target).await;
                assert_eq!(set(&target, "u1", "another password").await, Some(TargetId("u1".to_owned())));
                assert_eq!(set(&target, "u9", "another password").await, None);
                let user = service.user("ada");
                assert_eq!((user.password.as_deref(), user.is_active()), (Some("another password"), true));
                assert_eq!((&user.members["externalId"], &user.members["locale"]), (&json!("ext-1"), &json!("en")));
                let id = TargetId("u1".to_owned());
                assert_eq!(target.delete(call(), &id, Deletion::ForGood).await.unwrap(), Deleted::Yes);
            }
        }
    }
}

/// A service that wants versions and does not say so.
#[tokio::test]
async fn a_change_without_a_version_is_made_again_with_one() {
    let Scene { service, target } =
        Scene::with(Traps { wants_version: true, ..Traps::default() }, json!({ "discover": false })).await;
    customer("1", "ada").create(&target).await;
    set(&target, "u1", "another password").await;
    assert_eq!(service.user("ada").password.as_deref(), Some("another password"));
    assert_eq!(service.requests(), ["POST /Users", "PATCH /Users/u1", "GET /Users/u1", "PATCH /Users/u1"]);
}

#[tokio::test]
async fn a_password_activates_pending_users_and_no_others() {
    let Scene { service, target } = Scene::with(Traps::default(), json!({ "password": "patch" })).await;
    customer("1", "ada").without_password().create(&target).await;
    customer("2", "bo").create(&target).await;
    service.change("bo", "active", json!(false));
    for (id, name, active) in [("u1", "ada", true), ("u2", "bo", false)] {
        set(&target, id, "another password").await;
        let user = service.user(name);
        assert_eq!((user.password.as_deref(), user.is_active()), (Some("another password"), active), "{name}");
    }
}
