//! `landfall serve`: runs the service.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::process::{self, Prepared};
use super::{COULD_NOT_RUN, CommandError, FINE, show, stores, terminal};
use crate::config::{self, Loaded, Reading};
use crate::diag::{Diagnostic, Files};
use crate::service::{self, compose};

/// Arguments of `landfall serve`.
#[derive(clap::Args)]
#[command(
    after_help = "Prints `listening on http://…` when it is ready, and logs to standard error. SIGTERM stops the service after the running \
requests have ended; SIGHUP reloads the rules and the certificate.

Examples:
  landfall serve                               # with landfall.yaml in this folder
  landfall serve --config /etc/landfall.yaml
  landfall check --config landfall.yaml        # check the settings first
  landfall demo                                # try Landfall without any files"
)]
pub struct Arguments {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
}

/// How many files a service opens besides its connections: databases and their journals, logs, rules.
const FILES: u64 = 128;

/// Runs the service until a signal ends it. Once logging is set up, every message goes to the log.
///
/// # Errors
/// If the settings are invalid. Later failures are logged.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let prepared = process::prepare();
    let Reading { files, findings, loaded } = stores::read(&arguments.config)?;
    let Some(loaded) = loaded else {
        show::findings(&files, &findings);
        return Err(stores::unusable(&arguments.config));
    };
    service::init(&logs(&loaded.settings.log)).map_err(|error| CommandError::new(error.to_string()))?;
    for finding in &findings {
        warn(&files, finding);
    }
    warn_of_limits(prepared, u64::from(loaded.settings.service.connections));
    match stores::block_on(serve(loaded)) {
        Ok(()) => Ok(FINE),
        Err(error) => {
            tracing::error!(%error, help = error.help.as_deref(), "the service cannot run");
            Ok(COULD_NOT_RUN)
        }
    }
}

/// Logs a finding about the settings.
fn warn(files: &Files, finding: &Diagnostic) {
    let place = finding.labels.first().map(|label| {
        let (line, column) = files.position(label.span);
        format!("{}:{line}:{column}", files.name(label.span.file))
    });
    tracing::warn!(code = finding.code, place, help = finding.help, "{}", finding.message);
}

/// Logs which limits of the process are too low.
fn warn_of_limits(prepared: Prepared, connections: u64) {
    let Prepared { files, dumps_nothing } = prepared;
    if let Some(files) = files.filter(|files| *files < connections + FILES) {
        tracing::warn!(
            files,
            connections,
            "the limit of open files is too low for `service.connections`; raise it, or lower `service.connections`"
        );
    }
    if !dumps_nothing {
        tracing::warn!("cannot disable core dumps, which would contain passwords");
    }
}

async fn serve(loaded: Loaded) -> Result<(), CommandError> {
    let failed = |error: &dyn std::error::Error| CommandError::new(error.to_string());
    let composed = compose(loaded).await.map_err(|error| failed(&error))?;
    for report in composed.files() {
        tracing::info!(
            records = report.records,
            logins = report.logins,
            ambiguous = report.ambiguous,
            without_login = report.without_login,
            unusable_logins = report.unusable_logins,
            unread = report.unread,
            "read the export"
        );
        if let Some(reason) = report.nobody() {
            tracing::warn!("{reason}");
        }
        if let Some(notice) = &report.notice {
            tracing::warn!("export: {notice}");
        }
    }
    if composed.recovered() > 0 {
        tracing::info!(settled = composed.recovered(), "settled account creations of the last run");
    }
    show::output(&format!("listening on {}\n", composed.base()))?;
    composed.run().await.map_err(|error| failed(&error))
}

fn logs(written: &config::LogSettings) -> service::LogSettings {
    let format = match written.format {
        config::LogFormat::Json => service::LogFormat::Json,
        config::LogFormat::Text => service::LogFormat::Text,
        config::LogFormat::Auto if std::io::stderr().is_terminal() => service::LogFormat::Text,
        config::LogFormat::Auto => service::LogFormat::Json,
    };
    // Libraries log a lot about their progress; operators need only their warnings.
    let level = written.level.name();
    let colours = if terminal::error_has_colour() { service::LogColours::Shown } else { service::LogColours::None };
    service::LogSettings { format, filter: format!("warn,landfall={level}"), colours }
}
