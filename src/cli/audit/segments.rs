//! Exported segments, verified one by one and against each other.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::{CommandError, FINDINGS, FINE, show};
use crate::ledger::{AuditHead, SegmentReport, SegmentStart, read_segment};
use crate::migrate::Keyring;

/// What was found so far.
struct Findings {
    out: String,
    code: u8,
}

impl Findings {
    fn fine(&mut self, line: &str) {
        // writing to a `String` cannot fail
        let _ = writeln!(self.out, "{line}");
    }

    fn found(&mut self, line: &str) {
        self.fine(line);
        self.code = FINDINGS;
    }
}

pub(super) fn verify(paths: &[PathBuf], keyring: &Keyring, anchors: &[AuditHead]) -> Result<u8, CommandError> {
    let mut parts = Vec::new();
    for path in paths {
        parts.push((start(path)?, path));
    }
    parts.sort_by_key(|(start, _)| start.number);
    // What one segment says comes before it is an anchor for those that hold it.
    let known: Vec<AuditHead> = anchors.iter().cloned().chain(parts.iter().map(|(start, _)| start.clone())).collect();
    let mut findings = Findings { out: String::new(), code: FINE };
    let mut reach = parts.first().map(|(start, _)| start.clone()).unwrap_or_default();
    let mut spans = Vec::new();
    for (_, path) in parts {
        let report = read(path, keyring, &known)?;
        tell(&mut findings, path, &report, &reach);
        spans.push((report.start.number, report.head.number));
        if report.head.number > reach.number {
            reach = report.head;
        }
    }
    for anchor in anchors {
        let row = anchor.number;
        if !spans.iter().any(|(from, to)| (*from..=*to).contains(&row)) {
            findings.found(&format!("anchor of row {row} not verified: row {row} is in none of these segments"));
        }
    }
    findings.fine(&format!("head {reach}"));
    show::output(&findings.out)?;
    Ok(findings.code)
}

/// One segment, and whether it continues what is known up to `reach`.
fn tell(findings: &mut Findings, path: &Path, report: &SegmentReport, reach: &AuditHead) {
    let (path, first) = (path.display(), report.start.number.saturating_add(1));
    if first > reach.number.saturating_add(1) {
        let (from, to) = (reach.number.saturating_add(1), report.start.number);
        findings.found(&format!("rows {from} to {to} are missing: none of these segments holds them"));
    } else if report.start.number == reach.number && report.start != *reach {
        findings.found(&format!("{path}: does not continue the segment before it"));
    }
    match report.broken {
        None => findings.fine(&format!("{path}: rows {first} to {} are whole", report.head.number)),
        Some(broken) => findings.found(&format!("{path}: broken: {broken}")),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let why = match error.kind() {
        std::io::ErrorKind::InvalidData => "it is not a segment of an audit".to_owned(),
        kind => kind.to_string(),
    };
    CommandError::new(format!("`{}` cannot be read: {why}", path.display()))
}

fn start(path: &Path) -> Result<AuditHead, CommandError> {
    let read = File::open(path).and_then(|file| SegmentStart::read(&mut BufReader::new(file)));
    read.map(|start| start.0).map_err(|error| unreadable(path, &error))
}

/// Reads a segment as a whole.
pub(super) fn read(path: &Path, keyring: &Keyring, anchors: &[AuditHead]) -> Result<SegmentReport, CommandError> {
    let read = File::open(path).and_then(|file| read_segment(&mut BufReader::new(file), keyring, anchors));
    read.map_err(|error| unreadable(path, &error))
}
