//! `landfall audit`: the audit, read, verified, exported and removed.

mod export;
mod list;
mod segments;
mod verify;

use super::{CommandError, FINDINGS, FINE, show, stores};

/// What `landfall audit` is asked.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Verify that no decision was changed, removed, inserted or cut off
    Verify(verify::Verify),
    /// List decisions, the newest first, one JSON object per line
    List(list::List),
    /// Write the oldest decisions to a file that can be verified on its own, and remove them if asked to
    Export(export::Export),
    /// Remove the decisions of an exported file from the ledger
    Remove(export::Remove),
}

/// Runs the command.
///
/// # Errors
/// When the settings, the ledger or a file cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Verify(arguments) => verify::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Remove(arguments) => export::remove(arguments),
    }
}
