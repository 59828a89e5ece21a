//! The page that shows the matrix.

use std::path::Path;

use crate::expected::{ADAPTERS, Cell, FAULTS, expected};
use crate::targets::cells::{self, MOMENTS, Moment, ROWS, Row, STORES, Store};
use crate::targets::database;

/// Compares the page with what is expected, or rewrites it.
pub fn compare() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let wanted = [("matrix", tables()), ("targets", of_targets())];
    let wanted = wanted.into_iter().fold(page.clone(), |page, (part, tables)| {
        let (begin, end) = (format!("<!-- {part}:begin -->\n"), format!("<!-- {part}:end -->\n"));
        let (before, rest) = page.split_once(&begin).expect("where the tables begin");
        let (_, after) = rest.split_once(&end).expect("where the tables end");
        format!("{before}{begin}{tables}{end}{after}")
    });
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, wanted).expect("the page");
    } else {
        assert!(page == wanted, "docs/faults.md is outdated; run `UPDATE_DOCS=1 cargo test --test matrix page`");
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

fn of_targets() -> String {
    let tables = STORES.map(|(store, name)| {
        let moments = MOMENTS.into_iter().filter(|(moment, _)| ROWS.iter().any(|row| in_store(store, *row, *moment)));
        let (moments, columns): (Vec<_>, Vec<_>) = moments.unzip();
        let rows = ROWS.iter().filter(|row| moments.iter().any(|moment| in_store(store, **row, *moment)));
        let cells = |row: Row| moments.iter().map(|moment| whole(cells::expected(store, row, *moment))).collect();
        format!("\n### {name}\n\n{}", table("Fault", &columns, rows.map(|row| (row.name(), cells(*row)))))
    });
    let columns = database::MOMENTS.map(|(_, name)| name);
    let cells =
        |row: database::Row| database::MOMENTS.map(|(moment, _)| whole(database::expected(row, moment))).to_vec();
    let rows = database::ROWS.iter().map(|row| (row.name(), cells(*row)));
    format!("{}\n### Account store and ledger in PostgreSQL\n\n{}", tables.concat(), table("Fault", &columns, rows))
}

fn in_store(store: Store, row: Row, moment: Moment) -> bool {
    cells::expected(store, row, moment).is_some()
}

/// The answer and what the log says.
fn whole(cell: Option<Cell>) -> String {
    match cell {
        Some(Cell::Outage(kind, sentence)) => format!("503 `{kind}`: {sentence}"),
        other => short(other),
    }
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
        Some(Cell::Conflict) => "401 `conflict`".to_owned(),
        Some(Cell::Both) => "200 or 503".to_owned(),
        Some(Cell::SometimesLeftOut) => "200, at times left out".to_owned(),
    }
}

fn sentence(cell: Cell) -> Option<String> {
    match cell {
        Cell::SignsIn | Cell::Conflict | Cell::Both | Cell::SometimesLeftOut => None,
        Cell::LeftOut(sentence) => Some(sentence.to_owned()),
        Cell::Outage(kind, sentence) => Some(format!("`{kind}`: {sentence}")),
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
