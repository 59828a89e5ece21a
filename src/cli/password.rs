//! `landfall password`: identifies, verifies and hashes passwords.

mod hash;
mod identify;
mod input;
mod schemes;
mod verify;

use clap::Subcommand;

use super::CommandError;

/// Arguments of `landfall password`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Count the formats, costs, weak and unusable hashes in a list of stored passwords
    #[command(long_about = identify::ABOUT, after_help = identify::EXAMPLES)]
    Identify(identify::Arguments),
    /// Verify passwords against stored hashes, one NDJSON row at a time
    #[command(long_about = verify::ABOUT, after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Hash one password as Landfall stores it (Argon2id)
    #[command(long_about = hash::ABOUT, after_help = hash::EXAMPLES)]
    Hash(hash::Arguments),
    /// List the schemes that rules can name, or show what one of them reads
    #[command(after_help = schemes::EXAMPLES)]
    Schemes(schemes::Arguments),
}

/// Runs the command.
///
/// # Errors
/// If the input cannot be read or the output cannot be written.
pub fn run(arguments: Arguments) -> Result<u8, CommandError> {
    match arguments.command {
        Command::Identify(arguments) => identify::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Hash(arguments) => hash::run(&arguments),
        Command::Schemes(arguments) => schemes::run(&arguments),
    }
}
