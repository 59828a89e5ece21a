//! Assesses an export.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::report::{Report, create, failed, temporary};
use crate::assess::{About, Assessing, Batch, Collected, Names, Rows, Rules, Worker};
use crate::cli::input::{InputArguments, Opened, is_dash};
use crate::cli::output::{Reads, Sink};
use crate::cli::pipeline::{self, Work};
use crate::cli::progress::Progress;
use crate::cli::{CommandError, FINE, load};
use crate::engine::plan::Plan;
use crate::engine::run::Settings;
use crate::formats::{RawRecord, ReadOptions, RecordError};
use crate::model::read::ReadLimits;
use crate::ready_rules::{self, MAX_SAMPLES};

/// The export, and the rules.
#[derive(clap::Args)]
pub(super) struct Assess {
    /// The rule file; without it, the fields of the records are profiled
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Set a parameter of the rules; can be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "rules")]
    params: Vec<String>,
    /// The records.
    #[command(flatten)]
    input: InputArguments,
    /// Name of the export in the report [default: its file name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    report: Report,
    /// Write a partial result to this file, for `landfall assess merge`, in place of a report; it is as sensitive as the export
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "html", "duplicates", "show_values", "fail_over", "format", "peak", "no_measure"])]
    partial: Option<PathBuf>,
    /// Number of threads [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Value of `$facts.now`, an RFC 3339 time [default: the current time]
    #[arg(long, value_name = "TIME")]
    now: Option<jiff::Timestamp>,
    /// Value of `$facts.tenant`
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

/// Assesses an export, and writes the report or a partial result.
///
/// # Errors
/// If the rules have errors, a file cannot be read or written, or the records cannot be read to the end.
pub(super) fn run(arguments: &Assess) -> Result<u8, CommandError> {
    arguments.check_files()?;
    let files = arguments.report.open()?;
    let partial = arguments.partial.as_deref().map(|path| create(path, arguments.report.force)).transpose()?;
    let rules = arguments.rules.as_deref().map(load::plan_and_hash).transpose()?;
    arguments.report.check_thresholds(rules.as_ref().map(|(plan, _)| Names::of(plan)).as_ref())?;
    let now = arguments.now.unwrap_or_else(jiff::Timestamp::now).to_string();
    let settings = arguments.settings(rules.as_ref().map(|(plan, _)| plan), &now)?;
    let file_name =
        arguments.rules.as_deref().and_then(Path::file_name).map(OsStr::to_string_lossy).unwrap_or_default();
    let file_name = &*file_name;
    let rules = rules.as_ref().map(|(plan, digest)| Rules { file_name, plan, settings: &settings, digest });
    let collected = arguments.collect(rules, now)?;
    let stopped = collected.stopped.clone();
    if let Some(why) = stopped.as_ref().filter(|_| collected.records() == 0 || arguments.partial.is_some()) {
        let help = match (&arguments.partial, &arguments.input.options.records) {
            (Some(_), _) => "a partial result has to be complete; fix the input and run it again",
            (None, Some(_)) => "`--records` takes the path of the list that contains the records",
            (None, None) => "fix the input, or give its format with `--from`",
        };
        return Err(CommandError::new(format!("cannot read the input to the end: {why}")).help(help));
    }
    let code = match partial {
        Some(sink) => write_partial(sink, collected).map(|()| FINE)?,
        None => arguments.report.write(collected, files)?,
    };
    match stopped {
        Some(why) => Err(CommandError::new(format!("cannot read the input to the end: {why}"))
            .help("the report above is about the records before that place, and no file was written; fix the input and run it again")),
        None => Ok(code),
    }
}

/// Writes a partial result.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write_partial(mut sink: Sink, collected: Collected) -> Result<(), CommandError> {
    let written = collected.write_partial(&mut sink);
    written.map_err(|error| CommandError::new(format!("cannot write the partial result: {}", error.kind())))?;
    Sink::finish([sink]).map_err(failed)
}

impl Assess {
    /// Fails if an output would replace what is read, or another output.
    fn check_files(&self) -> Result<(), CommandError> {
        let reads = Reads { files: self.input.files(), rules: self.rules.as_deref(), settings: None };
        let partial = self.partial.as_deref().map(|path| ("--partial", path));
        let outputs: Vec<(&str, &Path)> = self.report.outputs().chain(partial).collect();
        reads.check(&outputs)
    }

    fn settings(&self, plan: Option<&Plan>, now: &str) -> Result<Settings, CommandError> {
        let mut settings = match plan {
            Some(plan) => load::settings(plan, &self.params)?,
            None => Settings::default(),
        };
        // stored passwords are judged as a login judges them, which does not check them while it makes the account
        settings.unread = true;
        settings.limits.bytes = ReadOptions::default().record_bytes;
        settings.facts.now = Some(now.to_owned());
        settings.facts.tenant.clone_from(&self.tenant);
        Ok(settings)
    }

    fn collect(&self, rules: Option<Rules<'_>>, now: String) -> Result<Collected, CommandError> {
        let options = ReadOptions::default();
        let limits = ReadLimits { bytes: options.record_bytes, ..ReadLimits::default() };
        let input = self.input.prepare(options)?;
        let progress = Progress::new(input.path());
        let Opened { records, notes } = input.open(|source| progress.follow(source))?;
        let samples = Mutex::new(Vec::new());
        let wanted = if rules.is_some() { 0 } else { MAX_SAMPLES };
        let records = records.inspect(|record| keep(record, &samples, wanted));
        let assessing = Assessing::new(rules, limits);
        let (mut rows, mut stopped, mut count) = (Rows::default(), None, 0);
        let outcome = pipeline::run(
            records,
            self.jobs(),
            || Assessor(assessing.worker()),
            |batch: &mut Found| {
                count += std::mem::take(&mut batch.records);
                progress.show(count);
                stopped = stopped.take().or_else(|| batch.stopped.take());
                rows.take(&mut batch.rows)
            },
        );
        progress.end();
        outcome.map_err(|error| temporary(&error))?;
        notes.show();
        let about = About {
            landfall: env!("CARGO_PKG_VERSION").to_owned(),
            rules: None,
            exports: vec![self.export()],
            now,
            shows_values: false,
        };
        let mut collected = assessing.end(rows, about);
        collected.stopped = stopped;
        collected.ready_rules = ready_rules::fit(&samples.into_inner().unwrap_or_default());
        Ok(collected)
    }

    /// What the export is called: without its folder, which may say where somebody works.
    fn export(&self) -> String {
        let path = self.input.path();
        let name = || path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.name.clone().unwrap_or_else(|| if is_dash(path) { "standard input".to_owned() } else { name() })
    }

    fn jobs(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.jobs.map_or_else(processors, usize::from)
    }
}

/// Keeps the first records, to find ready rules that fit them.
fn keep(record: &Result<RawRecord, RecordError>, samples: &Mutex<Vec<String>>, wanted: usize) {
    let Ok(record) = record else { return };
    let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
    if samples.len() < wanted {
        samples.push(record.json.clone());
    }
}

/// What a batch of records leaves.
#[derive(Default)]
struct Found {
    records: u64,
    rows: Batch,
    stopped: Option<String>,
}

/// Assesses records for one thread.
struct Assessor<'a, 'r>(Worker<'a, 'r>);

impl Work for Assessor<'_, '_> {
    type Item = Result<RawRecord, RecordError>;
    type Batch = Found;

    fn item(&mut self, item: &Self::Item, batch: &mut Found) {
        batch.records += 1;
        match item {
            Ok(record) => self.0.record(record, &mut batch.rows),
            Err(error) if error.fatal => batch.stopped = Some(error.to_string()),
            Err(error) => self.0.unreadable(error),
        }
    }

    fn panicked(&mut self, item: &Self::Item, batch: &mut Found) {
        match item {
            Ok(record) => self.0.failed(record.number),
            Err(error) => batch.stopped = Some(format!("line {}: internal error", error.line)),
        }
    }
}
