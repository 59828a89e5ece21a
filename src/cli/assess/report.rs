//! Makes the report of what was found, and checks the thresholds.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::human;
use crate::assess::{Assessment, Collected, Options, Threshold};
use crate::cli::input::is_dash;
use crate::cli::output::{OutError, Sink};
use crate::cli::{CommandError, FINDINGS, FINE};

/// What is reported, and how.
#[derive(clap::Args)]
pub(super) struct Report {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Also write the document (JSON) to this file, for `landfall assess diff`
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Write the record numbers of all shared identifiers to this file, one line of JSON each
    #[arg(long, value_name = "FILE")]
    pub(super) duplicates: Option<PathBuf>,
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
        let out = self.out.as_deref().map(|path| ("--out", path));
        let duplicates = self.duplicates.as_deref().map(|path| ("--duplicates", path));
        out.into_iter().chain(duplicates)
    }

    /// Fails if a file would be mixed with the report on standard output.
    ///
    /// # Errors
    /// The option.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self.outputs().find(|(_, path)| is_dash(path)) {
            Some((option, _)) => {
                Err(CommandError::new(format!("`{option}` cannot be standard output, which has the report"))
                    .help("give a file; `--format json` writes the document to standard output"))
            }
            None => Ok(()),
        }
    }

    /// Writes the report. The exit code says whether a threshold is exceeded.
    ///
    /// # Errors
    /// If a file cannot be written, or a threshold is about something that is not there.
    pub(super) fn write(&self, collected: Collected) -> Result<u8, CommandError> {
        let options = Options { shows_values: self.show_values, peak: (!self.no_measure).then_some(self.peak) };
        let mut duplicates = self.duplicates.as_deref().map(Sink::open).transpose()?;
        let writer = duplicates.as_mut().map(|sink| sink as &mut dyn Write);
        let assessment = collected.assessment(options, writer).map_err(|error| temporary(&error))?;
        if let Some(mut sink) = duplicates {
            Sink::flush(&mut sink).map_err(failed)?;
        }
        let document = json(&assessment)?;
        if let Some(path) = &self.out {
            write(path, document.as_bytes())?;
        }
        let text = if self.format == Format::Json { document } else { human::render(&assessment) };
        write(Path::new("-"), text.as_bytes())?;
        self.judge(&assessment)
    }

    fn judge(&self, assessment: &Assessment) -> Result<u8, CommandError> {
        let mut code = FINE;
        for threshold in &self.fail_over {
            let exceeded = threshold
                .check(assessment)
                .map_err(|why| CommandError::new(format!("invalid `--fail-over`: {why}")))?;
            if let Some(exceeded) = exceeded {
                let customers = human::share(exceeded.count, exceeded.of);
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

fn json(assessment: &Assessment) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(assessment);
    text.map(|text| text + "\n").map_err(|_| CommandError::new("the document cannot be written as JSON"))
}

/// Writes a file, or standard output, whose reader may have closed it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut sink = Sink::open(path)?;
    match sink.write(bytes).and_then(|()| sink.flush()) {
        Err(OutError { error, .. }) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(failed),
    }
}

pub(super) fn failed(OutError { name, error }: OutError) -> CommandError {
    CommandError::new(format!("cannot write {name}: {}", error.kind()))
}

/// Why the identifiers cannot be compared.
pub(super) fn temporary(error: &std::io::Error) -> CommandError {
    CommandError::new(format!("cannot compare identifiers in a temporary file: {}", error.kind()))
        .help("set TMPDIR to a folder with more room: it takes about 150 bytes for each record")
}
