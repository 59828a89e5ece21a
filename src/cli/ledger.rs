//! `landfall ledger copy`: moves the ledger and the accounts from SQLite files to a PostgreSQL database.

use std::path::{Path, PathBuf};

use super::{CommandError, FINE, show, stores};
use crate::adapters::registry::{self, Copied, Copying};
use crate::config::Needs;

/// Arguments of `landfall ledger`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Copy the ledger and the accounts from SQLite files to the database of the settings, and verify the audit
    Copy(Copy),
}

#[derive(clap::Args)]
#[command(
    after_help = "Write the new addresses into the settings, keep `ledger.key`, and run the command once, while the service still runs \
on the files or is stopped. Logins are answered 503 during the copy. Afterwards the old ledger serves nobody: start the service \
with the new settings.

Example:
  landfall ledger copy --from sqlite:data/ledger.db --accounts sqlite:data/accounts.db --config landfall.yaml"
)]
struct Copy {
    /// The new settings file: `ledger.url` and `target.url` are `postgres://…`
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// The ledger to copy
    #[arg(long, value_name = "sqlite:PATH")]
    from: String,
    /// The account store that belongs to it; leave it out if the accounts stay where they are
    #[arg(long, value_name = "sqlite:PATH")]
    accounts: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// If the settings cannot be read, or something cannot be copied. Nothing was moved then.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let Command::Copy(copy) = &arguments.command;
    let read = stores::needed_settings(&copy.config, Needs::Accounts)?;
    let keyring = stores::keyring(&read)?;
    let target = read.settings.target.adapter();
    let (ledger_file, accounts_file) = (file(&copy.from)?, copy.accounts.as_deref().map(file).transpose()?);
    let copied = stores::block_on(async {
        let copying = Copying {
            ledger_file: &ledger_file,
            accounts_file: accounts_file.as_deref(),
            ledger_url: read.settings.ledger.url.expose(),
            accounts: (target.name(), target.url()),
            folder: &read.folder,
            keyring: keyring.into(),
        };
        Ok(registry::copy_ledger(copying).await?)
    })?;
    let Copied { entries, accounts, head } = copied;
    let accounts = if accounts_file.is_some() { format!("{accounts} accounts, ") } else { String::new() };
    show::output(&format!(
        "copied: {accounts}{entries} entries of customers, {} decisions\nthe audit of the copy is intact: {head}\n\
         the old ledger serves nobody any more; start the service with these settings\n",
        head.number
    ))?;
    Ok(FINE)
}

/// The path of a file that exists.
fn file(url: &str) -> Result<String, CommandError> {
    let path = registry::path_of_file(url, Path::new(""));
    let path = path.ok_or_else(|| {
        CommandError::new(format!("`{url}` is not the address of a file"))
            .help("write it as in `sqlite:data/ledger.db`")
    })?;
    if Path::new(&path).is_file() { Ok(path) } else { Err(CommandError::new(format!("there is no file `{path}`"))) }
}
