//! `landfall diff`: what two versions of rules make of the same records.

mod params;
mod report;
mod tally;
mod worker;

use std::convert::Infallible;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::ValueEnum;

use super::input::{InputArguments, Opened};
use super::progress::Progress;
use super::{CommandError, FINDINGS, FINE, load, pipeline, show};
use crate::compare::Comparison;
use crate::engine::plan::Plan;
use crate::engine::run::Settings;
use crate::formats::ReadOptions;
use crate::ports::IdentifierProfile;
use report::Report;
use tally::Tally;
use worker::{Batch, How, Version, Worker};

/// Arguments of `landfall diff`.
#[derive(clap::Args)]
#[command(
    long_about = "Runs two versions of rules over the same records, and reports which accounts and claims differ.\n\n\
        Differences are grouped by claim and by kind: an account is made, denied or invalid that was not (or there is \
        still none, for another reason); a claim is added, removed or changed. `credential` is the stored password, \
        `identify.id` the legacy id and `identify.logins` what customers type to sign in. Each group has the numbers of \
        records as examples, with their values as shapes: letters become `a`, digits `9`. Stored passwords are named by \
        their scheme only.\n\n\
        Records are judged as in `transform`: if the rules have `identify`, those that a login would not accept are \
        invalid. Both versions are given the same parameters, as far as they declare them, and the same time.",
    after_help = "Examples:
  landfall diff shop.yaml shop.new.yaml --in users.ndjson
  landfall diff shop.yaml shop.new.yaml --in users.csv.gz --param region=DE
  landfall diff old.yaml new.yaml --in export.json --records '$.users' --limit 1000
  landfall diff old.yaml new.yaml --in users.ndjson --format json

Exit codes: 0 nothing differs, 1 something differs, 2 the rules could not be compared"
)]
pub struct Arguments {
    /// The rule file as it was
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The rule file as it is now
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The records.
    #[command(flatten)]
    input: InputArguments,
    /// Set a parameter of the versions that declare it; can be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Show values of customers in the examples. Stored passwords are never shown
    #[arg(long)]
    show_values: bool,
    /// Number of examples for each kind of difference
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=20))]
    examples: u8,
    /// Output format
    #[arg(long, value_enum, default_value_t = Output::Human)]
    format: Output,
    /// Number of threads [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
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

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For the terminal
    Human,
    /// A JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// If the rules have errors, or the records cannot be read to the end.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let (tally, comparison) = compared(arguments)?;
    let report = Report { arguments, tally: &tally, comparison: &comparison };
    show::output(&match arguments.format {
        Output::Human => report.human(),
        Output::Json => format!("{:#}\n", report.json()),
    })?;
    Ok(if tally.differing > 0 { FINDINGS } else { FINE })
}

/// Compares the records of the input.
fn compared(arguments: &Arguments) -> Result<(Tally, Comparison), CommandError> {
    let (old, new) = (load::plan(&arguments.old)?, load::plan(&arguments.new)?);
    params::check(&[&old, &new], &arguments.params)?;
    let now = arguments.now.unwrap_or_else(jiff::Timestamp::now);
    let (old_settings, new_settings) = (arguments.settings(&old, now)?, arguments.settings(&new, now)?);
    let comparison = Comparison::new(&old, &new);
    let how = How {
        old: Version { plan: &old, settings: &old_settings },
        new: Version { plan: &new, settings: &new_settings },
        comparison: &comparison,
        as_login: (!arguments.no_as_login).then(IdentifierProfile::default),
        examples: usize::from(arguments.examples),
        shows_values: arguments.show_values,
    };
    let input = arguments.input.prepare(ReadOptions::default())?;
    let progress = Progress::new(input.path());
    let Opened { records, notes } = input.open(|source| progress.follow(source))?;
    let (mut tally, mut stopped) = (Tally::default(), None);
    let write = |batch: &mut Batch| {
        stopped = stopped.take().or_else(|| batch.stopped.take());
        tally.take(&mut batch.tally, how.examples);
        progress.show(tally.records);
        Ok::<(), Infallible>(())
    };
    let Ok(()) = pipeline::run(records, arguments.jobs(), || Worker::new(&how), write);
    progress.end();
    notes.show();
    let Some(message) = stopped else {
        return if tally.records > 0 { Ok((tally, comparison)) } else { Err(nothing_compared(tally.unreadable)) };
    };
    let help = match arguments.input.options.records {
        Some(_) if tally.records == 0 => "`--records` takes the path of the list that contains the records",
        _ => "fix the input, or compare the records before that place with `--limit`",
    };
    Err(CommandError::new(format!("cannot read the input to the end: {message}")).help(help))
}

/// Nothing was compared, which must not pass for "nothing differs".
fn nothing_compared(unreadable: u64) -> CommandError {
    let message = match unreadable {
        0 => "the input has no record".to_owned(),
        1 => "the only record cannot be read".to_owned(),
        all => format!("none of the {all} records can be read"),
    };
    CommandError::new(message).help("`landfall transform --rejects FILE` says what is wrong with each record")
}

impl Arguments {
    /// What a version runs with.
    fn settings(&self, plan: &Plan, now: jiff::Timestamp) -> Result<Settings, CommandError> {
        let mut settings = load::settings(plan, &params::declared(plan, &self.params))?;
        settings.check_credentials = true;
        settings.limits.bytes = ReadOptions::default().record_bytes;
        settings.facts.now = Some(now.to_string());
        settings.facts.tenant.clone_from(&self.tenant);
        Ok(settings)
    }

    fn jobs(&self) -> usize {
        self.jobs.map_or_else(|| available_parallelism().map_or(1, NonZero::get), usize::from)
    }
}

#[cfg(test)]
mod tests;
