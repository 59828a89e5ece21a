//! `landfall bulk`: creates the accounts of customers who have not come yet.

mod input;
mod progress;
mod report;
mod run;
mod shared;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::input::InputArguments;
use super::output::Reads;
use super::{CommandError, FINDINGS, FINE, process, show, stores};
use crate::config::{self, BulkParts, Loaded, Opening, OwnRecords, Reading};
use crate::migrate::{Bulk, BulkEvents, BulkMode, BulkSettings, Migrator};
use input::Input;
use report::Report;

/// Arguments of `landfall bulk`.
#[derive(clap::Args)]
#[command(
    long_about = "Creates the accounts of customers who have not come yet, with the rules, the ledger and the target of the settings.\n\n\
        The records are those of --in, or of the source itself if it is an export or a database with `all`. An account gets the \
        stored hash if the target takes it as it is, so that its customer signs in with the old password. Otherwise it is \
        pending: it has no password, and the customer's first login completes it.\n\n\
        A login wins: customers who are migrated, pending or deleted, and those who are signing in, are left alone. Customers \
        whom the rules deny, and who are disabled or locked, get no account. A login that leads to several customers belongs \
        to none of their accounts.\n\n\
        A run that was interrupted is started again with the same command and continues; nobody is created twice. It slows \
        down when the target asks for it, and waits while the target or the ledger is down. The service may run meanwhile.\n\n\
        --results writes a line of JSON for each account: its record, its legacy id, the outcome, and the reasons. --rejects \
        writes records that are invalid or in conflict; fix them, and run that file with --in.",
    after_help = "Examples:
  landfall bulk --dry-run                              # what would happen, for the records of the first source
  landfall bulk --in users.ndjson --results results.ndjson --rejects rejects.ndjson
  landfall bulk --in rejects.ndjson                    # after fixing them
  landfall bulk --source club --in club.csv            # by the rules of the source `club`
  landfall bulk --in users.csv.gz --columns id,mail,password

Exit codes: 0 success, 1 some records are invalid, in conflict or failed, 2 the run could not be completed"
)]
pub struct Arguments {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// The records; those of the source without `--in`.
    #[command(flatten)]
    input: InputArguments,
    /// The source whose rules are used, by its name in the settings [default: the first one]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Write nothing, and say what would happen
    #[arg(long)]
    dry_run: bool,
    /// File for the outcome of each account, one line of JSON each; `-` writes standard output
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// File for records that are invalid, in conflict or failed, one line of JSON each
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Number of records in progress at a time [default: what the guards of the target admit, at most 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Keep the events of the settings: `migrated` for accounts with a stored hash, whose legacy systems are told as well, and
    /// `needs_action` for pending ones
    #[arg(long)]
    events: bool,
    /// Value of `$facts.tenant`
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

/// The most records in progress at a time without `--jobs`: as many writes as the account store of one file commits together.
const JOBS: usize = 256;

/// How long an outage at the start or the end is waited for, as one in between.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait before what failed is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Runs the command.
///
/// # Errors
/// If the settings or the records cannot be read, a file cannot be written, or the target or the ledger is down for long.
/// What was created before stays.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    check_files(arguments)?;
    if let Some(option) = arguments.input.first_option().filter(|_| arguments.input.input.is_none()) {
        let help = "name the file with `--in`; without it, the records are those of the source, as the settings say";
        return Err(CommandError::new(format!("`{option}` needs `--in`")).help(help));
    }
    // Records and stored hashes are in the memory, and the message of a panic may contain a value.
    process::prepare();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        anstream::eprintln!("internal error at {place}");
    }));
    let Reading { files, findings, loaded } = stores::read(&arguments.config)?;
    if !findings.is_empty() {
        show::findings(&files, &findings);
    }
    let loaded = loaded.ok_or_else(|| stores::unusable(&arguments.config))?;
    if loaded.settings.target.adapter().is_handover() {
        let message =
            "the identity providers that ask the bridges store the accounts, so there is nowhere to create any";
        let help = "import customers by the product itself, or use the `http` target of the product for this command";
        return Err(CommandError::new(message).help(help));
    }
    let source = stores::source_name(arguments.source.as_deref(), &loaded.settings)?;
    stores::block_on(create(arguments, loaded, &source))
}

async fn create(arguments: &Arguments, loaded: Loaded, source: &str) -> Result<u8, CommandError> {
    let input = Input::open(arguments, &loaded, source)?;
    let opening = if arguments.dry_run { Opening::Existing } else { Opening::Trusted };
    let records = if arguments.input.input.is_some() { OwnRecords::Export } else { OwnRecords::Source };
    let built = config::bulk(loaded, opening, source, records).await;
    let BulkParts { parts, migrator, limits, target, concurrency, .. } =
        built.map_err(|error| CommandError::new(error.to_string()))?;
    let migrator = Arc::new(Migrator::new(parts, migrator));
    let mut settings = BulkSettings {
        tenant: arguments.tenant.clone(),
        events: if arguments.events { BulkEvents::On } else { BulkEvents::Off },
        mode: if arguments.dry_run { BulkMode::Rehearse } else { BulkMode::Create },
        limits: Some(limits),
        ..BulkSettings::new(source)
    };
    let unknown = || CommandError::new(format!("there is no source `{source}`"));
    if records == OwnRecords::Export {
        let bulk = Bulk::new(Arc::clone(&migrator), BulkSettings::new(source)).ok_or_else(unknown)?;
        settings.shared = shared::find(&Arc::new(bulk), &input)?.map(|shared| shared as _);
    }
    let mut report = Report::open(arguments)?;
    let bulk = Arc::new(Bulk::new(Arc::clone(&migrator), settings).ok_or_else(unknown)?);
    if !arguments.dry_run {
        // what an interrupted run has left
        recovered(&migrator).await?;
    }
    let jobs = arguments.jobs.map_or(concurrency.min(JOBS), usize::from);
    let run = run::run(&bulk, &input, jobs, &mut report).await;
    report.flush()?;
    run?;
    if !arguments.dry_run {
        recovered(&migrator).await?;
        target.checkpoint().await?;
    }
    Ok(if report.has_failures() { FINDINGS } else { FINE })
}

/// Settles what was interrupted. Waits while the target or the ledger is down, as the run itself does.
async fn recovered(migrator: &Migrator) -> Result<(), CommandError> {
    let began = Instant::now();
    loop {
        match migrator.recover().await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_temporary() && began.elapsed() < PATIENCE => tokio::time::sleep(RETRY).await,
            Err(error) => {
                let help = "what was created stays; when the problem is solved, run the same command again to continue";
                return Err(CommandError::new(format!("cannot settle what was interrupted: {error}")).help(help));
            }
        }
    }
}

/// Fails if an output would replace what is read, or if both outputs are the same file.
fn check_files(arguments: &Arguments) -> Result<(), CommandError> {
    let Arguments { config, input, results, rejects, .. } = arguments;
    fn named<'p>(option: &'static str, path: Option<&'p PathBuf>) -> Option<(&'static str, &'p Path)> {
        path.map(|path| (option, path.as_path()))
    }
    let files = named("--in", input.input.as_ref()).into_iter().chain(input.options.files()).collect();
    let reads = Reads { files, rules: None, settings: Some(config) };
    let outputs: Vec<_> =
        [named("--results", results.as_ref()), named("--rejects", rejects.as_ref())].into_iter().flatten().collect();
    reads.check(&outputs)
}
