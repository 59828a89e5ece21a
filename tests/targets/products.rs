//! What the products do by themselves, which the tests of logins rely on.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{bearer, call, send_form};
use crate::driver::Browser;
use crate::servers::canaille::{Canaille, WRITER};
use crate::servers::glewlwyd::{API_KEY, EXTERNAL_ID, Glewlwyd};
use crate::servers::keycloak::{ADMIN_CLIENT, Keycloak, PUBLIC_CLIENT};
use crate::servers::scim2_server::{Scim2Server, TOKEN};
use crate::visit;

/// A user with the attributes that both SCIM servers take.
fn scim_user(login: &str, password: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": login, "externalId": "e1",
        "password": password, "active": true, "name": { "formatted": "Ida Brandt", "familyName": "Brandt" },
        "emails": [{ "value": "ida.brandt@example.com" }],
    })
}

#[tokio::test]
#[ignore = "needs scim2-server; run tests/run"]
async fn scim2_server_finds_users_and_keeps_passwords() {
    let server = Scim2Server::start();
    let (users, token) = (format!("{}/Users", server.url()), format!("Bearer {TOKEN}"));
    let ida = scim_user("ida.brandt", "harbour-lamp-42");
    let (status, made) = call(Method::POST, &users, &token, &ida).await;
    assert_eq!(status, 201, "{made}");
    for login in ["ida.brandt", "IDA.BRANDT"] {
        let (status, answer) = call(Method::POST, &users, &token, &scim_user(login, "x")).await;
        assert_eq!((status, &answer["scimType"]), (409, &json!("uniqueness")), "{answer}");
    }
    let (status, found) =
        call(Method::GET, &format!("{users}?filter=externalId+eq+%22e1%22"), &token, &Value::Null).await;
    assert_eq!((status, &found["Resources"][0]["id"]), (200, &made["id"]), "{found}");
    assert_eq!(call(Method::POST, &users, "Bearer other", &ida).await.0, 401);
    let kept = server.stop();
    assert_eq!((kept.len(), &kept[0]["password"]), (1, &ida["password"]), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs canaille and chromium; run tests/run"]
async fn canaille_signs_in_users_made_by_scim() {
    let server = Canaille::start();
    let users = format!("{}/Users", server.scim_url());
    let token = bearer(&format!("{}/oauth/token", server.url()), WRITER).await;
    let ida = scim_user("ida.brandt", "harbour-lamp-42");
    assert_eq!(call(Method::POST, &users, &token, &ida).await.0, 201);
    // not 409, and no SCIM error
    assert_eq!(call(Method::POST, &users, &token, &ida).await, (500, Value::Null));
    // it keeps no external id and ignores filters
    let (_, found) = call(Method::GET, &format!("{users}?filter=externalId+eq+%22e2%22"), &token, &Value::Null).await;
    assert_eq!((&found["totalResults"], &found["Resources"][0]["externalId"]), (&json!(1), &Value::Null), "{found}");
    let browser = Browser::start();
    assert_eq!(visit::canaille(&browser, &server, "ida.brandt", "wrong-lamp-42"), None);
    assert_eq!(visit::canaille(&browser, &server, "nobody", "harbour-lamp-42"), None);
    let claims = visit::canaille(&browser, &server, "ida.brandt", "harbour-lamp-42").expect("ida is signed in");
    assert_eq!(claims["email"], "ida.brandt@example.com", "{claims}");
    server.stop();
    server.serve();
    assert!(visit::canaille(&browser, &server, "ida.brandt", "harbour-lamp-42").is_some());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs glewlwyd and chromium; run tests/run"]
async fn glewlwyd_signs_in_users_made_by_its_api() {
    let server = Glewlwyd::start();
    let (users, key) = (format!("{}/api/user/?source=database", server.url()), format!("token {API_KEY}"));
    let mut ida = json!({
        "username": "ida.brandt", "name": "Ida Brandt", "email": "ida.brandt@example.com", "enabled": true,
        "scope": ["g_profile"], "password": "harbour-lamp-42",
    });
    ida[EXTERNAL_ID] = json!("e1");
    assert_eq!(call(Method::POST, &users, &key, &ida).await, (200, Value::Null));
    assert_eq!(call(Method::POST, &users, &key, &ida).await, (400, json!(["username already exist"])));
    let (status, found) = call(Method::GET, &format!("{}/api/user/ida.brandt", server.url()), &key, &Value::Null).await;
    assert_eq!((status, &found[EXTERNAL_ID]), (200, &json!("e1")), "{found}");
    assert_eq!(call(Method::POST, &users, "token other", &ida).await.0, 401);
    let browser = Browser::start();
    assert_eq!(visit::glewlwyd(&browser, &server, "ida.brandt", "wrong-lamp-42"), None);
    assert_eq!(visit::glewlwyd(&browser, &server, "nobody", "harbour-lamp-42"), None);
    let profile = visit::glewlwyd(&browser, &server, "ida.brandt", "harbour-lamp-42").expect("ida is signed in");
    assert_eq!(profile["email"], "ida.brandt@example.com", "{profile}");
    server.stop();
    server.serve();
    assert!(visit::glewlwyd(&browser, &server, "ida.brandt", "harbour-lamp-42").is_some());
}

#[tokio::test]
#[ignore = "needs Keycloak; run tests/run"]
async fn keycloak_refuses_a_short_password_and_then_makes_no_user() {
    let server = Keycloak::start_as_target();
    let token = bearer(&server.token_url(), ADMIN_CLIENT).await;
    let ida = |password: &str| {
        json!({
            "username": "ida.brandt", "email": "ida.brandt@example.com", "firstName": "Ida", "lastName": "Brandt",
            "enabled": true, "attributes": { "landfall_external_id": ["e1"] },
            "credentials": [{ "type": "password", "value": password }],
        })
    };
    let (status, answer) = call(Method::POST, &server.users_url(), &token, &ida("lamp-42")).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(call(Method::POST, &server.users_url(), &token, &ida("harbour-lamp-42")).await, (201, Value::Null));
    let (status, answer) = call(Method::POST, &server.users_url(), &token, &ida("harbour-lamp-42")).await;
    assert_eq!(status, 409, "{answer}");
    let known = format!("{}?q=landfall_external_id:e1", server.users_url());
    let (status, found) = call(Method::GET, &known, &token, &Value::Null).await;
    assert_eq!((status, &found[0]["username"]), (200, &json!("ida.brandt")), "{found}");
    let mut form =
        [("grant_type", "password"), ("client_id", PUBLIC_CLIENT), ("username", "ida.brandt"), ("password", "")];
    for (password, expected) in [("harbour-lamp-42", 200), ("wrong", 400)] {
        form[3].1 = password;
        let (status, answer) = send_form(&server.token_url(), "", &form).await;
        assert_eq!(status, expected, "{answer}");
    }
}
