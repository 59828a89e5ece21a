//! `landfall check`: finds every problem of rules that shows without a record.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::watch::{self, Involved};
use super::{CommandError, FINDINGS, FINE, config, load, show};

mod connect;
mod target;
use crate::diag::render::{json, plain, summary};
use crate::diag::{self, Diagnostic, Files, Severity};

/// Arguments of `landfall check`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall check                          # all rule files under rules/
  landfall check rules/wordpress.yaml     # one file
  landfall check --format json rules/     # for editors and CI
  landfall check --target auth0           # whether Auth0 can import the password hashes
  landfall check --config landfall.yaml   # a settings file and its rules
  landfall check --config landfall.yaml --connect
                                          # also connect to the source: its columns, and queries that do not fit
  landfall check --watch rules/shop.yaml  # again whenever one of its files changes; Ctrl-C ends with 0
  landfall check --explain R203           # explain a code")]
pub struct Arguments {
    /// Rule files, or folders that contain them
    #[arg(default_value = "rules")]
    paths: Vec<PathBuf>,
    /// Check a settings file and its rules, instead of rule files
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    config: Option<PathBuf>,
    /// Also connect to the source, let the database prepare the queries, and show the columns of a record. Reads no
    /// record of a database
    #[arg(long)]
    connect: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Explain a code, with an example and the usual fix
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
    /// Also report whether this product can import hashes of the password schemes in the rules
    #[arg(long, value_name = "NAME", long_help = target::help())]
    target: Option<String>,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
    /// Check again whenever the files change, until Ctrl-C
    #[arg(long, conflicts_with_all = ["explain", "connect"])]
    watch: bool,
}

/// Output format of findings.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the source lines
    Human,
    /// One line per finding
    Plain,
    /// A JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// If a path cannot be read, a folder contains no rule file, or the code does not exist.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if let Some(code) = &arguments.explain {
        return explain(code);
    }
    if arguments.connect && arguments.config.is_none() {
        let help = "name the settings with `--config landfall.yaml`; rule files alone have no source";
        return Err(CommandError::new("`--connect` needs a settings file").help(help));
    }
    if arguments.watch {
        return watch::run(|involved| once(arguments, involved));
    }
    once(arguments, &mut Involved::default())
}

/// Checks all paths once.
fn once(arguments: &Arguments, involved: &mut Involved) -> Result<u8, CommandError> {
    match &arguments.config {
        Some(settings) => involved.file(settings),
        None => arguments.paths.iter().for_each(|path| involved.path(path)),
    }
    let target = arguments.target.as_deref().map(target::named).transpose()?;
    let paths = arguments.config.clone().map_or_else(|| rule_files(&arguments.paths), |settings| Ok(vec![settings]))?;
    let (mut errors, mut all, mut documents, mut hashes) = (0, Vec::new(), Vec::new(), Vec::new());
    let (mut told, mut trials) = (BTreeSet::new(), None);
    for path in &paths {
        let mut compiled = match &arguments.config {
            Some(_) if arguments.connect => {
                let connected = connect::findings(path)?;
                trials = connected.trials;
                connected.compiled
            }
            Some(_) => config::findings(path)?,
            None => load::rules(path)?,
        };
        compiled.paths.iter().for_each(|path| involved.file(path));
        compiled.files.names().for_each(|name| involved.file(name));
        // a file that several rule files share is read with each of them
        compiled.findings.retain(|finding| told.insert(identity(finding, &compiled.files)));
        let counts = |d: &&Diagnostic| d.severity == Severity::Error || arguments.strict;
        errors += compiled.findings.iter().filter(counts).count();
        match arguments.format {
            Format::Human => show::output(&show::findings_text(&compiled.files, &compiled.findings))?,
            Format::Plain => show::output(&plain(&compiled.files, &compiled.findings))?,
            Format::Json => {
                documents.extend(json(&compiled.files, &compiled.findings).as_array().cloned().unwrap_or_default())
            }
        }
        if let (Some(target), Some(plan)) = (target, &compiled.plan) {
            hashes.extend(target::answers(target, &path.display().to_string(), plan.declared_schemes()));
        }
        all.extend(compiled.findings);
    }
    match arguments.format {
        Format::Human => {
            if let Some(target) = target {
                show::output(&target::human(target, &hashes))?;
            }
            if arguments.connect {
                show::output(&connect::human(trials.as_deref()))?;
            }
            let files = if paths.len() == 1 { "1 file".to_owned() } else { format!("{} files", paths.len()) };
            let found = if all.is_empty() { "no findings".to_owned() } else { summary(&all) };
            show::output(&format!("checked {files}: {found}\n"))?;
        }
        Format::Json if target.is_some() || arguments.connect => {
            let mut document = serde_json::Map::from_iter([("findings".to_owned(), documents.into())]);
            document.extend(target.map(|_| ("hashes".to_owned(), target::json(&hashes))));
            document.extend(arguments.connect.then(|| connect::json(trials.as_deref())).into_iter().flatten());
            show::output(&format!("{:#}\n", serde_json::Value::from(document)))?;
        }
        Format::Json => show::output(&format!("{:#}\n", serde_json::Value::from(documents)))?,
        Format::Plain => {
            show::output(&target::plain(&hashes))?;
            show::output(&connect::plain(trials.as_deref()))?;
        }
    }
    Ok(if errors > 0 { FINDINGS } else { FINE })
}

/// What makes a finding the same as one about the same text that was read before.
fn identity(finding: &Diagnostic, files: &Files) -> (String, String, String) {
    let place = finding.labels.first().map_or_else(String::new, |label| {
        let (line, column) = files.position(label.span);
        let name = files.name(label.span.file);
        let path = fs::canonicalize(name).unwrap_or_else(|_| PathBuf::from(name));
        format!("{}:{line}:{column}", path.display())
    });
    (place, finding.code.to_owned(), finding.message.clone())
}

fn explain(code: &str) -> Result<u8, CommandError> {
    let Some(info) = diag::find(code) else {
        let known: Vec<&str> = diag::codes::all().map(|info| info.code).collect();
        let help = format!("known codes: {}", known.join(", "));
        return Err(CommandError::new(format!("unknown code `{code}`")).help(help));
    };
    show::output(&format!("{}: {}\n\n{}\n", info.code, info.title, info.explain.trim()))?;
    Ok(FINE)
}

/// The rule files in the given paths: files as given, and every `.yaml` file in a folder that begins a rule file.
///
/// # Errors
/// If a path does not exist, or a folder contains no rule file.
pub fn rule_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            if found.len() == before {
                let message = format!("`{}` contains no rule file", path.display());
                return Err(
                    CommandError::new(message).help("a rule file ends in `.yaml` and begins with `landfall: 1`")
                );
            }
        } else if path.exists() {
            found.push(path.clone());
        } else {
            let help = "give rule files or folders; `landfall init` writes a rule file";
            return Err(CommandError::new(format!("`{}` does not exist", path.display())).help(help));
        }
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let unreadable =
        |error: std::io::Error| CommandError::new(format!("cannot read `{}`: {}", folder.display(), error.kind()));
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(unreadable)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(unreadable)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, found)?;
        } else if is_rule_file(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file is a rule file: YAML with a top-level `landfall:`, and not a test file or a file that is only shared.
fn is_rule_file(path: &Path) -> bool {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    let is_test = name.ends_with(".test.yaml") || name.ends_with(".test.yml");
    is_yaml
        && !is_test
        && fs::read_to_string(path).is_ok_and(|text| text.lines().any(|line| line.starts_with("landfall:")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_of_a_shared_file_is_the_same_from_every_file_that_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let user = "landfall: 1\nuse: [ shared.yaml ]\naccount: { username: { from: $.a, do: [ shared.x ] } }\n";
        fs::write(path("shared.yaml"), "landfall: 1\nsteps: { x: [ trimm ] }\n").unwrap();
        fs::write(path("a.yaml"), user).unwrap();
        fs::write(path("b.yaml"), format!("# b\n{user}")).unwrap();
        let found = ["shared.yaml", "a.yaml", "b.yaml"].map(|name| {
            let compiled = load::rules(&path(name)).unwrap();
            let told = compiled.findings.iter().map(|finding| identity(finding, &compiled.files));
            told.collect::<Vec<_>>()
        });
        assert_eq!(found[0].len(), 1, "{found:?}");
        assert!(found.iter().all(|told| *told == found[0]), "{found:?}");
    }
}
