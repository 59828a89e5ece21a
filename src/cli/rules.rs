//! `landfall rules`: the ready rules inside the program.

mod copy;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value as Json, json};

use super::{CommandError, FINE, show};
use crate::ready_rules::{self, Kind, Ready};

/// Arguments of `landfall rules`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the ready rules
    #[command(after_help = "Examples:
  landfall rules list                    # rules of legacy systems, and the exports that they read
  landfall rules list --targets          # rules of products that Landfall creates accounts in
  landfall rules list --bridges          # rules of products that ask Landfall at a login
  landfall rules list --format json      # for other programs")]
    List(List),
    /// Print a rule file
    #[command(after_help = "Examples:
  landfall rules show wordpress
  landfall rules show targets/keycloak")]
    Show {
        /// Name of the rules, as `landfall rules list` prints it
        name: String,
    },
    /// Copy rules to a folder, with everything that they use, their tests and the records of those
    #[command(after_help = "Examples:
  landfall rules copy wordpress                        # to rules/wordpress.yaml
  landfall rules copy targets/keycloak --to shop/rules
  landfall rules copy ldap --force                     # replaces files that are there")]
    Copy(CopyArguments),
}

/// Arguments of `landfall rules list`.
#[derive(clap::Args)]
struct List {
    /// List the rules of targets
    #[arg(long)]
    targets: bool,
    /// List the rules of bridges
    #[arg(long)]
    bridges: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Arguments of `landfall rules copy`.
#[derive(clap::Args)]
struct CopyArguments {
    /// Name of the rules, as `landfall rules list` prints it
    name: String,
    /// Folder to write to; made if it is missing
    #[arg(long, value_name = "FOLDER", default_value = "rules")]
    to: PathBuf,
    /// Replace files that are there and differ
    #[arg(long)]
    force: bool,
}

/// The output format.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// A JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// If there are no such rules, or a file cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::List(arguments) => show::output(&list(arguments))?,
        Command::Show { name } => show::output(named(name)?.text)?,
        Command::Copy(arguments) => copy::run(named(&arguments.name)?, &arguments.to, arguments.force)?,
    }
    Ok(FINE)
}

/// The ready rules of a name.
fn named(name: &str) -> Result<Ready, CommandError> {
    ready_rules::find(name).ok_or_else(|| {
        let similar: Vec<String> = ready_rules::similar(name).iter().map(|name| format!("`{name}`")).collect();
        let help = match similar.as_slice() {
            [] => {
                "`landfall rules list` lists those of legacy systems; see also `--targets` and `--bridges`".to_owned()
            }
            names => format!("did you mean {}? `landfall rules list` lists all", names.join(" or ")),
        };
        CommandError::new(format!("there are no ready rules `{name}`")).help(help)
    })
}

fn list(arguments: &List) -> String {
    let kinds: &[Kind] = match (arguments.targets, arguments.bridges) {
        (false, false) => &[Kind::Legacy],
        (true, false) => &[Kind::Target],
        (false, true) => &[Kind::Bridge],
        (true, true) => &[Kind::Target, Kind::Bridge],
    };
    let listed: Vec<Ready> = ready_rules::all().filter(|ready| kinds.contains(&ready.kind)).collect();
    match arguments.format {
        Format::Json => format!("{:#}\n", Json::from_iter(listed.iter().map(as_json))),
        Format::Human => human(&listed),
    }
}

fn as_json(ready: &Ready) -> Json {
    json!({
        "name": ready.name,
        "kind": ready.kind.name(),
        "product": ready.product(),
        "about": ready.sentence(),
        "formats": ready.formats(),
    })
}

fn human(listed: &[Ready]) -> String {
    let width = listed.iter().map(|ready| ready.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for ready in listed {
        // writing to a `String` cannot fail
        let _ = writeln!(out, "{:width$}  {}", ready.name, ready.sentence());
        for form in ready.formats() {
            let _ = writeln!(out, "{:width$}    reads {form}", "");
        }
    }
    out.push_str("\n`landfall rules copy NAME` copies one with its tests; `landfall rules show NAME` prints it.\n");
    out
}

#[cfg(test)]
mod tests;
