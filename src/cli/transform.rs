//! `landfall transform`: turns a file of legacy records into a file of accounts.

mod out;
mod reasons;
pub(super) mod tally;
mod worker;
pub(super) mod written;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::Value as Json;

use super::input::{InputArguments, Notes, Opened, extension, is_dash};
use super::output::{Existing, OutError, Reads};
use super::progress::Progress;
use super::share::{Share, no_records};
use super::{CommandError, FINDINGS, FINE, load, pipeline, show};
use crate::config::Compiled;
use crate::diag::render::json;
use crate::engine::plan::Plan;
use crate::engine::run::Settings;
use crate::formats::{Compression, Format, ReadOptions};
use crate::ports::IdentifierProfile;
use out::Out;
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
        Files get their names when the run is complete: after an error, or when the run is interrupted, there is no file. \
        A file that exists is only replaced with --force.\n\n\
        Rejected and unreadable records are written to the file of --rejects, one per line, with the reasons. Fix the \
        records in that file, or fix the rules, and run the file again with --in: the wrapper is removed. For a record \
        with several accounts, the line lists the accounts that are denied or invalid, and only these are made in the \
        second run. Apart from that, customers whom the rules deny are not rejected; they are counted by reason.\n\n\
        --join adds the rows of another file to the records, such as the passwords of another table. The rows are indexed on \
        disk first. Keys are compared as text, exactly. A record without a row has no such member; one with several rows \
        is unreadable, unless --as ends in `[]`, which makes a list of all rows. In a list of keys, each one counts.\n\n\
        If the rules have `identify`, records that a login would not accept are rejected: records without an id, without \
        a login that can be typed, or with a credential that cannot be read (--no-as-login accepts them).\n\n\
        Stored passwords are checked against their schemes, unless the rules say `check: false`. `on_error` of \
        `credential` applies to those that cannot be used; by default, they are left out with a warning.",
    after_help = "Examples:
  landfall transform --rules shop.yaml --in users.ndjson --out accounts.ndjson --rejects bad.ndjson
  landfall transform --rules shop.yaml --in bad.ndjson               # after fixing them
  landfall transform --rules ldap.yaml --in people.ldif.gz --to csv  # to view it in a spreadsheet
  landfall transform --rules auth0.yaml --in export.json --records '$.users'
  landfall transform --rules shop.yaml --in users.csv --columns id,mail,name --sample 1000
  landfall transform --rules shop.yaml --in users.csv --out accounts.ndjson --force \\
    --join passwords.csv --on '$.id=$.user_id' --as password
  landfall transform --rules shop.yaml --in users.csv --report json --fail-over 2% > accounts.ndjson
  psql -d shop -Atc 'SELECT row_to_json(u) FROM users u' \\
    | landfall transform --rules shop.yaml --param region=DE

Exit codes: 0 success, 1 some records are invalid or unreadable (with --fail-over: more than that share), 2 the run could \
not be completed"
)]
pub struct Arguments {
    /// The rule file
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Set a parameter of the rules; can be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// The records.
    #[command(flatten)]
    input: InputArguments,
    /// Format of the accounts [default: from the extension of the output file, or ndjson]
    #[arg(long, value_name = "FORMAT", value_enum)]
    to: Option<Target>,
    /// File for the accounts; `-` writes standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// File for rejected and unreadable records, one line of JSON each
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// File for the warnings of accounts, one line of JSON each: the number of the record, the claim and the reason
    #[arg(long, value_name = "FILE")]
    warnings: Option<PathBuf>,
    /// Replace output files that exist
    #[arg(long)]
    force: bool,
    /// Format of the summary on standard error; `json` writes one document and nothing else
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Report::Human)]
    report: Report,
    /// Exit with 1 only if more than this share of the records is invalid or unreadable, such as `2%`; `0%` is none
    #[arg(long, value_name = "SHARE")]
    fail_over: Option<Share>,
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

/// The format of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Report {
    /// Text for people
    Human,
    /// A JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// If the rules have errors, a file cannot be read or written, or the records cannot be read to the end.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    check_files(arguments)?;
    let target = arguments.target()?;
    let mut findings = Json::Array(Vec::new());
    let plan = match arguments.report {
        Report::Human => load::plan(&arguments.rules)?,
        Report::Json => {
            load::plan_telling(&arguments.rules, |Compiled { files, findings: found, plan, .. }| match plan {
                Some(_) => findings = json(files, found),
                None => show::findings(files, found),
            })?
        }
    };
    let options = ReadOptions::default();
    let settings = arguments.settings(&plan, &options)?;
    // before the files of `--join` are read, which may take minutes
    let mut out = Out::open(arguments, target)?;
    let input = arguments.input.prepare(options)?;
    let written = Written::new(target, &plan.columns(), arguments.credentials);
    let progress = Progress::new(input.path());
    let Opened { records, notes } = input.open(|source| progress.follow(source))?;
    let began = Instant::now();
    let as_login = arguments.judges_as_login(&plan)?.then(IdentifierProfile::default);
    let (plan, settings, written) = (&plan, &settings, &written);
    let (keeps_rejects, keeps_warnings) = (arguments.rejects.is_some(), arguments.warnings.is_some());
    let how = How { plan, settings, written, keeps_rejects, keeps_warnings, as_login };
    let worker = || Worker::new(&how);
    let mut tally = Tally::default();
    let mut stopped = None;
    let outcome = out.begin(written).and_then(|()| {
        pipeline::run(records, arguments.jobs(), worker, |batch: &mut Batch| {
            tally.add(&mut batch.tally);
            stopped = stopped.take().or_else(|| batch.stopped.take());
            progress.show(tally.records());
            out.write(batch)
        })
    });
    progress.end();
    let cannot_judge = tally.records() == 0 && arguments.fail_over.is_some();
    let is_complete = stopped.is_none() && !cannot_judge;
    match outcome.and_then(|()| if is_complete { out.finish() } else { out.abandon() }) {
        // the reader of the output closed the pipe, as `head` does
        Err(OutError { error, .. }) if error.kind() == ErrorKind::BrokenPipe => return Ok(FINE),
        Err(OutError { name, error }) => {
            return Err(CommandError::new(format!("cannot write {name}: {}", error.kind())));
        }
        Ok(()) => {}
    }
    if let Some(message) = stopped {
        return Err(arguments.incomplete(&message, &tally));
    }
    if cannot_judge {
        return Err(no_records());
    }
    arguments.summarize(&tally, &notes, began.elapsed(), findings);
    Ok(if tally.fails(arguments.fail_over) { FINDINGS } else { FINE })
}

impl Arguments {
    /// The parameters and facts of the rules.
    fn settings(&self, plan: &Plan, options: &ReadOptions) -> Result<Settings, CommandError> {
        let mut settings = load::settings(plan, &self.params)?;
        settings.unread = self.unread;
        settings.check_credentials = true;
        settings.limits.bytes = options.record_bytes;
        settings.facts.now = Some(self.now.unwrap_or_else(jiff::Timestamp::now).to_string());
        settings.facts.tenant.clone_from(&self.tenant);
        Ok(settings)
    }

    /// Why the input could not be read to its end.
    fn incomplete(&self, message: &str, tally: &Tally) -> CommandError {
        if tally.records() == 0 && self.input.options.records.is_some() {
            let help = "`--records` takes the path of the list that contains the records";
            return CommandError::new(format!("no record was read: {message}")).help(help);
        }
        let done = tally.records();
        let written = match is_dash(&self.out) {
            true => "the accounts on standard output are incomplete",
            false => "no file was written",
        };
        let help = format!("{done} records before that place were read; {written}; fix the input and run it again");
        CommandError::new(format!("cannot read the input to the end: {message}")).help(help)
    }

    /// Writes the summary to standard error.
    fn summarize(&self, tally: &Tally, notes: &Notes, took: Duration, findings: Json) {
        let fails = tally.fails(self.fail_over);
        match self.report {
            Report::Human => {
                notes.show();
                anstream::eprint!("{}", tally.summary(took, self.rejects.is_some()));
                if let Some(share) = self.fail_over.filter(|_| tally.failures() > 0) {
                    let (failures, records) = (tally.failures(), tally.records());
                    let more = if fails { "more than" } else { "not more than" };
                    anstream::eprintln!(
                        "{failures} of {records} records are invalid or unreadable, {more} the {share} of `--fail-over`"
                    );
                }
            }
            Report::Json => {
                let mut document = tally.to_json(took);
                if let Some(members) = document.as_object_mut() {
                    members.insert("fails".to_owned(), fails.into());
                    members.insert("notes".to_owned(), notes.sentences().into());
                    members.insert("findings".to_owned(), findings);
                }
                anstream::eprintln!("{document:#}");
            }
        }
    }

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
        let name = self.out.to_string_lossy();
        if Compression::strip(&name) != name {
            let message = format!("cannot write `{name}`: accounts are not compressed");
            let help =
                "compress what is written to standard output: `landfall transform … | gzip > accounts.ndjson.gz`";
            return Err(CommandError::new(message).help(help));
        }
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

/// Fails if an output would replace what is read, or if two outputs are the same file.
fn check_files(arguments: &Arguments) -> Result<(), CommandError> {
    let reads = Reads { files: arguments.input.files(), rules: Some(&arguments.rules), settings: None };
    let named = [("--rejects", &arguments.rejects), ("--warnings", &arguments.warnings)];
    let named = named.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?)));
    let outputs: Vec<(&str, &Path)> = [("--out", arguments.out.as_path())].into_iter().chain(named).collect();
    reads.check(&outputs)
}

#[cfg(test)]
mod tests;
