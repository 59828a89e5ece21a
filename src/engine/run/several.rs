//! Records that yield several accounts: the working values of each, and warnings about failed ones in the accounts that
//! use them.

use super::machine::Machine;
use crate::engine::context::Cx;
use crate::engine::outcome::Reason;
use crate::engine::plan::{OriginPlan, Policy, RulePlan, SplitPlan};
use crate::engine::probe::Probe;
use crate::model::Value;

impl<'a, P: Probe> Machine<'a, '_, P> {
    /// Calls a function for each account of the record; inside the list, why the working values of an account are
    /// invalid.
    pub(super) fn several<T>(
        &mut self,
        split: &'a SplitPlan,
        cx: &Cx<'a>,
        mut make: impl FnMut(&mut Self, &Cx<'a>) -> T,
    ) -> Result<Vec<Result<T, Reason>>, Reason> {
        self.working_values(&self.plan.lets, split, cx)?;
        let elements = match self.ruled(&split.rule, cx)? {
            Value::List(items) => items,
            Value::Missing => &[],
            single => std::slice::from_ref(cx.arena.alloc(single)),
        };
        if elements.is_empty() {
            return Err(Reason {
                rule: split.rule.name.clone(),
                step: "required".to_owned(),
                message: "the record yields no account".to_owned(),
                span: Some(split.rule.span),
            });
        }
        cx.set(split.elements, Value::List(elements));
        let (warnings, failed) = (self.warnings.len(), self.failed.len());
        let mut accounts = Vec::with_capacity(elements.len());
        for element in elements {
            self.warnings.truncate(warnings);
            self.failed.truncate(failed);
            cx.set(split.rule.register, *element);
            let made = match unreadable(split, *element) {
                None => self.working_values(&split.lets, split, cx),
                Some(reason) => {
                    split.lets.iter().for_each(|rule| cx.set(rule.register, Value::Missing));
                    Err(reason)
                }
            };
            accounts.push(made.map(|()| make(self, cx)));
            let who = self.identity(cx);
            self.ids.push(who.id);
        }
        Ok(accounts)
    }

    fn working_values(&mut self, rules: &'a [RulePlan], split: &SplitPlan, cx: &Cx<'a>) -> Result<(), Reason> {
        for rule in rules {
            // no value of the previous account may remain if this rule fails
            cx.set(rule.register, Value::Missing);
            let (warnings, failures) = (self.warnings.len(), self.failures);
            let value = self.ruled(rule, cx)?;
            cx.set(rule.register, value);
            if self.failures > failures {
                self.note_failed(rule, warnings, split);
            }
        }
        Ok(())
    }

    /// Keeps the warnings of a working value for the accounts that use it.
    fn note_failed(&mut self, rule: &'a RulePlan, before: usize, split: &SplitPlan) {
        let is_own = |name: &str| {
            name.strip_prefix(rule.name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let names = self.warnings.iter().skip(before).copied();
        let mut failed: Vec<(usize, Option<&'a str>)> =
            names.map(|name| (rule.register, Some(name).filter(|name| !is_own(name)))).collect();
        if let (true, Policy::Warn(name)) = (failed.is_empty(), &rule.policy) {
            // the name is in the list already
            failed.push((rule.register, Some(name.fixed.as_str()).filter(|name| !is_own(name))));
        }
        if !split.shared.contains(&rule.register) {
            self.warnings.truncate(before);
            self.failed.append(&mut failed);
        }
    }

    /// Adds warnings about failed working values that claims of this account use.
    pub(super) fn warn_of_failed(&mut self, cx: &Cx<'a>) {
        let Some(split) = &self.plan.split else { return };
        let credential = self.plan.credential.iter().flat_map(|credential| &credential.fields);
        for rule in self.plan.claims.iter().chain(credential) {
            for (register, name) in self.failed.clone() {
                if !rule.made_of.contains(&register) || !rule.uses(register, split, cx) {
                    continue;
                }
                let name = name.unwrap_or_else(|| cx.arena.alloc_str(&rule.kind.path_of(&rule.name)));
                if !self.warnings.contains(&name) {
                    self.warnings.push(name);
                }
            }
        }
    }
}

impl RulePlan {
    /// Whether a rule used a working value: not if its `when` is false, and not if an earlier
    /// source has a value.
    fn uses<'a>(&'a self, register: usize, split: &SplitPlan, cx: &Cx<'a>) -> bool {
        if self.when.as_ref().is_some_and(|when| !when.holds(cx)) {
            return false;
        }
        let OriginPlan::From(sources) = &self.origin else { return true };
        let is_of = |at: usize| {
            let all = split.made_of.iter().find(|(known, _)| *known == at).map(|(_, all)| all);
            all.is_some_and(|all| all.contains(&register))
        };
        for (source, _) in sources {
            if source.reads(&is_of) {
                return true;
            }
            if source.value(cx).is_present() {
                return false;
            }
        }
        // another part of the rule reads it
        true
    }
}

/// Why an element is no account, when the rules read nothing of its kind: the account would consist of what is made for the
/// record as a whole.
fn unreadable(split: &SplitPlan, element: Value<'_>) -> Option<Reason> {
    if split.accepts.has(element) {
        return None;
    }
    let message = match element.is_present() {
        true => format!("the element is {}, and the rules read {} here", element.kind(), split.accepts),
        false => "the element has no value".to_owned(),
    };
    let step = if element.is_present() { "accounts" } else { "required" };
    Some(Reason { rule: split.rule.name.clone(), step: step.to_owned(), message, span: Some(split.rule.span) })
}
