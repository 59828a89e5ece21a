//! Segments are intact on their own, every edit is detected, and the remaining ledger can still be verified.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::PathBuf;

use futures_util::future::join_all;
use sqlx::{Connection as _, SqliteConnection};

use super::{SqliteLedger, audit};
use crate::adapters::suites::ledger::{at, decision, keyring, open};
use crate::audit::read_segment;
use crate::ports::{
    AuditFault, AuditFilter, AuditHead, ExportError, Keyring, Ledger as _, Reports as _, SegmentReport,
};

/// A ledger with decisions at the seconds 0, 1, 2 and so on; rows are numbered from 1.
async fn ledger(folder: &tempfile::TempDir, rows: i64) -> SqliteLedger {
    let ledger = open(folder).await;
    add(&ledger, 0, rows).await;
    ledger
}

async fn add(ledger: &SqliteLedger, from: i64, to: i64) {
    let decisions: Vec<_> =
        (from..to).map(|at| decision(if at % 3 == 0 { "authenticated" } else { "refused" }, at)).collect();
    // fewer than the queue holds
    for page in decisions.chunks(500) {
        let decided = join_all(page.iter().map(|decision| ledger.decide(decision, &[]))).await;
        assert!(decided.iter().all(Result::is_ok));
    }
}

/// Exports the decisions before a second to a file with this name.
async fn export(folder: &tempfile::TempDir, ledger: &SqliteLedger, before: i64, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    ledger.export_audit(at(before), Box::new(File::create(&path).unwrap())).await.unwrap();
    path
}

fn read_with(text: &str, key: &Keyring, anchors: &[AuditHead]) -> SegmentReport {
    read_segment(&mut text.as_bytes(), key, anchors).unwrap()
}

fn read(path: &PathBuf) -> SegmentReport {
    read_segment(&mut BufReader::new(File::open(path).unwrap()), &keyring(), &[]).unwrap()
}

async fn raw(folder: &tempfile::TempDir) -> SqliteConnection {
    let path = folder.path().join("ledger.db");
    SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap()
}

/// The head of the ledger at this row.
async fn head_at(folder: &tempfile::TempDir, number: i64) -> AuditHead {
    let sql = "SELECT chain FROM audit WHERE number = ?";
    let chain = sqlx::query_scalar(sql).bind(number).fetch_one(&mut raw(folder).await).await.unwrap();
    AuditHead { number: u64::try_from(number).unwrap(), chain }
}

/// xorshift64*: the same edits in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % bound
    }
}

/// An edit by somebody without the key.
fn edit(dice: &mut Dice, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (at, other) = (dice.below(lines.len()), dice.below(lines.len()));
    let place = dice.below(text.len());
    match dice.below(8) {
        0 => drop(lines.remove(at)),
        1 => lines.swap(at, other),
        2 => lines.insert(at, lines[other].clone()),
        3 => lines[at].insert(0, ' '),
        4 => lines[at].push_str("{}"),
        5 => return text.split_at(place).0.to_owned(),
        6 => {
            let (before, after) = text.split_at(place);
            return format!("{before}x{after}");
        }
        _ => {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'7' { b'8' } else { b'7' };
            return String::from_utf8(bytes).unwrap();
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

#[tokio::test]
async fn ten_thousand_edits_of_a_segment_are_detected() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 12).await;
    let path = export(&folder, &ledger, 9, "a.ndjson").await;
    let text = fs::read_to_string(&path).unwrap();
    let intact = read(&path);
    assert_eq!((intact.start.number, intact.head.clone(), intact.broken), (0, head_at(&folder, 9).await, None));
    assert_eq!(text.lines().count(), 11, "{text}");
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    for _ in 0..10_000 {
        let edited = edit(&mut dice, &text);
        if edited != text {
            assert!(read_with(&edited, &keyring(), &[]).broken.is_some(), "not found:\n{edited}");
        }
    }
    let foreign = Keyring::new(&[9; 32]).unwrap();
    assert_eq!(
        read_with(&text, &foreign, &[]).broken.unwrap().fault,
        AuditFault::Changed,
        "verification needs the key"
    );
    assert_eq!(read_with("", &keyring(), &[]).broken.unwrap().fault, AuditFault::Header);
}

#[tokio::test]
async fn a_segment_is_checked_against_anchors_within_it() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 12).await;
    let text = fs::read_to_string(export(&folder, &ledger, 9, "a.ndjson").await).unwrap();
    for number in 1..=12 {
        let anchor = head_at(&folder, number).await;
        assert_eq!(read_with(&text, &keyring(), std::slice::from_ref(&anchor)).broken, None, "{number}");
        let wrong = AuditHead { chain: "0".repeat(32), ..anchor };
        let fault = read_with(&text, &keyring(), &[wrong]).broken.map(|broken| broken.fault);
        assert_eq!(fault, (number <= 9).then_some(AuditFault::Anchor), "{number}");
    }
}

#[tokio::test]
async fn the_remaining_rows_begin_where_the_segment_ends() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 12).await;
    let (old, edge, later) = (head_at(&folder, 3).await, head_at(&folder, 6).await, head_at(&folder, 9).await);
    let before = ledger.verify().await.unwrap();
    let counts = ledger.summary(at(0)).await.unwrap();
    let first = read(&export(&folder, &ledger, 6, "1.ndjson").await);
    assert_eq!(ledger.verify().await.unwrap(), before, "an export changes nothing");
    assert_eq!(ledger.remove_exported(&first).await.unwrap(), 6);
    assert_eq!(ledger.remove_exported(&first).await.unwrap(), 0, "nothing is left to remove");
    let report = ledger.verify_with(&[old.clone(), edge.clone(), later.clone()]).await.unwrap();
    assert_eq!((&report.start, &report.head, report.broken), (&edge, &before.head, None));
    assert_eq!(report.exported, [old], "only the segment can verify it");
    for anchor in [&edge, &later] {
        let wrong = AuditHead { chain: "0".repeat(32), ..anchor.clone() };
        assert_eq!(ledger.verify_with(&[wrong]).await.unwrap().broken.unwrap().fault, AuditFault::Anchor);
    }
    let remaining = ledger.audit(AuditFilter::default(), 99).await.unwrap();
    assert_eq!(remaining.iter().map(|row| row.number).collect::<Vec<_>>(), [12, 11, 10, 9, 8, 7]);
    assert_eq!(ledger.summary(at(0)).await.unwrap(), counts, "removed rows are still counted");
    // The audit continues, and the next segment continues the first one.
    add(&ledger, 12, 15).await;
    let second = read(&export(&folder, &ledger, 99, "2.ndjson").await);
    assert_eq!((second.start.clone(), second.head.number, second.broken), (edge, 15, None));
    assert_eq!(ledger.remove_exported(&second).await.unwrap(), 9);
    let empty = open(&folder).await.verify().await.unwrap();
    assert_eq!((empty.start, empty.head, empty.broken), (second.head.clone(), second.head, None));
    let (start, head) = ledger.export_audit(at(999), Box::new(Vec::new())).await.unwrap();
    assert_eq!(start, head, "there is nothing left");
    add(&ledger, 20, 22).await;
    assert_eq!(ledger.verify().await.unwrap().head.number, 17);
}

#[tokio::test]
async fn only_a_matching_segment_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 12).await;
    let first = export(&folder, &ledger, 6, "1.ndjson").await;
    let mut broken = read(&first);
    broken.broken = read_with("", &keyring(), &[]).broken;
    assert!(matches!(ledger.remove_exported(&broken).await, Err(ExportError::Broken(_))));
    let mut gap = read(&first);
    gap.start = head_at(&folder, 2).await;
    assert!(matches!(ledger.remove_exported(&gap).await, Err(ExportError::Gap(2, 0))));
    let elsewhere = tempfile::tempdir().unwrap();
    let other = self::ledger(&elsewhere, 2).await;
    add(&other, 30, 40).await;
    let foreign = read(&export(&elsewhere, &other, 99, "1.ndjson").await);
    assert!(matches!(ledger.remove_exported(&foreign).await, Err(ExportError::Foreign(12))));
    assert_eq!(ledger.verify().await.unwrap().start.number, 0, "nothing was removed");
}

/// A crash may happen between any two steps of a removal.
#[tokio::test]
async fn an_interrupted_removal_leaves_an_intact_audit() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 1300).await;
    let segment = read(&export(&folder, &ledger, 1250, "1.ndjson").await);
    let steps: Vec<u64> = segment.steps.iter().map(|step| step.number).collect();
    assert_eq!(steps, [500, 1000, 1250]);
    let cut_off = SegmentReport { steps: segment.steps[..1].to_vec(), ..segment.clone() };
    assert_eq!(ledger.remove_exported(&cut_off).await.unwrap(), 500);
    let again = open(&folder).await;
    let report = again.verify().await.unwrap();
    assert_eq!((report.start.number, report.head.number, report.broken), (500, 1300, None));
    assert_eq!(again.remove_exported(&segment).await.unwrap(), 750);
    let report = again.verify().await.unwrap();
    assert_eq!((report.start, report.head.number, report.broken), (segment.head, 1300, None));
}

/// Edits of a file from which rows were exported; each is rolled back after the check.
const EDITS: &[&str] = &[
    "DELETE FROM audit WHERE number = 7",
    "DELETE FROM audit WHERE number <= 8",
    "DELETE FROM audit WHERE number = 12",
    "DELETE FROM audit",
    "UPDATE audit SET number = number - 1",
    "UPDATE audit SET text = replace(text, 'refused', 'migrated') WHERE number = 8",
    "INSERT INTO audit SELECT 6, at, outcome, reason, subject, customer, text, chain, count FROM audit WHERE number = 7",
    "INSERT INTO audit SELECT -6, at, outcome, reason, subject, customer, text, chain, count FROM audit WHERE number = 7",
    "DELETE FROM meta WHERE name = 'audit_start'",
    "UPDATE meta SET number = 0 WHERE name = 'audit_start'",
    "UPDATE meta SET number = 0, text = '', tag = '' WHERE name = 'audit_start'",
    "UPDATE meta SET number = -6 WHERE name = 'audit_start'",
    "UPDATE meta SET text = '00112233445566778899aabbccddeeff' WHERE name = 'audit_start'",
    "UPDATE meta SET tag = '00112233445566778899aabbccddeeff' WHERE name = 'audit_start'",
    "UPDATE meta SET number = 7, text = (SELECT chain FROM audit WHERE number = 7) WHERE name = 'audit_start'; \
     DELETE FROM audit WHERE number = 7",
    "UPDATE meta SET (number, text, tag) = (SELECT number, text, tag FROM meta WHERE name = 'audit') \
     WHERE name = 'audit_start'; DELETE FROM audit",
    "UPDATE meta SET (number, text, tag) = (SELECT number, text, tag FROM meta WHERE name = 'audit_start') \
     WHERE name = 'audit'; DELETE FROM audit",
    "DELETE FROM meta WHERE name = 'audit'",
];

#[tokio::test]
async fn edits_after_the_start_are_detected() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 12).await;
    let segment = read(&export(&folder, &ledger, 6, "1.ndjson").await);
    ledger.remove_exported(&segment).await.unwrap();
    let intact = ledger.verify().await.unwrap();
    drop(ledger);
    let mut connection = raw(&folder).await;
    for refused in [EDITS[0], "UPDATE audit SET reason = 'x'", EDITS[8], EDITS[9]] {
        assert!(sqlx::raw_sql(refused).execute(&mut connection).await.is_err(), "the triggers must reject {refused}");
    }
    let triggers = ["audit_keeps", "audit_holds", "audit_start_grows", "audit_start_stays"];
    for trigger in triggers {
        let sql = sqlx::AssertSqlSafe(format!("DROP TRIGGER {trigger}"));
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
    for sql in EDITS {
        let mut edit = connection.begin().await.unwrap();
        sqlx::raw_sql(*sql).execute(&mut *edit).await.unwrap();
        let report = audit::verify(&mut edit, &keyring(), &[]).await;
        assert!(report.is_err() || report.unwrap().broken.is_some(), "{sql} was not detected");
        edit.rollback().await.unwrap();
    }
    assert_eq!(audit::verify(&mut connection, &keyring(), &[]).await.unwrap(), intact, "every edit was rolled back");
}
