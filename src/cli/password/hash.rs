//! `landfall password hash`: hashes one password to a PHC string.

use std::io::{BufRead, IsTerminal, Write};

use crate::cli::{CommandError, FINE};
use crate::model::Password;
use crate::password::lane::Workspace;
use crate::password::store::{PasswordStore, Peppers, StoreParameters};
use crate::random;

pub(super) const ABOUT: &str = "\
Hash one password as Landfall stores it: Argon2id with a fresh salt, as a PHC string.

No other scheme can be chosen: hashes of legacy systems are read and verified, never made. `landfall password verify` \
checks a password against one.

The password is read from the terminal without echo, or from the first line of standard input. It is never an argument, \
because other users of the machine can read arguments.";

pub(super) const EXAMPLES: &str = "\
Examples:
  landfall password hash
  landfall password hash --memory 65536 --passes 3 --lanes 4 < password.txt";

/// Arguments of `landfall password hash`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Memory in KiB
    #[arg(long, value_name = "KIB", default_value_t = 19456)]
    memory: u32,
    /// Passes over the memory
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    passes: u32,
    /// Lanes (parallelism)
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    lanes: u32,
}

/// Runs the command.
///
/// # Errors
/// If there is no password, the parameters are out of bounds, or the output cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let parameters = StoreParameters::new(arguments.memory, arguments.passes, arguments.lanes)
        .map_err(|error| CommandError::new(error.to_string()))?;
    let password = Password::new(read_password()?).map_err(|error| CommandError::new(error.to_string()))?;
    let store = PasswordStore::new(parameters, Peppers::none());
    let hash = store
        .hash(&password, &mut random::bytes, &mut Workspace::new())
        .map_err(|error| CommandError::new(error.to_string()))?;
    writeln!(std::io::stdout(), "{hash}")
        .map_err(|error| CommandError::new(format!("cannot write the output: {error}")))?;
    Ok(FINE)
}

fn read_password() -> Result<Vec<u8>, CommandError> {
    let unreadable = |error: std::io::Error| CommandError::new(format!("cannot read the password: {error}"));
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return rpassword::prompt_password("Password: ").map(String::into_bytes).map_err(unreadable);
    }
    let mut line = Vec::new();
    stdin.lock().read_until(b'\n', &mut line).map_err(unreadable)?;
    let end = line.iter().rposition(|byte| *byte != b'\n' && *byte != b'\r').map_or(0, |at| at + 1);
    line.truncate(end);
    if line.is_empty() { Err(CommandError::new("the password is empty")) } else { Ok(line) }
}
