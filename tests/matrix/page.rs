//! The page that shows the matrix.

use std::path::Path;

use crate::expected::{ADAPTERS, Cell, FAULTS, expected};

const BEGIN: &str = "<!-- matrix:begin -->\n";
const END: &str = "<!-- matrix:end -->\n";

/// Compares the page with what is expected, or rewrites it.
pub fn compare() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("where the tables begin");
    let (found, after) = rest.split_once(END).expect("where the tables end");
    let tables = tables();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{tables}{END}{after}")).expect("the page");
    } else {
        assert!(found == tables, "docs/faults.md is outdated; run `UPDATE_DOCS=1 cargo test --test matrix page`");
    }
}

fn tables() -> String {
    let columns = ADAPTERS.map(|(_, name)| name);
    let mut text = table(
        "Fault",
        &columns,
        FAULTS
            .iter()
            .map(|fault| (fault.name(), ADAPTERS.map(|(adapter, _)| short(expected(adapter, *fault))).to_vec())),
    );
    for (adapter, name) in ADAPTERS {
        let cells = FAULTS.iter().filter_map(|fault| Some((fault.name(), expected(adapter, *fault)?)));
        let cells = cells.filter_map(|(fault, cell)| Some((fault, vec![sentence(cell)?])));
        text.push_str(&format!("\n## {}\n\n{}", capital(name), table("Fault", &["Error in the log"], cells)));
    }
    text
}

fn table<'r>(first: &str, columns: &[&str], rows: impl Iterator<Item = (&'r str, Vec<String>)>) -> String {
    let mut text = format!("| {first} | {} |\n|---|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    rows.for_each(|(name, cells)| text.push_str(&format!("| {name} | {} |\n", cells.join(" | "))));
    text
}

fn short(cell: Option<Cell>) -> String {
    match cell {
        None => String::new(),
        Some(Cell::SignsIn) => "200".to_owned(),
        Some(Cell::LeftOut(_)) => "200, left out".to_owned(),
        Some(Cell::Outage(kind, _)) => format!("503 `{kind}`"),
        Some(Cell::Both) => "200 or 503".to_owned(),
        Some(Cell::SometimesLeftOut) => "200, at times left out".to_owned(),
    }
}

fn sentence(cell: Cell) -> Option<String> {
    match cell {
        Cell::SignsIn | Cell::Both | Cell::SometimesLeftOut => None,
        Cell::LeftOut(sentence) => Some(sentence.to_owned()),
        Cell::Outage(kind, sentence) => Some(format!("`{kind}`: {sentence}")),
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
