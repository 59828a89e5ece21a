//! Conditions as written become conditions that run.

use super::Compiler;
use crate::diag::Diagnostic;
use crate::engine::condition::{Condition, Test};
use crate::engine::op::Output;
use crate::model::Kinds;
use crate::rules::syntax::{Cond, StepDef, TestDef};

impl Compiler<'_> {
    /// A condition, ready to run.
    pub(super) fn condition(&mut self, cond: &Cond) -> Option<Condition> {
        match cond {
            Cond::All(parts) => self.conditions(parts).map(Condition::All),
            Cond::Any(parts) => self.conditions(parts).map(Condition::Any),
            Cond::Not(part) => self.condition(part).map(|part| Condition::Not(Box::new(part))),
            Cond::Test(left, test) => {
                let resolved = self.scope.resolve(left, self.findings);
                let kinds = resolved.as_ref().map_or(Kinds::ANY, |(_, kinds)| *kinds);
                let test = self.test(test, kinds);
                Some(Condition::Test(resolved?.0, test?))
            }
        }
    }

    fn conditions(&mut self, parts: &[Cond]) -> Option<Vec<Condition>> {
        let parts: Vec<Option<Condition>> = parts.iter().map(|part| self.condition(part)).collect();
        parts.into_iter().collect()
    }

    fn test(&mut self, test: &TestDef, kinds: Kinds) -> Option<Test> {
        match test {
            TestDef::Present => Some(Test::Present),
            TestDef::Missing => Some(Test::Missing),
            TestDef::Equals(value) => self.operand(value).map(|(operand, _)| Test::Equals(operand)),
            TestDef::OneOf(values) => {
                let values: Vec<Option<_>> = values.iter().map(|value| Some(self.operand(value)?.0)).collect();
                values.into_iter().collect::<Option<_>>().map(Test::OneOf)
            }
            TestDef::Predicate(def) => self.predicate(def, kinds),
            TestDef::All(tests) => {
                let tests: Vec<Option<Test>> = tests.iter().map(|test| self.test(test, kinds)).collect();
                tests.into_iter().collect::<Option<_>>().map(Test::All)
            }
            TestDef::Not(test) => self.test(test, kinds).map(|test| Test::Not(Box::new(test))),
        }
    }

    fn predicate(&mut self, def: &StepDef, kinds: Kinds) -> Option<Test> {
        let spec = self.find_op(def)?;
        if spec.output != Output::Is(Kinds::BOOLEAN) {
            let help = "a condition takes predicates: `landfall ops` lists them";
            let message = format!("`{}` is no predicate: it does not give a boolean", spec.name);
            self.findings.push(Diagnostic::error("R401", def.name.span, message, help));
            return None;
        }
        let op = self.build(spec, def)?;
        if !spec.input.meets(kinds) {
            self.cannot_meet(spec, kinds, def.name.span);
            return None;
        }
        Some(Test::Op { op, takes_nothing: spec.takes_nothing })
    }
}
