//! Findings about settings, reported by key.

use std::time::Duration;

use super::units::time_text;
use crate::diag::Severity;

/// Receives findings about settings. Keys are paths from the root of the settings, such as `source.url`.
pub trait Report {
    /// Adds a finding about a setting.
    fn add(&mut self, severity: Severity, code: &'static str, key: &str, message: String, help: String);

    /// Adds an error for two settings that contradict each other, at the one that is written.
    fn add_contradiction(&mut self, key: &str, other: &str, message: &str, help: &str);
}

/// Reports findings about the settings of one section, with keys relative to the section.
pub struct Reporter<'r> {
    section: String,
    report: &'r mut dyn Report,
}

impl<'r> Reporter<'r> {
    /// A reporter for all settings.
    pub fn new(report: &'r mut dyn Report) -> Self {
        Self { section: String::new(), report }
    }

    /// A reporter for one section.
    pub fn section(&mut self, section: impl Into<String>) -> Reporter<'_> {
        Reporter { section: section.into(), report: &mut *self.report }
    }

    fn path(&self, key: &str) -> String {
        if self.section.is_empty() { key.to_owned() } else { format!("{}.{key}", self.section) }
    }

    /// Adds an error about a setting.
    pub fn error(&mut self, code: &'static str, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.report.add(Severity::Error, code, &self.path(key), message.into(), help.into());
    }

    /// Adds a warning about a setting.
    pub fn warning(&mut self, code: &'static str, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.report.add(Severity::Warning, code, &self.path(key), message.into(), help.into());
    }

    /// Adds an error for two settings that contradict each other, at the one that is written.
    pub fn contradiction(&mut self, key: &str, other: &str, message: &str, help: &str) {
        self.report.add_contradiction(&self.path(key), &self.path(other), message, help);
    }

    /// Adds an error if a number is out of bounds.
    pub fn bound(&mut self, key: &str, value: u64, least: u64, most: u64) {
        if !(least..=most).contains(&value) {
            let path = self.path(key);
            let name = path.rsplit('.').next().unwrap_or(&path);
            let help = format!("`landfall schema settings` describes `{name}`");
            self.error("R507", key, format!("`{path}` must be between {least} and {most}"), help);
        }
    }

    /// Adds an error if a duration is out of bounds.
    pub fn time(&mut self, key: &str, value: Duration, least: Duration, most: Duration) {
        if value < least || value > most {
            let (least, most) = (time_text(least), time_text(most));
            let message = format!("`{}` must be between {least} and {most}", self.path(key));
            self.error("R507", key, message, "set a duration within these bounds");
        }
    }
}
