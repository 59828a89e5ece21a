//! The operator's scripts: small, sandboxed, at fixed points of a login.

mod answer;
mod script;

pub use script::{HookScript, ScriptHooks};
