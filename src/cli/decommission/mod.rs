//! `landfall decommission`: a report whether the legacy system can be switched off, with what shows it and what to do.

mod checks;
mod evidence;
mod page;
mod report;

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;

use super::customers::{DormantAfter, Export, ExportArguments};
use super::output::{Existing, OutError, Reads, Sink};
use super::{CommandError, FINDINGS, FINE, show, stores};
use crate::config::{self, LedgerSettingsOnly, Needs, Opening};
use evidence::{Evidence, Scope};
use report::Report;

/// Arguments of `landfall decommission`.
#[derive(clap::Args)]
#[command(
    long_about = "Reports whether the legacy system can be switched off. It can if no customer needed it for --days days, no creation is in \
        progress, no account is without a password, no password is verified there any more, every legacy account was written \
        back, and the audit, which is the evidence, is intact. With --in, no customer of the export may remain either. Each \
        reason against it says what to do.\n\n\
        A request needed the legacy system if the system knew the customer, or gave no usable answer. Requests for identifiers \
        that nobody knows are counted, and keep nothing running.\n\n\
        Customers who have not come are in the legacy system and not in the ledger, so that only --in finds them. With \
        --dormant-after, those who were last active before do not count.",
    after_help = "Examples:
  landfall decommission
  landfall decommission --days 60 --html report.html
  landfall decommission --in users.ndjson --active '$.last_login' --dormant-after 24mo
  landfall decommission --source club            # one of several legacy systems
  landfall decommission --format json

Exit codes: 0 it can be switched off, 1 it cannot yet, 2 the command could not run"
)]
pub struct Arguments {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// For how many days no customer must have needed the legacy system
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    #[command(flatten)]
    export: ExportArguments,
    /// How long ago, or before which day, customers who do not count were last active: `24mo`, `400d` or `2024-06-30`
    #[arg(long, value_name = "TIME|DAY", requires = "input")]
    dormant_after: Option<DormantAfter>,
    /// File for the report as a page, which needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace the file of --html if it exists
    #[arg(long)]
    force: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Human,
    /// A JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// If the settings, the ledger or the export cannot be read, or a file cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    check_files(arguments)?;
    let existing = if arguments.force { Existing::IsReplaced } else { Existing::Stays };
    let sink = arguments.html.as_deref().map(|path| Sink::create(path, existing)).transpose()?;
    let report = Report::of(evidence(arguments)?);
    let is_page = arguments.html.as_deref().is_some_and(super::input::is_dash);
    let is_read = match arguments.format {
        _ if is_page => true,
        Format::Human => show::read_output(&report.human())?,
        Format::Json => show::read_output(&format!("{:#}\n", report.json()))?,
    };
    if let Some(mut sink) = sink.filter(|_| is_read) {
        let failed = |OutError { name, error }| CommandError::new(format!("cannot write {name}: {}", error.kind()));
        sink.write(page::html(&report)?.as_bytes()).and_then(|()| Sink::finish([sink])).map_err(failed)?;
    }
    Ok(if report.can_be_switched_off() { FINE } else { FINDINGS })
}

fn check_files(arguments: &Arguments) -> Result<(), CommandError> {
    let is_given = arguments.export.is_given()?;
    let files = if is_given { arguments.export.input.files() } else { Vec::new() };
    let reads = Reads { files, rules: None, settings: Some(&arguments.config) };
    let outputs: Vec<_> = arguments.html.iter().map(|path| ("--html", path.as_path())).collect();
    reads.check(&outputs)
}

/// What the ledger, and the export if there is one, say.
fn evidence(arguments: &Arguments) -> Result<Evidence, CommandError> {
    let now = Timestamp::now();
    let scope = |settings: &config::Settings| Scope::new(arguments.export.source.as_deref(), settings);
    if !arguments.export.is_given()? {
        let LedgerSettingsOnly { settings, folder } = stores::needed_settings(&arguments.config, Needs::Ledger)?;
        let scope = scope(&settings)?;
        return stores::block_on(async {
            let opened = config::ledger(&settings, &folder, Opening::Inspect).await;
            let ledger = opened.map_err(|error| stores::not_opened(&error))?.ledger;
            Evidence::gather(&*ledger.reports, scope, now, arguments.days).await
        });
    }
    let export = Export::open(&arguments.config, &arguments.export, &[])?;
    let scope = scope(export.settings())?;
    stores::block_on(async {
        let opened = config::ledger(export.settings(), export.folder(), Opening::Inspect).await;
        let ledger = opened.map_err(|error| stores::not_opened(&error))?.ledger;
        let gathered = Evidence::gather(&*ledger.reports, scope, now, arguments.days).await?;
        gathered.with_customers(&*ledger.reports, &export, arguments.dormant_after.as_ref())
    })
}
