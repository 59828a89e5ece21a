//! Verifies exported segments, each on its own and against each other.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::{CommandError, FINDINGS, FINE, show};
use crate::audit::{SegmentStart, read_segment};
use crate::ports::{AuditHead, Keyring, SegmentReport};

/// The report so far, and the exit code.
struct Findings {
    out: String,
    code: u8,
}

impl Findings {
    fn pass(&mut self, line: &str) {
        // writing to a `String` cannot fail
        let _ = writeln!(self.out, "{line}");
    }

    fn problem(&mut self, line: &str) {
        self.pass(line);
        self.code = FINDINGS;
    }
}

pub(super) fn verify(paths: &[PathBuf], keyring: &Keyring, anchors: &[AuditHead]) -> Result<u8, CommandError> {
    let mut parts = Vec::new();
    for path in paths {
        parts.push((start(path)?, path));
    }
    parts.sort_by_key(|(start, _)| start.number);
    // The start of each segment is an anchor for the segments that contain it.
    let known: Vec<AuditHead> = anchors.iter().cloned().chain(parts.iter().map(|(start, _)| start.clone())).collect();
    let mut findings = Findings { out: String::new(), code: FINE };
    let mut reach = parts.first().map(|(start, _)| start.clone()).unwrap_or_default();
    let mut spans = Vec::new();
    for (_, path) in parts {
        let report = read(path, keyring, &known)?;
        add_report(&mut findings, path, &report, &reach);
        spans.push((report.start.number, report.head.number));
        if report.head.number > reach.number {
            reach = report.head;
        }
    }
    for anchor in anchors {
        let row = anchor.number;
        if !spans.iter().any(|(from, to)| (*from..=*to).contains(&row)) {
            findings.problem(&format!("anchor of row {row} not verified: row {row} is not in any of these segments"));
        }
    }
    findings.pass(&format!("head {reach}"));
    show::output(&findings.out)?;
    Ok(findings.code)
}

/// One segment, and whether it continues the rows up to `reach`.
fn add_report(findings: &mut Findings, path: &Path, report: &SegmentReport, reach: &AuditHead) {
    let (path, first) = (path.display(), report.start.number.saturating_add(1));
    if first > reach.number.saturating_add(1) {
        let (from, to) = (reach.number.saturating_add(1), report.start.number);
        findings.problem(&format!("rows {from} to {to} are missing: no given segment has them"));
    } else if report.start.number == reach.number && report.start != *reach {
        findings.problem(&format!("{path}: does not continue the previous segment"));
    }
    match report.broken {
        None => findings.pass(&format!("{path}: rows {first} to {} are intact", report.head.number)),
        Some(broken) => findings.problem(&format!("{path}: broken: {broken}")),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let why = match error.kind() {
        std::io::ErrorKind::InvalidData => "not an audit segment".to_owned(),
        kind => kind.to_string(),
    };
    CommandError::new(format!("cannot read `{}`: {why}", path.display()))
}

fn start(path: &Path) -> Result<AuditHead, CommandError> {
    let read = File::open(path).and_then(|file| SegmentStart::read(&mut BufReader::new(file)));
    read.map(|start| start.0).map_err(|error| unreadable(path, &error))
}

/// Reads and verifies a whole segment.
pub(super) fn read(path: &Path, keyring: &Keyring, anchors: &[AuditHead]) -> Result<SegmentReport, CommandError> {
    let read = File::open(path).and_then(|file| read_segment(&mut BufReader::new(file), keyring, anchors));
    read.map_err(|error| unreadable(path, &error))
}
