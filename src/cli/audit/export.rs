//! `landfall audit export` and `landfall audit remove`: move the oldest decisions from the ledger to a file.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::{CommandError, FINDINGS, FINE, segments, show, stores};
use crate::config::Opening;
use crate::ports::{AuditHead, ExportError, SegmentReport};
use crate::settings::folder_of;

#[derive(clap::Args)]
#[command(
    after_help = "Exports the decisions before the given time: from the first one that is still in the ledger up to, but not including, \
the first one that is not older. The decisions are verified first. The file is flushed to disk, read back and verified \
before it gets its final name.

With --remove, the exported decisions are then removed from the ledger, which keeps the head of the file as its new \
start. `landfall audit remove` does the same later, once the file is archived. The service may keep running.

Examples:
  landfall audit export --before 2026-01-01T00:00:00Z --out audit-2025.ndjson
  landfall audit verify --segment audit-2025.ndjson
  landfall audit remove --segment audit-2025.ndjson
  landfall audit export --before 2026-01-01T00:00:00Z --remove      # export and remove in one step"
)]
pub(super) struct Export {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Export the decisions before this time
    #[arg(long, value_name = "TIME")]
    before: Timestamp,
    /// Output file, which must not exist; default: `audit-FIRST-LAST.ndjson` in the current folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Remove the exported decisions from the ledger
    #[arg(long)]
    remove: bool,
}

#[derive(clap::Args)]
#[command(
    after_help = "The file is verified first, and compared with the ledger: it must begin at or before the start of the ledger, so that \
no decision in between is lost.

Examples:
  landfall audit remove --segment audit-2025.ndjson"
)]
pub(super) struct Remove {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// An exported segment
    #[arg(long, value_name = "FILE")]
    segment: PathBuf,
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        let message = error.to_string();
        match error {
            ExportError::Broken(_) => Self::new(format!("cannot export: {message}"))
                .help("run `landfall audit verify`; a broken audit stays in the ledger as it is"),
            _ => Self::new(message),
        }
    }
}

pub(super) fn run(arguments: &Export) -> Result<u8, CommandError> {
    if let Some(out) = &arguments.out {
        refuse_existing(out)?;
    }
    let part = create(arguments.out.as_deref().map_or(Path::new("."), folder_of))?;
    let done = stores::ledger(&arguments.config, Opening::Existing, async |stores| {
        let out = Box::new(BufWriter::new(part.reopen()?));
        let (start, head) = stores.ledger.reports.export_audit(arguments.before, out).await?;
        if start == head {
            return Ok(None);
        }
        part.as_file().sync_all()?;
        let segment = segments::read(part.path(), &stores.keyring, &[])?;
        if segment.broken.is_some() || segment.head != head {
            return Err(CommandError::new("the file differs from what was written to it; nothing was exported"));
        }
        let path = arguments.out.clone().unwrap_or_else(|| name(&start, &head));
        keep(part, &path)?;
        let removed =
            if arguments.remove { Some(stores.ledger.reports.remove_exported(&segment).await?) } else { None };
        Ok(Some((segment, path, removed)))
    })?;
    match done {
        None => {
            show::output(&format!("the ledger has no decisions before {}\n", arguments.before))?;
            Ok(FINDINGS)
        }
        Some((segment, path, removed)) => print_exported(&segment, &path, removed),
    }
}

fn print_exported(segment: &SegmentReport, path: &Path, removed: Option<u64>) -> Result<u8, CommandError> {
    let (first, last, path) = (segment.start.number.saturating_add(1), segment.head.number, path.display());
    let mut out = format!("exported rows {first} to {last} to {path}\n");
    if let Some(removed) = removed {
        out.push_str(&format!("removed {removed} rows from the ledger; keep the file\n"));
    }
    out.push_str(&format!("head {}\n", segment.head));
    show::output(&out)?;
    Ok(FINE)
}

pub(super) fn remove(arguments: &Remove) -> Result<u8, CommandError> {
    let removed = stores::ledger(&arguments.config, Opening::Existing, async |stores| {
        let segment = segments::read(&arguments.segment, &stores.keyring, &[])?;
        if let Some(broken) = segment.broken {
            let path = arguments.segment.display();
            return Err(CommandError::new(format!("`{path}` is broken: {broken}; nothing was removed")));
        }
        Ok(stores.ledger.reports.remove_exported(&segment).await?)
    })?;
    show::output(&format!("removed {removed} rows from the ledger; keep the file\n"))?;
    Ok(FINE)
}

fn name(start: &AuditHead, head: &AuditHead) -> PathBuf {
    PathBuf::from(format!("audit-{}-{}.ndjson", start.number.saturating_add(1), head.number))
}

fn refuse_existing(path: &Path) -> Result<(), CommandError> {
    if fs::exists(path)? {
        return Err(CommandError::new(format!("`{}` already exists; choose another name with --out", path.display())));
    }
    Ok(())
}

/// Creates a file, readable by its owner only, that is removed unless it is kept.
fn create(folder: &Path) -> Result<NamedTempFile, CommandError> {
    let part = tempfile::Builder::new().prefix("audit-").suffix(".part").tempfile_in(folder);
    part.map_err(|error| CommandError::new(format!("cannot create a file in `{}`: {}", folder.display(), error.kind())))
}

/// Gives the complete file its final name, durably, unless another file has it.
fn keep(part: NamedTempFile, path: &Path) -> Result<(), CommandError> {
    refuse_existing(path)?;
    part.persist_noclobber(path).map_err(|failed| failed.error)?;
    if cfg!(unix) {
        File::open(folder_of(path))?.sync_all()?;
    }
    Ok(())
}
