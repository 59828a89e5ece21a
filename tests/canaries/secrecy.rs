//! Uses all operations, and searches everything that is left behind.

use std::process::Command;

use super::canary::Kind::{self, Address, LegacyId, Login, Personal};
use super::operations::{self, ROLES};
use super::receiver::Receiver;
use super::running::{Running, until};
use super::scan::Scanner;
use super::shop::{RULES, Shop, Source};
use super::trace::{self, Trace, assert_no_leaks};
use super::visitor::Visitor;

/// All files that the service created.
fn files(shop: &Shop) -> Vec<Trace> {
    trace::files(shop.folder.path(), Shop::is_of_the_service)
}

/// The output of operator commands.
fn commands(shop: &Shop, login: &str) -> Vec<Trace> {
    let cases: [(&[&str], &'static [Kind]); 10] = [
        (&["status", "--of", "100"], &[]),
        (&["status", "--format", "json"], &[]),
        (&["audit", "list", "--limit", "10000"], &[]),
        (&["audit", "list", "--identifier", login], &[]),
        (&["audit", "verify"], &[]),
        (&["write-back", "list"], &[LegacyId]),
        (&["account", "list"], &[Login]),
        (&["undo", "--since", "2020-01-01T00:00:00Z", "--dry-run"], &[]),
        (&["config", "show"], &[Address]),
        (&["check", "--config", "landfall.yaml"], &[]),
    ];
    cases
        .into_iter()
        .map(|(arguments, allowed)| Trace::of(arguments.join(" "), command(shop, arguments), allowed))
        .collect()
}

/// The output of a successful command, standard error included.
fn command(shop: &Shop, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let done = command.args(arguments).envs(shop.environment()).current_dir(shop.folder.path()).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    [done.stdout, done.stderr].concat()
}

/// Breaks the rules and fixes them again.
async fn reload(shop: &Shop, visitor: &Visitor) {
    for (rules, line) in [("account: [", "\nlandfall_rules_broken 1"), (RULES, "\nlandfall_rules_broken 0")] {
        shop.write("rules.yaml", rules);
        until(line, async || visitor.get("/metrics").await.1.contains(line).then_some(())).await;
    }
}

/// The metrics of everything that must have happened; without it, the search would be meaningless.
const HAPPENED: [&str; 16] = [
    "landfall_logins_total{outcome=\"migrated\",reason=\"\"}",
    "landfall_logins_total{outcome=\"migrated_must_change_password\",reason=\"\"}",
    "landfall_logins_total{outcome=\"authenticated\",reason=\"\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"unknown\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"wrong_password\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"wrong_password_at_target\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"malformed\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"disabled\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"locked\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"attempts\"}",
    "landfall_logins_total{outcome=\"refused\",reason=\"deleted\"}",
    "landfall_logins_total{outcome=\"invalid_record\",reason=\"\"}",
    "landfall_logins_total{outcome=\"denied_by_rule\",reason=\"\"}",
    "landfall_logins_total{outcome=\"invalid_record\",reason=\"unreadable\"}",
    "landfall_mapping_warnings_total",
    "landfall_write_backs_total{source=\"shop\",result=\"retried\"}",
];

async fn tour(source: Source) {
    let receiver = Receiver::start().await;
    // nothing listens on this port any more
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (mut shop, customers) = Shop::new(source, &ROLES, &receiver.base, &format!("http://{closed}")).await;
    let server = Running::start(shop.folder.path(), &shop.environment());
    let visitor = Visitor::new(&server.base, &shop.token, &mut shop.aviary);
    operations::first_logins(&visitor, &mut shop.aviary, source, &customers).await;
    operations::later_logins(&visitor, &mut shop.aviary, &customers).await;
    operations::malformed(&visitor, &mut shop.aviary).await;
    operations::callers(&visitor, &mut shop.aviary, &shop.basic, &shop.signing, &customers[0]).await;
    operations::questions(&visitor, &mut shop.aviary, source, &customers).await;
    let shown = operations::accounts(&visitor, &mut shop.aviary, source, &customers).await;
    let deleted = &customers[ROLES.iter().position(|role| *role == "deleted").unwrap()];
    let delete = command(&shop, &["account", "delete", &deleted.login, "--yes"]);
    assert_eq!(visitor.login(&deleted.mail, &deleted.password).await.0, 401);
    reload(&shop, &visitor).await;
    for path in ["/metrics", "/openapi.json", "/health/live", "/health/ready"] {
        assert_eq!(visitor.get(path).await.0, 200, "{path}");
    }
    let kinds = ["migrated", "needs_action", "password_reset", "refused", "failed"];
    until("all events", async || {
        let received = String::from_utf8(receiver.received()).unwrap();
        kinds.iter().all(|kind| received.contains(&format!("\"account.{kind}\""))).then_some(())
    })
    .await;
    let metrics = visitor.get("/metrics").await.1;
    let contested = match source {
        Source::File => "landfall_logins_left_out_total",
        Source::Sql => "landfall_logins_total{outcome=\"conflict\",reason=\"\"}",
    };
    for line in HAPPENED.into_iter().chain([contested]) {
        assert!(metrics.contains(line), "{source:?}: {line} did not happen:\n{metrics}");
    }
    let mut traces = commands(&shop, &customers[0].login);
    traces.push(Trace::of("account delete", delete, &[]));
    traces.extend(files(&shop));
    for name in ["out", "log", "ledger.db", "ledger.db-wal", "accounts.db", "accounts.db-wal"] {
        assert!(traces.iter().any(|trace| trace.name == name && !trace.bytes.is_empty()), "there is no {name}");
    }
    assert_eq!(server.stop(), Some(0));
    traces.extend(files(&shop));
    traces.push(Trace::of("the answers", visitor.received(), &[]));
    traces.push(Trace::of("the events", receiver.received(), &[]));
    traces.push(Trace::of("an account", shown, &[Personal, Login, LegacyId]));
    search(&shop, &traces);
}

/// Searches every trace for canaries; also checks that expected values are found, so that the search works.
fn search(shop: &Shop, traces: &[Trace]) {
    let scanner = Scanner::new(&shop.aviary);
    assert_no_leaks(&shop.aviary, traces);
    for (name, kinds) in [
        ("accounts.db", &[Personal, Login, LegacyId][..]),
        ("ledger.db", &[LegacyId]),
        ("account list", &[Login]),
        ("an account", &[Personal, Login]),
        ("config show", &[Address]),
    ] {
        let bytes: Vec<u8> =
            traces.iter().filter(|trace| trace.name.starts_with(name)).flat_map(|trace| trace.bytes.clone()).collect();
        for kind in kinds {
            let others = [Kind::Secret, Personal, Login, LegacyId, Address].into_iter().filter(|other| other != kind);
            assert!(!scanner.scan(&bytes, &others.collect::<Vec<_>>()).is_empty(), "there is no {kind:?} in {name}");
        }
    }
    let log = traces.iter().filter(|trace| trace.name == "log").map(|trace| String::from_utf8_lossy(&trace.bytes));
    let log: String = log.collect();
    for line in
        ["invalid record", "\"step\"", "cannot send an event", "rule files are broken", "a port failed", "was not told"]
    {
        assert!(log.contains(line), "the log does not contain: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_source_leaks_no_secrets() {
    tour(Source::File).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_source_leaks_no_secrets() {
    tour(Source::Sql).await;
}
