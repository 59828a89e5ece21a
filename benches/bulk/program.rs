//! The program, told to transform records by the rules of `benches/data/shop.yaml`.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::grouped;

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/data/shop.yaml");

/// `transform` of an input, with its accounts going nowhere.
pub fn transform(program: &Path, input: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["transform", "--from", "ndjson", "--rules", RULES, "--in"]).arg(input);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Waits for the program, and stops when it did not make an account of each record.
pub fn finish(mut child: Child, records: u64) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap();
    let wanted = format!("{records} records: {records} accounts, 0 refused, 0 rejected, 0 unreadable\n");
    assert!(status.success() && said.starts_with(&wanted), "of {} records: {status}, {said}", grouped(records));
}
