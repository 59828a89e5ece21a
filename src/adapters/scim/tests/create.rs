//! Creations that are duplicates, interrupted, refused or limited.

use super::*;

#[tokio::test]
async fn every_kind_of_duplicate_is_ours_or_a_conflict() {
    for duplicates in [Duplicates::Conflict, Duplicates::BadRequest, Duplicates::Failure] {
        for filters in [Filters::Apply, Filters::Refuse, Filters::Ignore] {
            let Scene { service, target } = Scene::new(Traps { duplicates, filters, ..Traps::default() }).await;
            for name in ["one", "two", "three", "four"] {
                service.add(name);
            }
            let ada = customer("1", "ada");
            assert_eq!(ada.create(&target).await, new("u5"));
            for name in ["five", "six", "seven"] {
                service.add(name);
            }
            let case = format!("{duplicates:?} {filters:?}");
            assert_eq!(ada.create(&target).await, Created::Exists(TargetId("u5".to_owned())), "{case}");
            let stranger = customer("2", "two").create(&target).await;
            assert_eq!(stranger, Created::Conflict(Conflict::Login), "{case}");
            assert_eq!(customer("3", "nobody").state(&target).await, None, "{case}");
            assert_eq!(service.users().len(), 8, "{case}");
        }
    }
}

/// An error that is not about a duplicate stays an outage.
#[tokio::test]
async fn a_failure_is_a_conflict_only_if_there_is_an_account() {
    let Scene { service, target } = Scene::new(Traps { duplicates: Duplicates::Failure, ..Traps::default() }).await;
    service.add("ada");
    assert_eq!(customer("1", "ada").create(&target).await, Created::Conflict(Conflict::Login));
    service.with(|state| state.traps.is_down = true);
    let error = customer("1", "ada").try_create(&target).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
}

#[tokio::test]
async fn a_service_that_creates_two_users_keeps_one() {
    for filters in [Filters::Apply, Filters::Refuse, Filters::Ignore] {
        let traps = Traps { duplicates: Duplicates::Second, filters, ..Traps::default() };
        let Scene { service, target } = Scene::with(traps, json!({ "check_unique": true })).await;
        for name in ["one", "two", "three"] {
            service.add(name);
        }
        let ada = customer("1", "ada");
        assert_eq!(ada.create(&target).await, new("u4"));
        assert_eq!(ada.create(&target).await, Created::Exists(TargetId("u4".to_owned())));
        assert_eq!(customer("2", "ADA").create(&target).await, Created::Conflict(Conflict::Login));
        assert_eq!(service.users().len(), 4);
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_again() {
    let Scene { service, target } = Scene::new(Traps { lost: 1, ..Traps::default() }).await;
    let ada = customer("1", "ada");
    let error = ada.try_create(&target).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
    assert_eq!(ada.state(&target).await, Some(AccountState::Active));
    assert_eq!(ada.create(&target).await, Created::Exists(TargetId("u1".to_owned())));
    assert_eq!(service.user("ada").password.as_deref(), Some(RIGHT));
}

/// In two calls, the second one is made by the next attempt.
#[tokio::test]
async fn an_interrupted_creation_is_completed() {
    for has_no_patch in [false, true] {
        let traps = Traps { lost: 1, drops_password: true, has_no_patch, ..Traps::default() };
        let Scene { service, target } = Scene::with(traps, json!({ "password": "patch" })).await;
        assert_eq!(target.capabilities().states, Support::Yes);
        let ada = customer("1", "ada");
        ada.try_create(&target).await.unwrap_err();
        assert_eq!(ada.state(&target).await, Some(AccountState::Pending));
        assert!(!service.user("ada").is_active());
        assert_eq!(ada.create(&target).await, new("u1"));
        let user = service.user("ada");
        assert_eq!((user.password.as_deref(), user.is_active()), (Some(RIGHT), true));
        assert_eq!(ada.state(&target).await, Some(AccountState::Active));
        // complete by now: an old password does not overwrite another one
        service.change("ada", "title", json!("Countess"));
        let again = Customer { password: Some("another password"), ..ada.clone() };
        assert_eq!(again.create(&target).await, Created::Exists(TargetId("u1".to_owned())));
        service.change("ada", "active", json!(false));
        assert_eq!(again.create(&target).await, Created::Exists(TargetId("u1".to_owned())));
        assert_eq!(ada.state(&target).await, Some(AccountState::Disabled));
        assert_eq!(service.user("ada").password.as_deref(), Some(RIGHT));
    }
}

#[tokio::test]
async fn a_password_that_create_drops_is_set_by_a_change() {
    let traps = Traps { drops_password: true, wants_version: true, ..Traps::default() };
    let Scene { service, target } = Scene::with(traps, json!({ "password": "patch" })).await;
    target.ping().await.unwrap();
    service.requests();
    assert_eq!(customer("1", "ada").create(&target).await, new("u1"));
    assert_eq!(service.requests(), ["POST /Users", "PATCH /Users/u1"], "the version is that of the creation");
    let user = service.user("ada");
    assert_eq!((user.password.as_deref(), user.is_active()), (Some(RIGHT), true));
    let mut disabled = customer("2", "bo");
    disabled.claims["status"] = json!("disabled");
    disabled.create(&target).await;
    assert!(!service.user("bo").is_active());
}

#[tokio::test]
async fn a_state_that_create_drops_is_set_by_a_change() {
    let Scene { service, target } = Scene::new(Traps { drops_active: true, ..Traps::default() }).await;
    let mut disabled = customer("1", "bo");
    disabled.claims["status"] = json!("disabled");
    assert_eq!(disabled.create(&target).await, new("u1"));
    assert!(!service.user("bo").is_active());
}

#[tokio::test]
async fn a_password_against_the_policy_does_not_lock_the_customer_out() {
    for mode in ["create", "patch"] {
        let traps = Traps { least_password: 20, ..Traps::default() };
        let Scene { service, target } = Scene::with(traps, json!({ "password": mode })).await;
        let created = customer("1", "ada").create(&target).await;
        assert_eq!(created, Created::NewWithoutPassword(TargetId("u1".to_owned())), "{mode}");
        let user = service.user("ada");
        // inactive, it waits for another password
        assert_eq!((user.password.clone(), user.is_active()), (None, mode == "create"), "{mode}");
        let pending = Customer { pending: Some(TargetId("u1".to_owned())), ..customer("1", "ada") };
        let again = pending.create(&target).await;
        assert_eq!(again, Created::NewWithoutPassword(TargetId("u1".to_owned())), "{mode}");
        let (id, typed) = (TargetId("u1".to_owned()), password(RIGHT));
        let set = target.set_password(call(), &id, &typed, jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(set.await.unwrap_err().kind(), PortErrorKind::PasswordRefused);
    }
}

#[tokio::test]
async fn pending_accounts_are_completed_only_if_it_shows_that_they_are() {
    let Scene { service, target } = Scene::new(Traps::default()).await;
    assert_eq!(customer("1", "ada").without_password().create(&target).await, new("u1"));
    service.requests();
    let completing = Customer { pending: Some(TargetId("u1".to_owned())), ..customer("1", "ada") };
    assert_eq!(completing.create(&target).await, Created::NewWithoutPassword(TargetId("u1".to_owned())));
    assert_eq!(service.requests(), [] as [&str; 0], "nobody can see whether it has a password by now");

    let Scene { service, target } = Scene::with(Traps::default(), json!({ "password": "patch" })).await;
    let pending = customer("1", "ada").without_password();
    assert_eq!(pending.create(&target).await, new("u1"));
    assert_eq!(pending.create(&target).await, new("u1"));
    assert_eq!(pending.state(&target).await, Some(AccountState::Pending));
    assert_eq!(completing.create(&target).await, new("u1"));
    assert_eq!(service.user("ada").password.as_deref(), Some(RIGHT));
    assert_eq!(completing.create(&target).await, Created::Exists(TargetId("u1".to_owned())));
    let gone = Customer { pending: Some(TargetId("u7".to_owned())), ..customer("2", "bo") };
    assert_eq!(gone.create(&target).await, new("u2"));
}

#[tokio::test]
async fn an_answer_without_an_id_is_searched() {
    let Scene { target, .. } = Scene::new(Traps { says_nothing: true, ..Traps::default() }).await;
    assert_eq!(customer("1", "ada").create(&target).await, new("u1"));
}

#[tokio::test]
async fn a_service_that_wants_a_password_gets_one_that_nobody_knows() {
    let Scene { service, target } = Scene::new(Traps { needs_password: true, ..Traps::default() }).await;
    for name in ["ada", "bo"] {
        customer(name, name).without_password().create(&target).await;
    }
    let passwords = ["ada", "bo"].map(|name| service.user(name).password.unwrap());
    assert!(passwords[0].len() > 40 && passwords[0] != passwords[1]);
}

#[tokio::test]
async fn a_limited_service_is_left_alone_for_as_long_as_it_says() {
    let Scene { service, target } = Scene::new(Traps::default()).await;
    target.ping().await.unwrap();
    service.with(|state| state.traps.limited = 1);
    service.requests();
    let error = customer("1", "ada").try_create(&target).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::RateLimited);
    let soon =
        crate::ports::Call { deadline: tokio::time::Instant::now() + std::time::Duration::from_millis(300), ..call() };
    let error = target.find_external(soon, &ExternalId("ext-1".to_owned())).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::RateLimited);
    assert_eq!(service.requests(), ["POST /Users"], "the second one was not sent");
    assert_eq!(customer("1", "ada").create(&target).await, new("u1"));
}

#[tokio::test]
async fn nothing_is_created_after_the_claim() {
    let Scene { service, target } = Scene::new(Traps::default()).await;
    let (ada, legacy) = (customer("1", "ada"), LegacyKey { source: "shop".to_owned(), id: "1".to_owned() });
    let (claims, password) = (ada.claims.to_string(), password(RIGHT));
    let new = NewAccount {
        external_id: &ada.external,
        legacy: &legacy,
        logins: &[],
        claims: &claims,
        password: Some(&password),
        hash: None,
        pending: None,
        change: PasswordChange::Optional,
        rules: "rules-1",
        at: jiff::Timestamp::UNIX_EPOCH,
        until: tokio::time::Instant::now(),
    };
    assert!(target.create(call(), new).await.is_err());
    assert!(service.users().is_empty());
}

/// An unknown account never counts as missing: recovery would give it up.
#[tokio::test]
async fn a_search_that_cannot_see_all_users_is_an_error() {
    for (ignores_pages, limit) in [(false, 5), (true, 100)] {
        let traps = Traps { filters: Filters::Ignore, ignores_pages, ..Traps::default() };
        let Scene { service, target } = Scene::with(traps, json!({ "scan_limit": limit })).await;
        for name in ["a", "b", "c", "d", "e", "f", "g"] {
            service.add(name);
        }
        let error = target.find_created(call(), &ExternalId("ext-1".to_owned())).await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Unsupported, "{error}");
    }
}

/// The first page of such a service is all there is without `count`.
#[tokio::test]
async fn a_service_that_fails_on_count_is_read_without_it() {
    let traps = Traps { filters: Filters::Refuse, fails_on_count: true, ..Traps::default() };
    let Scene { service, target } = Scene::new(traps).await;
    for name in ["one", "two", "three", "four"] {
        service.add(name);
    }
    let ada = customer("1", "ada");
    ada.create(&target).await;
    assert_eq!(ada.state(&target).await, Some(AccountState::Active));
    assert_eq!(customer("2", "bo").state(&target).await, None);
}

/// Whose account it is does not show, so it is never said that there is none, and nobody else's is taken.
#[tokio::test]
async fn a_service_that_does_not_keep_our_id_has_no_accounts_of_ours() {
    for strict in [false, true] {
        let traps = Traps { drops_external_id: true, duplicates: Duplicates::Failure, strict, ..Traps::default() };
        let Scene { service, target } = Scene::new(traps).await;
        let ada = customer("1", "ada");
        assert_eq!(ada.create(&target).await, new("u1"));
        let error = target.find_created(call(), &ada.external).await.unwrap_err();
        assert!(error.detail().contains("`id_attribute`"), "{error}");
        assert_eq!(ada.create(&target).await, Created::Conflict(Conflict::Login));
        assert_eq!(service.users().len(), 1);
    }
}

#[tokio::test]
async fn our_id_can_be_in_another_attribute() {
    for filters in [Filters::Apply, Filters::Refuse] {
        let traps = Traps { drops_external_id: true, strict: true, lost: 1, filters, ..Traps::default() };
        let attribute = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";
        let Scene { target, .. } = Scene::with(traps, json!({ "id_attribute": attribute })).await;
        let ada = customer("1", "ada");
        ada.try_create(&target).await.unwrap_err();
        assert_eq!(ada.state(&target).await, Some(AccountState::Active));
        assert_eq!(ada.create(&target).await, Created::Exists(TargetId("u1".to_owned())));
        assert_eq!(customer("2", "ada").create(&target).await, Created::Conflict(Conflict::Login));
    }
}
