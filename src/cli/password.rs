//! `landfall password`: identify, verify and make stored passwords.

mod hash;
mod identify;
mod input;
mod schemes;
mod verify;

use clap::Subcommand;

use super::CommandError;

/// What `landfall password` is asked.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Count the formats, costs, weak and unusable hashes of a population
    #[command(long_about = identify::ABOUT, after_help = identify::EXAMPLES)]
    Identify(identify::Arguments),
    /// Check passwords against stored hashes, one NDJSON row after the other
    #[command(long_about = verify::ABOUT, after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Hash one password as Landfall stores it (Argon2id)
    #[command(long_about = hash::ABOUT, after_help = hash::EXAMPLES)]
    Hash(hash::Arguments),
    /// List the schemes that rules may name, or show what one of them reads
    #[command(after_help = schemes::EXAMPLES)]
    Schemes(schemes::Arguments),
}

/// Runs the command.
///
/// # Errors
/// When the input cannot be read or the answer cannot be written.
pub fn run(arguments: Arguments) -> Result<u8, CommandError> {
    match arguments.command {
        Command::Identify(arguments) => identify::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Hash(arguments) => hash::run(&arguments),
        Command::Schemes(arguments) => schemes::run(&arguments),
    }
}
