//! The settings of a deployment, `landfall.yaml`: reads them, reports every mistake with its place, and builds a
//! service from them.
//!
//! Only this module reads settings files, the environment and secrets; all others are given values.
#![doc = include_str!("../../docs/settings.md")]

mod bridges;
mod build;
mod bulk;
mod check;
mod collector;
mod environment;
mod fault;
mod lenient;
mod mask;
mod named_files;
mod needs;
mod open;
mod reader;
mod resources;
mod retired;
mod rules;
mod sampling;
mod schema;
mod settings;
mod systems;
mod tree;
mod write_back;

use std::io;
use std::path::{Path, PathBuf};

pub use crate::adapters::registry::Opening;
pub use build::{Built, build, calibrate};
pub use bulk::{BulkParts, bulk};
use collector::Collector;
pub use environment::{Environment, process as process_environment};
pub use named_files::{NamedFile, files_of_rules, named_files};
pub use needs::Needs;
use needs::Unneeded;
pub use open::{BuildError, LedgerAlone, Stores, ledger, stores};
pub use rules::{
    Beside, Compiled, Disk, RulesError, TEST_ENDINGS, compiled, rule_set, rule_set_of, test_options, tests_beside,
    tests_of,
};
pub use sampling::{LoadedSampling, candidate_rules};
pub use schema::json_schema;
pub use settings::{
    Argon2, Attempts, Breaker, Decoy, GuardSettings, HookSettings, IdentifierSettings, LaneSettings, LedgerSettings,
    LogFormat, LogLevel, LogSettings, LoginSettings, Params, PasswordSettings, Pepper, ServiceSettings, Settings,
    TlsFiles, Window, WriteBackSettings,
};
pub use systems::OwnRecords;
use tree::Tree;

use crate::adapters::registry::{Trial, TrialFinding};
use crate::diag::{Diagnostic, FileId, Files, Findings, Severity};
use crate::hooks::ScriptHooks;
use crate::migrate::RuleSet;
use crate::rules::Node;
use crate::settings::Reporter;

/// The default name of the settings file.
pub const DEFAULT_FILE: &str = "landfall.yaml";

/// A starter file: every section with its most common keys, and comments.
pub const STARTER: &str = include_str!("starter.yaml");

/// Settings that are ready to use: they are valid, all secrets have been read, and the rules pass their tests.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The folder that paths in them are relative to.
    pub folder: PathBuf,
    /// The rules of each legacy system, in the order in which the systems are asked.
    pub rules: Vec<LoadedRules>,
    /// What is looked at in the records of each legacy system, beside the logins.
    pub sampling: Vec<LoadedSampling>,
    /// The operator's scripts, compiled.
    pub hooks: ScriptHooks,
}

/// What became of trying out what one section of the settings names.
#[derive(Debug)]
pub struct Tried {
    /// The section, such as `source` or `more_sources.0.source`.
    pub section: String,
    /// What became of it.
    pub trial: Trial,
}

/// The rules of one legacy system.
#[derive(Debug)]
pub struct LoadedRules {
    /// The rules.
    pub rules: RuleSet,
    /// The paths of all files that the rules consist of, tables included.
    pub files: Vec<PathBuf>,
}

impl Loaded {
    /// A path of the settings, relative to the working directory.
    #[must_use]
    pub fn path(&self, named: &Path) -> PathBuf {
        self.folder.join(named)
    }
}

/// Valid settings with the secrets that a command needs. Rules and scripts were not read.
#[derive(Debug)]
pub struct LedgerSettingsOnly {
    /// The settings.
    pub settings: Settings,
    /// The folder that paths in them are relative to.
    pub folder: PathBuf,
}

/// The result of reading a settings file.
#[derive(Debug)]
pub struct Reading<L = Loaded> {
    /// The files that were read.
    pub files: Files,
    /// The findings, in text order; they may all be warnings.
    pub findings: Vec<Diagnostic>,
    /// The settings, if there are no errors.
    pub loaded: Option<L>,
}

impl Settings {
    /// Reads a settings file and everything it refers to, with the environment of this process.
    ///
    /// # Errors
    /// If the file itself cannot be read.
    ///
    /// ```no_run
    /// let read = landfall::config::Settings::read("landfall.yaml".as_ref())?;
    /// if read.loaded.is_none() {
    ///     eprint!("{}", landfall::diag::render::plain(&read.files, &read.findings));
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read(path: &Path) -> io::Result<Reading> {
        Self::read_in(path, &environment::process)
    }

    /// Reads a settings file and everything it refers to, with the given environment.
    ///
    /// # Errors
    /// If the file itself cannot be read.
    pub fn read_in(path: &Path, environment: &Environment<'_>) -> io::Result<Reading> {
        read_file(path, environment, load)
    }

    /// Reads a settings file and everything it refers to, and tries its sources out: not if there are errors. `connect` is given to keep the runtime out of here.
    ///
    /// # Errors
    /// If the file itself cannot be read.
    pub fn read_and_connect(
        path: &Path,
        connect: impl FnOnce(&Loaded) -> Vec<Tried>,
    ) -> io::Result<(Reading, Option<Vec<Tried>>)> {
        let mut trials = None;
        let reading = read_file(path, &environment::process, |written, file, folder, files, environment, findings| {
            load_and(written, file, folder, files, environment, findings, |loaded, reporter| {
                let tried = connect(loaded);
                for Tried { section, trial } in &tried {
                    trial.findings.iter().for_each(|found| report(found, &mut reporter.section(section.as_str())));
                }
                trials = Some(tried);
            })
        })?;
        Ok((reading, trials))
    }

    /// Reads a settings file without its rules and scripts, for commands that use the ledger or also the accounts:
    /// operators need them most while the rules are broken. Of the secrets and variables, only those that are needed are read.
    ///
    /// # Errors
    /// If the file itself cannot be read.
    pub fn read_ledger_only(path: &Path, needs: Needs) -> io::Result<Reading<LedgerSettingsOnly>> {
        read_file(path, &environment::process, |written, file, folder, _, environment, findings| {
            load_ledger_only(written, file, folder, environment, findings, needs)
        })
    }

    /// Reads settings from a text, without its secrets, files and rules. `None` if there are errors.
    #[must_use]
    pub fn parse(files: &Files, file: FileId, environment: &Environment<'_>, findings: &mut Findings) -> Option<Self> {
        let (settings, _) = shape(files, file, environment, findings)?;
        if findings.has_errors() { None } else { Some(settings) }
    }
}

fn report(found: &TrialFinding, reporter: &mut Reporter<'_>) {
    match found.severity {
        Severity::Error => reporter.error(found.code, &found.key, &found.message, &found.help),
        Severity::Warning => reporter.warning(found.code, &found.key, &found.message, &found.help),
    }
}

/// Reads a file; `load` loads something from its text.
fn read_file<L>(
    path: &Path,
    environment: &Environment<'_>,
    load: impl FnOnce(&Files, FileId, &Path, &mut Files, &Environment<'_>, &mut Findings) -> Option<L>,
) -> io::Result<Reading<L>> {
    let text = std::fs::read_to_string(path)?;
    let (mut written, mut files, mut findings) = (Files::default(), Files::default(), Findings::default());
    let name = path.display().to_string();
    let file = written.add(name.clone(), text.as_str());
    // findings show the surrounding text, which must not contain secrets
    let mut unread = Findings::default();
    let node = crate::rules::read(&written, file, &mut unread).filter(|_| !unread.has_errors());
    files.add(name, node.map_or_else(|| mask::masked_blindly(&text), |node| mask::masked(&text, &node)));
    let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let loaded = load(&written, file, &folder, &mut files, environment, &mut findings);
    let loaded = loaded.filter(|_| !findings.has_errors());
    Ok(Reading { files, findings: findings.sorted(), loaded })
}

/// Reads the shape and checks everything that needs no files. Returns settings even after errors if they could be read
/// without the invalid parts, so that the rest can be checked.
fn shape(
    files: &Files,
    file: FileId,
    environment: &Environment<'_>,
    findings: &mut Findings,
) -> Option<(Settings, Tree)> {
    let node = crate::rules::read(files, file, findings)?;
    let tree = Tree::new(&node, environment, findings);
    shaped(&node, tree, findings)
}

/// Reads the shape of a tree.
fn shaped(node: &Node, mut tree: Tree, findings: &mut Findings) -> Option<(Settings, Tree)> {
    retired::leave_out(&mut tree, findings);
    lenient::require(&mut tree, settings::REQUIRED, findings);
    let mut settings: Settings = lenient::read(&mut tree, findings)?;
    settings.params.hide(mask::from_environment(node));
    check::check(&settings, &mut Reporter::new(&mut Collector { tree: &tree, findings }));
    Some((settings, tree))
}

fn load(
    written: &Files,
    file: FileId,
    folder: &Path,
    files: &mut Files,
    environment: &Environment<'_>,
    findings: &mut Findings,
) -> Option<Loaded> {
    load_and(written, file, folder, files, environment, findings, |_, _| {})
}

/// Loads settings and everything they refer to; if there are no errors, `then` may find more.
fn load_and(
    written: &Files,
    file: FileId,
    folder: &Path,
    files: &mut Files,
    environment: &Environment<'_>,
    findings: &mut Findings,
    then: impl FnOnce(&Loaded, &mut Reporter<'_>),
) -> Option<Loaded> {
    let (mut settings, tree) = shape(written, file, environment, findings)?;
    let mut collector = Collector { tree: &tree, findings };
    let mut reporter = Reporter::new(&mut collector);
    resources::secrets(&mut settings, folder, &mut reporter);
    resources::files(&settings, folder, &mut reporter);
    resources::modes(&settings, folder, &mut reporter);
    let hooks = resources::hooks(&settings, folder, files, &mut collector);
    let rules = resources::rules(&settings, folder, files, &mut collector);
    let sampling = sampling::read(&settings, folder, files, &mut collector);
    let loaded = Loaded { settings, folder: folder.to_owned(), rules: rules?, sampling: sampling?, hooks: hooks? };
    if !findings.has_errors() {
        bridges::try_out(&loaded, &mut Reporter::new(&mut Collector { tree: &tree, findings }));
    }
    if !findings.has_errors() {
        then(&loaded, &mut Reporter::new(&mut Collector { tree: &tree, findings }));
    }
    Some(loaded)
}

fn load_ledger_only(
    written: &Files,
    file: FileId,
    folder: &Path,
    environment: &Environment<'_>,
    findings: &mut Findings,
    needs: Needs,
) -> Option<LedgerSettingsOnly> {
    let node = crate::rules::read(written, file, findings)?;
    let mut unneeded = Unneeded::new(needs);
    let tree = Tree::of_needed(&node, environment, &mut unneeded, findings);
    let shaped = shaped(&node, tree, findings);
    unneeded.spare(findings);
    let Some((mut settings, tree)) = shaped else {
        if !findings.has_errors() {
            unneeded.report(findings);
        }
        return None;
    };
    let mut collector = Collector { tree: &tree, findings };
    let mut reporter = Reporter::new(&mut collector);
    resources::needed_secrets(&mut settings, folder, needs, &mut reporter);
    resources::modes(&settings, folder, &mut reporter);
    unneeded.spare(findings);
    Some(LedgerSettingsOnly { settings, folder: folder.to_owned() })
}

#[cfg(test)]
mod tests;
