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
    for path in &arguments.parts {
        let part = read(path)?;
        match &mut merged {
            None => merged = Some(part),
            Some(merged) => merged.add(part).map_err(|error| different(path, &error))?,
        }
    }
    let merged = merged.ok_or_else(|| CommandError::new("there is no part to merge"))?;
    match partial {
        Some(sink) => write_partial(sink, merged).map(|()| FINE),
        None => arguments.report.write(merged, files),
    }
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
