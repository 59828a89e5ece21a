//! `landfall audit`: lists, verifies, exports and removes decisions of the audit.

mod export;
mod list;
mod segments;
mod verify;

use super::{CommandError, FINDINGS, FINE, show, stores};

/// Arguments of `landfall audit`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Verify that no decision was changed, removed, inserted or truncated
    Verify(verify::Verify),
    /// List decisions, newest first, one JSON object per line
    List(list::List),
    /// Export the oldest decisions to a file that can be verified on its own, and optionally remove them
    Export(export::Export),
    /// Remove exported decisions from the ledger
    Remove(export::Remove),
}

/// Runs the command.
///
/// # Errors
/// If the settings, the ledger or a file cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Verify(arguments) => verify::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Remove(arguments) => export::remove(arguments),
    }
}
