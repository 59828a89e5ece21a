//! `landfall audit export` and `landfall audit remove`: the oldest decisions to a file, and out of the ledger.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{CommandError, FINDINGS, FINE, segments, show, stores};
use crate::config::Opening;
use crate::ledger::{AuditHead, ExportError, SegmentReport};

#[derive(clap::Args)]
#[command(
    after_help = "Decisions before the time are verified and written to a file: from the first one that is still in the ledger
to the first one that is not older. The file is flushed to the disk, read back and verified before it gets its name.
With --remove, its decisions are then removed from the ledger, which keeps the head of the file as its start.
`landfall audit remove` does that later, when the file is where it is kept. A service may run meanwhile.

Examples:
  landfall audit export --before 2026-01-01T00:00:00Z --out audit-2025.ndjson
  landfall audit verify --segment audit-2025.ndjson
  landfall audit remove --segment audit-2025.ndjson
  landfall audit export --before 2026-01-01T00:00:00Z --remove      the same in one step"
)]
pub(super) struct Export {
    /// The settings
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Only decisions before this time
    #[arg(long, value_name = "TIME")]
    before: Timestamp,
    /// The file, which must not exist; `audit-FIRST-LAST.ndjson` in this folder when not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Remove what was exported from the ledger
    #[arg(long)]
    remove: bool,
}

#[derive(clap::Args)]
#[command(
    after_help = "The file is verified first, and held against the ledger: it must begin where the ledger does or before, so that no
decision is lost between.

Examples:
  landfall audit remove --segment audit-2025.ndjson"
)]
pub(super) struct Remove {
    /// The settings
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
            ExportError::Broken(_) => Self::new(format!("nothing was exported: {message}"))
                .help("run `landfall audit verify`; a broken audit stays in the ledger as it is"),
            _ => Self::new(message),
        }
    }
}

pub(super) fn run(arguments: &Export) -> Result<u8, CommandError> {
    if let Some(out) = &arguments.out {
        refuse_existing(out)?;
    }
    let part = part(arguments.out.as_deref());
    let file = create(&part)?;
    let done = stores::ledger(&arguments.config, Opening::Existing, async |stores| {
        let (start, head) = stores.ledger.export_audit(arguments.before, BufWriter::new(file.try_clone()?)).await?;
        if start == head {
            return Ok(None);
        }
        file.sync_all()?;
        let segment = segments::read(&part, &stores.keyring, &[])?;
        if segment.broken.is_some() || segment.head != head {
            return Err(CommandError::new("the file is not what was written to it; nothing was exported"));
        }
        let path = arguments.out.clone().unwrap_or_else(|| name(&start, &head));
        keep(&part, &path)?;
        let removed = if arguments.remove { Some(stores.ledger.remove_exported(&segment).await?) } else { None };
        Ok(Some((segment, path, removed)))
    });
    // It is there unless it got its name.
    let _ = fs::remove_file(&part);
    match done? {
        None => {
            show::output(&format!("no decision before {} is in the ledger\n", arguments.before))?;
            Ok(FINDINGS)
        }
        Some((segment, path, removed)) => tell(&segment, &path, removed),
    }
}

fn tell(segment: &SegmentReport, path: &Path, removed: Option<u64>) -> Result<u8, CommandError> {
    let (first, last, path) = (segment.start.number.saturating_add(1), segment.head.number, path.display());
    let mut out = format!("rows {first} to {last} are in {path}\n");
    if let Some(removed) = removed {
        out.push_str(&format!("{removed} rows were removed from the ledger; keep the file\n"));
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
        Ok(stores.ledger.remove_exported(&segment).await?)
    })?;
    show::output(&format!("{removed} rows were removed from the ledger; keep the file\n"))?;
    Ok(FINE)
}

fn name(start: &AuditHead, head: &AuditHead) -> PathBuf {
    PathBuf::from(format!("audit-{}-{}.ndjson", start.number.saturating_add(1), head.number))
}

/// The name of the file until it is whole: beside the one it will have.
fn part(out: Option<&Path>) -> PathBuf {
    let mut name = out.map_or_else(|| "audit".into(), |out| out.as_os_str().to_owned());
    name.push(".part");
    name.into()
}

fn refuse_existing(path: &Path) -> Result<(), CommandError> {
    if fs::exists(path)? {
        return Err(CommandError::new(format!("`{}` exists; give another name with --out", path.display())));
    }
    Ok(())
}

/// A new file, readable by its owner only.
fn create(path: &Path) -> Result<File, CommandError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let message = format!("`{}` cannot be made: {}", path.display(), error.kind());
        CommandError::new(message).help("if an earlier export was cut off, remove the file")
    })
}

/// Gives a whole file its name, and makes the name durable.
fn keep(part: &Path, path: &Path) -> Result<(), CommandError> {
    refuse_existing(path)?;
    fs::rename(part, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
