//! `landfall password schemes`: lists the schemes that rules can name.

use crate::cli::{CommandError, FINE, show};
use crate::password::schemes;

/// Examples for the help.
pub const EXAMPLES: &str = "Examples:
  landfall password schemes
  landfall password schemes | grep -i django";

/// Prints one line per scheme: its name, whether it is detected from the stored text, a summary and its aliases.
///
/// # Errors
/// If standard output cannot be written.
pub fn run() -> Result<u8, CommandError> {
    let mut text = String::new();
    for scheme in schemes() {
        let detection = if scheme.is_self_describing() { "detected" } else { "must be declared" };
        let aliases =
            if scheme.aliases.is_empty() { String::new() } else { format!(" (also {})", scheme.aliases.join(", ")) };
        text.push_str(&format!("{:<18} {detection:<17} {}{aliases}\n", scheme.name, scheme.summary));
    }
    show::output(&text)?;
    Ok(FINE)
}
