//! The settings of a deployment, `landfall.yaml`: read with the place of every mistake, checked, and built into a service.
//!
//! This room is the only one that reads settings files, the environment and secrets; all others are given values.
#![doc = include_str!("reference.md")]

mod build;
mod check;
mod environment;
mod fault;
mod mask;
mod mend;
mod reader;
mod resources;
mod retired;
mod rules;
mod secret;
mod settings;
mod tree;
mod units;

use std::io;
use std::path::{Path, PathBuf};

pub use build::{BuildError, Built, LedgerAlone, Opening, Stores, build, calibrate, ledger, stores};
use check::Reporter;
pub use environment::{Environment, process as process_environment};
pub use resources::MIN_TOKEN;
pub use rules::{
    Beside, Compiled, Disk, RulesError, TEST_ENDINGS, compiled, rule_set, rule_set_of, tests_beside, tests_of,
};
pub use secret::{MAX_SECRET_BYTES, Secret, SecretError};
pub use settings::{
    AccountStore, AnchorSettings, AnchorWebhook, Argon2, Attempts, BasicPair, Breaker, Caller, Decoy, FileSource,
    GuardSettings, HookSettings, IdentifierSettings, LaneSettings, LedgerSettings, ListShape, LogFormat, LogLevel,
    LogSettings, LoginSettings, Params, PasswordSettings, Pepper, RecordFormat, RecordList, ServiceSettings, Settings,
    SourceSettings, SqlSource, TargetSettings, TlsFiles, Webhook, WebhookEvent, Window,
};
use tree::Tree;
pub use units::{Network, NetworkError};

use crate::diag::{Diagnostic, FileId, Files, Findings};
use crate::hooks::ScriptHooks;
use crate::migrate::RuleSet;

/// The name of the settings file, when none is given.
pub const DEFAULT_FILE: &str = "landfall.yaml";

/// A starter file: every section with its most wanted keys, and what they are for.
pub const STARTER: &str = include_str!("starter.yaml");

/// Settings that can be put in force: nothing in them is wrong, all secrets are read, the rules pass their tests.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The folder that paths in them are relative to.
    pub folder: PathBuf,
    /// The rules.
    pub rules: RuleSet,
    /// The paths of all files that the rules are made of, tables included.
    pub rule_files: Vec<PathBuf>,
    /// The scripts of the operator, compiled.
    pub hooks: ScriptHooks,
}

impl Loaded {
    /// A path of the settings, from the working folder on.
    #[must_use]
    pub fn path(&self, named: &Path) -> PathBuf {
        self.folder.join(named)
    }
}

/// Valid settings with all secrets read, for commands that work on the ledger and the accounts. Rules and scripts were not read.
#[derive(Debug)]
pub struct LedgerSettingsOnly {
    /// The settings.
    pub settings: Settings,
    /// The folder that paths in them are relative to.
    pub folder: PathBuf,
}

/// What came of reading a settings file.
#[derive(Debug)]
pub struct Reading<L = Loaded> {
    /// The files that were read.
    pub files: Files,
    /// What was found, in the order of the text; may be warnings only.
    pub findings: Vec<Diagnostic>,
    /// The settings, when nothing found is an error.
    pub loaded: Option<L>,
}

impl Settings {
    /// Reads a settings file with everything that it names, in the environment of this process.
    ///
    /// # Errors
    /// When the file itself cannot be read.
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

    /// Reads a settings file with everything that it names, in a given environment.
    ///
    /// # Errors
    /// When the file itself cannot be read.
    pub fn read_in(path: &Path, environment: &Environment<'_>) -> io::Result<Reading> {
        read_file(path, environment, load)
    }

    /// Reads a settings file without the rules and scripts that it names, for commands that work on the ledger and the accounts:
    /// operators need them most while the rules are broken.
    ///
    /// # Errors
    /// When the file itself cannot be read.
    pub fn read_ledger_only(path: &Path) -> io::Result<Reading<LedgerSettingsOnly>> {
        read_file(path, &environment::process, load_ledger_only)
    }

    /// Reads settings from a text without looking at anything that they name: no secret, file or rule. `None` after errors.
    #[must_use]
    pub fn parse(files: &Files, file: FileId, environment: &Environment<'_>, findings: &mut Findings) -> Option<Self> {
        let (settings, _) = shape(files, file, environment, findings)?;
        if findings.has_errors() { None } else { Some(settings) }
    }
}

/// What is made of the text of a settings file.
type Load<L> = fn(&Files, FileId, &Path, &mut Files, &Environment<'_>, &mut Findings) -> Option<L>;

fn read_file<L>(path: &Path, environment: &Environment<'_>, load: Load<L>) -> io::Result<Reading<L>> {
    let text = std::fs::read_to_string(path)?;
    let (mut written, mut files, mut findings) = (Files::default(), Files::default(), Findings::default());
    let name = path.display().to_string();
    let file = written.add(name.clone(), text.as_str());
    // findings show the text around them: secrets that are written in place must not be in it
    let mut unread = Findings::default();
    let node = crate::rules::read(&written, file, &mut unread).filter(|_| !unread.has_errors());
    files.add(name, node.map_or_else(|| mask::masked_blindly(&text), |node| mask::masked(&text, &node)));
    let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let loaded = load(&written, file, &folder, &mut files, environment, &mut findings);
    let loaded = loaded.filter(|_| !findings.has_errors());
    Ok(Reading { files, findings: findings.sorted(), loaded })
}

/// Reads the shape and checks what needs no file. Settings are given after errors, too, when they could be read without what
/// was wrong, so that the rest can be checked.
fn shape(
    files: &Files,
    file: FileId,
    environment: &Environment<'_>,
    findings: &mut Findings,
) -> Option<(Settings, Tree)> {
    let node = crate::rules::read(files, file, findings)?;
    let mut tree = Tree::new(&node, environment, findings);
    retired::leave_out(&mut tree, findings);
    mend::require(&mut tree, settings::REQUIRED, findings);
    let mut settings: Settings = mend::read(&mut tree, findings)?;
    settings.params.hide(mask::from_environment(&node));
    check::check(&settings, &mut Reporter { tree: &tree, findings });
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
    let (mut settings, tree) = shape(written, file, environment, findings)?;
    let mut reporter = Reporter { tree: &tree, findings };
    resources::secrets(&mut settings, folder, &mut reporter);
    resources::files(&settings, folder, &mut reporter);
    resources::modes(&settings, folder, &mut reporter);
    let hooks = resources::hooks(&settings, folder, files, &mut reporter);
    let rules = resources::rules(&settings, folder, files, &mut reporter);
    let (rules, rule_files) = rules?;
    Some(Loaded { settings, folder: folder.to_owned(), rules, rule_files, hooks: hooks? })
}

fn load_ledger_only(
    written: &Files,
    file: FileId,
    folder: &Path,
    _: &mut Files,
    environment: &Environment<'_>,
    findings: &mut Findings,
) -> Option<LedgerSettingsOnly> {
    let (mut settings, tree) = shape(written, file, environment, findings)?;
    let mut reporter = Reporter { tree: &tree, findings };
    resources::secrets(&mut settings, folder, &mut reporter);
    resources::modes(&settings, folder, &mut reporter);
    Some(LedgerSettingsOnly { settings, folder: folder.to_owned() })
}

#[cfg(test)]
mod tests;
