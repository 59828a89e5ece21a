//! Prints findings and results to standard output or error, in colour only on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::diag::render::{human, summary};
use crate::diag::{Diagnostic, Files};

/// Prints findings to standard error, with their count.
pub fn findings(files: &Files, findings: &[Diagnostic]) {
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    anstream::eprint!("{}", human(files, findings, colour));
    anstream::eprintln!("{}", summary(findings));
}

/// Writes text to standard output; a closed pipe is not an error.
///
/// # Errors
/// If writing fails in any other way.
pub fn output(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Whether standard output shows colours.
#[must_use]
pub fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
