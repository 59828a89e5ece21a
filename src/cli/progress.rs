//! The progress of reading a file of records, on standard error if that is a terminal.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::input::is_dash;
use crate::formats::Source;

/// The progress of reading.
pub struct Progress(ProgressBar);

impl Progress {
    /// The progress of reading a file; `-` is standard input, whose length nobody knows.
    #[must_use]
    pub fn new(input: &Path) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let length =
            if is_dash(input) { None } else { std::fs::metadata(input).ok() }.filter(std::fs::Metadata::is_file);
        let (bar, template) = match length {
            Some(about) => (ProgressBar::new(about.len()), "{bar:30} {percent:>3} %  {msg}  {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {bytes} read  {msg}"),
        };
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    /// A source whose bytes count as progress.
    #[must_use]
    pub fn follow(&self, source: Source) -> Source {
        Box::new(self.0.wrap_read(source))
    }

    /// Shows how many records were read.
    pub fn show(&self, records: u64) {
        if !self.0.is_hidden() {
            self.0.set_message(format!("{records} records"));
        }
    }

    /// Removes it from the terminal.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
