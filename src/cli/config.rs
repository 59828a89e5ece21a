//! `landfall config`: prints the effective settings, or a starter file.

mod starter;

use std::io;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use super::{CommandError, FINDINGS, FINE, show};
use crate::config::{Compiled, DEFAULT_FILE, Loaded, Reading, STARTER, Settings, Tried};

/// Arguments of `landfall config`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall config init > landfall.yaml          # a starter file
  landfall config show                          # all effective settings, with defaults
  landfall config show --format json
  landfall check --config landfall.yaml         # check the settings and their rules")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print the effective settings, defaults included and secrets masked
    #[command(after_help = "Examples:
  landfall config show
  landfall config show --config /etc/landfall.yaml --format json

Exit codes: 0 the settings were printed, 1 they have errors, which were printed instead, 2 the command could not run")]
    Show {
        /// Settings file
        #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
        config: PathBuf,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Yaml)]
        format: Format,
    },
    /// Print a starter settings file
    #[command(after_help = "Examples:
  landfall config init > landfall.yaml
  landfall config init --rules rules/wordpress.yaml > landfall.yaml")]
    Init {
        /// Name these rules in it, with their parameters and the logins of their records; the path is meant relative to the
        /// settings file
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
    },
}

/// The format of printed settings.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As in a settings file
    Yaml,
    /// For programs
    Json,
}

/// Runs the command.
///
/// # Errors
/// If the settings file cannot be read.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.what {
        What::Init { rules: None } => {
            show::output(STARTER)?;
            Ok(FINE)
        }
        What::Init { rules: Some(rules) } => {
            show::output(&starter::of_rules(rules)?)?;
            Ok(FINE)
        }
        What::Show { config, format } => shown(config, *format),
    }
}

/// Reads a settings file and everything it refers to.
///
/// # Errors
/// If the file itself cannot be read.
pub fn read(path: &Path) -> Result<Reading, CommandError> {
    Settings::read(path).map_err(|error| unreadable(path, &error))
}

/// The error for a settings file that cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> CommandError {
    let message = format!("cannot read `{}`: {}", path.display(), error.kind());
    CommandError::new(message).help("`landfall config init` prints a starter settings file")
}

/// The findings of a settings file and its rules, for `landfall check`.
///
/// # Errors
/// As for [`read`].
pub fn findings(path: &Path) -> Result<Compiled, CommandError> {
    Ok(compiled(read(path)?))
}

/// The findings of settings that were read.
pub(super) fn compiled(reading: Reading) -> Compiled {
    let Reading { files, findings, .. } = reading;
    Compiled { files, findings, plan: None, hash: String::new(), paths: Vec::new() }
}

/// Reads a settings file and everything it refers to, and tries its sources out.
///
/// # Errors
/// As for [`read`].
pub(super) fn connecting(
    path: &Path,
    connect: impl FnOnce(&Loaded) -> Result<Vec<Tried>, CommandError>,
) -> Result<(Reading, Option<Vec<Tried>>), CommandError> {
    let mut failed = None;
    let (reading, trials) = Settings::read_and_connect(path, |loaded| {
        connect(loaded).unwrap_or_else(|error| {
            failed = Some(error);
            Vec::new()
        })
    })
    .map_err(|error| unreadable(path, &error))?;
    failed.map_or(Ok((reading, trials)), Err)
}

fn shown(path: &Path, format: Format) -> Result<u8, CommandError> {
    let read = read(path)?;
    if !read.findings.is_empty() {
        show::findings(&read.files, &read.findings);
    }
    let Some(loaded) = read.loaded else { return Ok(FINDINGS) };
    let unwritable = |why: String| CommandError::new(format!("cannot print the settings: {why}"));
    let text = match format {
        Format::Yaml => serde_yaml::to_string(&loaded.settings).map_err(|error| unwritable(error.to_string()))?,
        Format::Json => {
            serde_json::to_string_pretty(&loaded.settings).map_err(|error| unwritable(error.to_string()))? + "\n"
        }
    };
    show::output(&text)?;
    Ok(FINE)
}
