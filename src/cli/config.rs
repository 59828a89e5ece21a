//! `landfall config`: the settings in force, and a file to begin with.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use super::{CommandError, FINDINGS, FINE, show};
use crate::config::{Compiled, DEFAULT_FILE, Reading, STARTER, Settings};

/// What `landfall config` is asked.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall config init > landfall.yaml          a file to begin with
  landfall config show                          every setting in force, defaults included, secrets as ***
  landfall config show --format json
  landfall check --config landfall.yaml         checks the settings and the rules they name")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print every setting in force, with defaults; secrets are never shown
    Show {
        /// The settings file
        #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
        config: PathBuf,
        /// In which form
        #[arg(long, value_enum, default_value_t = Format::Yaml)]
        format: Format,
    },
    /// Print a settings file to begin with
    Init,
}

/// In which form settings are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As they are written
    Yaml,
    /// For programs
    Json,
}

/// Runs the command.
///
/// # Errors
/// When the settings file cannot be read.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.what {
        What::Init => {
            show::output(STARTER)?;
            Ok(FINE)
        }
        What::Show { config, format } => shown(config, *format),
    }
}

/// Reads a settings file with everything that it names.
///
/// # Errors
/// When the file itself cannot be read.
pub fn read(path: &Path) -> Result<Reading, CommandError> {
    Settings::read(path).map_err(|error| {
        let message = format!("`{}` cannot be read: {}", path.display(), error.kind());
        CommandError::new(message).help("`landfall config init` prints a settings file to begin with")
    })
}

/// What is found in a settings file and the rules it names, as `landfall check` shows it.
///
/// # Errors
/// As for [`read`].
pub fn findings(path: &Path) -> Result<Compiled, CommandError> {
    let Reading { files, findings, .. } = read(path)?;
    Ok(Compiled { files, findings, plan: None, hash: String::new(), paths: Vec::new() })
}

fn shown(path: &Path, format: Format) -> Result<u8, CommandError> {
    let read = read(path)?;
    if !read.findings.is_empty() {
        show::findings(&read.files, &read.findings);
    }
    let Some(loaded) = read.loaded else { return Ok(FINDINGS) };
    let unwritable = |why: String| CommandError::new(format!("the settings cannot be printed: {why}"));
    let text = match format {
        Format::Yaml => serde_yaml::to_string(&loaded.settings).map_err(|error| unwritable(error.to_string()))?,
        Format::Json => {
            serde_json::to_string_pretty(&loaded.settings).map_err(|error| unwritable(error.to_string()))? + "\n"
        }
    };
    show::output(&text)?;
    Ok(FINE)
}
