//! Results as text: what failed and why, then the counts.

use std::collections::BTreeMap;

use super::count;
use super::diff::side_by_side;
use crate::diag::render::escaped;
use crate::testing::coverage::{CoverageReport, percent, total};
use crate::testing::judge::Failure;
use crate::testing::run::{Status, Tested};

/// The results: failed tests with their differences and the trace of the rules involved, snapshots that were written,
/// fields that no rule reads, and the counts. `colour` adds ANSI colours.
#[must_use]
pub fn human(tested: &[Tested], colour: bool) -> String {
    let mut out: String = tested.iter().map(|tested| of_case(tested, colour)).collect();
    for (file, name) in tested.iter().filter_map(|tested| Some((&tested.file, tested.written.as_ref()?))) {
        out += &format!("wrote {} (for {})\n", escaped(name), escaped(file));
    }
    out += &unread(tested);
    let (passed, failed) = count(tested);
    let tests = if tested.len() == 1 { "1 test".to_owned() } else { format!("{} tests", tested.len()) };
    out += &format!("{tests}: {passed} passed, {failed} failed\n");
    out
}

fn of_case(tested: &Tested, colour: bool) -> String {
    let Status::Failed(failures) = &tested.status else { return String::new() };
    let word = if colour { "\u{1b}[31mFAILED\u{1b}[0m" } else { "FAILED" };
    let mut out = format!("{word} {}: {}\n", escaped(&tested.file), escaped(&tested.name));
    out.extend(failures.iter().map(|failure| of_failure(failure, colour)));
    if !tested.trace.is_empty() {
        out += "  trace\n";
        out.extend(tested.trace.iter().map(|line| format!("    {}\n", escaped(line))));
    }
    out.push('\n');
    out
}

fn of_failure(failure: &Failure, colour: bool) -> String {
    let mut out = format!("  {}\n", escaped(&failure.message));
    if let Some(shown) = &failure.shown {
        out += &side_by_side(shown, colour);
    }
    out
}

/// Fields that are neither read nor ignored, with the number of tests whose records have them.
fn unread(tested: &[Tested]) -> String {
    let mut fields: BTreeMap<&str, usize> = BTreeMap::new();
    for path in tested.iter().flat_map(|tested| &tested.unread) {
        *fields.entry(path).or_default() += 1;
    }
    if fields.is_empty() {
        return String::new();
    }
    let list: Vec<String> = fields
        .iter()
        .map(|(path, records)| {
            format!("  {} ({records} record{})\n", escaped(path), if *records == 1 { "" } else { "s" })
        })
        .collect();
    format!("fields that are neither read nor ignored\n{}\n", list.concat())
}

/// The coverage: for each rule file a table with one row per rule, then the total.
#[must_use]
pub fn coverage(reports: &[CoverageReport]) -> String {
    let (seen, all) = total(reports);
    let tables: String = reports.iter().map(table).collect();
    tables + format!("coverage: {seen} of {all} outcomes, {}%\n", percent(seen, all)).as_str()
}

/// The coverage of one rule file. Outcomes that were not seen are below each other.
fn table(report: &CoverageReport) -> String {
    let (seen, all) = report.count();
    let mut rows = vec![["rule".to_owned(), "seen".to_owned(), "not seen".to_owned()]];
    for rule in &report.rules {
        let mut open = rule.open.iter().map(|open| escaped(open));
        let of = format!("{}/{}", rule.seen, rule.total);
        rows.push([escaped(&rule.name), of, open.next().unwrap_or_default()]);
        rows.extend(open.map(|open| [String::new(), String::new(), open]));
    }
    rows.push([String::new(), format!("{seen}/{all}"), format!("{}%", percent(seen, all))]);
    let width = |column: fn(&[String; 3]) -> &String| rows.iter().map(|row| column(row).chars().count()).max();
    let (names, counts) = (width(|[name, ..]| name).unwrap_or(0), width(|[_, count, _]| count).unwrap_or(0));
    let mut out = format!("coverage of {}\n", escaped(&report.file));
    for [name, count, open] in &rows {
        out += format!("  {name:names$}  {count:>counts$}  {open}").trim_end();
        out.push('\n');
    }
    out.push('\n');
    out
}
