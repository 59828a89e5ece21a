//! Rule files from disk: read, compiled, and their findings shown.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::CommandError;
use crate::diag::{Diagnostic, Files, Findings};
use crate::engine::compile::{Loaded, Loader, compile};
use crate::engine::plan::Plan;
use crate::engine::run::Settings;

/// The largest file that rules may name, in bytes: a table of all postal codes of a country fits.
const MAX_NAMED_BYTES: u64 = 16 * 1024 * 1024;

/// Files beside the rules, by paths relative to the file that names them. Paths cannot leave the folder of the first rule
/// file's parent, so that rules from elsewhere cannot read the disk.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// A loader for the rule file at a path.
    #[must_use]
    pub fn beside(rules: &Path) -> Self {
        let folder = rules.parent().unwrap_or_else(|| Path::new(""));
        let root = if folder.as_os_str().is_empty() { PathBuf::from("..") } else { folder.join("..") };
        Self { root: normal(&root) }
    }
}

impl Loader for Disk {
    fn load(&self, asker: &str, name: &str) -> Result<Loaded, String> {
        let folder = Path::new(asker).parent().unwrap_or_else(|| Path::new(""));
        let path = normal(&folder.join(name));
        if Path::new(name).is_absolute() || !is_inside(&path, &self.root) {
            return Err(format!("`{name}` lies outside the folder of the rules"));
        }
        let size = fs::metadata(&path).map_err(|error| format!("`{name}` cannot be read: {}", error.kind()))?.len();
        if size > MAX_NAMED_BYTES {
            return Err(format!("`{name}` is larger than {MAX_NAMED_BYTES} bytes"));
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("`{name}` cannot be read: {}", error.kind()))?;
        Ok(Loaded { name: path.display().to_string(), text })
    }
}

/// Whether a path stays inside a root; both are relative to the working folder or both absolute.
fn is_inside(path: &Path, root: &Path) -> bool {
    match (fs::canonicalize(path), fs::canonicalize(if root.as_os_str().is_empty() { Path::new(".") } else { root })) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        // what does not exist cannot be read either, and says so by itself
        _ => true,
    }
}

/// The path without `.` and, where it can be told, without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if parts.components().next_back().is_some_and(|c| matches!(c, Component::Normal(_))) =>
            {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}

/// A rule file that was read and compiled.
#[derive(Debug)]
pub struct Compiled {
    /// The files that were read.
    pub files: Files,
    /// What was found, in the order of the text.
    pub findings: Vec<Diagnostic>,
    /// The plan, when nothing found is an error.
    pub plan: Option<Plan>,
}

/// Reads and compiles a rule file.
///
/// # Errors
/// When the file itself cannot be read.
pub fn rules(path: &Path) -> Result<Compiled, CommandError> {
    let text = fs::read_to_string(path).map_err(|error| {
        let message = format!("`{}` cannot be read: {}", path.display(), error.kind());
        CommandError::new(message).help("give the path of a rule file; `landfall init` writes one")
    })?;
    let mut files = Files::default();
    let file = files.add(path.display().to_string(), text);
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &Disk::beside(path), &mut findings);
    Ok(Compiled { files, findings: findings.sorted(), plan })
}

/// Reads and compiles a rule file for a command that runs it; findings are shown, errors end the command.
///
/// # Errors
/// When the file cannot be read, or has errors.
pub fn plan(path: &Path) -> Result<Plan, CommandError> {
    let compiled = rules(path)?;
    if !compiled.findings.is_empty() {
        super::show::findings(&compiled.files, &compiled.findings);
    }
    let plan = compiled.plan.ok_or_else(|| {
        let message = format!("`{}` has errors", path.display());
        CommandError::new(message).help("mend what is shown above; `landfall check --explain CODE` says more")
    })?;
    if plan.claims.is_empty() {
        let message = format!("`{}` makes no claims", path.display());
        return Err(CommandError::new(message).help("add `account:`; a file of shared lookups and steps cannot be run"));
    }
    Ok(plan)
}

/// The settings of a run from `--param name=value` arguments. A value that is JSON (`{…}`, `[…]`) is read as such; all else
/// is text.
///
/// # Errors
/// For an argument without `=`, an unknown parameter, or one that must be set and is not.
pub fn settings(plan: &Plan, params: &[String]) -> Result<Settings, CommandError> {
    let mut settings = Settings::default();
    for param in params {
        let Some((name, value)) = param.split_once('=') else {
            return Err(CommandError::new(format!("`--param {param}` has no `=`")).help("write `--param region=DE`"));
        };
        if !plan.params.iter().any(|known| known.name == name) {
            let known = plan.params.iter().map(|param| format!("`{}`", param.name)).collect::<Vec<_>>().join(", ");
            let help = if known.is_empty() {
                "the rules declare none".to_owned()
            } else {
                format!("the rules declare {known}")
            };
            return Err(CommandError::new(format!("there is no parameter `{name}`")).help(help));
        }
        let is_json = value.starts_with(['{', '[']);
        let value = is_json.then(|| serde_json::from_str(value).ok()).flatten().unwrap_or_else(|| value.into());
        settings.params.push((name.to_owned(), value));
    }
    let missing = plan.missing_params(&settings);
    if let Some(name) = missing.first() {
        let help = format!("give it: `--param {name}=…`");
        return Err(CommandError::new(format!("the parameter `{name}` has no value")).help(help));
    }
    Ok(settings)
}
