//! `landfall demo`: a fictional shop whose customers migrate when they sign in on its page.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::{CommandError, FINE, process, show};
use crate::bridge::Kind;
use crate::demo::bridge::{play, recorded, wrapped};
use crate::demo::folder::Folder;
use crate::demo::kept::settings;
use crate::demo::page::curl;
use crate::demo::samples::MIGRATING;
use crate::demo::world::{Demo, DemoError, open, open_bridge};
use crate::service::ServiceError;

/// Arguments of `landfall demo`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall demo                          # http://127.0.0.1:8080/, files in a temporary folder
  landfall demo --listen 127.0.0.1:0     # choose a free port and print it
  landfall demo --keep demo              # keep the files in demo/ and continue with them next time
  landfall status --config demo/landfall.yaml
  landfall demo --bridge keycloak        # the calls of Keycloak at a login, and what Landfall answers
  landfall demo --bridge keycloak --listen 127.0.0.1:8080
                                         # the same, and then go on answering")]
pub struct Arguments {
    /// Address to listen on; must be a loopback address, because the demo has no caller credentials
    /// [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Keep the shop, the account store and the ledger in this folder, with settings, rules and an export for other commands
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Show the recorded calls of an identity provider at a login, the answers, and what the ledger recorded; then end, or go
    /// on answering if `--listen` is given
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(recorded()), conflicts_with = "keep")]
    bridge: Option<String>,
}

/// Runs the command until Ctrl-C.
///
/// # Errors
/// If the files cannot be written or the address cannot be bound.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    process::prepare();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.bridge.as_deref().and_then(Kind::named) {
            Some(kind) => ask(kind, arguments.listen).await,
            None => serve(arguments).await,
        }
    })?;
    Ok(FINE)
}

async fn serve(arguments: &Arguments) -> Result<(), CommandError> {
    let listen = arguments.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
    let Demo { service, folder, .. } = open(listen, arguments.keep.as_deref()).await.map_err(failed)?;
    // Before the address is printed, so that Ctrl-C always cleans up.
    let service = service.handling_signals().map_err(|error| failed(error.into()))?;
    show::output(&welcome(service.address(), &folder))?;
    service.run().await.map_err(|error| failed(error.into()))?;
    let kept = folder.is_kept().then(|| kept_files(folder.path()));
    drop(folder);
    Ok(show::output(&format!("the demo has ended\n{}", kept.unwrap_or_default()))?)
}

/// Asks the demo as an identity provider does.
async fn ask(kind: &Kind, listen: Option<SocketAddr>) -> Result<(), CommandError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let Demo { service, reports, folder } = open_bridge(listen.unwrap_or(any), kind).await.map_err(failed)?;
    let service = service.handling_signals().map_err(|error| failed(error.into()))?;
    let base = service.base();
    let mut running = std::pin::pin!(service.run());
    let intro = format!(
        "{}: {}. These are its calls, and the answers of a service in front of the shop of the demo.",
        kind.product, kind.about
    );
    show::output(&format!("{}\n", wrapped(&intro, "")))?;
    let mut output = show::output;
    tokio::select! {
        ended = &mut running => return ended.map_err(|error| failed(error.into())),
        played = play(kind, &base, &*reports, &mut output) => {
            played.map_err(|error| CommandError::new(error.to_string()))?;
        }
    }
    show::output(&format!("`landfall bridge show {}` says how it is set up.\n", kind.name))?;
    if listen.is_some() {
        show::output(&format!("\nThe bridge goes on at {base}/bridge/{}. Press Ctrl-C to stop.\n", kind.name))?;
        running.await.map_err(|error| failed(error.into()))?;
    }
    drop(folder);
    Ok(())
}

fn failed(error: DemoError) -> CommandError {
    let help = match &error {
        DemoError::Service(ServiceError::Bind { .. }) => "use a free port: `landfall demo --listen 127.0.0.1:0`",
        DemoError::Service(ServiceError::Open(_)) => "listen on 127.0.0.1 or [::1]",
        DemoError::Folder(_) | DemoError::Shop(_) | DemoError::Port(_) => "choose another folder with `--keep DIR`",
        _ => return CommandError::new(error.to_string()),
    };
    CommandError::new(error.to_string()).help(help)
}

/// What can be done with the files of a demo that is over.
fn kept_files(folder: &Path) -> String {
    let settings = settings(folder);
    format!("its files work with every command, such as `landfall status --config {}`\n", settings.display())
}

fn welcome(address: SocketAddr, folder: &Folder) -> String {
    let mut text = format!(
        "A legacy shop with fictional customers, and Landfall in front of it\n\n  open   http://{address}/\n\n"
    );
    for sample in MIGRATING.iter().take(3) {
        // writing to a `String` cannot fail
        let _ = writeln!(text, "         {:<16} {:<20} {}", sample.login, sample.password, sample.title);
    }
    let _ = write!(
        text,
        "\n  curl   {}\n\n  files  {}\n\nPress Ctrl-C to stop.\n",
        curl(&address.to_string()),
        files(folder)
    );
    text
}

/// Where the files are, and how other commands are told.
fn files(folder: &Folder) -> String {
    let path = folder.path().display().to_string();
    if folder.is_kept() {
        format!("{path}\n         landfall status --config {}", settings(folder.path()).display())
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_welcome_shows_the_address_and_sample_logins() {
        let around = tempfile::tempdir().unwrap();
        let folder = Folder::kept(&around.path().join("x")).unwrap();
        let text = welcome(SocketAddr::from((Ipv4Addr::LOCALHOST, 4711)), &folder);
        for part in [
            "http://127.0.0.1:4711/\n",
            "ida.brandt",
            "harbour-lamp-42",
            "siobhan.murphy",
            "curl -s",
            "/v1/login",
            "landfall status --config ",
            "/x/landfall.yaml",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
