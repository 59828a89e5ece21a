//! Presets, with answers as the products document them.

use super::super::preset::{Preset, presets};
use super::*;

/// A preset, its parameters, a record, and answers: a status, a body, and what it means.
struct Golden {
    preset: &'static str,
    params: Json,
    record: Json,
    answers: Vec<(u16, Json, Result<Verdict, PortErrorKind>)>,
}

fn golden() -> Vec<Golden> {
    let client = json!({ "client_id": "c-1", "client_secret": "s-1" });
    let token = || json!({ "access_token": "t-1", "token_type": "Bearer", "expires_in": 300 });
    let grant = |why: &str| json!({ "error": "invalid_grant", "error_description": why });
    let aws = |kind: &str, why: &str| json!({ "__type": kind, "message": why });
    let denied = Err(PortErrorKind::Denied);
    let bad = Err(PortErrorKind::BadResponse);
    vec![
        Golden {
            preset: "rest",
            params: json!({}),
            record: json!({ "id": "u-1" }),
            answers: vec![
                (200, json!({ "id": "u-1" }), Ok(Verdict::Match)),
                (200, json!({ "id": "u-1", "password_change_required": true }), Ok(Verdict::MustChange)),
                (200, json!({ "id": "u-2" }), bad.clone()),
                (401, json!({ "error": "invalid_credentials" }), Ok(Verdict::Mismatch)),
                (403, json!({ "error": "locked" }), Ok(Verdict::Locked)),
                (403, json!({ "error": "disabled" }), Ok(Verdict::Disabled)),
                (403, json!({ "error": "password_expired" }), Ok(Verdict::Expired)),
            ],
        },
        Golden {
            preset: "oauth-ropc",
            params: client.clone(),
            record: json!({ "id": "u-1" }),
            answers: vec![
                (200, token(), Ok(Verdict::Match)),
                (400, grant("wrong"), Ok(Verdict::Mismatch)),
                (401, json!({ "error": "invalid_client" }), denied.clone()),
                (400, json!({ "error": "unauthorized_client" }), bad.clone()),
            ],
        },
        Golden {
            preset: "auth0",
            params: client.clone(),
            record: json!({ "user_id": "u-1", "email": "ada@example.org" }),
            answers: vec![
                (200, token(), Ok(Verdict::Match)),
                (403, grant("Wrong email or password."), Ok(Verdict::Mismatch)),
                (
                    401,
                    json!({ "error": "unauthorized", "error_description": "user is blocked" }),
                    Ok(Verdict::Disabled),
                ),
                (401, json!({ "error": "password_leaked" }), Ok(Verdict::Expired)),
                (429, json!({ "error": "too_many_attempts" }), Ok(Verdict::Locked)),
                (429, json!({ "error": "too_many_requests" }), Err(PortErrorKind::RateLimited)),
                (403, json!({ "error": "mfa_required", "mfa_token": "m" }), denied.clone()),
                (403, json!({ "error": "access_denied" }), denied.clone()),
            ],
        },
        Golden {
            preset: "okta-authn",
            params: json!({}),
            record: json!({ "id": "u-1", "profile": { "login": "ada@example.org" } }),
            answers: vec![
                (200, json!({ "status": "SUCCESS", "_embedded": { "user": { "id": "u-1" } } }), Ok(Verdict::Match)),
                (200, json!({ "status": "SUCCESS", "_embedded": { "user": { "id": "u-2" } } }), bad.clone()),
                (
                    200,
                    json!({ "status": "PASSWORD_EXPIRED", "_embedded": { "user": { "id": "u-1" } } }),
                    Ok(Verdict::MustChange),
                ),
                (
                    200,
                    json!({ "status": "PASSWORD_WARN", "_embedded": { "user": { "id": "u-1" } } }),
                    Ok(Verdict::Match),
                ),
                (200, json!({ "status": "PASSWORD_EXPIRED" }), bad.clone()),
                (200, json!({ "status": "LOCKED_OUT" }), Ok(Verdict::Locked)),
                (200, json!({ "status": "MFA_REQUIRED", "_embedded": { "user": { "id": "u-1" } } }), bad.clone()),
                (401, json!({ "errorCode": "E0000004" }), Ok(Verdict::Mismatch)),
                (401, json!({ "errorCode": "E0000011" }), denied.clone()),
                (429, json!({ "errorCode": "E0000047" }), Err(PortErrorKind::RateLimited)),
            ],
        },
        Golden {
            preset: "cognito",
            params: json!({ "client_id": "c-1" }),
            record: json!({ "Username": "ada" }),
            answers: vec![
                (200, json!({ "AuthenticationResult": { "AccessToken": "t" } }), Ok(Verdict::Match)),
                (200, json!({ "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s" }), Ok(Verdict::MustChange)),
                (200, json!({ "ChallengeName": "SMS_MFA", "Session": "s" }), bad.clone()),
                (400, aws("NotAuthorizedException", "Incorrect username or password."), Ok(Verdict::Mismatch)),
                (400, aws("NotAuthorizedException", "Password attempts exceeded"), Ok(Verdict::Locked)),
                (400, aws("NotAuthorizedException", "User is disabled."), Ok(Verdict::Disabled)),
                (400, aws("UserNotConfirmedException", "User is not confirmed."), Ok(Verdict::Disabled)),
                (400, aws("PasswordResetRequiredException", "Password reset required"), Ok(Verdict::Expired)),
                (400, aws("ResourceNotFoundException", "User pool client c-1 does not exist."), bad.clone()),
                (400, aws("NotAuthorizedException", "Client is configured with secret"), bad.clone()),
                (
                    400,
                    aws("NotAuthorizedException", "Temporary password has expired and must be reset."),
                    Ok(Verdict::Expired),
                ),
                // service names before the name of the error, as some regions write them
                (
                    400,
                    aws("com.amazon.coral#NotAuthorizedException", "Incorrect username or password."),
                    Ok(Verdict::Mismatch),
                ),
                (400, aws("NotAuthorizedException", "ada"), bad.clone()),
                (400, aws("TooManyRequestsException", "Rate exceeded"), bad.clone()),
            ],
        },
        Golden {
            preset: "keycloak",
            params: json!({ "realm": "shop", "client_id": "c-1", "client_secret": "s-1" }),
            record: json!({ "id": "u-1", "username": "ada" }),
            answers: vec![
                (200, token(), Ok(Verdict::Match)),
                (401, grant("Invalid user credentials"), Ok(Verdict::Mismatch)),
                (400, grant("Account disabled"), Ok(Verdict::Disabled)),
                (400, grant("Invalid user credentials"), Ok(Verdict::Mismatch)),
                (400, grant("Account is not fully set up"), Ok(Verdict::Expired)),
                (400, json!({ "error": "unauthorized_client" }), bad.clone()),
                (401, json!({ "error": "unauthorized_client" }), denied.clone()),
                (404, json!({ "error": "Realm does not exist" }), Err(PortErrorKind::Misconfigured)),
            ],
        },
        Golden {
            preset: "firebase",
            params: json!({ "api_key": "k-1" }),
            record: json!({ "localId": "u-1", "email": "ada@example.org" }),
            answers: vec![
                (200, json!({ "localId": "u-1", "registered": true }), Ok(Verdict::Match)),
                (200, json!({ "localId": "u-2", "registered": true }), bad.clone()),
                (400, json!({ "error": { "message": "INVALID_LOGIN_CREDENTIALS" } }), Ok(Verdict::Mismatch)),
                (200, json!({ "localId": "u-1", "mfaPendingCredential": "m" }), Ok(Verdict::Match)),
                (400, json!({ "error": { "message": "INVALID_PASSWORD" } }), Ok(Verdict::Mismatch)),
                (400, json!({ "error": { "message": "EMAIL_NOT_FOUND" } }), Ok(Verdict::Mismatch)),
                (400, json!({ "error": { "message": "OPERATION_NOT_ALLOWED" } }), bad.clone()),
                (400, json!({ "error": { "message": "USER_DISABLED" } }), Ok(Verdict::Disabled)),
                (400, json!({ "error": { "message": "TOO_MANY_ATTEMPTS_TRY_LATER : wait" } }), Ok(Verdict::Locked)),
                (400, json!({ "error": { "message": "API key not valid." } }), bad.clone()),
            ],
        },
        Golden {
            preset: "salesforce",
            params: client,
            record: json!({ "Id": "u-1", "Username": "ada@example.org" }),
            answers: vec![
                (200, token(), Ok(Verdict::Match)),
                (400, grant("authentication failure"), Ok(Verdict::Mismatch)),
                (400, grant("inactive organization"), bad.clone()),
                (400, grant("inactive user"), Ok(Verdict::Disabled)),
                (400, json!({ "error": "inactive_user" }), Ok(Verdict::Disabled)),
                (400, json!({ "error": "invalid_client_id" }), bad.clone()),
            ],
        },
        Golden {
            preset: "wordpress-rest",
            params: json!({}),
            record: json!({ "id": 7, "username": "ada" }),
            answers: vec![
                (200, json!({ "id": 7 }), Ok(Verdict::Match)),
                (200, json!({ "id": 8 }), bad),
                (500, json!({ "code": "incorrect_password", "data": null }), Ok(Verdict::Mismatch)),
                (500, json!({ "code": "invalid_username", "data": null }), Ok(Verdict::Mismatch)),
                // an application password is wanted
                (401, json!({ "code": "incorrect_password", "data": { "status": 401 } }), denied.clone()),
                (401, json!({ "code": "rest_not_logged_in" }), denied),
                (500, json!({ "code": "internal_server_error" }), Err(PortErrorKind::Unavailable)),
            ],
        },
    ]
}

/// What any product may answer that is not well.
fn outages() -> Vec<(u16, Json, PortErrorKind)> {
    vec![
        (200, json!({}), PortErrorKind::BadResponse),
        (200, json!([]), PortErrorKind::BadResponse),
        (200, json!({ "error": "maintenance" }), PortErrorKind::BadResponse),
        (301, json!({}), PortErrorKind::BadResponse),
        (404, json!({}), PortErrorKind::Misconfigured),
        (429, json!({}), PortErrorKind::RateLimited),
        (500, json!({}), PortErrorKind::Unavailable),
        (503, json!({}), PortErrorKind::Unavailable),
    ]
}

/// A product that answers this, and this to the question whose token it is.
async fn product(status: u16, body: &Json, user: (u16, Json)) -> Server {
    let (body, (user_status, user)) = (body.to_string(), (user.0, user.1.to_string()));
    Server::answering(move |request: Request| {
        let target = request.headers().get("x-amz-target").map(|target| target.as_bytes());
        let is_user =
            request.uri().path().ends_with("userinfo") || target.is_some_and(|target| target.ends_with(b".GetUser"));
        let (status, text) = if is_user { (user_status, user.clone()) } else { (status, body.clone()) };
        async move { reply(status, "application/json; charset=UTF-8", text) }
    })
    .await
}

#[tokio::test]
async fn answers_of_products_are_understood() {
    let ada = json!({ "sub": "u-1", "user_id": "u-1", "Username": "ada" });
    let eve = json!({ "sub": "u-2", "user_id": "u-2", "Username": "eve" });
    for Golden { preset, params, record, answers } in golden() {
        let settings = json!({ "preset": preset, "params": params });
        let outages = outages().into_iter().map(|(status, body, kind)| (status, body, Err(kind)));
        for (status, body, want) in answers.into_iter().chain(outages) {
            let server = product(status, &body, (200, ada.clone())).await;
            let found = verify(&server.verifier(settings.clone()), record.clone()).await.map_err(|error| error.kind());
            assert_eq!(found, want, "{preset}: {status} {body}");
            if server.asked() == 1 {
                continue;
            }
            // the token is somebody else's, nobody's, or nobody knows
            for (user, kind) in [
                ((200, eve.clone()), PortErrorKind::BadResponse),
                ((200, json!({})), PortErrorKind::BadResponse),
                ((401, json!({ "error": "invalid_token" })), PortErrorKind::Denied),
                ((503, ada.clone()), PortErrorKind::Unavailable),
            ] {
                let server = product(status, &body, user.clone()).await;
                let found = verify(&server.verifier(settings.clone()), record.clone()).await;
                assert_eq!(found.map_err(|error| error.kind()), Err(kind), "{preset}: {status} {body} {user:?}");
            }
        }
    }
}

#[test]
fn every_condition_of_a_preset_has_a_golden_answer() {
    for Golden { preset, answers, .. } in golden() {
        let (_, text) = presets().find(|(name, _)| *name == preset).unwrap();
        let Preset { verifier, .. } = serde_yaml::from_str(text).unwrap();
        let verifier = verifier.unwrap();
        let written = [
            (Verdict::Match, Some(verifier.verified_when)),
            (Verdict::Mismatch, Some(verifier.mismatch_when)),
            (Verdict::Locked, verifier.locked_when),
            (Verdict::Disabled, verifier.disabled_when),
            (Verdict::Expired, verifier.expired_when),
            (Verdict::MustChange, verifier.must_change_when),
        ];
        for (verdict, conditions) in written {
            let wanted = conditions.map_or(0, |conditions| conditions.len());
            let have = answers.iter().filter(|(.., want)| *want == Ok(verdict.clone())).count();
            assert!(have >= wanted, "{preset}: {have} answers are {verdict:?}, which has {wanted} conditions");
        }
        assert!(verifier.subject.is_some(), "{preset} does not compare the subject");
    }
}

fn preset_of(text: &str) -> Preset {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[tokio::test]
async fn presets_parse_and_explain_themselves() {
    let tested: Vec<&str> = golden().iter().map(|golden| golden.preset).collect();
    for (name, text) in presets() {
        assert!(preset_of(text).verifier.is_none() || tested.contains(&name), "{name} has no golden answers");
        assert!(text.starts_with("# "), "{name} has no header");
        let preset = preset_of(text);
        assert!(preset.defaults.keys().all(|key| preset.params.contains_key(key)), "{name}");
        let params: serde_json::Map<String, Json> = preset.params.keys().map(|key| (key.clone(), json!("x"))).collect();
        let server = json!({ "url": "https://legacy.example" });
        if preset.source.is_some() {
            source(json!({ "server": server, "preset": name, "params": params })).unwrap();
        }
        if preset.verifier.is_some() {
            verifier(json!({ "server": server, "preset": name, "params": params })).unwrap();
        }
        if preset.target.is_some() {
            target::target_of(json!({ "server": server, "preset": name, "params": params }), Path::new(""))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[tokio::test]
async fn records_of_products_are_found() {
    let ada = || json!({ "id": "u-1", "username": "ada", "email": "ada@example.org" });
    let server = Server::answering(move |request: Request| async move {
        let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        let body = match (path.as_str(), query.as_str()) {
            ("/admin/realms/shop/users", "exact=true&username=ada") => json!([ada()]),
            ("/admin/realms/shop/users", "email=ada%40example.org&exact=true") => json!([ada()]),
            // an address that is somebody else's user name
            ("/admin/realms/shop/users", "exact=true&username=twin%40example.org") => json!([
                { "id": "u-2", "username": "twin@example.org" }
            ]),
            ("/admin/realms/shop/users", "email=twin%40example.org&exact=true") => json!([
                { "id": "u-3", "username": "eve", "email": "twin@example.org" }
            ]),
            ("/admin/realms/shop/users/u-1/groups", "") => json!([{ "name": "vip" }]),
            ("/admin/realms/shop/users/u-1/role-mappings/realm", "") => json!([]),
            // Okta finds its own administrator by this name
            ("/api/v1/users/me", "") => json!({ "id": "u-9", "profile": { "login": "root@example.org" } }),
            ("/api/v1/users/ada", "") => json!({ "id": "u-1", "profile": { "login": "ada" } }),
            _ => json!([]),
        };
        reply(200, "application/json", body.to_string())
    })
    .await;
    let source = server.source(json!({ "preset": "keycloak", "params": { "realm": "shop" } }));
    for typed in ["ada", "Ada@example.org"] {
        let record = fetch(&source, typed).await.unwrap().unwrap();
        assert_eq!(record["groups"], json!([{ "name": "vip" }]), "{typed}");
    }
    let twins = fetch(&source, "twin@example.org").await.unwrap_err();
    assert!(twins.is_about_one_record(), "{twins}");
    let okta = server.source(json!({ "preset": "okta-authn" }));
    assert_eq!(fetch(&okta, "ada").await.unwrap().unwrap()["id"], "u-1");
    assert_eq!(fetch(&okta, "me").await.unwrap(), None);
    assert_eq!(fetch(&source, "bob").await.unwrap(), None);
}

#[tokio::test]
async fn a_preset_can_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = presets().find(|(name, _)| *name == "rest").unwrap();
    std::fs::write(folder.path().join("shop.yaml"), text.replace("/login", "/sign-in")).unwrap();
    let open = |preset: &str| {
        let settings = json!({ "server": { "url": "https://legacy.example" }, "preset": preset });
        let settings: HttpVerifierSettings = serde_json::from_value(settings).unwrap();
        HttpVerifier::open("shop", &settings, IdentifierProfile::default(), folder.path()).map(drop)
    };
    assert_eq!(open("shop.yaml"), Ok(()));
    assert!(open("other.yaml").unwrap_err().contains("cannot be read"));
    assert!(open("keyclaok").unwrap_err().contains("unknown"));
    assert!(open("keycloak").unwrap_err().contains("`realm` is missing"));
}
