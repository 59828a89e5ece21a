//! Merges partial results of consecutive parts of an export.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::report::{Report, create};
use super::run::write_partial;
use crate::assess::{Collected, MergeError, PartialError};
use crate::cli::output::Reads;
use crate::cli::{CommandError, FINE};

/// Arguments of `landfall assess merge`.
#[derive(clap::Args)]
#[command(
    long_about = "Merges partial results of consecutive parts of an export.\n\n\
        Give the parts in the order of the export: the records of each part are numbered behind those of the parts before it. The \
        report is the same as that of one run over the whole export. All parts must be made by the same version of Landfall, with \
        the same rules, parameters and `--now`.",
    after_help = "Examples:
  landfall assess --rules shop.yaml --in a.ndjson --partial a.part --now 2026-01-01T00:00:00Z
  landfall assess --rules shop.yaml --in b.ndjson --partial b.part --now 2026-01-01T00:00:00Z
  landfall assess merge a.part b.part --out assessment.json
  landfall assess merge a.part b.part --partial ab.part         # to merge the result with further parts"
)]
pub(super) struct Merge {
    /// Files that `landfall assess --partial` wrote, in the order of the export
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
    #[command(flatten)]
    report: Report,
    /// Write the merged partial result to this file, in place of a report
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "html", "duplicates", "show_values", "fail_over", "format", "peak", "no_measure"])]
    partial: Option<PathBuf>,
}

/// Merges parts, and writes the report or a partial result.
///
/// # Errors
/// If a part cannot be read or does not belong to the others, or a file cannot be written.
pub(super) fn run(arguments: &Merge) -> Result<u8, CommandError> {
    let files = arguments.parts.iter().map(|path| ("PART", path.as_path())).collect();
    let partial = arguments.partial.as_deref().map(|path| ("--partial", path));
    let outputs: Vec<(&str, &Path)> = arguments.report.outputs().chain(partial).collect();
    Reads { files, ..Reads::default() }.check(&outputs)?;
    let files = arguments.report.open()?;
    let partial = arguments.partial.as_deref().map(|path| create(path, arguments.report.force)).transpose()?;
    let mut merged: Option<Collected> = None;
    let mut known = Known::default();
    for path in &arguments.parts {
        known.file(path)?;
        let part = read(path)?;
        // parts without records may be alike
        let content = part.content.filter(|_| part.records() > 0);
        match &mut merged {
            None => {
                arguments.report.check_thresholds(part.names())?;
                merged = Some(part);
            }
            Some(merged) => merged.add(part).map_err(|error| different(path, &error))?,
        }
        known.content(path, content)?;
    }
    let merged = merged.ok_or_else(|| CommandError::new("there is no part to merge"))?;
    match partial {
        Some(sink) => write_partial(sink, merged).map(|()| FINE),
        None => arguments.report.write(merged, files),
    }
}

/// The parts that have been read: their files and their contents.
#[derive(Default)]
struct Known<'p> {
    files: Vec<(PathBuf, &'p Path)>,
    contents: Vec<([u8; 32], &'p Path)>,
}

impl<'p> Known<'p> {
    /// # Errors
    /// If the file is one of those that have been read.
    fn file(&mut self, path: &'p Path) -> Result<(), CommandError> {
        let Ok(file) = path.canonicalize() else { return Ok(()) };
        if let Some((_, first)) = self.files.iter().find(|(known, _)| *known == file) {
            return Err(twice(first, path, "are the same file"));
        }
        self.files.push((file, path));
        Ok(())
    }

    /// # Errors
    /// If a part has the same content.
    fn content(&mut self, path: &'p Path, content: Option<[u8; 32]>) -> Result<(), CommandError> {
        let Some(content) = content else { return Ok(()) };
        if let Some((_, first)) = self.contents.iter().find(|(known, _)| *known == content) {
            return Err(twice(first, path, "have the same content"));
        }
        self.contents.push((content, path));
        Ok(())
    }
}

/// A part that would be counted twice.
fn twice(first: &Path, second: &Path, how: &str) -> CommandError {
    CommandError::new(format!("the parts `{}` and `{}` {how}", first.display(), second.display()))
        .help("give each part once: its customers would be counted twice")
}

fn read(path: &Path) -> Result<Collected, CommandError> {
    let unreadable = |error: PartialError| {
        CommandError::new(format!("cannot read `{}`: {error}", path.display()))
            .help("give files that `landfall assess --partial` wrote")
    };
    let file = File::open(path).map_err(|error| unreadable(error.into()))?;
    Collected::read_partial(&mut BufReader::with_capacity(256 * 1024, file)).map_err(unreadable)
}

fn different(path: &Path, error: &MergeError) -> CommandError {
    let message = format!("cannot merge `{}`: {error}", path.display());
    match error {
        MergeError::Different(_) => {
            CommandError::new(message).help("make all parts with the same version, `--rules`, `--param` and `--now`")
        }
        MergeError::Io(_) => CommandError::new(message).help("set TMPDIR to a folder with more room"),
    }
}
