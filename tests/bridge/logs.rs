//! Nothing that was typed is in the log: the identifier is in the path of some products, and everything is in bodies.

use std::fs;
use std::sync::Arc;

use crate::clients;
use crate::crowd::{Crowd, customer, customer_with, password};

/// Texts that are written nowhere else.
const WRONG: &str = "Canary-Wrong-Password-77";
const NOBODY: &str = "canary-nobody-4711";
const ADA: &str = "canary-ada-0815";
const LOCKED: &str = "canary-luke-0816";

/// The ways in which a text may be written.
fn written(text: &str) -> Vec<String> {
    use base64::Engine as _;
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let by_segment = clients::segment(text);
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(text);
    let lower = text.to_lowercase();
    vec![text.to_owned(), lower, hex::encode(text), encoded.to_lowercase(), encoded, by_segment, base64]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_typed_is_logged() {
    for client in clients::all() {
        let records = [customer(ADA), customer_with(LOCKED, "state", "locked")];
        let crowd = Arc::new(Crowd::start(Arc::from(client), &records, "", "log: { level: trace, format: json }\n"));
        let mail = format!("{ADA}@example.org");
        let (ada, luke) = (password(ADA), password(LOCKED));
        let (typed, mail) = (ada.as_str(), mail.as_str());
        for (login, password) in [
            (ADA, WRONG),
            (ADA, typed),
            (mail, typed),
            (ADA, WRONG),
            (LOCKED, luke.as_str()),
            (NOBODY, WRONG),
            (NOBODY, typed),
        ] {
            assert!(crowd.sign_in(login, password).await.is_some());
        }
        // what no product sends, and callers whom nobody knows
        let http = crate::running::client(std::time::Duration::from_secs(20));
        let bridge = format!("{}/bridge/{}", crowd.base(), crowd.kind());
        for target in
            [format!("/{ADA}/{NOBODY}"), format!("/{mail}?password={WRONG}"), format!("//{ADA}"), String::new()]
        {
            for token in [crate::shop::TOKEN, WRONG] {
                for body in [format!("{{\"password\":\"{WRONG}\",\"username\":[\"{ADA}\""), format!("{ADA}={WRONG}")] {
                    let request = http.post(format!("{bridge}{target}")).bearer_auth(token);
                    let request = request.header("content-type", "application/json").header("x-note", ADA);
                    request.body(body).send().await.expect("an answer");
                }
            }
        }
        let log = fs::read_to_string(crowd.folder.path().join("log")).expect("the log");
        assert!(log.contains("\"answered\"") && log.contains("\"step\""), "{}: the log is on", crowd.kind());
        for text in [WRONG, NOBODY, ADA, LOCKED, &ada, &luke] {
            for text in written(text) {
                let line = log.lines().find(|line| line.contains(&text));
                assert_eq!(line, None, "{}: `{text}` is in the log", crowd.kind());
            }
        }
    }
}
