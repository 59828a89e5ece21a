//! `landfall serve`: the service.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::{CommandError, FINE, books, show};
use crate::config;
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

/// Runs the command until a signal ends it.
///
/// # Errors
/// When the settings cannot be used, or the service cannot start.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let loaded = books::settings(&arguments.config)?;
    service::init(&logs(&loaded.settings.log)).map_err(|error| CommandError::new(error.to_string()))?;
    books::block_on(async {
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
        composed.run().await.map_err(|error| failed(&error))?;
        Ok(FINE)
    })
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
