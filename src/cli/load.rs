//! Rule files of commands: their findings shown, their parameters from arguments.

use std::path::Path;

use super::CommandError;
use crate::config::{Compiled, compiled};
use crate::engine::plan::Plan;
use crate::engine::run::Settings;

/// Reads and compiles a rule file.
///
/// # Errors
/// When the file itself cannot be read.
pub fn rules(path: &Path) -> Result<Compiled, CommandError> {
    compiled(path).map_err(|error| {
        let message = format!("`{}` cannot be read: {}", path.display(), error.kind());
        CommandError::new(message).help("give the path of a rule file; `landfall init` writes one")
    })
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
    if let Some(param) = plan.unlisted_params(&settings).first() {
        let message = format!("the parameter `{}` has none of its values", param.name);
        return Err(CommandError::new(message).help(format!("it is one of {}", param.listed_values())));
    }
    let missing = plan.missing_params(&settings);
    if let Some(name) = missing.first() {
        let help = format!("give it: `--param {name}=…`");
        return Err(CommandError::new(format!("the parameter `{name}` has no value")).help(help));
    }
    Ok(settings)
}
