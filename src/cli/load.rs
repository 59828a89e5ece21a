//! Loads rule files for commands: prints their findings, and sets their parameters from arguments.

use std::path::Path;

use super::CommandError;
use crate::config::{Compiled, compiled};
use crate::engine::plan::Plan;
use crate::engine::run::Settings;

/// Reads and compiles a rule file.
///
/// # Errors
/// If the file itself cannot be read.
pub fn rules(path: &Path) -> Result<Compiled, CommandError> {
    compiled(path).map_err(|error| {
        let message = format!("cannot read `{}`: {}", path.display(), error.kind());
        CommandError::new(message).help("give the path of a rule file; `landfall init` writes a rule file")
    })
}

/// Reads and compiles a rule file for a command that runs it. Prints the findings; errors end the command.
///
/// # Errors
/// If the file cannot be read or has errors.
pub fn plan(path: &Path) -> Result<Plan, CommandError> {
    plan_and_hash(path).map(|(plan, _)| plan)
}

/// The same, with the hash of everything that the rules consist of.
///
/// # Errors
/// If the file cannot be read or has errors.
pub fn plan_and_hash(path: &Path) -> Result<(Plan, String), CommandError> {
    let compiled = rules(path)?;
    if !compiled.findings.is_empty() {
        super::show::findings(&compiled.files, &compiled.findings);
    }
    let hash = compiled.hash.clone();
    Ok((runnable(path, compiled)?, hash))
}

/// Reads and compiles a rule file for a command that runs it. `tell` shows the findings; errors end the command.
///
/// # Errors
/// If the file cannot be read or has errors.
pub fn plan_telling(path: &Path, tell: impl FnOnce(&Compiled)) -> Result<Plan, CommandError> {
    let compiled = rules(path)?;
    tell(&compiled);
    runnable(path, compiled)
}

/// The plan of rules that have no errors and define claims.
fn runnable(path: &Path, compiled: Compiled) -> Result<Plan, CommandError> {
    let plan = compiled.plan.ok_or_else(|| {
        let message = format!("`{}` has errors", path.display());
        CommandError::new(message).help("fix the errors above; `landfall check --explain CODE` explains a code")
    })?;
    if plan.claims.is_empty() && plan.start.is_none() {
        let message = format!("`{}` defines no claims", path.display());
        return Err(
            CommandError::new(message).help("add `account:`; a file that only shares lookups and steps cannot run")
        );
    }
    Ok(plan)
}

/// The settings of a run from `--param name=value` arguments. A JSON value (`{…}`, `[…]`) is parsed; everything else is
/// text.
///
/// # Errors
/// If an argument has no `=`, a parameter is unknown, or a required parameter is not set.
pub fn settings(plan: &Plan, params: &[String]) -> Result<Settings, CommandError> {
    let mut settings = Settings::default();
    for param in params {
        let Some((name, value)) = param.split_once('=') else {
            return Err(CommandError::new(format!("`--param {param}` has no `=`")).help("write `--param region=DE`"));
        };
        if !plan.params.iter().any(|known| known.name == name) {
            let known = plan.params.iter().map(|param| format!("`{}`", param.name)).collect::<Vec<_>>().join(", ");
            let help = if known.is_empty() {
                "the rules declare no parameters".to_owned()
            } else {
                format!("the rules declare {known}")
            };
            return Err(CommandError::new(format!("unknown parameter `{name}`")).help(help));
        }
        let is_json = value.starts_with(['{', '[']);
        let value = is_json.then(|| serde_json::from_str(value).ok()).flatten().unwrap_or_else(|| value.into());
        if let Some(shape) = plan.params.iter().find(|known| known.name == name).and_then(|known| known.misfit(&value))
        {
            let help = match shape {
                "a list" => format!("write it as JSON: `--param '{name}=[\"a\", \"b\"]'`"),
                "an object" => format!("write it as JSON: `--param '{name}={{\"a\": 1}}'`"),
                "a number" => format!("write for example `--param {name}=30`"),
                _ => format!("write `--param {name}=true` or `--param {name}=false`"),
            };
            return Err(CommandError::new(format!("the parameter `{name}` is {shape}")).help(help));
        }
        settings.params.push((name.to_owned(), value));
    }
    if let Some(param) = plan.unlisted_params(&settings).first() {
        let message = format!("the parameter `{}` cannot have this value", param.name);
        return Err(CommandError::new(message).help(format!("use one of {}", param.listed_values())));
    }
    let missing = plan.missing_params(&settings);
    if let Some(name) = missing.first() {
        let help = format!("set it with `--param {name}=…`");
        return Err(CommandError::new(format!("the parameter `{name}` has no value")).help(help));
    }
    Ok(settings)
}
