//! `landfall bridge`: the identity providers whose calls at a login Landfall answers, and how each is set up.

mod list;
mod markdown;
mod script;
mod show;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::CommandError;
use crate::bridge::{KINDS, Kind};
use crate::diag::closest;

/// Arguments of `landfall bridge`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall bridge list                     # all dialects
  landfall bridge list --format json       # for other programs
  landfall bridge show keycloak            # what it does, its settings, and how Keycloak is set up
  landfall bridge script auth0 login --url https://login.example.com")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List all dialects: the product, who writes the account, how callers authenticate
    #[command(after_help = "Examples:
  landfall bridge list
  landfall bridge list --format json       # for other programs")]
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Show what a dialect does, the settings that it needs, and how the product is set up
    #[command(after_help = "Examples:
  landfall bridge show keycloak
  landfall bridge show keycloak --format markdown > keycloak.md")]
    Show {
        /// The dialect, such as `keycloak`
        kind: String,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Print a script that runs at the product, or all of them
    #[command(after_help = "Examples:
  landfall bridge script auth0 login --url https://login.example.com
  # all its scripts, with the `path` of the bridge in the settings
  landfall bridge script auth0 --config landfall.yaml --url https://login.example.com")]
    Script {
        /// The dialect
        kind: String,
        /// Print only this script
        name: Option<String>,
        /// The address at which the product reaches the service, such as `https://login.example.com`; with a path, that of
        /// the bridge
        #[arg(long)]
        url: Option<String>,
        /// Settings file with the bridge: its `path` is used, and without `--url` also the address on which it listens
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// The output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// A JSON document
    Json,
    /// Markdown
    Markdown,
}

/// Runs the command.
///
/// # Errors
/// If there is no such dialect or script, or the address of the bridge is missing or invalid.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let text = match &arguments.what {
        What::List { format } => list::text(KINDS, *format),
        What::Show { kind, format } => show::text(named(kind)?, *format),
        What::Script { kind, name, url, config } => {
            let kind = named(kind)?;
            let scripts = script::chosen(kind, name.as_deref())?;
            script::text(&scripts, &script::address(kind, url.as_deref(), config.as_deref())?)
        }
    };
    super::show::output(&text)?;
    Ok(super::FINE)
}

/// The dialect of a name.
fn named(name: &str) -> Result<&'static Kind, CommandError> {
    Kind::named(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> CommandError {
    let wanted = name.to_lowercase();
    let by_name = closest(&wanted, KINDS.iter().map(|kind| kind.name));
    let by_product = || KINDS.iter().find(|kind| kind.product.to_lowercase().contains(&wanted)).map(|kind| kind.name);
    let help = match by_name.or_else(by_product) {
        Some(near) => format!("did you mean `{near}`? `landfall bridge list` lists all bridges"),
        None => "`landfall bridge list` lists all bridges".to_owned(),
    };
    CommandError::new(format!("there is no bridge `{name}`")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_dialect_is_answered_with_the_nearest() {
        for wrong in ["keycloack", "Keycloak", "key-cloak"] {
            let error = unknown(wrong);
            assert_eq!(error.to_string(), format!("there is no bridge `{wrong}`"));
            assert_eq!(error.help.unwrap(), "did you mean `keycloak`? `landfall bridge list` lists all bridges");
        }
        assert_eq!(unknown("a-b-c").help.unwrap(), "`landfall bridge list` lists all bridges");
    }
}
