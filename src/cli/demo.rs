//! `landfall demo`: an invented shop, and customers who come across while one watches.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::{CommandError, FINE, process, show};
use crate::demo::page::curl;
use crate::demo::samples::ARRIVING;
use crate::demo::world::{Demo, DemoError, open};
use crate::service::ServiceError;

/// What `landfall demo` is asked.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall demo                          http://127.0.0.1:8080/, files in a temporary folder
  landfall demo --listen 127.0.0.1:0     on a free port, which is printed
  landfall demo --keep demo              files stay in demo/, and the next time it goes on with them")]
pub struct Arguments {
    /// Where to listen; without callers' credentials only loopback is admitted
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    listen: SocketAddr,
    /// Keeps the shop, the account store and the ledger in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Runs the command until Ctrl-C.
///
/// # Errors
/// When the files cannot be written, or the address cannot be listened on.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    process::prepare();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(arguments)).map(|()| FINE)
}

async fn serve(arguments: &Arguments) -> Result<(), CommandError> {
    let Demo { service, folder } = open(arguments.listen, arguments.keep.as_deref()).await.map_err(failed)?;
    // Before anybody is told the address, so that Ctrl-C always tidies up.
    let service = service.obeying_signals().map_err(|error| failed(error.into()))?;
    show::output(&welcome(service.address(), folder.path()))?;
    service.run().await.map_err(|error| failed(error.into()))?;
    drop(folder);
    Ok(show::output("the demo has ended\n")?)
}

fn failed(error: DemoError) -> CommandError {
    let help = match &error {
        DemoError::Service(ServiceError::Bind { .. }) => "take a free port: `landfall demo --listen 127.0.0.1:0`",
        DemoError::Service(ServiceError::Open(_)) => "listen on 127.0.0.1 or [::1]",
        DemoError::Folder(_) | DemoError::Shop(_) | DemoError::Port(_) => "`--keep DIR` names another folder",
        _ => return CommandError::new(error.to_string()),
    };
    CommandError::new(error.to_string()).help(help)
}

fn welcome(address: SocketAddr, folder: &Path) -> String {
    let mut text =
        format!("A legacy shop with invented customers, and Landfall in front of it\n\n  open   http://{address}/\n\n");
    for sample in ARRIVING.iter().take(3) {
        // writing to a `String` cannot fail
        let _ = writeln!(text, "         {:<16} {:<20} {}", sample.login, sample.password, sample.title);
    }
    let _ =
        write!(text, "\n  curl   {}\n\n  files  {}\n\nCtrl-C ends it.\n", curl(&address.to_string()), folder.display());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_welcome_says_where_and_who() {
        let text = welcome(SocketAddr::from((Ipv4Addr::LOCALHOST, 4711)), Path::new("/tmp/x"));
        for part in [
            "http://127.0.0.1:4711/\n",
            "ida.brandt",
            "harbour-lamp-42",
            "siobhan.murphy",
            "curl -s",
            "/v1/login",
            "/tmp/x",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
