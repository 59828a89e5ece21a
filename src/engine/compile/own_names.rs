//! What tables and chains are called in the file that declares them, and in those that share it.

use super::Compiler;
use super::steps::Flow;
use crate::model::Kinds;
use crate::rules::syntax::StepDef;

impl Compiler<'_> {
    /// The names that a table or chain may have by which it is called here, best first: a shared file calls its own without
    /// the prefix that others write, and may write it too.
    pub(super) fn names_meant(&self, written: &str) -> Vec<String> {
        if !self.prefix.is_empty() {
            let of_other = written.contains('.').then(|| written.to_owned());
            return std::iter::once(format!("{}{written}", self.prefix)).chain(of_other).collect();
        }
        let own = written.strip_prefix(&self.own_prefix).filter(|name| !name.is_empty()).map(str::to_owned);
        std::iter::once(written.to_owned()).chain(own).collect()
    }

    /// What a table or chain is called in the file at hand.
    pub(super) fn name_here<'n>(&self, name: &'n str) -> &'n str {
        name.strip_prefix(&self.prefix).unwrap_or(name)
    }

    /// Whether a name belongs to a shared file that could not be read, which is a finding of its own.
    pub(super) fn is_of_missing_file(&self, name: &str) -> bool {
        self.missing_files.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Chains that no rule uses are compiled all the same, for the mistakes in them.
    pub(super) fn idle_chains(&mut self) {
        let idle: Vec<(String, Vec<StepDef>)> = self
            .chains
            .iter()
            .filter(|chain| !chain.used && !chain.shared)
            .map(|chain| (chain.name.clone(), chain.steps.clone()))
            .collect();
        for (name, steps) in idle {
            self.chain_stack.push(name);
            self.on_element(|compiler| compiler.steps(&steps, &mut Flow::of(Kinds::ANY)));
            self.chain_stack.pop();
        }
    }
}
