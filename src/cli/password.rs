//! `landfall password`: identify, verify and make stored passwords.

use super::{CommandError, FINE};

/// What `landfall password` is asked.
#[derive(clap::Args)]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
/// When the input cannot be read.
pub fn run(_arguments: Arguments) -> Result<u8, CommandError> {
    Ok(FINE)
}
