//! `landfall demo` over HTTP, as a browser without JavaScript sees it.

use crate::process::Demo;
use crate::request::{Answer, request};
use landfall::demo::samples::{self, Sample};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

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
fn start_again_puts_everything_back() {
    let demo = Demo::start();
    let (ida, tomas) = (sample("ida.brandt"), sample("tomas.novak"));
    for one in [ida, tomas] {
        assert_eq!(outcome(&sign_in(&demo, one.login, one.password)), "migrated");
    }
    // an account with a new password is no obstacle, and neither are failed attempts
    let account = sign_in(&demo, tomas.login, tomas.password).body;
    let account = account.split("href=\"/accounts/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let path = format!("/v1/accounts/{account}/password");
    let json = "Content-Type: application/json";
    assert_eq!(request(&demo.address, "POST", &path, &[json], r#"{"password":"new green kites"}"#).status, 204);
    for _ in 0..12 {
        sign_in(&demo, ida.login, "not-her-password");
    }
    assert_eq!(outcome(&sign_in(&demo, ida.login, ida.password)), "refused: attempts");
    switch(&demo, "off");

    assert_eq!(request(&demo.address, "POST", "/again", &[FORM, "Sec-Fetch-Site: cross-site"], "").status, 403);
    assert_eq!(request(&demo.address, "POST", "/again", &[FORM, "Sec-Fetch-Site: same-origin"], "").status, 303);
    let front = page(&demo, "/").body;
    for part in ["id=\"migrated\">0 of 200<", "id=\"queries\">0 times<", "switched on"] {
        assert!(front.contains(part), "{part}: {front}");
    }
    assert!(!front.contains("has an account"));
    for one in [ida, tomas] {
        assert_eq!(outcome(&sign_in(&demo, one.login, one.password)), "migrated", "{}", one.login);
    }
}

#[test]
fn a_refusal_shows_where_it_ended_and_the_work_for_nobody() {
    let demo = Demo::start();
    for (login, place, title) in [
        ("nobody.here", "Legacy shop", "Unknown customer"),
        ("nadia.haddad", "Landfall", "Locked"),
        ("petra.vogel", "Landfall", "Denied by the rules"),
        ("leo.martins", "Landfall", "No valid account"),
        ("grace.okafor", "Landfall", "Cannot be verified"),
    ] {
        let body = sign_in(&demo, login, sample(login).password).body;
        let stopped = body.split("id=\"stopped\">").nth(1).and_then(|rest| rest.split("</p>").next());
        let stopped = stopped.unwrap_or_else(|| panic!("{login}: {body}"));
        assert!(stopped.contains(place) && stopped.contains(title), "{login}: {stopped}");
        let late = body.split("id=\"late\"").nth(1).and_then(|rest| rest.split("</ol>").next()).expect("late steps");
        assert!(late.contains("Hashes computed for nobody") && late.contains("Decision recorded"), "{login}: {late}");
        let steps = body.split("id=\"steps\"").nth(1).and_then(|rest| rest.split("</ol>").next()).expect("steps");
        assert!(!steps.contains("for nobody") && steps.matches("class=\"stop\"").count() == 1, "{login}: {steps}");
    }
    let ida = sample("ida.brandt");
    let body = sign_in(&demo, ida.login, ida.password).body;
    assert!(!body.contains("id=\"stopped\"") && !body.contains("id=\"late\""));
}

#[cfg(unix)]
#[test]
fn every_command_works_on_what_the_demo_keeps() {
    let around = tempfile::tempdir().expect("a folder");
    let folder = around.path().join("kept");
    let demo = Demo::keeping(&folder);
    let (ida, tomas) = (sample("ida.brandt"), sample("tomas.novak"));
    for one in [ida, tomas] {
        assert_eq!(outcome(&sign_in(&demo, one.login, one.password)), "migrated");
    }
    let landfall = |arguments: &str| {
        let arguments = arguments.split_whitespace();
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_landfall"))
            .args(arguments)
            .current_dir(&folder)
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&[command.stdout, command.stderr].concat()).into_owned();
        assert!(command.status.success(), "{text}");
        text
    };
    for (arguments, wanted) in [
        ("status --config landfall.yaml", "migrated         2"),
        ("account list --config landfall.yaml", "ida.brandt@example.com"),
        ("account show --config landfall.yaml tomas.novak", "shop 2"),
        ("audit verify --config landfall.yaml", "intact"),
        ("audit list --config landfall.yaml", "migrated"),
        ("write-back list --config landfall.yaml", ""),
        ("check --config landfall.yaml", "no findings"),
        ("check --connect --config landfall.yaml", "source: connected"),
        ("config show --config landfall.yaml", "name: shop"),
        ("check rules", "no findings"),
        ("test rules", "0 failed"),
        ("fmt --check rules", "formatted"),
        ("explain --rules rules/demo.yaml --record customers.ndjson", "email.value"),
        ("undo --config landfall.yaml --since 2020-01-01T00:00:00Z --dry-run", "would undo 2"),
        ("password identify --rules rules/demo.yaml --in customers.ndjson", "usable"),
    ] {
        let text = landfall(arguments);
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    assert!(demo.interrupt().success());
    // a second demo goes on with the same files, and what was changed in them stays
    let settings = folder.join("landfall.yaml");
    let mine = std::fs::read_to_string(&settings).expect("settings") + "# mine\n";
    std::fs::write(&settings, &mine).expect("written");
    let demo = Demo::keeping(&folder);
    assert_eq!(outcome(&sign_in(&demo, ida.login, ida.password)), "authenticated");
    assert_eq!(std::fs::read_to_string(&settings).expect("settings"), mine);
    drop(demo);
    let text = landfall("undo --config landfall.yaml --since 2020-01-01T00:00:00Z --yes");
    assert!(text.contains("2 undone, 0 kept"), "{text}");
    assert!(landfall("status --config landfall.yaml").contains("migrated         0"));
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
