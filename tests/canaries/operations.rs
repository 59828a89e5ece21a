//! Every operation, with everything that may come of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::canary::{Aviary, Kind};
use super::shop::{Customer, Source};
use super::visitor::{Shown, Visitor};

/// A customer of every kind. The first one's mail address is the alias of the one in conflict, which an export leaves out and
/// the database, whose logins are said to be unique, does not.
pub const ROLES: [&str; 30] = [
    "fine",
    "later",
    "set",
    "must_change",
    "garbage",
    "blocked",
    "bad_mail",
    "bad_phone",
    "bad_date",
    "bad_locale",
    "bad_number",
    "bad_state",
    "bad_hash",
    "disabled",
    "locked",
    "twin",
    "huge",
    "throws",
    "parses",
    "hook_throws",
    "hook_parses",
    "hook_denies",
    "hook_tags",
    "denied",
    "create_throws",
    "after_throws",
    "guessed",
    "reset",
    "deleted",
    "conflict",
];

/// What the right password leads to, at the first login.
fn status(role: &str, source: Source) -> u16 {
    match role {
        "fine" | "later" | "set" | "must_change" | "bad_locale" | "after_throws" | "deleted" => 200,
        "conflict" if source == Source::File => 200,
        _ => 401,
    }
}

/// Everybody comes for the first time, with a wrong password and then with the right one.
pub async fn first_logins(visitor: &Visitor, aviary: &mut Aviary, source: Source, customers: &[Customer]) {
    for (role, customer) in ROLES.into_iter().zip(customers).filter(|(role, _)| *role != "reset") {
        let wrong = aviary.password(&format!("the wrong password of {role} in {source:?}"));
        // an address that is none leads to nobody, and one without a record is unknown
        let mail = if role == "bad_mail" { &customer.login } else { &customer.mail };
        let (refused, _) = visitor.login(mail, &wrong).await;
        assert!(matches!(refused, 401 | 503), "{role} in {source:?}: {refused}");
        if role == "guessed" {
            for number in 0..5 {
                let guess = aviary.password(&format!("guess {number} in {source:?}"));
                assert_eq!(visitor.login(&customer.login, &guess).await.0, 401);
            }
        }
        let (found, body) = visitor.login(&customer.login, &customer.password).await;
        assert_eq!(found, status(role, source), "{role} in {source:?}: {body}");
    }
}

/// The account of a customer who is in.
async fn account_of(visitor: &Visitor, customer: &Customer) -> String {
    let (status, body) = visitor.login(&customer.login, &customer.password).await;
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    body["account_id"].as_str().unwrap().to_owned()
}

/// Those whom the target knows, by both of their names, and strangers.
pub async fn later_logins(visitor: &Visitor, aviary: &mut Aviary, customers: &[Customer]) {
    let later = &customers[1];
    let wrong = aviary.password("a wrong password at the target");
    assert_eq!(visitor.login(&later.mail.to_uppercase(), &later.password).await.0, 200);
    assert_eq!(visitor.login(&later.login, &wrong).await.0, 401);
    let (stranger, mail) = (aviary.word(Kind::Login, "a stranger"), aviary.word(Kind::Login, "a stranger's address"));
    let password = aviary.password("the password of a stranger");
    for identifier in [stranger.clone(), format!("{mail}@example.org"), format!("two words {mail}"), mail.repeat(40)] {
        assert_eq!(visitor.login(&identifier, &password).await.0, 401);
    }
    for password in [String::new(), format!("{password}\0"), password.repeat(40)] {
        assert_eq!(visitor.login(&later.login, &password).await.0, 401);
    }
}

/// Bodies that are no logins, each with a login and a password in it.
pub async fn malformed(visitor: &Visitor, aviary: &mut Aviary) {
    let password = aviary.password("the password of a malformed body");
    let login = aviary.word(Kind::Login, "the login of a malformed body");
    let whole = json!({ "identifier": login, "password": password }).to_string();
    let quoted = serde_json::to_string(&password).unwrap();
    let bodies = [
        whole[..whole.len() - 1].to_owned(),
        format!("{whole}{whole}"),
        whole.replace('{', &format!("{{{quoted}:{quoted},")),
        whole.replace('{', &format!("{{\"password\":{quoted},")),
        json!({ "identifier": [login], "password": { "value": password } }).to_string(),
        json!({ "identifier": login, "password": [password] }).to_string(),
        json!({ "identifier": { "a": login }, "password": password }).to_string(),
        json!([login, password]).to_string(),
        quoted.clone(),
        format!("{}{quoted}", "[".repeat(500)),
        format!("identifier={login}&password={password}"),
    ];
    for path in ["/v1/login", "/v1/signup-check", "/v1/password-reset", "/v1/accounts/nobody/password"] {
        for body in &bodies {
            assert_eq!(visitor.post(path, body).await.0, 400, "{path}");
        }
        let wide: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let broken = [whole.as_bytes(), b"\xff"].concat();
        assert_eq!((visitor.post(path, wide).await.0, visitor.post(path, broken).await.0), (400, 400), "{path}");
        for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"] {
            let call = visitor.call("POST", path, visitor.known(), kind, whole.as_bytes());
            assert_eq!(call.await.0, 415, "{path}: {kind}");
        }
        let large = json!({ "identifier": login, "password": password.repeat(600) }).to_string();
        assert_eq!(visitor.post(path, large).await.0, 413, "{path}");
    }
    let address = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC).to_string();
    assert_eq!(visitor.post(&format!("/v1/login?identifier={login}&password={address}"), "{}").await.0, 400);
    assert_eq!(visitor.get(&format!("/v1/{login}/{address}")).await.0, 404);
    assert_eq!(visitor.get("/v1/login").await.0, 405);
    let method = password[..16].to_uppercase();
    assert_eq!(visitor.call(&method, "/v1/login", visitor.known(), "", b"").await.0, 405);
}

/// Callers who are known, in all three ways, and others who are not.
pub async fn callers(visitor: &Visitor, aviary: &mut Aviary, basic: &str, signing: &str, customer: &Customer) {
    let body = json!({ "identifier": customer.login, "password": customer.password }).to_string();
    let wrong = aviary.token("a wrong token");
    let now = jiff::Timestamp::now().as_second();
    let pair = |secret: &str| Shown::Authorization(format!("Basic {}", STANDARD.encode(format!("shop:{secret}"))));
    let signed = |secret: &str, id: &str| Shown::Signed(secret.to_owned(), id.to_owned(), now);
    for (shown, wanted) in [
        (Shown::Nothing, 401),
        (Shown::Authorization(format!("Bearer {wrong}")), 401),
        (Shown::Authorization(format!("Bearer  {wrong} ,")), 401),
        (Shown::Authorization(wrong.clone()), 401),
        (Shown::Authorization(format!("Basic {wrong}")), 401),
        (pair(&wrong), 401),
        (pair(basic), 200),
        (signed(&wrong, "call-1"), 401),
        (signed(signing, "call-2"), 200),
        (signed(signing, "call-2"), 401),
        (signed(&format!("{signing}-of-old"), "call-3"), 200),
        (Shown::Signed(signing.to_owned(), "call-4".to_owned(), now - 4000), 401),
    ] {
        let told = format!("{shown:?}");
        let call = visitor.call("POST", "/v1/login", shown, "application/json", body.as_bytes());
        assert_eq!(call.await.0, wanted, "{told}");
    }
}

/// Sign-ups and forgotten passwords, of customers and of strangers.
pub async fn questions(visitor: &Visitor, aviary: &mut Aviary, source: Source, customers: &[Customer]) {
    let stranger = aviary.word(Kind::Login, "a stranger who asks");
    let reset = &customers[ROLES.iter().position(|role| *role == "reset").unwrap()];
    for identifier in [&customers[1].login, &reset.mail] {
        let asked = visitor.post("/v1/signup-check", json!({ "identifier": identifier }).to_string()).await;
        assert_eq!(asked, (200, json!({ "available": false }).to_string()));
    }
    let asked = visitor.post("/v1/signup-check", json!({ "identifier": stranger }).to_string()).await;
    match source {
        // one record of the export cannot be read, and may be the stranger's
        Source::File => assert_eq!(asked.0, 503),
        Source::Sql => assert_eq!(asked, (200, json!({ "available": true }).to_string())),
    }
    for identifier in [&customers[1].mail, &reset.login, &stranger, &format!("two words {stranger}")] {
        let asked = visitor.post("/v1/password-reset", json!({ "identifier": identifier }).to_string()).await;
        assert_eq!(asked.0, 202);
    }
    // there is an account now, which no password opens but the right one
    let wrong = aviary.password("a wrong password after a reset");
    assert_eq!(visitor.login(&reset.login, &wrong).await.0, 401);
}

/// What callers do with accounts; gives what was shown of one.
pub async fn accounts(visitor: &Visitor, aviary: &mut Aviary, source: Source, customers: &[Customer]) -> String {
    let set = &customers[2];
    let id = account_of(visitor, set).await;
    let new = aviary.password(&format!("the new password in {source:?}"));
    let body = json!({ "password": new }).to_string();
    let path = format!("/v1/accounts/{id}/password");
    assert_eq!(visitor.post(&path, &body).await.0, 204);
    assert_eq!(visitor.login(&set.login, &new).await.0, 200);
    assert_eq!(visitor.login(&set.login, &set.password).await.0, 401);
    for password in [String::new(), format!("{new}\0"), new.repeat(40)] {
        assert_eq!(visitor.post(&path, json!({ "password": password }).to_string()).await.0, 400);
    }
    for nobody in ["nobody", &set.login, &set.mail] {
        assert_eq!(visitor.post(&format!("/v1/accounts/{nobody}/password"), &body).await.0, 404);
        assert_eq!(visitor.get(&format!("/v1/accounts/{nobody}")).await.0, 404);
    }
    visitor.account(&id).await
}
