//! `landfall schema`: JSON Schemas (draft 07) for editors, and the built-in target schemas.

mod parts;
mod rule_files;
mod settings;
mod test_files;

use clap::ValueEnum;

use super::{CommandError, FINE, show};
use crate::schema::Schema;

/// What `landfall schema` is asked.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall schema rules > landfall-rules.schema.json     completion and checks while typing
  landfall schema tests > landfall-tests.schema.json
  landfall schema settings > landfall.schema.json
  landfall schema standard                               the claims of `target: standard`

With the YAML language server, begin a rule file with
  # yaml-language-server: $schema=landfall-rules.schema.json")]
pub struct Arguments {
    /// Which schema
    #[arg(value_enum)]
    which: Which,
}

/// Which schema is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// What a rule file may hold
    Rules,
    /// What a test file may hold
    Tests,
    /// What a settings file may hold
    Settings,
    /// The target schema `standard`
    Standard,
    /// The target schema `scim`
    Scim,
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let text = match arguments.which {
        Which::Rules => format!("{:#}\n", rule_files::schema()),
        Which::Tests => format!("{:#}\n", test_files::schema()),
        Which::Settings => format!("{:#}\n", settings::schema()),
        Which::Standard => document("standard")?,
        Which::Scim => document("scim")?,
    };
    show::output(&text)?;
    Ok(FINE)
}

fn document(name: &str) -> Result<String, CommandError> {
    let document = Schema::builtin_document(name);
    document.map(str::to_owned).ok_or_else(|| CommandError::new(format!("there is no built-in schema `{name}`")))
}
