//! The generated documentation of bridges: the table of dialects in `docs/bridges.md`, between `<!-- bridges -->` and
//! `<!-- end -->`, and a page for each in `docs/bridges`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use landfall::bridge::KINDS;
use landfall::bridge::page::{page, table};

/// The page with the table.
const OVERVIEW: &str = "docs/bridges.md";

/// The folder of the pages.
const FOLDER: &str = "docs/bridges";

/// What the files contain, by their paths.
pub fn wanted() -> BTreeMap<PathBuf, String> {
    let overview = fs::read_to_string(OVERVIEW).expect(OVERVIEW);
    let (before, rest) = overview.split_once("<!-- bridges -->\n").expect("the begin of the table");
    let (_, after) = rest.split_once("<!-- end -->\n").expect("the end of the table");
    let overview = format!("{before}<!-- bridges -->\n{}<!-- end -->\n{after}", table(KINDS));
    let pages = KINDS.iter().map(|kind| (Path::new(FOLDER).join(format!("{}.md", kind.name)), page(kind)));
    pages.chain([(PathBuf::from(OVERVIEW), overview)]).collect()
}

/// The pages that are there.
pub fn present() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).into_iter().flatten();
    entries.map(|entry| entry.expect("an entry").path()).collect()
}
