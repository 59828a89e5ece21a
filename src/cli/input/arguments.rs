//! The arguments of every command that reads records.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use super::join::{JoinedAs, Joins, On};
use super::sample::{Picking, Sample};
use super::{Input, is_dash};
use crate::cli::CommandError;
use crate::formats::{Format, ReadOptions};
use crate::rules::RecordsPath;

/// Which records a command reads.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct InputArguments {
    /// File of legacy records; `-` reads standard input. gzip and zstd are unpacked
    #[arg(long = "in", value_name = "FILE", help_heading = "Records")]
    pub input: Option<PathBuf>,
    /// Format of the records [default: detected from the file extension or the first bytes]
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), help_heading = "Records")]
    pub from: Option<Format>,
    /// What is read of it.
    #[command(flatten)]
    pub options: InputOptions,
}

/// What is read of a file of records.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct InputOptions {
    /// Path of the list of records in a JSON, NDJSON or YAML document, such as `$.users`
    #[arg(long, value_name = "PATH", help_heading = "Records")]
    pub records: Option<RecordsPath>,
    /// Names of the columns of CSV without a header row, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Records")]
    pub columns: Vec<String>,
    /// File whose rows are added to the records, by `--on` and `--as`; can be repeated
    #[arg(long, value_name = "FILE", requires_all = ["on", "named"], help_heading = "Records")]
    pub join: Vec<PathBuf>,
    /// Which values are equal in a record and its rows of `--join`, such as `$.id=$.user_id`
    #[arg(long, value_name = "PATH=PATH", requires = "join", help_heading = "Records")]
    pub on: Vec<On>,
    /// Member of the record that its row of `--join` becomes; with `[]` at the end, a list of all its rows
    #[arg(long = "as", id = "named", value_name = "NAME", requires = "join", help_heading = "Records")]
    pub named: Vec<JoinedAs>,
    /// Read only the first records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Records")]
    pub limit: Option<u64>,
    /// Read a random sample: so many records, or a share such as `1%`; the same one every time
    #[arg(long, value_name = "N", help_heading = "Records")]
    pub sample: Option<Sample>,
    /// Take another sample
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Records")]
    pub seed: u64,
}

fn format_parser() -> impl clap::builder::TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::NAMES.map(|(name, _)| name))
        .map(|name| Format::from_name(&name).unwrap_or(Format::Ndjson))
}

impl InputArguments {
    /// The file that is read; `-` if none is given.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.input.as_deref().unwrap_or(Path::new("-"))
    }

    /// The files that are read, each with its option.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, &Path)> {
        [("--in", self.path())].into_iter().chain(self.options.files()).collect()
    }

    /// The first option that is given although it says how `--in` is read, for commands that can run without `--in`.
    #[must_use]
    pub fn first_option(&self) -> Option<&'static str> {
        self.from.map(|_| "--from").or_else(|| self.options.first_given())
    }

    /// Checks the arguments, and reads the files of `--join`.
    ///
    /// # Errors
    /// If the arguments do not fit together, or a file of `--join` cannot be read.
    pub fn prepare(&self, options: ReadOptions) -> Result<Input, CommandError> {
        self.options.prepare(self.path(), self.from, options)
    }
}

impl InputOptions {
    /// The files of `--join`.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.join.iter().map(|path| ("--join", path.as_path()))
    }

    fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--records", self.records.is_some()),
            ("--columns", !self.columns.is_empty()),
            ("--join", !self.join.is_empty()),
            ("--limit", self.limit.is_some()),
            ("--sample", self.sample.is_some()),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name)
    }

    /// Checks the options for a file, and reads the files of `--join`.
    ///
    /// # Errors
    /// As for [`InputArguments::prepare`].
    pub fn prepare(&self, path: &Path, from: Option<Format>, options: ReadOptions) -> Result<Input, CommandError> {
        let columns = self.columns(from)?;
        let format = from.or(columns.as_ref().map(|_| Format::Csv));
        let joins = Joins::open(&self.join, &self.on, &self.named, options.record_bytes)?;
        Ok(Input {
            path: path.to_owned(),
            format,
            options: ReadOptions { columns, ..options },
            at: self.records.clone(),
            joins: Arc::new(joins),
            picking: Picking { limit: self.limit, sample: self.sample, seed: self.seed },
        })
    }

    fn columns(&self, from: Option<Format>) -> Result<Option<Arc<[String]>>, CommandError> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        if let Some(format) = from.filter(|format| *format != Format::Csv) {
            let message = format!("`--columns` is for CSV, and the format is {}", format.name());
            return Err(CommandError::new(message).help("omit `--columns`, or set `--from csv`"));
        }
        let names: Vec<String> = self.columns.iter().map(|name| name.trim().to_owned()).collect();
        let is_double = |at: usize, name: &String| names.iter().take(at).any(|other| other == name);
        if let Some((_, name)) = names.iter().enumerate().find(|(at, name)| name.is_empty() || is_double(*at, name)) {
            let message = match name.as_str() {
                "" => "a name in `--columns` is empty".to_owned(),
                name => format!("`--columns` has the name `{name}` twice"),
            };
            return Err(CommandError::new(message).help("name every column once: `--columns id,mail,password`"));
        }
        Ok(Some(names.into()))
    }
}

/// Fails if standard input is read as a file of `--join`.
///
/// # Errors
/// If a path is `-`.
pub(super) fn check_joined(path: &Path) -> Result<(), CommandError> {
    if is_dash(path) {
        let help = "give a file; standard input can be read with `--in -`";
        return Err(CommandError::new("`--join` cannot read standard input").help(help));
    }
    Ok(())
}
