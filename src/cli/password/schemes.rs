//! `landfall password schemes`: what rules may name as the scheme of a stored password.

use crate::cli::{CommandError, FINE, show};
use crate::password::schemes;

/// Examples for the help.
pub const EXAMPLES: &str = "Examples:
  landfall password schemes
  landfall password schemes | grep -i django";

/// Prints one line per scheme: its name, whether the stored text names it, its other names, and what it is.
///
/// # Errors
/// When standard output cannot be written.
pub fn run() -> Result<u8, CommandError> {
    let mut text = String::new();
    for scheme in schemes() {
        let told = if scheme.is_self_describing() { "told by its text" } else { "declare it" };
        let aliases =
            if scheme.aliases.is_empty() { String::new() } else { format!(" (also {})", scheme.aliases.join(", ")) };
        text.push_str(&format!("{:<18} {told:<17} {}{aliases}\n", scheme.name, scheme.summary));
    }
    show::output(&text)?;
    Ok(FINE)
}
