//! The tables of `docs/bridges.md` that these tests make; `UPDATE_DOCS=1` rewrites them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Two tests may rewrite the page at the same time.
static PAGE: Mutex<()> = Mutex::new(());

/// Compares a table with the one on the page, or rewrites it.
pub fn compare(part: &str, table: &str) {
    let _turn = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bridges.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (begin, end) = (format!("<!-- {part}:begin -->\n"), format!("<!-- {part}:end -->\n"));
    let (before, rest) = page.split_once(&begin).expect("where the table begins");
    let (_, after) = rest.split_once(&end).expect("where the table ends");
    let wanted = format!("{before}{begin}{table}{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, wanted).expect("the page");
    } else {
        assert!(page == wanted, "docs/bridges.md is outdated; run `UPDATE_DOCS=1 cargo test --test bridge`");
    }
}

/// A Markdown table.
pub fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    rows.for_each(|row| text.push_str(&format!("| {} |\n", row.join(" | "))));
    text
}
