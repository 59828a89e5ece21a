//! `landfall init`: writes a starter rule file for sample records.

mod credential;
mod dates;
mod derived;
mod guess;
mod identities;
mod names;
mod profile;
mod table;
mod values;
mod words;
mod write;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bumpalo::Bump;

use super::input::{InputOptions, is_dash};
use super::output::{Existing, OutError, Reads, Sink};
use super::{CommandError, FINE, show};
use crate::diag::{Files, Findings, Severity};
use crate::engine::compile::{NoFiles, compile};
use crate::engine::outcome::Outcome;
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::Settings;
use crate::formats::{Compression, Format, ReadOptions};
use crate::migrate::refused_at_login;
use crate::ports::IdentifierProfile;
use crate::ready_rules::{self, Fit};
use crate::rules::format;

/// Maximum number of records that are read: enough to see rare spellings, and fast.
const MAX_RECORDS: usize = 1000;

/// Arguments of `landfall init`.
#[derive(clap::Args, Clone)]
#[command(after_help = "Examples:
  landfall init --in users.ndjson                               # show starter rules
  landfall init --in users.json --name shop --out rules/shop.yaml
  landfall init --in export.json --records '$.users'            # read a list inside a document
  landfall init --in users.csv.gz --columns id,mail,password    # CSV without a header
  landfall init --in users.ndjson --sample 1000                 # records from all over the file
  head -500 export.ndjson | landfall init --in - --name shop

What the samples do not show is marked `# unsure: …` in the file. If ready rules fit the samples, it says so first.")]
pub struct Arguments {
    /// File of sample records; `-` reads standard input. gzip and zstd are unpacked
    #[arg(long = "in", value_name = "FILE", required_unless_present = "from", help_heading = "Records")]
    input: Option<PathBuf>,
    /// Format of the records [default: detected from the file extension or the first bytes]; without `--in`, the file
    #[arg(long, value_name = "FORMAT", help_heading = "Records")]
    from: Option<String>,
    /// What is read of them.
    #[command(flatten)]
    options: InputOptions,
    /// Name of the rules [default: the name of the file]
    #[arg(long)]
    name: Option<String>,
    /// Rule file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a rule file that exists
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// If the samples cannot be read, or the rule file already exists or cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if let Some(out) = arguments.out.as_ref().filter(|out| !is_dash(out) && out.exists() && !arguments.force) {
        let message = format!("`{}` already exists", out.display());
        return Err(CommandError::new(message).help("replace it with `--force`, or choose another path"));
    }
    if arguments.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        let help = "name the legacy system, such as `--name shop`, or omit `--name` to use the name of the file";
        return Err(CommandError::new("`--name` is empty").help(help));
    }
    let (path, format) = arguments.file()?;
    if let Some(out) = &arguments.out {
        let files = [("--in", path)].into_iter().chain(arguments.options.files()).collect();
        Reads { files, ..Reads::default() }.check(&[("--out", out)])?;
    }
    let records = arguments.options.prepare(path, format, ReadOptions::default())?.first(MAX_RECORDS)?;
    let name = arguments.name.clone().unwrap_or_else(|| name_of(path));
    for fit in ready_rules::fit(&records) {
        anstream::eprintln!("{}", fitting(&fit));
    }
    let text = starter(&name, &records);
    let plan = checked(&name, &text)?;
    match arguments.out.as_deref().filter(|out| !is_dash(out)) {
        None => show::output(&text)?,
        Some(out) => {
            write(out, &text, arguments.force)?;
            let path = out.display();
            anstream::eprintln!(
                "wrote `{path}`; next, run `landfall check {path}` and `landfall explain --rules {path} --record …`"
            );
        }
    }
    anstream::eprintln!("{}", tried(&plan, &records));
    Ok(FINE)
}

/// Writes the rule file: the whole of it or nothing.
fn write(path: &Path, text: &str, force: bool) -> Result<(), CommandError> {
    let mut sink = Sink::create_readable(path, if force { Existing::IsReplaced } else { Existing::Stays })?;
    let written = sink.write(text.as_bytes()).and_then(|()| Sink::finish([sink]));
    written.map_err(|OutError { name, error }| CommandError::new(format!("cannot write {name}: {}", error.kind())))
}

impl Arguments {
    /// The file of the samples and its format. `--from` alone names the file.
    fn file(&self) -> Result<(&Path, Option<Format>), CommandError> {
        let Some(path) = &self.input else {
            return Ok((Path::new(self.from.as_deref().unwrap_or("-")), None));
        };
        let known = || Format::NAMES.map(|(name, _)| format!("`{name}`")).join(", ");
        let named = |name: &String| {
            Format::from_name(name).ok_or_else(|| {
                let message = format!("there is no format `{name}`");
                CommandError::new(message).help(format!("with `--in`, `--from` is one of {}", known()))
            })
        };
        Ok((path, self.from.as_ref().map(named).transpose()?))
    }
}

/// What ready rules make of the samples, in one line.
fn fitting(fit: &Fit) -> String {
    let Fit { name, accounts, of, claims } = fit;
    format!(
        "the ready rules `{name}` fit: they make accounts of {accounts} of {of} samples, with {claims} claims; \
         `landfall rules copy {name}` copies them"
    )
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.as_deref().map(Compression::strip);
    let stem = name.and_then(|name| Path::new(name).file_stem()).map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| stem != "-").unwrap_or_else(|| "legacy".to_owned())
}

/// The text of the starter rules for these records.
fn starter(name: &str, records: &[String]) -> String {
    let profile = profile::profile(records);
    let text = write::write(name, &profile, &guess::guess(&profile));
    format(&text).unwrap_or(text)
}

/// Compiles the rules, so that no file is written that does not load.
fn checked(name: &str, text: &str) -> Result<Plan, CommandError> {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add(format!("{name}.yaml"), text);
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    let findings = findings.sorted();
    if findings.iter().any(|finding| finding.severity == Severity::Error) || plan.is_none() {
        show::findings(&files, &findings);
    }
    plan.ok_or_else(|| {
        let help = "please report it with the findings above; they contain no values of the records";
        CommandError::new("the rules made from these samples have errors; this is a bug in `landfall init`").help(help)
    })
}

/// The outcomes of the samples, in one line.
fn tried(plan: &Plan, records: &[String]) -> String {
    let settings = Settings::default();
    let (mut accounts, mut warnings) = (0, BTreeMap::<String, usize>::new());
    let mut invalid = BTreeMap::<String, usize>::new();
    for record in records {
        let arena = Bump::new();
        for outcome in plan.run(record, &settings, &arena, &mut Silent).outcomes {
            if let Outcome::Invalid(reasons) = &outcome {
                let why = reasons.iter().map(|reason| format!("{}: {}", reason.rule, reason.message));
                why.for_each(|why| *invalid.entry(why).or_default() += 1);
            }
            if let Outcome::Account(made) = outcome {
                match refused_at_login(plan, &made, &IdentifierProfile::default()) {
                    Some(reason) => *invalid.entry(reason.message).or_default() += 1,
                    None => accounts += 1,
                }
                made.warnings.iter().for_each(|claim| *warnings.entry((*claim).to_owned()).or_default() += 1);
            }
        }
    }
    let mut line = format!("{accounts} of {} samples become accounts", records.len());
    if !invalid.is_empty() {
        let list: Vec<String> = invalid.iter().map(|(why, count)| format!("{why} ({count})")).collect();
        line = format!("{line}; a login would not accept the others: {}", list.join(", "));
    }
    if !warnings.is_empty() {
        let list: Vec<String> = warnings.iter().map(|(claim, count)| format!("{claim} ({count})")).collect();
        line = format!("{line}; left out because of bad values: {}", list.join(", "));
    }
    line
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod starters_tests;
