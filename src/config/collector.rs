//! Collects findings about settings, each at its place in the file.

use super::tree::Tree;
use crate::diag::{Diagnostic, Findings, Severity};
use crate::settings::{Report, Reporter};

/// Findings with their places. Ignores findings about a setting that was rejected before.
pub(super) struct Collector<'c> {
    pub tree: &'c Tree,
    pub findings: &'c mut Findings,
}

impl Collector<'_> {
    pub fn reporter(&mut self) -> Reporter<'_> {
        Reporter::new(self)
    }
}

impl Report for Collector<'_> {
    fn add(&mut self, severity: Severity, code: &'static str, key: &str, message: String, help: String) {
        let Some(place) = self.tree.place(key) else { return };
        self.findings.push(match severity {
            Severity::Error => Diagnostic::error(code, place, message, help),
            Severity::Warning => Diagnostic::warning(code, place, message, help),
        });
    }

    fn add_contradiction(&mut self, key: &str, other: &str, message: &str, help: &str) {
        let (key, other) = if self.tree.is_written(key) { (key, other) } else { (other, key) };
        if let (Some(place), Some(also)) = (self.tree.place(key), self.tree.place(other)) {
            let finding = Diagnostic::error("R508", place, message, help);
            self.findings.push(if also == place { finding } else { finding.also(also, "contradicts this") });
        }
    }
}
