//! `landfall check --connect`: what the source says of itself.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::adapters::registry::{SourceContext, Trial};
use crate::cli::{CommandError, config, stores};
use crate::config::{Compiled, Loaded};

/// What was found in the settings, and by trying the source out.
pub(super) struct Connected {
    pub compiled: Compiled,
    /// `None` if the settings have errors.
    pub trial: Option<Trial>,
}

/// Reads the settings and tries their source out.
///
/// # Errors
/// If the settings file cannot be read.
pub(super) fn findings(path: &Path) -> Result<Connected, CommandError> {
    let (reading, trial) = config::connecting(path, |loaded| stores::block_on(try_out(loaded)))?;
    Ok(Connected { compiled: config::compiled(reading), trial })
}

async fn try_out(loaded: &Loaded) -> Result<Trial, CommandError> {
    let identifiers = loaded.settings.identifier.profile();
    let context = SourceContext { folder: &loaded.folder, identifiers };
    Ok(loaded.settings.source.adapter().connect(context).await)
}

/// For people.
pub(super) fn human(trial: Option<&Trial>) -> String {
    let Some(trial) = trial else { return "source: not tried, because the settings have errors\n".to_owned() };
    let Some(summary) = &trial.summary else { return "source: it cannot be used\n".to_owned() };
    let mut out = format!("source: {summary}\n");
    for part in &trial.parts {
        let columns: Vec<String> = part.columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        // writing to a `String` cannot fail
        let _ = writeln!(out, "  {}: {}", part.name, columns.join(", "));
    }
    out
}

/// One line per column: part, name, type.
pub(super) fn plain(trial: Option<&Trial>) -> String {
    let mut out = String::new();
    for part in trial.map(|trial| trial.parts.as_slice()).unwrap_or_default() {
        for (name, kind) in &part.columns {
            let _ = writeln!(out, "{}\t{name}\t{kind}", part.name);
        }
    }
    out
}

/// For programs.
pub(super) fn json(trial: Option<&Trial>) -> Json {
    let Some(trial) = trial else { return Json::Null };
    let column = |(name, kind): &(String, String)| json!({ "name": name, "type": kind });
    let parts = trial
        .parts
        .iter()
        .map(|part| json!({ "name": part.name, "columns": part.columns.iter().map(column).collect::<Vec<_>>() }));
    json!({ "usable": trial.summary.is_some(), "summary": trial.summary, "parts": parts.collect::<Vec<_>>() })
}
