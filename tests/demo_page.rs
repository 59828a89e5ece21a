//! `landfall demo` over HTTP, as a browser without JavaScript sees it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]
#![cfg(feature = "cli")]

#[path = "browser/process.rs"]
mod process;
#[path = "browser/request.rs"]
mod request;

use landfall::demo::samples::{self, Sample};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use process::Demo;
use request::{Answer, request};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn sign_in(demo: &Demo, identifier: &str, password: &str) -> Answer {
    let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let body = format!("identifier={}&password={}", part(identifier), part(password));
    request(&demo.address, "POST", "/", &[FORM, "Sec-Fetch-Site: same-origin"], &body)
}

fn sample(login: &str) -> &'static Sample {
    samples::find(login).expect("a sample")
}

fn outcome(answer: &Answer) -> &str {
    let after = answer.body.split("id=\"outcome\">").nth(1).unwrap_or_else(|| panic!("no outcome: {}", answer.body));
    after.split('<').next().expect("its end")
}

fn switch(demo: &Demo, state: &str) {
    let answer = request(&demo.address, "POST", "/legacy", &[FORM], &format!("state={state}"));
    assert_eq!(answer.status, 303, "{}", answer.body);
}

fn page(demo: &Demo, path: &str) -> Answer {
    request(&demo.address, "GET", path, &[], "")
}

#[test]
fn every_sample_has_the_described_outcome() {
    let demo = Demo::start();
    // refused samples first: once ida has an account, her wrong password is refused for another reason
    for sample in samples::NOT_MIGRATING.iter().chain(samples::MIGRATING) {
        let answer = sign_in(&demo, sample.login, sample.password);
        let name = outcome(&answer).split(':').next().expect("a name").to_owned();
        assert_eq!(name, sample.outcome, "{}: {}", sample.login, outcome(&answer));
        assert_eq!(answer.status == 200, name == "migrated", "{}", sample.login);
    }
    let front = page(&demo, "/");
    assert!(front.body.contains(&format!("{} of 200", samples::MIGRATING.len())), "{}", front.body);
}

#[test]
fn the_second_sign_in_does_not_query_the_shop() {
    let demo = Demo::start();
    let ida = sample("ida.brandt");
    let first = sign_in(&demo, ida.login, ida.password);
    for part in
        ["migrated", "Record fetched", "Account stored", "email.value", "wp_usermeta", "the legacy shop was queried"]
    {
        assert!(first.body.contains(part), "{part}");
    }
    let second = sign_in(&demo, "  IDA.Brandt@example.com", ida.password);
    assert_eq!(outcome(&second), "authenticated");
    assert!(second.body.contains("the legacy shop was not queried") && second.body.contains("id=\"queries\">1 time<"));
    assert!(!second.body.contains("Record fetched"));
    let account = first.body.split("href=\"/accounts/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let account = page(&demo, &format!("/accounts/{account}"));
    assert!(account.status == 200 && account.body.contains("ida.brandt@example.com"), "{}", account.body);
    assert_eq!(page(&demo, "/accounts/unknown").status, 404);
}

#[test]
fn migrated_customers_sign_in_without_the_shop() {
    let demo = Demo::start();
    let (ida, tomas) = (sample("ida.brandt"), sample("tomas.novak"));
    sign_in(&demo, ida.login, ida.password);
    switch(&demo, "off");
    assert!(page(&demo, "/").body.contains("switched off"));
    assert_eq!(outcome(&sign_in(&demo, ida.login, ida.password)), "authenticated");
    let answer = sign_in(&demo, tomas.login, tomas.password);
    assert_eq!((outcome(&answer), answer.status), ("legacy_unavailable", 503));
    assert!(answer.body.contains("Try again later"));
    switch(&demo, "on");
    assert_eq!(outcome(&sign_in(&demo, tomas.login, tomas.password)), "migrated");
}

#[test]
fn the_api_works_alongside_the_page() {
    let demo = Demo::start();
    let body = r#"{"identifier":"tomas.novak","password":"seven green kites"}"#;
    let answer = request(&demo.address, "POST", "/v1/login", &["Content-Type: application/json"], body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("\"outcome\":\"migrated\""), "{}", answer.body);
}

#[test]
fn pages_have_security_headers_and_reject_forms_of_other_sites() {
    let demo = Demo::start();
    let front = page(&demo, "/");
    for header in
        ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff", "cache-control: no-store"]
    {
        assert!(front.head.contains(header), "{header}: {}", front.head);
    }
    let foreign = request(&demo.address, "POST", "/legacy", &[FORM, "Sec-Fetch-Site: cross-site"], "state=off");
    assert_eq!(foreign.status, 403);
    assert!(page(&demo, "/").body.contains("switched on"));
    for asset in ["/demo.css", "/mark.svg"] {
        assert_eq!(page(&demo, asset).status, 200);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_the_demo_and_removes_its_files() {
    let demo = Demo::start();
    let folder = demo.folder.clone();
    assert!(folder.join("shop.db").is_file() && folder.join("ledger.db").is_file());
    let status = demo.interrupt();
    assert!(status.success(), "{status}");
    assert!(!folder.exists());
}
