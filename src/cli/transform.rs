//! `landfall transform`: a file of legacy records becomes a file of accounts.

mod tally;
mod worker;
mod written;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use indicatif::{ProgressBar, ProgressStyle};

use super::input::{extension, is_dash, notice, records};
use super::{CommandError, FINDINGS, FINE, load, pipeline};
use crate::engine::plan::Plan;
use crate::formats::{Format, ReadOptions};
use crate::migrate::IdentifierProfile;
use crate::rules::RecordsPath;
use tally::Tally;
use worker::{Batch, How, Worker};
use written::{Target, Written};

/// What `landfall transform` is asked.
#[derive(clap::Args)]
#[command(
    long_about = "Runs rules over a file of legacy records and writes the accounts.\n\n\
        Records are streamed: memory does not grow with their number, and accounts come in the order of the records. \
        Of a record that yields several accounts, those that are valid are written, unless the rules say `all_or_none`. \
        Every account may have the member \
        `warnings`, the names of the claims that were left out because their value was bad.\n\n\
        A JSON or YAML document is a list of records or one record. The records of a list inside a document are read with \
        --records; of a document in which only one member holds data, and that one is a list of objects, they are read \
        without it. What was read is said on standard error.\n\n\
        Rejected and unreadable records go to the file of --rejects, one line each, with the reasons. Mend the record in \
        its line, or the rules, and run the file again with --in: the wrapping is taken off. Of a record with several \
        accounts the line names those that were denied or are invalid, and only these are made when it is run again. \
        Customers whom the rules deny are not rejected otherwise; they are counted by reason.\n\n\
        With rules that have `identify`, records that a login would not accept are rejected: without an id, without a \
        login that can be typed, or with a credential that cannot be read (--no-as-login takes them).",
    after_help = "Examples:
  landfall transform --rules wordpress.yaml --in users.ndjson --out accounts.ndjson --rejects rejects.ndjson
  landfall transform --rules wordpress.yaml --in rejects.ndjson      once they are mended
  landfall transform --rules ldap.yaml --in people.ldif --to csv     for a look at it in a spreadsheet
  landfall transform --rules auth0.yaml --in export.json --records '$.users'
  zcat users.gz | landfall transform --rules shop.yaml --from csv --param region=DE

Exit codes: 0 all went well, 1 records are invalid or unreadable, 2 it could not run to the end"
)]
pub struct Arguments {
    /// The rule file
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Sets a parameter of the rules; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// The legacy records; `-` is standard input
    #[arg(long = "in", value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// The format of the records; else the extension of the file tells, or its first bytes
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(Format::NAMES.map(|(name, _)| name)).map(|name| Format::from_name(&name).unwrap_or(Format::Ndjson)))]
    from: Option<Format>,
    /// The path of the list of records in the document, such as `$.users`; in JSON, NDJSON and YAML
    #[arg(long, value_name = "PATH")]
    records: Option<RecordsPath>,
    /// The format of the accounts; else the extension of the file tells, or it is ndjson
    #[arg(long, value_name = "FORMAT", value_enum)]
    to: Option<Target>,
    /// Where accounts go; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Where rejected and unreadable records go, one line of JSON each
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How many threads work on records [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Adds the stored password to each account, as the member `credential`
    #[arg(long)]
    credentials: bool,
    /// Counts the record fields that no rule reads
    #[arg(long)]
    unread: bool,
    /// Rejects what a login would not accept: records without an id or without a login that can be typed [default: when the
    /// rules have `identify`]
    #[arg(long, conflicts_with = "no_as_login")]
    as_login: bool,
    /// Takes records too that a login would not accept
    #[arg(long)]
    no_as_login: bool,
    /// The time that rules see as `$facts.now`, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<jiff::Timestamp>,
    /// The tenant that rules see as `$facts.tenant`
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When the rules have errors, a file cannot be read or written, or the records cannot be read to their end.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    refuse_same_files(arguments)?;
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
        // whoever reads the output has seen enough
        Err(OutError { error, .. }) if error.kind() == ErrorKind::BrokenPipe => return Ok(FINE),
        Err(OutError { name, error }) => {
            return Err(CommandError::new(format!("{name} cannot be written: {}", error.kind())));
        }
        Ok(()) => {}
    }
    notice(&reading);
    anstream::eprint!("{}", tally.summary(began.elapsed(), arguments.rejects.is_some()));
    if let Some(message) = &stopped
        && tally.records() == 0
        && arguments.records.is_some()
    {
        let help = "`--records` takes the path of the list that holds the records";
        return Err(CommandError::new(format!("no record was read: {message}")).help(help));
    }
    if let Some(message) = stopped {
        let help = "the records up to there were transformed; mend the input and run it again";
        return Err(CommandError::new(format!("the input cannot be read to its end: {message}")).help(help));
    }
    Ok(if tally.has_failures() { FINDINGS } else { FINE })
}

impl Arguments {
    fn judges_as_login(&self, plan: &Plan) -> Result<bool, CommandError> {
        if self.as_login && !plan.identifies() {
            let help = "add `identify: { id: …, logins: [ … ] }` to the rules, or leave `--as-login` out";
            return Err(CommandError::new("the rules have no `identify`, so that no login could use them").help(help));
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
                    let message = format!("accounts cannot be written as `.{extension}`");
                    Err(CommandError::new(message).help("write `.ndjson`, `.json` or `.csv`, or give `--to`"))
                }
            },
        }
    }
}

/// Refuses to write over what is read, or two things into one file.
fn refuse_same_files(arguments: &Arguments) -> Result<(), CommandError> {
    let read = [("--in", &arguments.input), ("--rules", &arguments.rules)];
    let rejects = arguments.rejects.as_ref().map(|path| ("--rejects", path));
    let out = ("--out", &arguments.out);
    let pairs = read.into_iter().flat_map(|other| [Some((out, other)), rejects.map(|rejects| (rejects, other))]);
    for ((one, path), (other, other_path)) in pairs.chain([rejects.map(|rejects| (rejects, out))]).flatten() {
        let is_stream = is_dash(path) && is_dash(other_path) && other != "--in";
        if is_stream || (!is_dash(path) && is_same_file(path, other_path)) {
            let message = format!("`{one}` and `{other}` are the same file");
            return Err(CommandError::new(message).help(format!("give another path after `{one}`")));
        }
    }
    Ok(())
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        // what does not exist yet can only be the same by its name
        _ => one == other,
    }
}

/// The progress of the reading, on standard error, when that is a terminal.
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

/// What could not be written, and why.
struct OutError {
    name: String,
    error: io::Error,
}

/// The files that are written.
struct Out {
    accounts: Sink,
    rejects: Option<Sink>,
    target: Target,
    is_first: bool,
}

struct Sink {
    name: String,
    writer: Box<dyn Write + Send>,
}

impl Sink {
    fn open(path: &Path) -> Result<Self, CommandError> {
        if is_dash(path) {
            return Ok(Self { name: "standard output".to_owned(), writer: Box::new(buffered(io::stdout())) });
        }
        let name = format!("`{}`", path.display());
        let file = create(path).map_err(|e| CommandError::new(format!("{name} cannot be written: {}", e.kind())))?;
        Ok(Self { name, writer: Box::new(buffered(file)) })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), OutError> {
        self.writer.write_all(bytes).map_err(|error| OutError { name: self.name.clone(), error })
    }

    fn end(&mut self) -> Result<(), OutError> {
        self.writer.flush().map_err(|error| OutError { name: self.name.clone(), error })
    }
}

fn buffered<W: Write>(writer: W) -> BufWriter<W> {
    BufWriter::with_capacity(256 * 1024, writer)
}

/// Makes a file that only its owner can read: it holds personal data, and maybe stored passwords.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
            // the comma before the first one
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
        self.accounts.end()?;
        self.rejects.as_mut().map_or(Ok(()), Sink::end)
    }
}

#[cfg(test)]
mod tests;
