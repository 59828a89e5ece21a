//! `landfall schema`: prints JSON Schemas (draft 07) for editors, and the built-in target schemas.

mod parts;
mod rule_files;
mod test_files;

use clap::ValueEnum;

use super::{CommandError, FINE, show};
use crate::config::json_schema;
use crate::schema::Schema;

/// Arguments of `landfall schema`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall schema rules > landfall-rules.schema.json     # completion and checks in an editor
  landfall schema tests > landfall-tests.schema.json
  landfall schema settings > landfall.schema.json
  landfall schema standard                               # the claims of `schema: standard`

With the YAML language server, begin a rule file with
  # yaml-language-server: $schema=landfall-rules.schema.json")]
pub struct Arguments {
    /// Which schema
    #[arg(value_enum)]
    which: Which,
}

/// The schema to print.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The schema of rule files
    Rules,
    /// The schema of test files
    Tests,
    /// The schema of settings files
    Settings,
    /// The target schema `standard`
    Standard,
    /// The target schema `scim`
    Scim,
}

/// Runs the command.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let text = match arguments.which {
        Which::Rules => format!("{:#}\n", rule_files::schema()),
        Which::Tests => format!("{:#}\n", test_files::schema()),
        Which::Settings => format!("{:#}\n", json_schema()),
        Which::Standard => document("standard")?,
        Which::Scim => document("scim")?,
    };
    show::output(&text)?;
    Ok(FINE)
}

fn document(name: &str) -> Result<String, CommandError> {
    let document = Schema::builtin_document(name);
    document.map(str::to_owned).ok_or_else(|| CommandError::new(format!("unknown built-in schema `{name}`")))
}
