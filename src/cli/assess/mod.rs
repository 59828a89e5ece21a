//! `landfall assess`: says what will happen to the customers of an export before the first login.

mod diff;
mod human;
mod merge;
mod report;
mod run;

use super::CommandError;

/// Arguments of `landfall assess`.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    long_about = "Says what will happen to the customers of an export before the first login.\n\n\
        With rules: what they make of every record, claim by claim, with reasons and record numbers; values without an entry in a \
        lookup; fields that nobody reads; ids, logins, mail addresses and phone numbers that several records share; which stored \
        passwords can be checked, and what that costs; and a forecast in which every customer is counted once: how many migrate \
        at their first login, need a new password, or cannot migrate, why, and what to do about it.\n\n\
        Without rules: what the fields contain.\n\n\
        Nothing is written to any system. Records are streamed on all processors; memory use does not grow with their number. \
        The report has no value of a customer: values are shown only if at least 20 records have them, and others as patterns \
        such as `Aaaa 99`; values of secrets are never shown. --show-values shows rare values, too, for a look on your own \
        machine.\n\n\
        Record numbers count from 1; unreadable records count.",
    after_help = "Examples:
  landfall assess --rules wordpress.yaml --in users.ndjson
  landfall assess --rules wordpress.yaml --in users.ndjson --out before.json --duplicates shared.ndjson
  landfall assess --rules wordpress.yaml --in users.ndjson --html report.html
  landfall assess --in users.csv                                  # what the fields contain, without rules
  landfall assess --rules auth0.yaml --in export.json --records '$.users' --format json
  landfall assess --rules shop.yaml --in users.csv --fail-over 2% --fail-over phone.value=5%
  landfall assess diff before.json after.json
  landfall assess --rules shop.yaml --in part-1.ndjson --partial 1.part --now 2026-01-01T00:00:00Z
  landfall assess merge 1.part 2.part

Exit codes: 0 success, 1 a threshold of --fail-over is exceeded, 2 the run could not be completed"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    assess: run::Assess,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Compare two assessments
    Diff(diff::Diff),
    /// Merge the partial results of consecutive parts of an export
    Merge(merge::Merge),
}

/// Runs the command.
///
/// # Errors
/// If the rules have errors, a file cannot be read or written, or the records cannot be read to the end.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        None => run::run(&arguments.assess),
        Some(Command::Diff(arguments)) => diff::run(arguments),
        Some(Command::Merge(arguments)) => merge::run(arguments),
    }
}

#[cfg(test)]
mod tests;
