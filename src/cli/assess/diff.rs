//! Compares two assessments.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::assess::{Assessment, Change, VERSION, diff};
use crate::cli::{CommandError, FINDINGS, FINE, show};

/// Arguments of `landfall assess diff`.
#[derive(clap::Args)]
#[command(
    long_about = "Compares two assessments: records, forecast, claims, fields, lookups, duplicates, stored passwords and findings.\n\n\
        Record numbers and measured times are not compared.",
    after_help = "Examples:
  landfall assess --rules shop.yaml --in users.csv --out before.json
  landfall assess --rules shop.yaml --in users.csv --out after.json       # after changing the rules or the export
  landfall assess diff before.json after.json

Exit codes: 0 nothing differs, 1 something differs, 2 a file cannot be read"
)]
pub(super) struct Diff {
    /// The earlier document, written by `landfall assess --out`
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The later document
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For the terminal
    Human,
    /// A list of changes, as JSON
    Json,
}

/// The longest document that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Compares two assessments.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn run(arguments: &Diff) -> Result<u8, CommandError> {
    let (before, after) = (read(&arguments.before)?, read(&arguments.after)?);
    let changes = diff(&before, &after);
    let text = match arguments.format {
        Format::Json => serde_json::to_string_pretty(&changes).unwrap_or_default() + "\n",
        Format::Human => human(&changes),
    };
    show::output(&text)?;
    Ok(if changes.is_empty() { FINE } else { FINDINGS })
}

fn read(path: &Path) -> Result<Assessment, CommandError> {
    let unreadable = |why: String| {
        CommandError::new(format!("cannot read `{}`: {why}", path.display()))
            .help("give a file that `landfall assess --out` or `--format json` wrote")
    };
    let length = fs::metadata(path).map_err(|error| unreadable(error.kind().to_string()))?.len();
    if length > MAX_BYTES {
        return Err(unreadable("it is too large".to_owned()));
    }
    let text = fs::read(path).map_err(|error| unreadable(error.kind().to_string()))?;
    let version =
        serde_json::from_slice::<serde_json::Value>(&text).ok().and_then(|json| json.get("version")?.as_u64());
    match version {
        Some(version) if version == u64::from(VERSION) => {}
        Some(version) => return Err(unreadable(format!("it has version {version}, and this program reads {VERSION}"))),
        None => return Err(unreadable("it is not an assessment".to_owned())),
    }
    serde_json::from_slice(&text).map_err(|_| unreadable("it is not an assessment".to_owned()))
}

fn human(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "nothing differs\n".to_owned();
    }
    let mut text = String::new();
    let mut place = None;
    for change in changes {
        if place != Some((&change.part, &change.place)) {
            place = Some((&change.part, &change.place));
            let _ = writeln!(text, "{}", format!("{} {}", change.part, change.place).trim_end());
        }
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".to_owned());
        let _ = writeln!(text, "  {}: {} -> {}", change.what, side(&change.before), side(&change.after));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_grouped_by_place() {
        let change = |place: &str, what: &str, before: Option<&str>, after: Option<&str>| Change {
            part: "claim".to_owned(),
            place: place.to_owned(),
            what: what.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let changes = [
            change("email.value", "made", Some("9"), Some("10")),
            change("email.value", "missing", Some("1"), Some("0")),
            change("gender", "made", None, Some("3")),
        ];
        let wanted = "\
claim email.value
  made: 9 -> 10
  missing: 1 -> 0
claim gender
  made: (absent) -> 3
";
        assert_eq!(human(&changes), wanted);
        assert_eq!(human(&[]), "nothing differs\n");
    }
}
