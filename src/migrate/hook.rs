//! Runs the operator's hooks within a visit.

use tokio::time::Instant;

use super::ending::{Ending, Flow};
use super::outcome::Outcome;
use super::step::{HookResult, Step};
use super::visit::Visit;
use crate::ports::{HookAnswer, HookInput, HookPoint};

impl Visit<'_> {
    /// Runs a hook; a denial or a failure ends the visit.
    pub(super) fn hook(&mut self, point: HookPoint, input: HookInput<'_>) -> Flow<()> {
        let hooks = &self.cx.hooks;
        if !hooks.has(point) {
            return Ok(());
        }
        let began = Instant::now();
        let answer = hooks.run(point, input);
        let result = match &answer {
            Ok(HookAnswer { deny: None, .. }) => HookResult::Fine,
            Ok(_) => HookResult::Denied,
            Err(_) => HookResult::Failed,
        };
        let detail = answer.as_ref().err().map_or("", |error| error.message.as_str());
        self.step(&Step::Hook { point, result, detail, took: began.elapsed() });
        match answer {
            Ok(HookAnswer { deny: Some(key), .. }) => Err(Ending::of(Outcome::DeniedByRule(key))),
            Ok(answer) => {
                self.run.facts.added.extend(answer.facts);
                self.tags.extend(answer.tags);
                Ok(())
            }
            Err(_) => Err(Ending::of(Outcome::InvalidRecord)),
        }
    }
}
