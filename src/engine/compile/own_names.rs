//! The names of tables and chains in the file that declares them, and in files that use it.

use super::Compiler;
use super::steps::Flow;
use crate::model::Kinds;
use crate::rules::syntax::StepDef;

impl Compiler<'_> {
    /// The full names that a name used here may mean, best first: a shared file may use its own names with or without
    /// the prefix that other files need.
    pub(super) fn names_meant(&self, written: &str) -> Vec<String> {
        if !self.prefix.is_empty() {
            let of_other = written.contains('.').then(|| written.to_owned());
            return std::iter::once(format!("{}{written}", self.prefix)).chain(of_other).collect();
        }
        let own = written.strip_prefix(&self.own_prefix).filter(|name| !name.is_empty()).map(str::to_owned);
        std::iter::once(written.to_owned()).chain(own).collect()
    }

    /// The name of a table or chain in the current file.
    pub(super) fn name_here<'n>(&self, name: &'n str) -> &'n str {
        name.strip_prefix(&self.prefix).unwrap_or(name)
    }

    /// Whether a name belongs to a shared file that could not be read, which is a finding already.
    pub(super) fn is_of_missing_file(&self, name: &str) -> bool {
        self.missing_files.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Compiles the chains that no rule uses, to find the mistakes in them.
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
