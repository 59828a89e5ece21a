//! `landfall transform`: turns a file of legacy records into a file of accounts.

pub(super) mod tally;
mod worker;
pub(super) mod written;

use std::io::{self, ErrorKind, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use indicatif::{ProgressBar, ProgressStyle};

use super::input::{extension, is_dash, notice, records};
use super::output::{OutError, Sink, check_distinct};
use super::{CommandError, FINDINGS, FINE, load, pipeline};
use crate::engine::plan::Plan;
use crate::formats::{Format, ReadOptions};
use crate::ports::IdentifierProfile;
use crate::rules::RecordsPath;
use tally::Tally;
use worker::{Batch, How, Worker};
use written::{Target, Written};

/// Arguments of `landfall transform`.
#[derive(clap::Args)]
#[command(
    long_about = "Runs rules over a file of legacy records and writes the accounts.\n\n\
        Records are streamed: memory use does not grow with their number, and accounts are written in the order of the \
        records. If a record yields several accounts, the valid ones are written, unless the rules say `all_or_none`. An \
        account may have the member `warnings`: the names of the claims that were left out because their values were \
        bad.\n\n\
        A JSON or YAML document is a list of records or a single record. Use --records to read the records of a list \
        inside a document; this is not needed if only one member of the document contains data and that member is a list \
        of objects. Standard error reports what was read.\n\n\
        Rejected and unreadable records are written to the file of --rejects, one per line, with the reasons. Fix the \
        records in that file, or fix the rules, and run the file again with --in: the wrapper is removed. For a record \
        with several accounts, the line lists the accounts that are denied or invalid, and only these are made in the \
        second run. Apart from that, customers whom the rules deny are not rejected; they are counted by reason.\n\n\
        If the rules have `identify`, records that a login would not accept are rejected: records without an id, without \
        a login that can be typed, or with a credential that cannot be read (--no-as-login accepts them).\n\n\
        Stored passwords are checked against their schemes, unless the rules say `check: false`. `on_error` of \
        `credential` applies to those that cannot be used; by default, they are left out with a warning.",
    after_help = "Examples:
  landfall transform --rules wordpress.yaml --in users.ndjson --out accounts.ndjson --rejects rejects.ndjson
  landfall transform --rules wordpress.yaml --in rejects.ndjson      after fixing them
  landfall transform --rules ldap.yaml --in people.ldif --to csv     to view it in a spreadsheet
  landfall transform --rules auth0.yaml --in export.json --records '$.users'
  zcat users.gz | landfall transform --rules shop.yaml --from csv --param region=DE

Exit codes: 0 success, 1 some records are invalid or unreadable, 2 the run could not be completed"
)]
pub struct Arguments {
    /// The rule file
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Set a parameter of the rules; can be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// File of legacy records; `-` reads standard input
    #[arg(long = "in", value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// Format of the records [default: detected from the file extension or the first bytes]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(Format::NAMES.map(|(name, _)| name)).map(|name| Format::from_name(&name).unwrap_or(Format::Ndjson)))]
    from: Option<Format>,
    /// Path of the list of records in a JSON, NDJSON or YAML document, such as `$.users`
    #[arg(long, value_name = "PATH")]
    records: Option<RecordsPath>,
    /// Format of the accounts [default: from the extension of the output file, or ndjson]
    #[arg(long, value_name = "FORMAT", value_enum)]
    to: Option<Target>,
    /// File for the accounts; `-` writes standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// File for rejected and unreadable records, one line of JSON each
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Number of threads [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Add the stored password to each account, as the member `credential`
    #[arg(long)]
    credentials: bool,
    /// Count the record fields that no rule reads
    #[arg(long)]
    unread: bool,
    /// Reject what a login would not accept: records without an id or without a login that can be typed [default: if the
    /// rules have `identify`]
    #[arg(long, conflicts_with = "no_as_login")]
    as_login: bool,
    /// Also accept records that a login would not accept
    #[arg(long)]
    no_as_login: bool,
    /// Value of `$facts.now`, an RFC 3339 time [default: the current time]
    #[arg(long, value_name = "TIME")]
    now: Option<jiff::Timestamp>,
    /// Value of `$facts.tenant`
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// If the rules have errors, a file cannot be read or written, or the records cannot be read to the end.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    check_distinct_files(arguments)?;
    let target = arguments.target()?;
    let plan = load::plan(&arguments.rules)?;
    let options = ReadOptions::default();
    let mut settings = load::settings(&plan, &arguments.params)?;
    settings.unread = arguments.unread;
    settings.check_credentials = true;
    settings.limits.bytes = options.record_bytes;
    settings.facts.now = Some(arguments.now.unwrap_or_else(jiff::Timestamp::now).to_string());
    settings.facts.tenant.clone_from(&arguments.tenant);
    let written = Written::new(target, &plan.columns(), arguments.credentials);
    let progress = Progress::new(&arguments.input);
    let bar = progress.0.clone();
    let at = arguments.records.clone();
    let (records, reading) =
        records(&arguments.input, arguments.from, options, at, |source| Box::new(bar.wrap_read(source)))?;
    let mut out = Out::open(arguments, target)?;
    let began = Instant::now();
    let as_login = arguments.judges_as_login(&plan)?.then(IdentifierProfile::default);
    let (plan, settings, written, keeps_rejects) = (&plan, &settings, &written, arguments.rejects.is_some());
    let how = How { plan, settings, written, keeps_rejects, as_login };
    let worker = || Worker::new(&how);
    let mut tally = Tally::default();
    let mut stopped = None;
    let outcome = out.begin(written).and_then(|()| {
        pipeline::run(records, arguments.jobs(), worker, |batch: &mut Batch| {
            tally.add(&mut batch.tally);
            stopped = stopped.take().or_else(|| batch.stopped.take());
            progress.show(&tally);
            out.write(batch)
        })
    });
    progress.0.finish_and_clear();
    match outcome.and_then(|()| out.end()) {
        // the reader of the output closed the pipe, as `head` does
        Err(OutError { error, .. }) if error.kind() == ErrorKind::BrokenPipe => return Ok(FINE),
        Err(OutError { name, error }) => {
            return Err(CommandError::new(format!("cannot write {name}: {}", error.kind())));
        }
        Ok(()) => {}
    }
    notice(&reading);
    anstream::eprint!("{}", tally.summary(began.elapsed(), arguments.rejects.is_some()));
    if let Some(message) = &stopped
        && tally.records() == 0
        && arguments.records.is_some()
    {
        let help = "`--records` takes the path of the list that contains the records";
        return Err(CommandError::new(format!("no record was read: {message}")).help(help));
    }
    if let Some(message) = stopped {
        let help = "the records before that place were transformed; fix the input and run it again";
        return Err(CommandError::new(format!("cannot read the input to the end: {message}")).help(help));
    }
    Ok(if tally.has_failures() { FINDINGS } else { FINE })
}

impl Arguments {
    fn judges_as_login(&self, plan: &Plan) -> Result<bool, CommandError> {
        if self.as_login && !plan.identifies() {
            let help = "add `identify: { id: …, logins: [ … ] }` to the rules, or omit `--as-login`";
            return Err(CommandError::new("the rules have no `identify`, so no login can use them").help(help));
        }
        Ok(plan.identifies() && !self.no_as_login)
    }

    fn jobs(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.jobs.map_or_else(processors, usize::from)
    }

    fn target(&self) -> Result<Target, CommandError> {
        let extension = extension(&self.out);
        match (self.to, extension) {
            (Some(target), _) => Ok(target),
            (None, None) => Ok(Target::Ndjson),
            (None, Some(extension)) => match Format::from_extension(extension) {
                Some(Format::Json) => Ok(Target::Json),
                Some(Format::Csv) => Ok(Target::Csv),
                Some(Format::Ndjson) | None => Ok(Target::Ndjson),
                Some(Format::Ldif | Format::Yaml) => {
                    let message = format!("cannot write accounts as `.{extension}`");
                    Err(CommandError::new(message).help("use `.ndjson`, `.json` or `.csv`, or set `--to`"))
                }
            },
        }
    }
}

/// Fails if an output would overwrite an input, or if both outputs are the same file.
fn check_distinct_files(arguments: &Arguments) -> Result<(), CommandError> {
    let inputs = [("--in", arguments.input.as_path()), ("--rules", &arguments.rules)];
    let rejects = arguments.rejects.as_deref().map(|path| ("--rejects", path));
    let outputs: Vec<(&str, &Path)> = [("--out", arguments.out.as_path())].into_iter().chain(rejects).collect();
    check_distinct(&inputs, &outputs)
}

/// The progress of reading, shown on standard error if that is a terminal.
struct Progress(ProgressBar);

impl Progress {
    fn new(input: &Path) -> Self {
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

    fn show(&self, tally: &Tally) {
        if !self.0.is_hidden() {
            self.0.set_message(format!("{} records", tally.records()));
        }
    }
}

/// The output files.
struct Out {
    accounts: Sink,
    rejects: Option<Sink>,
    target: Target,
    is_first: bool,
}

impl Out {
    fn open(arguments: &Arguments, target: Target) -> Result<Self, CommandError> {
        let rejects = arguments.rejects.as_deref().map(Sink::open).transpose()?;
        Ok(Self { accounts: Sink::open(&arguments.out)?, rejects, target, is_first: true })
    }

    fn begin(&mut self, written: &Written) -> Result<(), OutError> {
        self.accounts.write(&written.header())
    }

    fn write(&mut self, batch: &mut Batch) -> Result<(), OutError> {
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
        batch.accounts.clear();
        batch.rejects.clear();
        Ok(())
    }

    fn end(&mut self) -> Result<(), OutError> {
        match (self.target, self.is_first) {
            (Target::Json, true) => self.accounts.write(b"[]\n")?,
            (Target::Json, false) => self.accounts.write(b"\n]\n")?,
            _ => {}
        }
        self.accounts.flush()?;
        self.rejects.as_mut().map_or(Ok(()), Sink::flush)
    }
}

#[cfg(test)]
mod tests;
