//! The table of faults, and the page that shows it.

use std::path::Path;

/// What a fault did.
pub struct Row {
    pub fault: String,
    pub error: String,
    pub answer: String,
    pub breaker: &'static str,
}

/// Compares the rows with the page, or rewrites it.
pub fn compare(system: &str, rows: &[Row]) {
    let mut table = "| Fault | Error in the log | Answer | Circuit breaker |\n|---|---|---|---|\n".to_owned();
    for Row { fault, error, answer, breaker } in rows {
        table.push_str(&format!("| {fault} | {error} | {answer} | {breaker} |\n"));
    }
    println!("{system}\n{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (begin, end) = (format!("<!-- faults-{system}:begin -->\n"), format!("<!-- faults-{system}:end -->\n"));
    let (before, rest) = page.split_once(&begin).expect("where the table begins");
    let (found, after) = rest.split_once(&end).expect("where the table ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).expect("the page");
    } else {
        assert!(
            found == table,
            "docs/operating.md is outdated; run `UPDATE_DOCS=1 tests/run --test sources -- faults`"
        );
    }
}
