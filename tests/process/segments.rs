//! The audit commands for exported segments, as an operator runs them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use landfall::adapters::sqlite::SqliteLedger;
use landfall::ports::{Decision, DecisionOutcome, DecisionReason, Keyring, Ledger as _, Operation, Refusal};

const RULES: &str = "landfall: 1\nname: shop\ntarget: standard\nidentify: { id: $.id, logins: [ $.login ] }\n\
                     account:\n  username: $.login\n";

const BEGIN: &str = "2026-03-01T12:00:00Z";

/// A folder with settings and a ledger with a number of decisions, one a minute.
async fn shop(rows: i64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("shop.yaml", RULES);
    write("a.ndjson", "{\"id\":1,\"login\":\"ada\"}\n");
    write(
        "landfall.yaml",
        &format!(
            "rules: shop.yaml\nsource: {{ kind: file, path: a.ndjson, logins: [ $.login ] }}\n\
             target: {{ kind: sql, url: 'sqlite:accounts.db' }}\n\
             ledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\nlane: {{ threads: 1 }}\n",
            "07".repeat(32)
        ),
    );
    decide(folder.path(), 0, rows).await;
    folder
}

async fn decide(folder: &Path, from: i64, to: i64) {
    let path = folder.join("ledger.db");
    let keyring = Arc::new(Keyring::new(&[7; 32]).unwrap());
    let ledger = SqliteLedger::open(path.to_str().unwrap(), keyring).await.unwrap();
    for minute in from..to {
        let at = BEGIN.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute);
        let decision = Decision {
            at,
            request_id: format!("request {minute}"),
            operation: Operation::Login,
            outcome: DecisionOutcome::Refused,
            reason: DecisionReason::Refused(Refusal::Unknown),
            subject: "subject".into(),
            customer: None,
            account: None,
            source: None,
            rules: None,
            micros: 1,
            count: 1,
            settled: Vec::new(),
        };
        ledger.decide(&decision, &[]).await.unwrap();
    }
}

/// The output of a command, and its exit code.
fn audit(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let output = command.arg("audit").args(arguments).current_dir(folder).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (text, output.status.code().unwrap())
}

fn head(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("head ")).unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[tokio::test]
async fn decisions_are_exported_verified_and_removed() {
    let shop = shop(12).await;
    let folder = shop.path();
    let (all, _) = audit(folder, &["verify"]);
    assert!(all.starts_with("12 decisions are intact\nhead 12:"), "{all}");
    let (text, code) = audit(folder, &["export", "--before", "2026-03-01T12:05:00Z", "--remove"]);
    assert!(text.starts_with("exported rows 1 to 5 to audit-1-5.ndjson\nremoved 5 rows"), "{text}");
    let first = head(&text);
    assert_eq!((code, first.starts_with("5:")), (0, true), "{text}");
    let (text, code) = audit(folder, &["verify"]);
    assert_eq!(text, format!("7 decisions are intact\nrows 1 to 5 were exported, head {first}\nhead {}\n", head(&all)));
    assert_eq!(code, 0);
    // in two steps
    let (text, _) = audit(folder, &["export", "--before", "2026-03-01T12:09:00Z", "--out", "two.ndjson"]);
    assert!(text.starts_with("exported rows 6 to 9 to two.ndjson\nhead 9:"), "{text}");
    let (text, code) = audit(folder, &["remove", "--segment", "two.ndjson"]);
    assert_eq!((text.as_str(), code), ("removed 4 rows from the ledger; keep the file\n", 0));
    let (text, code) = audit(folder, &["export", "--before", "2026-03-01T12:09:00Z"]);
    assert_eq!((text.as_str(), code), ("the ledger has no decisions before 2026-03-01T12:09:00Z\n", 1));
    let (text, code) = audit(folder, &["export", "--before", "2026-04-01T12:09:00Z", "--out", "two.ndjson"]);
    assert!(code == 2 && text.contains("`two.ndjson` already exists"), "{text}");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!files.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{files:?}");
}

#[tokio::test]
async fn anchors_are_verified_with_the_ledger_or_their_segment() {
    let shop = shop(4).await;
    let folder = shop.path();
    let old = head(&audit(folder, &["verify"]).0);
    decide(folder, 10, 14).await;
    let new = head(&audit(folder, &["verify"]).0);
    audit(folder, &["export", "--before", "2026-03-01T12:12:00Z", "--out", "a.part1", "--remove"]);
    let (text, code) = audit(folder, &["verify", "--anchor", &old]);
    assert_eq!(code, 1);
    let expected = format!(
        "anchor of row 4 not verified: row 4 was exported; run `landfall audit verify --anchor {old} --segment FILE`"
    );
    assert!(text.contains(&expected), "{text}");
    assert_eq!(audit(folder, &["verify", "--anchor", &new]).1, 0);
    assert_eq!(audit(folder, &["verify", "--anchor", &old, "--segment", "a.part1"]).1, 0);
    let lie = format!("4:{}", "0".repeat(32));
    assert_eq!(audit(folder, &["verify", "--anchor", &lie, "--segment", "a.part1"]).1, 1);
    let (text, code) = audit(folder, &["verify", "--anchor", &new, "--segment", "a.part1"]);
    assert!(code == 1 && text.contains("row 8 is not in any of these segments"), "{text}");
    // a file of anchors: a later one verifies the earlier ones
    let line = |head: &str| format!("{BEGIN} {head}\n");
    std::fs::write(folder.join("anchors.txt"), format!("{}{}", line(&old), line(&new))).unwrap();
    assert_eq!(audit(folder, &["verify", "--anchors", "anchors.txt"]).1, 0);
    std::fs::write(folder.join("anchors.txt"), line(&old)).unwrap();
    assert_eq!(audit(folder, &["verify", "--anchors", "anchors.txt"]).1, 1, "no later anchor verifies it");
    std::fs::write(folder.join("anchors.txt"), line(&lie.replacen('4', "7", 1))).unwrap();
    let (text, code) = audit(folder, &["verify", "--anchors", "anchors.txt"]);
    assert!(code == 1 && text.contains("broken at decision 7: anchor"), "{text}");
}

#[tokio::test]
async fn gaps_between_segments_show() {
    let shop = shop(12).await;
    let folder = shop.path();
    for (at, name) in [("04", "1"), ("08", "2"), ("59", "3")] {
        let before = format!("2026-03-01T12:{at}:00Z");
        assert_eq!(audit(folder, &["export", "--before", &before, "--out", name, "--remove"]).1, 0);
    }
    let (text, code) = audit(folder, &["verify", "--segment", "3", "--segment", "1", "--segment", "2"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.starts_with("1: rows 1 to 4 are intact\n2: rows 5 to 8 are intact\n3: rows 9 to 12 are intact\nhead 12:")
    );
    let (text, code) = audit(folder, &["verify", "--segment", "1", "--segment", "3"]);
    assert!(code == 1 && text.contains("rows 5 to 8 are missing"), "{text}");
    let second = std::fs::read_to_string(folder.join("2")).unwrap();
    std::fs::write(folder.join("2"), second.replace("request 5", "request 6")).unwrap();
    let (text, code) = audit(folder, &["verify", "--segment", "2"]);
    assert!(code == 1 && text.contains("2: broken: row 6 was changed"), "{text}");
    let (text, code) = audit(folder, &["verify", "--segment", "landfall.yaml"]);
    assert!(code == 2 && text.contains("not an audit segment"), "{text}");
}
