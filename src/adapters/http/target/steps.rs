//! The requests after a creation. Each has the same effect twice, so that after an interruption all of them are sent again.

use bumpalo::Bump;

use super::create::{Creation, Password};
use super::meaning::Meaning;
use super::plan::StepPlan;
use crate::adapters::http::error::Failure;
use crate::adapters::http::request::Built;
use crate::adapters::http::source::parsed;
use crate::model::Value;
use crate::ports::TargetId;

impl Creation<'_> {
    /// Sends all steps; those with the password only if there is one, and those about its change only if it must be changed.
    pub(super) async fn steps(
        &self,
        id: &TargetId,
        password: Option<&str>,
        must_change: bool,
    ) -> Result<Password, Failure> {
        let mut stored = Password::Done;
        for step in &self.target.plan.steps {
            let must_change = must_change && stored == Password::Done;
            if (step.sends_password && password.is_none()) || (step.must_change && !must_change) {
                continue;
            }
            for built in self.step(step, id)? {
                let answer = self.target.write(&built, self.call, self.new.until).await?;
                match step.meanings.of(&answer)? {
                    Meaning::PasswordRefused => stored = Password::Refused,
                    Meaning::Done => {}
                    _ => return Err(answer.failure()),
                }
            }
        }
        Ok(stored)
    }

    /// The requests of a step: none if the account lacks what it is about, several for a list.
    fn step(&self, step: &StepPlan, id: &TargetId) -> Result<Vec<Built>, Failure> {
        let arena = Bump::new();
        let account = parsed(&self.account, &arena)?;
        if step.when.iter().any(|path| path.find(account).is_empty()) {
            return Ok(Vec::new());
        }
        let items = match step.each.as_ref().map(|path| path.find(account)) {
            None => vec![Value::Missing],
            Some(Value::List(items)) => items.to_vec(),
            Some(Value::Missing | Value::Null) => Vec::new(),
            Some(one) => vec![one],
        };
        let build = |item| {
            let values = self.values(&arena, Some(id), item)?;
            step.request.build(self.target.client.base(), &values)
        };
        items.into_iter().map(build).collect()
    }
}
