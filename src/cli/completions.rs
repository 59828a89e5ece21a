//! `landfall completions`: shell completions.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::{CommandError, FINE, show};

/// Arguments of `landfall completions`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall completions bash > ~/.local/share/bash-completion/completions/landfall
  landfall completions zsh  > ~/.zfunc/_landfall
  landfall completions fish > ~/.config/fish/completions/landfall.fish")]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut super::Arguments::command(), "landfall", &mut script);
    show::output(&String::from_utf8_lossy(&script))?;
    Ok(FINE)
}
