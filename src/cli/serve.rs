//! `landfall serve`: the service.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::process::{self, Prepared};
use super::{COULD_NOT_RUN, CommandError, FINE, show, stores};
use crate::config::{self, Loaded, Reading};
use crate::diag::{Diagnostic, Files};
use crate::service::{self, compose};

/// What `landfall serve` is asked.
#[derive(clap::Args)]
#[command(
    after_help = "It prints `listening on http://…` when it is ready, and logs to standard error. SIGTERM ends it after the requests that
run; SIGHUP reads the rules and the certificate again.

Examples:
  landfall serve                               with landfall.yaml of this folder
  landfall serve --config /etc/landfall.yaml
  landfall check --config landfall.yaml        before that
  landfall demo                                to see it without any file"
)]
pub struct Arguments {
    /// The settings
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
}

/// How many files a service has open besides its connections: databases and their journals, logs, rules.
const FILES: u64 = 128;

/// Runs the command until a signal ends it. Once the log is set up, everything is said there.
///
/// # Errors
/// When the settings cannot be used. What fails later is logged.
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
    look(prepared, u64::from(loaded.settings.service.connections));
    match stores::block_on(serve(loaded)) {
        Ok(()) => Ok(FINE),
        Err(error) => {
            tracing::error!(%error, help = error.help.as_deref(), "the service cannot run");
            Ok(COULD_NOT_RUN)
        }
    }
}

/// A finding about the settings, as a line of the log.
fn warn(files: &Files, finding: &Diagnostic) {
    let place = finding.labels.first().map(|label| {
        let (line, column) = files.position(label.span);
        format!("{}:{line}:{column}", files.name(label.span.file))
    });
    tracing::warn!(code = finding.code, place, help = finding.help, "{}", finding.message);
}

/// Says what the process is not allowed to.
fn look(prepared: Prepared, connections: u64) {
    let Prepared { files, dumps_nothing } = prepared;
    if let Some(files) = files.filter(|files| *files < connections + FILES) {
        tracing::warn!(files, connections, "the limit of open files is lower than `service.connections` needs");
    }
    if !dumps_nothing {
        tracing::warn!("core dumps cannot be forbidden; they would hold passwords");
    }
}

async fn serve(loaded: Loaded) -> Result<(), CommandError> {
    let failed = |error: &dyn std::error::Error| CommandError::new(error.to_string());
    let composed = compose(loaded).await.map_err(|error| failed(&error))?;
    if let Some(report) = composed.report() {
        tracing::info!(
            records = report.records,
            logins = report.logins,
            ambiguous = report.ambiguous,
            without_login = report.without_login,
            unusable_logins = report.unusable_logins,
            unread = report.unread,
            "read the export"
        );
    }
    if composed.recovered() > 0 {
        tracing::info!(settled = composed.recovered(), "settled creations of the last run");
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
    // Libraries say how they get on; what operators need of them are warnings.
    let level = written.level.name();
    service::LogSettings { format, filter: format!("warn,landfall={level}") }
}
