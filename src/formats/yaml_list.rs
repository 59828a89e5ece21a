//! Finds the list at a path in a YAML document line by line, so that the document can have any length.
//!
//! Only block style is found this way: `users:` on a line of its own, and elements that start with `- ` below it. All other
//! documents must be short enough to be read as a whole.

use super::reading::{How, Reading};
use crate::rules::RecordsPath;

/// What to do with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// It is not part of the list; until the list is found, it may still be needed.
    Beside,
    /// It is the first line of the list.
    Begins,
    /// It is part of the list.
    Inside,
    /// It is the first line after the list.
    Behind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The list has not been found yet.
    Looking,
    /// Its key was found in a map with this indentation.
    Expecting(usize),
    /// In the list, whose dashes have this indentation.
    Inside(usize),
    /// After the list.
    Behind,
}

/// Finds the list at a path from the lines of a document.
#[derive(Debug)]
pub(super) struct ListFinder {
    path: RecordsPath,
    /// The number of names of the path that were found.
    matched: usize,
    /// The indentations of the maps on the path.
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

    /// Starts another document.
    pub fn restart(&mut self) {
        (self.matched, self.stage) = (0, Stage::Looking);
        self.indents.clear();
    }

    /// Whether the list was found in this document.
    pub fn has_found(&self) -> bool {
        matches!(self.stage, Stage::Inside(_) | Stage::Behind)
    }

    /// Whether the list has ended.
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Behind
    }

    /// Processes a line that is neither blank nor a comment.
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
                self.reading.taken(&self.path, How::Requested);
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
                // the name on the path has no value of its own
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

    /// Records a member that is not on the path.
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

/// The name at the start of a line of a block map, and the text after its colon.
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
