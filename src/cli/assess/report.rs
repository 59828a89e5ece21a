//! Makes the report of what was found, and checks the thresholds.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::human;
use crate::assess::{Assessment, Collected, Names, Options, Threshold, html};
use crate::cli::input::is_dash;
use crate::cli::output::{Existing, OutError, Sink};
use crate::cli::share::no_records;
use crate::cli::{CommandError, FINDINGS, FINE, show};
use crate::html_report::share;

/// What is reported, and how.
#[derive(clap::Args)]
pub(super) struct Report {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Also write the document (JSON) to this file, for `landfall assess diff`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also write the report as an HTML page to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the record numbers of all shared identifiers to this file, one line of JSON each
    #[arg(long, value_name = "FILE")]
    duplicates: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub(super) force: bool,
    /// Show values that fewer than 20 records have, too; never those of secrets
    #[arg(long)]
    show_values: bool,
    /// Exit with 1 if more customers than this cannot migrate: `2%` or `100`; for others, NAME=LIMIT with a claim, `new-password`,
    /// `invalid`, `unreadable`, `denied`, a code such as `R707`, or `reason:` with the start of a reason; can be repeated
    #[arg(long = "fail-over", value_name = "LIMIT")]
    fail_over: Vec<Threshold>,
    /// Expected first logins per second at the peak
    #[arg(long, value_name = "LOGINS", default_value_t = 10.0, value_parser = per_second)]
    peak: f64,
    /// Do not measure how long hashes take on this machine, so that the report is the same on every machine
    #[arg(long)]
    no_measure: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For the terminal
    Human,
    /// The document, as JSON
    Json,
}

fn per_second(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| (0.0..=1e9).contains(number))
        .ok_or_else(|| "write a number such as `50`".to_owned())
}

impl Report {
    /// The files that are written.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let files = [("--out", &self.out), ("--html", &self.html), ("--duplicates", &self.duplicates)];
        files.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?)))
    }

    /// Opens the files, so that what prevents writing them is found before an hour of work.
    ///
    /// # Errors
    /// If one cannot be created, exists and is not to be replaced, or would be mixed with the report on standard output.
    pub(super) fn open(&self) -> Result<Files, CommandError> {
        if let Some((option, _)) = self.outputs().find(|(_, path)| is_dash(path)) {
            let message = format!("`{option}` cannot be standard output, which has the report");
            return Err(
                CommandError::new(message).help("give a file; `--format json` writes the document to standard output")
            );
        }
        let open = |path: &Option<PathBuf>| path.as_deref().map(|path| create(path, self.force)).transpose();
        Ok(Files { duplicates: open(&self.duplicates)?, html: open(&self.html)?, out: open(&self.out)? })
    }

    /// Checks the thresholds, so that a mistake in them is found before an hour of work.
    ///
    /// # Errors
    /// If one is about something that the rules do not have.
    pub(super) fn check_thresholds(&self, names: Option<&Names>) -> Result<(), CommandError> {
        self.fail_over.iter().try_for_each(|threshold| {
            let invalid = |message: String| CommandError::new(format!("invalid `--fail-over`: {message}"));
            threshold.fits(names).map_err(|unknown| invalid(unknown.message).help(unknown.help))
        })
    }

    /// Writes the report. Files get their names if it is about all records, and if standard output could be written. The exit
    /// code says whether a threshold is exceeded.
    ///
    /// # Errors
    /// If a file cannot be written, or a threshold is about something that is not there.
    pub(super) fn write(&self, collected: Collected, mut files: Files) -> Result<u8, CommandError> {
        let is_whole = collected.stopped.is_none();
        let options = Options { shows_values: self.show_values, peak: (!self.no_measure).then_some(self.peak) };
        let writer = files.duplicates.as_mut().map(|sink| sink as &mut dyn Write);
        let assessment = collected.assessment(options, writer).map_err(|error| temporary(&error))?;
        let document = json(&assessment)?;
        if let Some(sink) = &mut files.out {
            sink.write(document.as_bytes()).map_err(failed)?;
        }
        if let Some(sink) = &mut files.html {
            let page = html::render(&assessment).map_err(|_| CommandError::new("the page cannot be made"))?;
            sink.write(page.as_bytes()).map_err(failed)?;
        }
        let shown = if self.format == Format::Json { document } else { human::render(&assessment) };
        if show::read_output(&shown)? && is_whole {
            Sink::finish([files.duplicates, files.html, files.out].into_iter().flatten()).map_err(failed)?;
        }
        self.judge(&assessment)
    }

    fn judge(&self, assessment: &Assessment) -> Result<u8, CommandError> {
        if assessment.records.all == 0 && !self.fail_over.is_empty() {
            return Err(no_records());
        }
        let mut code = FINE;
        for threshold in &self.fail_over {
            let exceeded = threshold
                .check(assessment)
                .map_err(|why| CommandError::new(format!("invalid `--fail-over`: {why}")))?;
            if let Some(exceeded) = exceeded {
                let customers = share(exceeded.count, exceeded.of);
                anstream::eprintln!(
                    "over the threshold {}: {} of {} ({customers})",
                    exceeded.threshold,
                    exceeded.count,
                    exceeded.of
                );
                code = FINDINGS;
            }
        }
        Ok(code)
    }
}

/// The opened files.
pub(super) struct Files {
    duplicates: Option<Sink>,
    html: Option<Sink>,
    out: Option<Sink>,
}

fn json(assessment: &Assessment) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(assessment);
    text.map(|text| text + "\n").map_err(|_| CommandError::new("the document cannot be written as JSON"))
}

/// Opens a file that gets its name when it is complete.
///
/// # Errors
/// If it cannot be created, or exists and `force` is not set.
pub(super) fn create(path: &Path, force: bool) -> Result<Sink, CommandError> {
    Sink::create(path, if force { Existing::IsReplaced } else { Existing::Stays })
}

pub(super) fn failed(OutError { name, error }: OutError) -> CommandError {
    CommandError::new(format!("cannot write {name}: {}", error.kind()))
}

/// Why the identifiers cannot be compared.
pub(super) fn temporary(error: &std::io::Error) -> CommandError {
    CommandError::new(format!("cannot compare identifiers in a temporary file: {}", error.kind()))
        .help("set TMPDIR to a folder with more room: it takes about 150 bytes for each record")
}
