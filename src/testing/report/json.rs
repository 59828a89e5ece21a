//! Results as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::count;
use crate::testing::coverage::{CoverageReport, percent};
use crate::testing::run::{Status, Tested};

/// The results as one document: `passed`, `failed`, the `tests` with their `failures` and `trace`, the `unread` fields, and
/// `coverage` if it was counted.
#[must_use]
pub fn json(tested: &[Tested], coverage: Option<&[CoverageReport]>) -> Value {
    let (passed, failed) = count(tested);
    let tests: Vec<Value> = tested.iter().map(of_case).collect();
    let unread: BTreeSet<&str> = tested.iter().flat_map(|tested| &tested.unread).map(String::as_str).collect();
    let written: Vec<&str> = tested.iter().filter_map(|tested| tested.written.as_deref()).collect();
    let mut document =
        json!({ "passed": passed, "failed": failed, "tests": tests, "unread": unread, "snapshots_written": written });
    if let (Some(object), Some(reports)) = (document.as_object_mut(), coverage) {
        object.insert("coverage".to_owned(), of_coverage(reports));
    }
    document
}

fn of_coverage(reports: &[CoverageReport]) -> Value {
    let (seen, total) = super::super::coverage::total(reports);
    let files: Vec<Value> = reports.iter().map(CoverageReport::to_json).collect();
    json!({ "covered": seen, "total": total, "percent": percent(seen, total), "files": files })
}

fn of_case(tested: &Tested) -> Value {
    let failures: Vec<Value> = match &tested.status {
        Status::Passed => Vec::new(),
        Status::Failed(failures) => failures
            .iter()
            .map(|failure| match &failure.shown {
                None => json!({ "message": failure.message }),
                Some(shown) => {
                    json!({ "message": failure.message, "expected": shown.expected, "actual": shown.actual })
                }
            })
            .collect(),
    };
    let status = if tested.passed() { "passed" } else { "failed" };
    json!({
        "name": tested.name,
        "file": tested.file,
        "status": status,
        "failures": failures,
        "trace": tested.trace,
        "unread": tested.unread,
    })
}
