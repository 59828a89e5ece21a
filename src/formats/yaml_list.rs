//! Finds the list at a path in a YAML document by its lines, so that the document may be of any length.
//!
//! Only block style is found so: `users:` on a line of its own, and elements that begin with `- ` below it. Whatever else a
//! document is must be short enough to be read as a whole.

use super::reading::{How, Reading};
use crate::rules::RecordsPath;

/// What to do with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// It does not belong to the list; until the list is found it may be needed all the same.
    Beside,
    /// It is the first of the list.
    Begins,
    /// It belongs to the list.
    Inside,
    /// It is the first behind the list.
    Behind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The list is looked for.
    Looking,
    /// Its key was found in a map with this indentation.
    Expecting(usize),
    /// In the list, whose dashes have this indentation.
    Inside(usize),
    /// Behind it.
    Behind,
}

/// Follows the lines of a document to the list at a path.
#[derive(Debug)]
pub(super) struct ListFinder {
    path: RecordsPath,
    /// How many names of the path were found.
    matched: usize,
    /// The indentations of the maps on the way.
    indents: Vec<usize>,
    stage: Stage,
    reading: Reading,
}

impl ListFinder {
    pub fn new(path: RecordsPath, reading: Reading) -> Self {
        Self { path, matched: 0, indents: Vec::new(), stage: Stage::Looking, reading }
    }

    pub fn path(&self) -> &RecordsPath {
        &self.path
    }

    /// Begins with another document.
    pub fn restart(&mut self) {
        (self.matched, self.stage) = (0, Stage::Looking);
        self.indents.clear();
    }

    /// Whether the list was found in this document.
    pub fn has_found(&self) -> bool {
        matches!(self.stage, Stage::Inside(_) | Stage::Behind)
    }

    /// Whether the list is over.
    pub fn is_behind(&self) -> bool {
        self.stage == Stage::Behind
    }

    /// Takes a line that is neither blank nor a comment.
    pub fn line(&mut self, blanks: usize, content: &str) -> Pass {
        let is_dash = content.strip_prefix('-').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        match self.stage {
            Stage::Inside(indent) if blanks > indent || (is_dash && blanks == indent) => Pass::Inside,
            Stage::Inside(_) => {
                self.stage = Stage::Behind;
                self.pass(blanks, content);
                Pass::Behind
            }
            Stage::Behind => {
                self.pass(blanks, content);
                Pass::Beside
            }
            Stage::Expecting(indent) if is_dash && blanks >= indent => {
                self.stage = Stage::Inside(blanks);
                self.reading.taken(&self.path, How::Asked);
                Pass::Begins
            }
            Stage::Expecting(_) | Stage::Looking => {
                self.stage = Stage::Looking;
                self.look(blanks, content);
                Pass::Beside
            }
        }
    }

    fn look(&mut self, blanks: usize, content: &str) {
        while self.indents.last().is_some_and(|indent| blanks < *indent) {
            self.indents.pop();
            self.matched = self.matched.min(self.indents.len().saturating_sub(1));
        }
        if self.indents.len() <= self.matched {
            if self.indents.last().is_none_or(|indent| blanks > *indent) {
                self.indents.push(blanks);
            } else {
                // the name on the way has no value of its own
                self.matched = self.indents.len().saturating_sub(1);
            }
        }
        if self.indents.get(self.matched) != Some(&blanks) {
            return;
        }
        let Some((name, rest)) = key(content) else { return };
        if self.path.names().get(self.matched).is_none_or(|wanted| *wanted != name) {
            self.pass(blanks, content);
        } else if rest.is_empty() {
            self.matched += 1;
            if self.matched == self.path.names().len() {
                self.stage = Stage::Expecting(blanks);
                self.matched -= 1;
            }
        }
    }

    /// Notes a member beside the way.
    fn pass(&mut self, blanks: usize, content: &str) {
        let (Some(level), Some((name, _))) = (self.indents.iter().position(|indent| *indent == blanks), key(content))
        else {
            return;
        };
        let names = self.path.names().get(..level).unwrap_or_default();
        let here = names.iter().fold(RecordsPath::default(), |here, name| here.member(name));
        self.reading.passed(here.member(&name));
    }
}

/// The name that a line of a block map begins with, and what stands behind its colon on the line.
fn key(content: &str) -> Option<(String, &str)> {
    let (name, rest) = match content.chars().next()? {
        '-' if content.starts_with("- ") => return None,
        quote @ ('"' | '\'') => {
            let (name, rest) = content.get(1..)?.split_once(quote)?;
            (name, rest.trim_start().strip_prefix(':')?)
        }
        _ => {
            let at = content.match_indices(':').map(|(at, _)| at).find(|at| {
                content.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
            })?;
            (content.get(..at)?.trim_end(), content.get(at + 1..)?)
        }
    };
    let rest = rest.trim();
    let rest = if rest.starts_with('#') || (rest.starts_with('&') && !rest.contains(' ')) { "" } else { rest };
    Some((name.to_owned(), rest))
}
