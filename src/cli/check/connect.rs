//! `landfall check --connect`: what the sources, the verifiers and the databases of Landfall say of themselves.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::adapters::registry::{self, SourceContext, Trial, VerifierContext, WriteBackContext};
use crate::cli::{CommandError, config, stores};
use crate::config::{Compiled, Loaded, Tried};

/// What was found in the settings, and by trying the sources out.
pub(super) struct Connected {
    pub compiled: Compiled,
    /// `None` if the settings have errors.
    pub trials: Option<Vec<Tried>>,
}

/// Reads the settings and tries their sources out.
///
/// # Errors
/// If the settings file cannot be read.
pub(super) fn findings(path: &Path) -> Result<Connected, CommandError> {
    let (reading, trials) = config::connecting(path, |loaded| stores::block_on(try_out(loaded)))?;
    Ok(Connected { compiled: config::compiled(reading), trials })
}

async fn try_out(loaded: &Loaded) -> Result<Vec<Tried>, CommandError> {
    let mut trials = Vec::new();
    for (section, source) in loaded.settings.sources() {
        let identifiers = loaded.settings.identifier.profile();
        let context = SourceContext { folder: &loaded.folder, identifiers };
        trials.push(Tried { section, trial: source.adapter().connect(context).await });
    }
    for (section, name, verifier) in loaded.settings.named_verifiers() {
        let identifiers = loaded.settings.identifier.profile();
        let context = VerifierContext { name, folder: &loaded.folder, identifiers };
        let trial = verifier.adapter().connect(context).await;
        trials.push(Tried { section, trial });
    }
    for (section, name, write_back) in loaded.settings.write_backs() {
        let context = WriteBackContext { name, folder: &loaded.folder };
        let trial = write_back.to.adapter().connect(context).await;
        trials.push(Tried { section: format!("{section}.to"), trial });
    }
    let target = loaded.settings.target.adapter().connect(&loaded.folder).await;
    let ledger = registry::try_ledger(loaded.settings.ledger.url.expose(), &loaded.folder).await;
    for (section, trial) in [("target", target), ("ledger", ledger)] {
        trials.extend(trial.map(|trial| Tried { section: section.to_owned(), trial }));
    }
    Ok(trials)
}

/// For people.
pub(super) fn human(trials: Option<&[Tried]>) -> String {
    let Some(trials) = trials else { return "source: not tried, because the settings have errors\n".to_owned() };
    let mut out = String::new();
    for Tried { section, trial } in trials {
        // writing to a `String` cannot fail
        let _ = writeln!(out, "{section}: {}", trial.summary.as_deref().unwrap_or("it cannot be used"));
        let parts = if trial.summary.is_some() { trial.parts.as_slice() } else { &[] };
        for part in parts {
            let columns: Vec<String> = part.columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
            let _ = writeln!(out, "  {}: {}", part.name, columns.join(", "));
        }
    }
    out
}

/// One line per column: part, name, type; for further sources with their section before the part.
pub(super) fn plain(trials: Option<&[Tried]>) -> String {
    let mut out = String::new();
    for (at, Tried { section, trial }) in trials.unwrap_or_default().iter().enumerate() {
        let prefix = if at == 0 { String::new() } else { format!("{section}.") };
        for part in &trial.parts {
            for (name, kind) in &part.columns {
                let _ = writeln!(out, "{prefix}{}\t{name}\t{kind}", part.name);
            }
        }
    }
    out
}

/// For programs: the members `source` and, if more was tried, `more`, by section.
pub(super) fn json(trials: Option<&[Tried]>) -> Vec<(String, Json)> {
    let Some((first, more)) = trials.and_then(<[Tried]>::split_first) else {
        return vec![("source".to_owned(), Json::Null)];
    };
    let mut members = vec![("source".to_owned(), one(&first.trial))];
    if !more.is_empty() {
        let more = more.iter().map(|Tried { section, trial }| (section.clone(), one(trial)));
        members.push(("more".to_owned(), Json::Object(more.collect())));
    }
    members
}

fn one(trial: &Trial) -> Json {
    let column = |(name, kind): &(String, String)| json!({ "name": name, "type": kind });
    let parts = trial
        .parts
        .iter()
        .map(|part| json!({ "name": part.name, "columns": part.columns.iter().map(column).collect::<Vec<_>>() }));
    json!({ "usable": trial.summary.is_some(), "summary": trial.summary, "parts": parts.collect::<Vec<_>>() })
}
