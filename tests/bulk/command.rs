//! What the command reads and writes.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::shop::CHEAP;
use crate::support::{Shop, customer};

/// The end of a command: its exit code, and what it has written.
struct Ended {
    code: Option<i32>,
    out: String,
    error: String,
}

fn bulk(shop: &Shop, arguments: &[&str], input: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.arg("bulk").args(arguments).current_dir(shop.folder.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // a command that does not read its input may have ended
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    Ended { code: output.status.code(), out, error }
}

fn lines(shop: &Shop, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(shop.path(name)).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.sort_by_key(|line| line["number"].as_u64());
    lines
}

fn with(mut customer: Value, member: &str, value: Value) -> Value {
    customer[member] = value;
    customer
}

/// Ten customers, some of whom get no account.
fn customers() -> Vec<Value> {
    let mut all: Vec<Value> = (0..10).map(customer).collect();
    all[1] = with(customer(1), "state", json!("blocked"));
    all[2] = with(customer(2), "mail", json!("broken"));
    all[3] = with(customer(3), "mail", json!("customer4@example.org"));
    all[5] = with(customer(5), "state", json!("locked"));
    all
}

#[test]
fn every_account_has_a_result_and_rejects_can_be_fixed_and_run_again() {
    for input in [&[][..], &["--in", "export.ndjson"]] {
        let shop = Shop::new(customers().into_iter(), CHEAP);
        let planned = bulk(&shop, &[input, &["--dry-run", "--results", "planned.ndjson"]].concat(), "");
        assert_eq!(planned.code, Some(1), "{}", planned.error);
        let wanted = "10 records: 7 would be created, 1 denied, 1 refused, 1 invalid\naccounts: 0 with their stored hash, 7 pending\n";
        assert!(planned.out.starts_with(wanted), "{}", planned.out);
        assert!(!shop.path("accounts.db").exists() && !shop.path("ledger.db").exists(), "nothing is written");

        let files = ["--results", "results.ndjson", "--rejects", "rejects.ndjson"];
        let run = bulk(&shop, &[input, &files].concat(), "");
        assert_eq!(run.code, Some(1), "{}", run.error);
        assert!(run.out.contains("10 records: 7 created"), "{}", run.out);
        let (planned, results) = (lines(&shop, "planned.ndjson"), lines(&shop, "results.ndjson"));
        let outcomes =
            |lines: &[Value]| lines.iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let wanted = [
            "created", "denied", "invalid", "created", "created", "refused", "created", "created", "created", "created",
        ];
        assert_eq!(outcomes(&results), wanted);
        assert_eq!(outcomes(&planned), wanted.map(|outcome| outcome.replace("created", "would_create")));
        assert_eq!(results[0]["id"], "0");
        assert_eq!((&results[0]["state"], results[0]["account_id"].is_string()), (&json!("pending"), true));
        assert_eq!(results[1]["reasons"], json!([{ "denied": "blocked" }]));
        assert_eq!((&results[2]["reasons"][0]["rule"], &results[2]["id"]), (&json!("email.value"), &json!("2")));
        // the address belongs to two customers, and so to none of their accounts
        for shared in [&results[3], &results[4]] {
            assert_eq!(shared["reasons"][0]["step"], "logins", "{shared}");
        }

        let rejects = fs::read_to_string(shop.path("rejects.ndjson")).unwrap();
        assert_eq!(rejects.lines().count(), 1);
        fs::write(shop.path("fixed.ndjson"), rejects.replace("\"broken\"", "\"fixed@example.org\"")).unwrap();
        let again = bulk(&shop, &["--in", "fixed.ndjson"], "");
        assert_eq!((again.code, again.out.contains("1 records: 1 created")), (Some(0), true), "{}", again.out);
        let last = bulk(&shop, input, "");
        assert!(last.out.contains("10 records: 0 created, 8 already pending, 1 denied, 1 refused"), "{}", last.out);
        assert_eq!(last.code, Some(0), "{}", last.error);
    }
}

/// A record that is rejected does not get its shared login in a later run, in which it is alone.
#[test]
fn a_shared_login_stays_shared_when_a_reject_is_run_alone() {
    let ada = with(with(customer(1), "mail", json!("both@example.org")), "state", json!("nonsense"));
    let bob = with(customer(2), "mail", json!("both@example.org"));
    let shop = Shop::new([ada, bob].into_iter(), CHEAP);
    let run = bulk(&shop, &["--in", "export.ndjson", "--rejects", "rejects.ndjson"], "");
    assert_eq!((run.code, run.out.contains("1 created, 1 invalid")), (Some(1), true), "{}{}", run.out, run.error);
    let rejects = fs::read_to_string(shop.path("rejects.ndjson")).unwrap();
    fs::write(shop.path("fixed.ndjson"), rejects.replace("\"nonsense\"", "\"active\"")).unwrap();
    let again = bulk(&shop, &["--in", "fixed.ndjson", "--results", "-"], "");
    assert_eq!(again.code, Some(0), "{}", again.error);
    let result: Value = serde_json::from_str(again.out.trim()).unwrap();
    assert_eq!((&result["outcome"], &result["reasons"][0]["step"]), (&json!("created"), &json!("logins")));
}

#[test]
fn records_come_from_every_format_and_from_standard_input() {
    let shop = Shop::new(std::iter::empty(), CHEAP);
    let csv: String =
        (0..3).map(|number| format!("{number},customer{number},customer{number}@example.org,x\n")).collect();
    fs::write(shop.path("users.csv"), format!("id,login,mail,password\n{csv}")).unwrap();
    let users = json!({ "users": [customer(3), customer(4)], "total": 2 });
    fs::write(shop.path("users.json"), users.to_string()).unwrap();
    for (arguments, input, created) in [
        (&["--in", "users.csv"][..], String::new(), 3),
        (&["--in", "users.json", "--records", "$.users"], String::new(), 2),
        (&["--in", "-"], format!("{}\n{}\n", customer(5), customer(6)), 2),
    ] {
        let run = bulk(&shop, arguments, &input);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}{}", run.out, run.error);
        assert!(run.out.contains(&format!("{created} records: {created} created")), "{arguments:?}: {}", run.out);
    }
}

#[test]
fn exports_are_read_as_they_come() {
    let shop = Shop::new(std::iter::empty(), CHEAP);
    let csv: String =
        (0..4).map(|number| format!("{number};customer{number};customer{number}@example.org;x\n")).collect();
    fs::write(shop.path("users.txt"), csv).unwrap();
    fs::write(shop.path("states.ndjson"), "{\"of\":2,\"state\":\"locked\"}\n").unwrap();
    assert!(Command::new("gzip").arg(shop.path("users.txt")).status().unwrap().success());
    let export = ["--in", "users.txt.gz", "--columns", "id,login,mail,password", "--limit", "3"];
    let run = bulk(&shop, &[&export[..], &["--dry-run"]].concat(), "");
    assert!(run.out.contains("3 records: 3 would be created"), "{}{}", run.out, run.error);
    let join = ["--join", "states.ndjson", "--on", "$.id=$.of", "--as", "more"];
    let run = bulk(&shop, &[&export[..], &join, &["--results", "results.ndjson"]].concat(), "");
    assert!(run.out.contains("3 records: 3 created"), "{}{}", run.out, run.error);
    assert!(run.error.contains("`more`: 1 of 3 records have a row\n"), "{}", run.error);
    let run = bulk(&shop, &["--records", "$.users"], "");
    assert_eq!((run.code, run.error.lines().next()), (Some(2), Some("error: `--records` needs `--in`")));
    let run = bulk(&shop, &["--in", "landfall.yaml", "--columns", "a", "--from", "yaml"], "");
    assert!(run.error.contains("`--columns` is for CSV"), "{}", run.error);
}

#[test]
fn a_part_of_an_export_gets_no_login_of_somebody_in_the_rest() {
    let shop = Shop::new(std::iter::empty(), CHEAP);
    let all = [with(customer(1), "mail", json!("customer2@example.org")), customer(2)];
    fs::write(shop.path("export.ndjson"), all.map(|record| record.to_string() + "\n").concat()).unwrap();
    let run = bulk(&shop, &["--in", "export.ndjson", "--limit", "1", "--results", "results.ndjson"], "");
    assert!(run.out.contains("1 records: 1 created"), "{}{}", run.out, run.error);
    let result = lines(&shop, "results.ndjson").remove(0);
    assert_eq!(result["reasons"][0]["step"], "logins", "{result}");
}

#[test]
fn a_database_lists_its_records_page_by_page() {
    let shop = Shop::new(std::iter::empty(), CHEAP);
    let sql = "CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, mail TEXT, password TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1234)
        INSERT INTO users SELECT i, 'customer' || i, 'customer' || i || '@example.org', 'x' FROM n;";
    let script = "import sqlite3, sys; sqlite3.connect('legacy.db').executescript(sys.argv[1])";
    let made = Command::new("python3").args(["-c", script, sql]).current_dir(shop.folder.path()).status().unwrap();
    assert!(made.success());
    let settings = fs::read_to_string(shop.path("landfall.yaml")).unwrap();
    let file = "{ name: shop, kind: file, path: export.ndjson, logins: [ $.login, $.mail ] }";
    let record = "SELECT * FROM users WHERE login = :identifier OR mail = :identifier";
    let without = format!("{{ name: shop, kind: sql, url: 'sqlite:legacy.db', record: '{record}' }}");
    fs::write(shop.path("landfall.yaml"), settings.replace(file, &without)).unwrap();
    let refused = bulk(&shop, &[], "");
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.error.contains("has no query for all records") && refused.error.contains("--in"),
        "{}",
        refused.error
    );

    let all = "all: { query: 'SELECT * FROM users WHERE id > :after ORDER BY id LIMIT 100', by: id }";
    let with = without.replace(", record:", &format!(", {all}, record:"));
    fs::write(shop.path("landfall.yaml"), settings.replace(file, &with)).unwrap();
    let run = bulk(&shop, &["--dry-run"], "");
    assert!(run.out.contains("1234 records: 1234 would be created"), "{}{}", run.out, run.error);
    let run = bulk(&shop, &["--jobs", "16"], "");
    assert!(run.out.contains("1234 records: 1234 created"), "{}{}", run.out, run.error);
    // a query that goes round in circles ends
    let circle = with.replace("id > :after", "id > -:after").replace("LIMIT 100", "LIMIT 10");
    fs::write(shop.path("landfall.yaml"), settings.replace(file, &circle)).unwrap();
    let run = bulk(&shop, &[], "");
    assert_eq!((run.code, run.error.contains("ends where it began")), (Some(2), true), "{}", run.error);
}

#[test]
fn what_cannot_work_says_what_to_do() {
    let shop = Shop::new(std::iter::once(customer(1)), CHEAP);
    for (arguments, wanted) in [
        (&["--source", "club"][..], "the settings have `shop`"),
        (&["--in", "missing.ndjson"], "cannot read `missing.ndjson`"),
        (&["--in", "export.ndjson", "--results", "export.ndjson"], "are the same file"),
        (&["--results", "a", "--rejects", "./a"], "are the same file"),
        (&["--in", "export.ndjson", "--rejects", "landfall.yaml"], "are the same file"),
    ] {
        fs::write(shop.path("a"), "").unwrap();
        let ended = bulk(&shop, arguments, "");
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.out);
        assert!(ended.error.contains(wanted), "{arguments:?}: {}", ended.error);
    }
    let http = "{ name: shop, kind: http, server: { url: 'http://127.0.0.1:9', allow: [ 127.0.0.1 ] }, record: { path: '/users/{identifier}' } }";
    let file = "{ name: shop, kind: file, path: export.ndjson, logins: [ $.login, $.mail ] }";
    let settings = fs::read_to_string(shop.path("landfall.yaml")).unwrap();
    fs::write(shop.path("landfall.yaml"), settings.replace(file, http)).unwrap();
    let ended = bulk(&shop, &[], "");
    assert!(
        ended.error.contains("the source `shop` cannot list its records") && ended.error.contains("--in"),
        "{}",
        ended.error
    );
    // an export stands in for a source that is not there
    let ended = bulk(&shop, &["--in", "export.ndjson"], "");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
}
