//! `landfall status`: the progress of the migration.

mod cohorts;
mod forecast;
mod report;
mod shadow;

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;

use super::customers::{Export, ExportArguments, NO_ACTIVITY};
use super::{CommandError, FINDINGS, FINE, show, stores};
use crate::config::{self, Opening};
use crate::ports::Reports;
use cohorts::Cohorts;
use forecast::{Rate, forecast};
use report::Progress;

/// Arguments of `landfall status`.
#[derive(clap::Args)]
#[command(
    after_help = "The forecast assumes the rate of the last 7 days; its interval is what chance and the difference between days allow. A \
migration slows down, because those who sign in often come first.

Stuck customers came and could not be migrated, or must still choose a password; each is counted once, for the last reason. \
Wrong passwords count from the third one on.

With --in, customers are counted by the month in which they were last active in the legacy system. The month is read from the \
export: the ledger does not keep it.

Examples:
  landfall status                              # the progress of the migration
  landfall status --of 1000000 --share 95      # and when 95 % of a million customers will be migrated
  landfall status --in users.ndjson            # how many customers of each month of last activity have come
  landfall status --in users.csv --active '$.last_login'
  landfall status --shadow                     # what candidate rules make differently, and drift
  landfall status --format json                # for other programs"
)]
pub struct Arguments {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// Number of customers in the legacy system [default: with --in, the customers of the export]
    #[arg(long, value_name = "CUSTOMERS")]
    of: Option<u64>,
    /// Forecast when this percentage of them will be migrated
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u8).range(1..=100))]
    share: u8,
    #[command(flatten)]
    export: ExportArguments,
    /// Show instead what `shadow` and `drift` have noticed about live records
    #[arg(long, conflicts_with_all = ["of", "input"])]
    shadow: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Human,
    /// A JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// If the settings, the ledger or the export cannot be read.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if arguments.shadow {
        return shadow::run(&arguments.config, arguments.format);
    }
    let has_export = arguments.export.is_given()?;
    if !has_export && arguments.export.source.is_some() {
        return Err(CommandError::new("`--source` says whose rules read an export").help("add `--in FILE`"));
    }
    let now = Timestamp::now();
    let progress = match has_export {
        false => stores::ledger(&arguments.config, Opening::Existing, async |stores| {
            progress(&*stores.ledger.reports, arguments, None, now).await
        })?,
        true => {
            let export = Export::open(&arguments.config, &arguments.export, &[])?;
            stores::block_on(async {
                let opened = config::ledger(export.settings(), export.folder(), Opening::Existing).await;
                let ledger = opened.map_err(|error| stores::not_opened(&error))?.ledger;
                let cohorts = Cohorts::read(&export, &*ledger.reports, now)?;
                progress(&*ledger.reports, arguments, Some(cohorts), now).await
            })?
        }
    };
    let text = match arguments.format {
        Format::Human => progress.human(),
        Format::Json => format!("{:#}\n", progress.json()),
    };
    show::output(&text)?;
    if arguments.export.active.is_none() && progress.cohorts.as_ref().is_some_and(Cohorts::are_unknown) {
        anstream::eprintln!("{NO_ACTIVITY}");
    }
    Ok(match progress.cohorts {
        Some(cohorts) if cohorts.totals.is_incomplete() => {
            let missing = cohorts.totals.unreadable + cohorts.totals.without_id;
            anstream::eprintln!(
                "{missing} records cannot be compared with the ledger; `landfall transform --rejects FILE` says why"
            );
            FINDINGS
        }
        _ => FINE,
    })
}

async fn progress(
    reports: &dyn Reports,
    arguments: &Arguments,
    cohorts: Option<Cohorts>,
    now: Timestamp,
) -> Result<Progress, CommandError> {
    let (summary, stuck) = (reports.summary(now).await?, reports.stuck().await?);
    let of = arguments.of.or_else(|| cohorts.as_ref().map(|cohorts| cohorts.all().customers));
    let forecast = of.map(|all| forecast(&summary, all, arguments.share, now));
    let rate = Rate::of(&summary, now);
    Ok(Progress { summary, stuck, rate, of, share: arguments.share, forecast, cohorts })
}

#[cfg(test)]
mod tests {
    use crate::ports::Summary;

    /// The summary of an empty ledger.
    pub fn nothing() -> Summary {
        Summary {
            migrated: 0,
            pending: 0,
            activated: 0,
            undoing: 0,
            creating: 0,
            overdue: 0,
            abandoned: 0,
            buried: 0,
            authenticated: 0,
            refused: Vec::new(),
            failed: Vec::new(),
            per_day: Vec::new(),
            first_at: None,
            last_at: None,
            events: 0,
            write_backs: 0,
            write_backs_failed: 0,
        }
    }
}
