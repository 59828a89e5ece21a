//! Every change to the audit is detected.

use super::append::NextRow;
use super::check::{Checker, StoredRow};
use super::head::StoredHead;
use super::record::{record, text};
use crate::ports::{AuditFault, AuditHead, Decision, DecisionOutcome, DecisionReason, Keyring, Operation};

fn keyring() -> Keyring {
    Keyring::new(&[7; 32]).unwrap()
}

fn decision(outcome: DecisionOutcome, second: i64) -> Decision {
    Decision {
        at: jiff::Timestamp::from_second(1_772_366_400 + second).unwrap(),
        request_id: "r".into(),
        operation: Operation::Login,
        outcome,
        reason: DecisionReason::None,
        subject: "subject".into(),
        customer: None,
        account: None,
        source: None,
        rules: None,
        micros: 1500,
        count: 1,
        settled: Vec::new(),
    }
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

#[derive(Clone)]
struct Audit {
    rows: Vec<StoredRow>,
    head: Option<StoredHead>,
}

/// An intact audit with the given number of rows.
fn audit(keyring: &Keyring, rows: usize) -> Audit {
    let mut head = AuditHead::default();
    let mut written = Vec::new();
    for at in 0..rows {
        let outcome = if at % 3 == 0 { DecisionOutcome::Migrated } else { DecisionOutcome::Refused };
        let next = NextRow::new(keyring, &head, &decision(outcome, i64::try_from(at).unwrap())).unwrap();
        head = next.head;
        let columns = record(head.number, &next.text).unwrap().columns();
        let number = i64::try_from(head.number).unwrap();
        written.push(StoredRow { number, columns, text: next.text, chain: head.chain.clone() });
    }
    let tag = head.tag(keyring);
    Audit { rows: written, head: Some(StoredHead { head, tag }) }
}

fn check(keyring: &Keyring, audit: &Audit, anchor: &AuditHead) -> Result<AuditHead, AuditFault> {
    let mut checker = Checker::new(keyring, AuditHead::default(), std::slice::from_ref(anchor));
    for row in &audit.rows {
        checker.row(row).map_err(|broken| broken.fault)?;
    }
    checker.end(audit.head.clone()).map_err(|broken| broken.fault)?;
    Ok(checker.report(None).head)
}

/// Changes one character.
fn flip(dice: &mut Dice, text: &mut String) {
    let mut bytes = std::mem::take(text).into_bytes();
    let at = dice.below(bytes.len());
    bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
    *text = String::from_utf8(bytes).unwrap();
}

/// An edit by somebody without the key.
fn edit(dice: &mut Dice, forger: &Keyring, audit: &mut Audit) -> &'static str {
    let (at, other) = (dice.below(audit.rows.len()), dice.below(audit.rows.len()));
    match dice.below(10) {
        0 => {
            flip(dice, &mut audit.rows[at].text);
            "a character of a text"
        }
        1 => {
            flip(dice, &mut audit.rows[at].chain);
            "a character of a digest"
        }
        2 => {
            audit.rows.remove(at);
            "a row removed"
        }
        3 => {
            audit.rows.remove(at);
            (0..).zip(&mut audit.rows).for_each(|(at, row)| row.number = at + 1);
            "a row removed and the others renumbered"
        }
        4 => {
            let other = if at == other { (at + 1) % audit.rows.len() } else { other };
            audit.rows.swap(at, other);
            (0..).zip(&mut audit.rows).for_each(|(at, row)| row.number = at + 1);
            "two rows swapped"
        }
        5 => {
            let row = audit.rows[other].clone();
            audit.rows.insert(at, row);
            (0..).zip(&mut audit.rows).for_each(|(at, row)| row.number = at + 1);
            "a copy inserted"
        }
        6 => {
            forge(forger, audit, at);
            "a text changed and all later digests recomputed with another key"
        }
        7 => {
            audit.rows.truncate(at);
            "the end cut off"
        }
        8 => {
            audit.rows[at].columns.1.push('x');
            "a column"
        }
        _ => {
            audit.rows.truncate(at);
            let head = audit.rows.last().map_or_else(AuditHead::default, |row| AuditHead {
                number: u64::try_from(row.number).unwrap(),
                chain: row.chain.clone(),
            });
            let tag = head.tag(forger);
            audit.head = Some(StoredHead { head, tag });
            "the end cut off and a head made with another key"
        }
    }
}

fn forge(forger: &Keyring, audit: &mut Audit, from: usize) {
    audit.rows[from].text = text(&decision(DecisionOutcome::Authenticated, 77)).unwrap();
    audit.rows[from].columns = record(1, &audit.rows[from].text).unwrap().columns();
    let mut before = if from == 0 { String::new() } else { audit.rows[from - 1].chain.clone() };
    for row in audit.rows.iter_mut().skip(from) {
        row.chain = forger.chain(&before, &row.text);
        before = row.chain.clone();
    }
    let head = AuditHead { number: u64::try_from(audit.rows.len()).unwrap(), chain: before };
    let tag = head.tag(forger);
    audit.head = Some(StoredHead { head, tag });
}

#[test]
fn ten_thousand_edits_are_detected() {
    let (keyring, forger) = (keyring(), Keyring::new(&[9; 32]).unwrap());
    let intact = audit(&keyring, 12);
    let none = AuditHead::default();
    assert_eq!(check(&keyring, &intact, &none).unwrap(), intact.head.clone().unwrap().head);
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    for _ in 0..10_000 {
        let mut edited = intact.clone();
        let description = edit(&mut dice, &forger, &mut edited);
        assert!(check(&keyring, &edited, &none).is_err(), "{description} was not detected");
    }
}

#[test]
fn an_earlier_state_is_detected_with_an_anchor() {
    let keyring = keyring();
    let intact = audit(&keyring, 12);
    for rows in 0..=12 {
        let earlier = audit(&keyring, rows);
        let anchor = earlier.head.clone().unwrap().head;
        assert!(check(&keyring, &intact, &anchor).is_ok(), "an earlier head is part of the chain");
        let latest = &intact.head.as_ref().unwrap().head;
        assert_eq!(check(&keyring, &earlier, latest).is_err(), rows < 12, "{rows}");
        let wrong = AuditHead { number: anchor.number, chain: "0".repeat(32) };
        assert_eq!(check(&keyring, &intact, &wrong).is_err(), rows > 0, "{rows}");
    }
}
