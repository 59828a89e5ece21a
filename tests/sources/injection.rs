//! Hostile identifiers through the whole login: the literal record or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall::migrate::{Outcome, Refusal};
use landfall::ports::IdentifierProfile;
use serde_json::Value;

use crate::legacy::{Legacy, System};
use crate::login::{CUSTOMERS, Service, add_customers, query};
use crate::servers;

/// How many identifiers there are.
const COUNT: usize = 10_000;

/// What is put together. `naughty` strings of others are added.
const PARTS: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "\\'",
    "\\\"",
    "''",
    "\"\"",
    "%",
    "_",
    "%_",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!50000",
    ";",
    ";--",
    "'--",
    "')",
    "'))",
    "\0",
    "\\0",
    "\u{1a}",
    "\r\n",
    "\t",
    "$1",
    "$$",
    "$a$",
    "?",
    "?1",
    ":identifier",
    ":typed",
    "::text",
    "@x",
    "@@version",
    "{}",
    "{0}",
    "%s",
    "%n",
    "%00",
    "%27",
    "\u{bf}'",
    "\u{bf}\\",
    "\u{2019}",
    "\u{2bc}",
    "\u{ff07}",
    "\u{ff02}",
    "\u{a5}",
    "\u{20a9}",
    "\u{8868}",
    "\u{80fd}'",
    "\u{5c0}",
    "\u{feff}",
    "\u{202e}",
    "\u{200b}",
    "\u{1f600}",
    "e\u{301}",
    "\u{130}",
    "\u{df}",
    "\u{17f}",
    "drop table customers",
    "'; drop table customers; --",
    "' or '1'='1",
    "' or 1=1 -- ",
    "'or/**/1=1#",
    "') or ('1'='1",
    "' union select * from customers --",
    "'||pg_sleep(9)||'",
    "' and sleep(9)='",
    "1;select 1",
    "0x27",
    "x'27'",
    "char(39)",
    "chr(39)",
    "E'\\''",
    "U&'\\0027'",
    "n'",
    "_utf8'",
    "null",
    "NULL",
    "true",
    "1",
    "0",
    "1e3",
    "-1",
    "1=1",
    "customers",
    "login",
    "mark-1",
    "id-1",
    "admin",
    "ada",
    "a",
    "a@b.example",
    "\u{e4}",
    "\u{4e2d}",
];

/// A random number that is the same in every run.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

/// Strings that broke other programs, and parts of attacks put together.
fn hostile() -> Vec<String> {
    let known: Vec<String> = serde_json::from_str(include_str!("../corpora/blns.json")).expect("JSON");
    let mut all: Vec<String> = known.into_iter().chain(PARTS.iter().map(|part| (*part).to_owned())).collect();
    all.extend(["x".repeat(512), "x".repeat(513), "'".repeat(512), "\u{e4}".repeat(256), "\\".repeat(100_000)]);
    let mut state = 13;
    while all.len() < COUNT {
        let parts = 1 + next(&mut state) % 4;
        let mut text: String = (0..parts).map(|_| PARTS[next(&mut state) % PARTS.len()]).collect();
        // no identifier has a blank inside
        if !next(&mut state).is_multiple_of(3) {
            text = text.replace(' ', "/**/");
        }
        if next(&mut state).is_multiple_of(4) {
            text = format!("{}{text}{}", "a".repeat(next(&mut state) % 3), next(&mut state) % 100);
        }
        all.push(text);
    }
    all
}

/// The number of the customer whom each identifier means: every second identifier that can be one is stored.
fn customers(hostile: &[String]) -> BTreeMap<String, Option<usize>> {
    let profile = IdentifierProfile::default();
    let names = hostile.iter().filter_map(|typed| Some(profile.canonical(typed).ok()?.canonical().to_owned()));
    let mut customers: BTreeMap<String, Option<usize>> = names.map(|name| (name, None)).collect();
    for (number, customer) in customers.values_mut().step_by(2).enumerate() {
        *customer = Some(number);
    }
    customers
}

/// How identifiers ended.
#[derive(Default)]
struct Count {
    migrated: usize,
    again: usize,
    unknown: usize,
    malformed: usize,
}

async fn check(legacy: Legacy<'static>) {
    let (hostile, system) = (hostile(), legacy.system());
    let customers = customers(&hostile);
    legacy.sql(CUSTOMERS);
    legacy.sql("CREATE TABLE bystander (id int); INSERT INTO bystander VALUES (1);");
    let stored: Vec<&String> = customers.iter().filter(|(_, number)| number.is_some()).map(|(name, _)| name).collect();
    add_customers(&legacy, &stored);
    if system != System::Sqlite {
        // not even a right to write would help
        let everything = if system == System::Postgres { "ALL TABLES IN SCHEMA public" } else { "*" };
        let host = if system == System::Postgres { "" } else { "@'%'" };
        legacy.sql(&format!("GRANT ALL ON {everything} TO {}{host};", legacy.reader));
    }
    let service = Arc::new(Service::patient(legacy.source(&query(&legacy))));
    let began = std::time::Instant::now();
    let mut count = Count::default();
    // one after the other within a share, so that each identifier is one login
    for share in hostile.chunks(64) {
        let logins = share.iter().map(|typed| one(&service, &customers, typed));
        for (migrated, outcome) in futures_util::future::join_all(logins).await {
            match outcome {
                Outcome::Migrated => count.migrated += 1,
                Outcome::Authenticated => count.again += 1,
                Outcome::Refused(Refusal::Malformed) => count.malformed += 1,
                Outcome::Refused(_) => count.unknown += 1,
                other => panic!("{migrated}: {other:?}"),
            }
        }
    }
    let accounts = service.fixture.accounts().await;
    for account in &accounts {
        let claims: Value = serde_json::from_str(&account.claims).expect("JSON");
        let number = customers[claims["username"].as_str().expect("a name")].expect("a stored customer");
        assert_eq!(claims["name"]["given"], format!("mark-{number}"), "{system:?}");
    }
    assert_eq!(accounts.len(), stored.len(), "{system:?}: every stored customer is found, and nobody else");
    assert_eq!(count.migrated, stored.len());
    let rows = rows_of(&legacy).await;
    assert_eq!(rows, stored.len(), "{system:?}: the tables are unchanged");
    println!(
        "{system:?}: {} identifiers, {} queries; {} migrated, {} signed in again, {} unknown, {} malformed; {:.1} s",
        hostile.len(),
        service.figures.calls(),
        count.migrated,
        count.again,
        count.unknown,
        count.malformed,
        began.elapsed().as_secs_f64(),
    );
    assert!(count.unknown > 1000 && count.migrated > 1000 && count.malformed > 1000);
}

/// One login, with the password of the customer whom the identifier means. The password of anybody else is wrong for it.
async fn one(service: &Service, customers: &BTreeMap<String, Option<usize>>, typed: &str) -> (String, Outcome) {
    let canonical = IdentifierProfile::default().canonical(typed).map(|identifier| identifier.canonical().to_owned());
    let number = canonical.ok().and_then(|name| customers[&name]);
    let password = number.map_or_else(|| "0".to_owned(), |number| number.to_string());
    let outcome = service.login(typed, &password).await;
    assert_eq!(outcome.is_success(), number.is_some(), "{typed:?}: {outcome:?}");
    (typed.to_owned(), outcome)
}

/// How many customers there are, through the source itself, after the tables were compared.
async fn rows_of(legacy: &Legacy<'_>) -> usize {
    let source = legacy.source(
        "SELECT (SELECT COUNT(*) FROM customers) AS n, (SELECT COUNT(DISTINCT id) FROM customers WHERE mark = REPLACE(id, 'id', 'mark')) AS m,
         (SELECT COUNT(*) FROM bystander) AS b, :identifier AS login",
    );
    let (rows, _) = crate::legacy::record(&source, "x").await;
    assert_eq!((&rows["n"], rows["b"].as_u64()), (&rows["m"], Some(1)));
    rows["n"].as_u64().expect("a number") as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_not_injected() {
    check(Legacy::sqlite("")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn postgres_is_not_injected() {
    check(Legacy::new(servers::postgres(), "SELECT 1;")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn mariadb_is_not_injected() {
    check(Legacy::new(servers::mariadb(), "SELECT 1;")).await;
}
