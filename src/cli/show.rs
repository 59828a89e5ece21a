//! Prints findings and results to standard output or error, in colours and lines that fit the terminal.

use std::io::{self, Write as _};

use super::terminal;
use crate::diag::render::{FINDING_COLUMNS, human_within, summary};
use crate::diag::{Diagnostic, Files};

/// Prints findings to standard error, with their count.
pub fn findings(files: &Files, findings: &[Diagnostic]) {
    let columns = terminal::error_columns().unwrap_or(FINDING_COLUMNS).min(FINDING_COLUMNS);
    anstream::eprint!("{}", human_within(files, findings, terminal::error_has_colour(), columns));
    anstream::eprintln!("{}", summary(findings));
}

/// Writes text to standard output; a closed pipe is not an error.
///
/// # Errors
/// If writing fails in any other way.
pub fn output(text: &str) -> io::Result<()> {
    read_output(text).map(|_| ())
}

/// Writes text to standard output, and says whether anybody reads it.
///
/// # Errors
/// If writing fails in any other way than by a closed pipe.
pub fn read_output(text: &str) -> io::Result<bool> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether standard output shows colours.
#[must_use]
pub fn colour() -> bool {
    terminal::output_has_colour()
}

/// Findings for standard output.
#[must_use]
pub fn findings_text(files: &Files, findings: &[Diagnostic]) -> String {
    let columns = terminal::output_columns().unwrap_or(FINDING_COLUMNS).min(FINDING_COLUMNS);
    human_within(files, findings, colour(), columns)
}
