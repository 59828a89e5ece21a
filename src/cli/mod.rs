//! The command line: one file per command, and one line per command in the table below.

use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

mod account;
mod assess;
mod audit;
mod bridge;
mod bulk;
mod capability;
mod check;
mod completions;
mod config;
mod consent;
mod customers;
mod decommission;
mod demo;
mod diff;
mod explain;
mod fmt;
mod init;
mod input;
mod ledger;
mod load;
mod ops;
mod output;
mod password;
mod pipeline;
mod process;
mod progress;
mod remaining;
mod rules;
mod schema;
mod serve;
mod share;
mod show;
mod signals;
mod status;
mod stores;
mod terminal;
mod test;
mod transform;
mod undo;
mod watch;
mod write_back;

/// The command succeeded.
pub const FINE: u8 = 0;
/// There were findings, failed tests or invalid records.
pub const FINDINGS: u8 = 1;
/// The command could not run.
pub const COULD_NOT_RUN: u8 = 2;

#[derive(Parser)]
#[command(
    name = "landfall",
    version,
    about,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "Examples:
  landfall demo                                       # watch customers migrate, without any files
  landfall init --from users.ndjson --out rules.yaml  # starter rules from sample records
  landfall check --explain R203                       # what the code of a finding means

`landfall COMMAND --help` describes a command, with examples."
)]
struct Arguments {
    /// When to use colours; `auto` means on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, display_order = 1000)]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a demo: a fictional legacy shop, and a page to sign in and watch customers migrate
    Demo(demo::Arguments),
    /// Serve logins, and migrate customers who have no account yet
    Serve(serve::Arguments),
    /// Show the progress of the migration
    Status(status::Arguments),
    /// List the customers of an export who have not come yet
    Remaining(remaining::Arguments),
    /// Report whether the legacy system can be switched off, and why not
    Decommission(decommission::Arguments),
    /// Show, list, delete and restore accounts
    Account(account::Arguments),
    /// Undo migrations whose accounts have not changed since
    Undo(undo::Arguments),
    /// List and retry changes of legacy accounts that wait or failed
    WriteBack(write_back::Arguments),
    /// List, verify and export the audit
    Audit(audit::Arguments),
    /// Move the ledger and the accounts from files to a database
    Ledger(ledger::Arguments),
    /// List the identity providers that Landfall answers at their login, and show how each is set up
    Bridge(bridge::Arguments),
    /// Print the effective settings, or a starter settings file
    Config(config::Arguments),
    /// Check rules and settings: names, paths, types, regexes, scripts
    Check(check::Arguments),
    /// Run the tests and examples of rules
    Test(test::Arguments),
    /// Explain how rules map one record
    Explain(explain::Arguments),
    /// Turn a file of legacy records into accounts
    Transform(transform::Arguments),
    /// Say what will happen to the customers of an export before the first login
    Assess(Box<assess::Arguments>),
    /// Compare what two versions of rules make of the same records
    Diff(diff::Arguments),
    /// Create the accounts of customers who have not come yet
    Bulk(bulk::Arguments),
    /// Write starter rules from sample records
    Init(init::Arguments),
    /// List, print and copy the ready rules in the program
    Rules(rules::Arguments),
    /// Format rule and test files
    Fmt(fmt::Arguments),
    /// List the steps, or describe one
    Ops(ops::Arguments),
    /// Identify and verify stored passwords, and hash new ones
    Password(password::Arguments),
    /// Print a JSON Schema: of rule files, test files or settings, or a built-in target schema
    Schema(schema::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
}

/// Why a command could not run: one sentence and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    message: String,
    help: Option<String>,
}

impl CommandError {
    /// An error with one sentence.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("reading or writing failed: {}", error.kind()))
    }
}

/// Reads the arguments, runs the command, and returns its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let asked = terminal::asked(std::env::args_os().skip(1));
    let mut matches = Arguments::command().color(asked).get_matches();
    let parsed = Arguments::from_arg_matches_mut(&mut matches);
    let Arguments { command, color } = parsed.unwrap_or_else(|error| error.exit());
    terminal::decide(color);
    signals::fail_writes_of_large_files();
    let result = match command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Remaining(arguments) => remaining::run(&arguments),
        Command::Decommission(arguments) => decommission::run(&arguments),
        Command::Account(arguments) => account::run(&arguments),
        Command::Undo(arguments) => undo::run(&arguments),
        Command::WriteBack(arguments) => write_back::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Ledger(arguments) => ledger::run(&arguments),
        Command::Bridge(arguments) => bridge::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Transform(arguments) => transform::run(&arguments),
        Command::Assess(arguments) => assess::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Bulk(arguments) => bulk::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Ops(arguments) => ops::run(&arguments),
        Command::Password(arguments) => password::run(arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report(&error);
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn report(error: &CommandError) {
    anstream::eprintln!("error: {error}");
    if let Some(help) = &error.help {
        anstream::eprintln!("help: {help}");
    }
}

#[cfg(test)]
mod documented_tests;
