//! The output files: accounts, rejects and warnings.

use std::path::Path;

use super::worker::Batch;
use super::written::{Target, Written};
use super::{Arguments, Existing};
use crate::cli::CommandError;
use crate::cli::output::{OutError, Sink};

/// The output files.
pub(super) struct Out {
    accounts: Sink,
    rejects: Option<Sink>,
    warnings: Option<Sink>,
    target: Target,
    is_first: bool,
}

impl Out {
    /// Opens the files of the arguments.
    ///
    /// # Errors
    /// If one cannot be written, or exists and is not to be replaced.
    pub(super) fn open(arguments: &Arguments, target: Target) -> Result<Self, CommandError> {
        let existing = if arguments.force { Existing::IsReplaced } else { Existing::Stays };
        let open = |path: &Option<_>| path.as_deref().map(|path: &Path| Sink::create(path, existing)).transpose();
        Ok(Self {
            rejects: open(&arguments.rejects)?,
            warnings: open(&arguments.warnings)?,
            accounts: Sink::create(&arguments.out, existing)?,
            target,
            is_first: true,
        })
    }

    /// Writes what comes before the first account.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn begin(&mut self, written: &Written) -> Result<(), OutError> {
        self.accounts.write(&written.header())
    }

    /// Writes the results of a batch, and empties it.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn write(&mut self, batch: &mut Batch) -> Result<(), OutError> {
        let mut accounts = batch.accounts.as_slice();
        if self.target == Target::Json && self.is_first && !accounts.is_empty() {
            self.accounts.write(b"[")?;
            // drop the comma before the first account
            accounts = accounts.get(1..).unwrap_or_default();
        }
        self.is_first &= accounts.is_empty();
        self.accounts.write(accounts)?;
        if let Some(rejects) = &mut self.rejects {
            rejects.write(&batch.rejects)?;
        }
        if let Some(warnings) = &mut self.warnings {
            warnings.write(&batch.warnings)?;
        }
        batch.accounts.clear();
        batch.rejects.clear();
        batch.warnings.clear();
        Ok(())
    }

    /// Completes the files: they get their names, the accounts last.
    ///
    /// # Errors
    /// If one cannot be written.
    pub(super) fn finish(mut self) -> Result<(), OutError> {
        match (self.target, self.is_first) {
            (Target::Json, true) => self.accounts.write(b"[]\n")?,
            (Target::Json, false) => self.accounts.write(b"\n]\n")?,
            _ => {}
        }
        Sink::finish([self.rejects, self.warnings, Some(self.accounts)].into_iter().flatten())
    }

    /// Keeps what was written to standard output and pipes; files do not get their names.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn abandon(mut self) -> Result<(), OutError> {
        let sinks = [Some(&mut self.accounts), self.rejects.as_mut(), self.warnings.as_mut()];
        sinks.into_iter().flatten().try_for_each(Sink::flush)
    }
}
