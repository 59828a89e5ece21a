//! The parameters of two versions: each is given those that it declares.

use crate::cli::CommandError;
use crate::engine::plan::Plan;

/// Fails if no version declares a parameter.
pub(super) fn check(plans: &[&Plan], params: &[String]) -> Result<(), CommandError> {
    let mut known: Vec<&str> = plans.iter().flat_map(|plan| &plan.params).map(|param| param.name.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    let named = params.iter().map(|param| name(param));
    let Some(unknown) = named.into_iter().find(|name| !known.contains(name)) else { return Ok(()) };
    let help = match known.as_slice() {
        [] => "neither version declares parameters".to_owned(),
        known => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("the versions declare {}", known.join(", "))
        }
    };
    Err(CommandError::new(format!("unknown parameter `{unknown}`")).help(help))
}

/// The arguments for the parameters that a version declares.
pub(super) fn declared(plan: &Plan, params: &[String]) -> Vec<String> {
    let is_declared = |param: &&String| plan.params.iter().any(|known| known.name == name(param));
    params.iter().filter(is_declared).cloned().collect()
}

fn name(param: &str) -> &str {
    param.split_once('=').map_or(param, |(name, _)| name)
}
