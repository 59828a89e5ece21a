//! `landfall audit verify`: verifies the audit in the ledger, or exported segments.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::{CommandError, FINDINGS, FINE, segments, show, stores};
use crate::audit::read_anchors;
use crate::config::{Needs, Opening};
use crate::ports::{AuditHead, AuditReport};

#[derive(clap::Args)]
#[command(
    after_help = "Keep the printed head outside the ledger. Given again with --anchor, it verifies that nothing up to that head was \
changed, not even by someone who has the ledger's key. `ledger.anchor` in the settings stores heads automatically, in a \
file that --anchors reads.

With --segment, the files are verified without the ledger: every row, the gaps between files, and the anchors that lie \
within them.

Examples:
  landfall audit verify
  landfall audit verify --anchor 1204:c039301cbca4ed9a7bc01103e179336b
  landfall audit verify --anchors /mnt/elsewhere/anchors.txt
  landfall audit verify --segment audit-1-1204.ndjson --segment audit-1205-3000.ndjson"
)]
pub(super) struct Verify {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// A head that was printed earlier; may be repeated
    #[arg(long, value_name = "HEAD")]
    anchor: Vec<AuditHead>,
    /// A file of stored heads, one per line: `TIME HEAD`
    #[arg(long, value_name = "FILE")]
    anchors: Option<PathBuf>,
    /// An exported segment to verify instead of the ledger; may be repeated
    #[arg(long, value_name = "FILE")]
    segment: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Verify) -> Result<u8, CommandError> {
    let mut anchors = arguments.anchor.clone();
    if let Some(path) = &arguments.anchors {
        anchors.extend(stored_anchors(path)?);
    }
    if !arguments.segment.is_empty() {
        let keyring = stores::keyring(&stores::needed_settings(&arguments.config, Needs::Ledger)?)?;
        return segments::verify(&arguments.segment, &keyring, &anchors);
    }
    let report = stores::ledger(&arguments.config, Opening::Inspect, async |stores| {
        Ok(stores.ledger.reports.verify_with(&anchors).await?)
    })?;
    let whole = report.head.number.saturating_sub(report.start.number);
    if let Some(broken) = report.broken {
        let (number, fault) = (broken.number, broken.fault.name());
        show::output(&format!(
            "the audit is broken at decision {number}: {fault}\n{whole} decisions before it are intact\n"
        ))?;
        return Ok(FINDINGS);
    }
    let mut out = format!("{whole} decisions are intact\n");
    if report.start.number > 0 {
        // writing to a `String` cannot fail
        let _ = writeln!(out, "rows 1 to {} were exported, head {}", report.start.number, report.start);
    }
    let _ = writeln!(out, "head {}", report.head);
    let unverified = unverified(&report, &arguments.anchor, &anchors);
    let unheld = report.exported.len().saturating_sub(unverified.len());
    if unheld > 0 {
        let _ = writeln!(
            out,
            "{unheld} older anchors refer to exported rows and were not compared; verify them with the segments that have these rows"
        );
    }
    for anchor in &unverified {
        let row = anchor.number;
        let _ = writeln!(
            out,
            "anchor of row {row} not verified: row {row} was exported; run `landfall audit verify --anchor {anchor} \
             --segment FILE` with the segment that has it"
        );
    }
    show::output(&out)?;
    Ok(if unverified.is_empty() { FINE } else { FINDINGS })
}

/// Anchors before the start that still have to be verified. For a file of anchors it is enough that a later one is
/// verified, because the chain up to it begins with the exported rows.
fn unverified(report: &AuditReport, named: &[AuditHead], all: &[AuditHead]) -> Vec<AuditHead> {
    let later = all.len() > report.exported.len();
    let is_wanted = |anchor: &&AuditHead| named.contains(anchor) || !later;
    let mut unverified: Vec<AuditHead> = report.exported.iter().filter(is_wanted).cloned().collect();
    unverified.sort_by_key(|anchor| anchor.number);
    // The last one verifies those before it.
    unverified.drain(..unverified.len().saturating_sub(named.len().max(1)));
    unverified
}

fn stored_anchors(path: &Path) -> Result<Vec<AuditHead>, CommandError> {
    let failed = |why: String| CommandError::new(format!("cannot read anchors from `{}`: {why}", path.display()));
    let file = File::open(path).map_err(|error| failed(error.kind().to_string()))?;
    read_anchors(&mut BufReader::new(file)).map_err(|error| failed(error.to_string()))
}
