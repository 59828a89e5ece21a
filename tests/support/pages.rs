//! The pages of the documentation, and the fenced blocks and tables in them.

use std::fs;
use std::path::{Path, PathBuf};

/// A page: its path from the package's folder, and its text.
pub struct Page {
    pub name: String,
    pub text: String,
}

/// A fenced block: its words, its text, and where it is.
pub struct Block {
    pub info: String,
    pub text: String,
    pub place: String,
}

/// A row of a table whose head names these columns: its cells, and where it is.
#[allow(dead_code, reason = "not every test reads tables")]
pub struct Row {
    pub cells: Vec<String>,
    pub place: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages: the files at the root, and everything in `docs` and `docs/bridges`.
pub fn pages() -> Vec<Page> {
    let names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "benches/peers/README.md"];
    let mut paths: Vec<PathBuf> = names.iter().map(|name| root().join(name)).collect();
    for folder in ["docs", "docs/bridges"] {
        let docs = fs::read_dir(root().join(folder)).expect(folder).map(|entry| entry.expect("an entry").path());
        paths.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    paths.sort();
    paths.iter().map(|path| page(path)).collect()
}

fn page(path: &Path) -> Page {
    let name = path.strip_prefix(root()).expect("a path of the package").display().to_string();
    Page { name, text: fs::read_to_string(path).expect("a page") }
}

impl Page {
    /// Its fenced blocks, in order. Those in lists lose the indentation of their fence.
    pub fn blocks(&self) -> Vec<Block> {
        let mut found = Vec::new();
        let mut open: Option<Block> = None;
        let mut indent = String::new();
        for (number, line) in self.text.lines().enumerate() {
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(info)) => {
                    indent = line.chars().take_while(|letter| *letter == ' ').collect();
                    open = Some(self.block(info, number));
                }
                (Some(_), Some(_)) => found.extend(open.take()),
                (Some(block), None) => {
                    block.text.push_str(line.strip_prefix(&indent).unwrap_or(line));
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.name);
        found
    }

    fn block(&self, info: &str, number: usize) -> Block {
        Block { info: info.to_owned(), text: String::new(), place: format!("{}:{}", self.name, number + 1) }
    }

    /// The rows of all tables whose last columns have these names. `\|` inside a cell is a bar.
    #[allow(dead_code, reason = "not every test reads tables")]
    pub fn rows(&self, last_columns: &[&str]) -> Vec<Row> {
        let mut found = Vec::new();
        let mut is_wanted = false;
        for (number, line) in self.text.lines().enumerate() {
            let Some(cells) = cells(line) else {
                is_wanted = false;
                continue;
            };
            if cells.iter().all(|cell| cell.trim_matches(['-', ':']).is_empty()) {
                continue;
            }
            if cells.ends_with(&last_columns.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()) {
                is_wanted = true;
            } else if is_wanted {
                found.push(Row { cells, place: format!("{}:{}", self.name, number + 1) });
            }
        }
        found
    }
}

#[allow(dead_code, reason = "not every test reads tables")]
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\u{0}");
    Some(inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect())
}
