//! Reads one YAML file into the tree of nodes; the only module that uses the YAML crate.

mod aliases;
mod build;
mod flow;
mod runs;
mod silent;
mod syntax;
mod tokens;
mod traps;

pub use aliases::aliases_are_bounded;

use super::Node;
use crate::diag::{Diagnostic, FileId, Files, Findings, Span};

/// Bytes of one file. Stops a malicious file from exhausting memory; the largest known rule file has under 40 KiB.
pub const MAX_FILE_BYTES: usize = 256 * 1024;

/// Nesting of lists and maps. Stops exhaustion of the stack; real files nest at most ten levels.
pub const MAX_DEPTH: usize = 64;

/// Keys, values, lists and maps of one file. Stops small files that become large trees; real files have a few thousand.
pub const MAX_NODES: usize = 50_000;

/// Nodes that all aliases of one file may expand to. Stops the "billion laughs" attack; a shared list of a hundred
/// elements may still be used a hundred times.
pub const MAX_ALIASED_NODES: usize = 10_000;

/// Bytes of text that all aliases of one file may expand to. Stops one long text that is used ten thousand times: a
/// file of 115 KB expanded to 496 MB. Four times the largest file is more than any shared list needs.
pub const MAX_ALIASED_BYTES: usize = 1024 * 1024;

/// Reads a YAML file into a tree in which every node knows its place.
///
/// All findings go to `findings`. `None` means that there is no tree to continue with: the text is not YAML, is empty,
/// is over a limit, or names an anchor that does not exist. After other findings (duplicate keys, tags, merge keys,
/// further documents)
/// the tree omits the invalid parts, so that the rest of the file can still be checked.
///
/// A byte-order mark and Windows line endings are accepted. Findings never quote values of the file, since it may be a
/// record or settings; those of [`read_rules`] do.
#[must_use]
pub fn read(files: &Files, file: FileId, findings: &mut Findings) -> Option<Node> {
    read_as(Reader::Data, files, file, findings)
}

/// Reads a rule or test file like [`read`], with findings that quote the text they are about, and with warnings about
/// text that YAML does not read the way it looks.
#[must_use]
pub fn read_rules(files: &Files, file: FileId, findings: &mut Findings) -> Option<Node> {
    read_as(Reader::Rules, files, file, findings)
}

fn read_as(reader: Reader, files: &Files, file: FileId, findings: &mut Findings) -> Option<Node> {
    let text = files.text(file);
    let source = Source { text, file, reader };
    if text.len() > MAX_FILE_BYTES {
        findings.push(too_large(source));
        return None;
    }
    let mut tokens = tokens::collect(source, findings)?;
    if reader == Reader::Rules {
        silent::check(source, &mut tokens, findings);
    }
    build::tree(source, &tokens, findings)
}

/// Who sees the findings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Findings about records and settings never quote their values.
    Data,
    /// The authors of rules and tests.
    Rules,
}

/// The file that is read.
#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    file: FileId,
    reader: Reader,
}

impl Source<'_> {
    fn span(self, start: usize, end: usize) -> Span {
        Span { file: self.file, start, end: end.max(start) }
    }

    /// The character at a place, or the empty place after the last character of its line.
    fn character(self, at: usize) -> Span {
        let at = at.min(self.text.len());
        match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(found) if found != '\n' && found != '\r' => self.span(at, at + found.len_utf8()),
            _ => self.empty(self.text.get(..at).map_or(at, |before| before.trim_end().len())),
        }
    }

    fn empty(self, at: usize) -> Span {
        self.span(at, at)
    }
}

fn too_large(source: Source<'_>) -> Diagnostic {
    let message = format!("the file has {} bytes, more than the {MAX_FILE_BYTES} allowed", source.text.len());
    let help = "move lookup tables to CSV files and split the rest into files named under `use`";
    Diagnostic::error("R103", source.empty(0), message, help)
}

#[cfg(test)]
mod tests;
