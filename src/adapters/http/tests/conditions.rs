//! Answers, and the verdicts that they are.

use super::*;
use crate::ports::Work;

fn settings() -> Json {
    json!({
        "request": { "path": "/login", "body": { "json": { "login": "{identifier}", "password": "{password}" } } },
        "verified_when": [{ "status": 200, "body": { "$.user.id": { "exists": true }, "$.ok": true } }],
        "must_change_when": [{ "status": 200, "body": { "$.ok": true, "$.change": true } }],
        "mismatch_when": [{ "status": [400, 401], "body": { "$.error": { "one_of": ["wrong", "unknown"] } } }],
        "locked_when": [{ "status": 423 }],
        "disabled_when": [{ "status": 403, "body": { "$.error": { "starts_with": "disabled" } } }],
        "expired_when": [{ "status": 403, "headers": { "x-reason": { "contains": "expired" }, "x-code": 17 } }],
        "subject": { "answer": "$.user.id", "record": "$.id" },
    })
}

#[tokio::test]
pub(in crate::adapters) async fn answers_have_the_meaning_of_their_conditions() {
    let ada = json!({ "id": 7 });
    for (status, body, want) in [
        (200, json!({ "ok": true, "user": { "id": 7 } }), Ok(Verdict::Match)),
        (200, json!({ "ok": true, "user": { "id": "7" } }), Ok(Verdict::Match)),
        (200, json!({ "ok": true, "user": { "id": 7 }, "change": true }), Ok(Verdict::MustChange)),
        (401, json!({ "error": "wrong" }), Ok(Verdict::Mismatch)),
        (400, json!({ "error": "unknown" }), Ok(Verdict::Mismatch)),
        (423, json!({}), Ok(Verdict::Locked)),
        (403, json!({ "error": "disabled by admin" }), Ok(Verdict::Disabled)),
        // somebody else, or nobody
        (200, json!({ "ok": true, "user": { "id": 8 } }), Err(PortErrorKind::BadResponse)),
        (200, json!({ "ok": true, "user": { "id": [7] } }), Err(PortErrorKind::BadResponse)),
        (200, json!({ "ok": true, "change": true }), Err(PortErrorKind::BadResponse)),
        // what no condition describes
        (200, json!({ "ok": "true", "user": { "id": 7 } }), Err(PortErrorKind::BadResponse)),
        (200, json!({ "ok": 1, "user": { "id": 7 } }), Err(PortErrorKind::BadResponse)),
        (200, json!({ "ok": true, "user": { "id": null } }), Err(PortErrorKind::BadResponse)),
        (200, json!({ "error": "wrong" }), Err(PortErrorKind::BadResponse)),
        (200, json!([]), Err(PortErrorKind::BadResponse)),
        (401, json!({ "error": "other" }), Err(PortErrorKind::Denied)),
        (401, json!({ "error": ["wrong"] }), Err(PortErrorKind::Denied)),
        (404, json!({ "error": "wrong" }), Err(PortErrorKind::Misconfigured)),
        (429, json!({ "error": "wrong" }), Err(PortErrorKind::RateLimited)),
        (500, json!({ "error": "wrong" }), Err(PortErrorKind::Unavailable)),
        (503, json!({}), Err(PortErrorKind::Unavailable)),
        (302, json!({ "ok": true, "user": { "id": 7 } }), Err(PortErrorKind::BadResponse)),
    ] {
        let server = Server::always(status, body.clone()).await;
        let found = verify(&server.verifier(settings()), ada.clone()).await;
        assert_eq!(found.map_err(|error| error.kind()), want, "{status} {body}");
        assert_eq!(server.asked(), 1, "{status} {body}: a password is never sent twice");
    }
}

#[tokio::test]
async fn an_answer_without_a_subject_verifies_only_where_settings_say_so() {
    let token = json!({ "token": "t" });
    let change = json!({ "error": "must change" });
    let with = |waived: bool| {
        let mut condition = json!({ "status": [200, 403], "body": { "$.error": "must change" } });
        if waived {
            condition["subject"] = json!(false);
        }
        json!({
            "request": { "path": "/login", "body": { "form": { "login": "{identifier}", "password": "{password}" } } },
            "verified_when": [{ "status": 200, "body": { "$.token": { "exists": true } } }],
            "must_change_when": [condition],
            "mismatch_when": [{ "status": 400, "body": { "$.error": "wrong" } }],
            "then": { "path": "/me", "headers": { "Authorization": "Bearer {answer.$.token}" } },
            "subject": { "answer": "$.sub", "record": "$.id" },
        })
    };
    let both = json!({ "token": "t", "error": "must change" });
    for (waived, status, body, subject, want) in [
        (false, 200, &token, 7, Ok(Verdict::Match)),
        (false, 403, &change, 7, Err(PortErrorKind::BadResponse)),
        (true, 403, &change, 8, Ok(Verdict::MustChange)),
        (true, 200, &token, 7, Ok(Verdict::Match)),
        // what verifies is always somebody's
        (true, 200, &token, 8, Err(PortErrorKind::BadResponse)),
        (true, 200, &both, 7, Ok(Verdict::MustChange)),
        (true, 200, &both, 8, Err(PortErrorKind::BadResponse)),
    ] {
        let first = body.to_string();
        let server = Server::answering(move |request: Request| {
            let is_second = request.uri().path() == "/me";
            let text = if is_second { json!({ "sub": subject }).to_string() } else { first.clone() };
            async move { reply(if is_second { 200 } else { status }, "application/json", text) }
        })
        .await;
        let found = verify(&server.verifier(with(waived)), json!({ "id": 7 })).await;
        assert_eq!(found.map_err(|error| error.kind()), want, "{waived} {status} {body} {subject}");
    }
}

#[tokio::test]
async fn headers_and_texts_are_evidence_too() {
    let server = Server::answering(|_| async {
        let mut response = reply(403, "application/json", "{}");
        response.headers_mut().insert("x-reason", "password expired".parse().unwrap());
        response.headers_mut().insert("x-code", "17".parse().unwrap());
        response
    })
    .await;
    assert_eq!(verify(&server.verifier(settings()), json!({ "id": 7 })).await.unwrap(), Verdict::Expired);

    let soap = json!({
        "request": {
            "path": "/soap",
            "body": { "text": "<l><u a='{identifier}'/><p>{password}</p></l>", "content_type": "text/xml; charset=utf-8" },
        },
        "verified_when": [{ "status": 200, "text": "<Result>OK</Result>" }],
        "mismatch_when": [{ "status": 200, "text": "<Result>WRONG</Result>" }],
    });
    for (text, want) in [
        ("<r><Result>OK</Result></r>", Ok(Verdict::Match)),
        ("<r><Result>WRONG</Result></r>", Ok(Verdict::Mismatch)),
        ("<r><Result>OK</Result><Result>WRONG</Result></r>", Err(PortErrorKind::BadResponse)),
        ("<html>maintenance</html>", Err(PortErrorKind::BadResponse)),
    ] {
        let server = Server::answering(move |_| async move { reply(200, "text/xml", text) }).await;
        let found = verify(&server.verifier(soap.clone()), json!({})).await;
        assert_eq!(found.map_err(|error| error.kind()), want, "{text}");
    }
}

#[tokio::test]
async fn conditions_that_contradict_each_other_are_no_verdict() {
    let server = Server::always(401, json!({ "error": "wrong", "locked": true })).await;
    let mut settings = settings();
    settings["locked_when"] = json!([{ "status": 401, "body": { "$.locked": true } }]);
    let error = verify(&server.verifier(settings), json!({ "id": 7 })).await.unwrap_err();
    assert!(error.to_string().contains("contradict"), "{error}");
}

#[tokio::test]
async fn a_status_alone_is_enough_only_if_that_is_written() {
    let mut settings = json!({
        "request": { "path": "/login", "basic": {} },
        "verified_when": [{ "status": 204 }],
        "mismatch_when": [{ "status": 401 }],
    });
    let server = Server::answering(|_| async { Response::builder().status(204).body(Body::empty()).unwrap() }).await;
    let mut refused = settings.clone();
    refused["server"] = server.settings();
    assert!(verifier(refused).unwrap_err().contains("status alone"));
    settings["status_alone"] = json!(true);
    let found = verify_password(&server.verifier(settings), json!({}), b"pw").await.unwrap();
    assert_eq!(found, Verification { verdict: Verdict::Match, work: Work::Remote });
}

#[tokio::test]
async fn passwords_that_cannot_be_sent_are_not_sent() {
    let server = Server::always(200, json!({ "ok": true, "user": { "id": 7 } })).await;
    let json_body = server.verifier(settings());
    let mut basic = settings();
    basic["request"] = json!({ "path": "/login", "basic": {} });
    let basic = server.verifier(basic);
    for password in [&b""[..], b"\xff\xfe", b"a\0b"] {
        for verifier in [&json_body, &basic] {
            let found = verify_password(verifier, json!({ "id": 7 }), password).await.unwrap();
            assert!(matches!(found.verdict, Verdict::Unusable(_)), "{password:?}");
        }
    }
    let found = verify_password(&basic, json!({ "id": 7 }), b"a\nb").await.unwrap();
    assert!(matches!(found.verdict, Verdict::Unusable(_)));
    assert_eq!(server.asked(), 0);
    assert!(verify_password(&json_body, json!({ "id": 7 }), b"a\nb").await.unwrap().verdict.is_match());
}

#[tokio::test]
async fn a_second_request_tells_whose_answer_it_was() {
    let settings = json!({
        "preset": "oauth-ropc",
        "params": { "client_id": "landfall", "client_secret": "s" },
        "subject": { "answer": "$.sub", "record": "$.id" },
    });
    for (sub, want) in [("u-7", Ok(Verdict::Match)), ("u-8", Err(PortErrorKind::BadResponse))] {
        let server = Server::answering(move |request: Request| async move {
            if request.uri().path() == "/oauth2/token" {
                return reply(200, "application/json", r#"{"access_token":"t-1","token_type":"bearer"}"#);
            }
            assert_eq!(request.headers()["authorization"], "Bearer t-1");
            reply(200, "application/json", json!({ "sub": sub }).to_string())
        })
        .await;
        let found = verify(&server.verifier(settings.clone()), json!({ "id": "u-7" })).await;
        assert_eq!(found.map_err(|error| error.kind()), want);
        assert_eq!(server.asked(), 2);
    }
}

#[tokio::test]
async fn a_subject_can_be_the_identifier() {
    let mut settings = settings();
    settings["subject"] = json!({ "answer": "$.user.name" });
    for (name, is_ada) in [("Ada", true), ("ADA", true), ("adam", false), ("", false)] {
        let server = Server::always(200, json!({ "ok": true, "user": { "id": 7, "name": name } })).await;
        let found = verify(&server.verifier(settings.clone()), json!({})).await;
        assert_eq!(found.is_ok(), is_ada, "{name}");
    }
}
