//! What a command needs of the settings: operators look at the ledger from machines and shells that do not have the secrets of
//! the whole service.

use crate::diag::{Diagnostic, Findings, Span};

/// The sections that a command uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// None: no secret is read.
    Nothing,
    /// The ledger.
    Ledger,
    /// The ledger and the accounts.
    Accounts,
}

impl Needs {
    /// Whether a section is one of them.
    pub(super) fn include(self, section: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Ledger => matches!(section, "ledger" | "identifier"),
            Self::Accounts => matches!(section, "ledger" | "identifier" | "target" | "password" | "login"),
        }
    }
}

/// The variables that are not set and not needed. Where they are, the text of the setting stays as it is written, and nothing
/// is said about it. INVARIANT: nobody uses such a setting.
#[derive(Debug)]
pub(super) struct Unneeded {
    needs: Needs,
    places: Vec<Span>,
    unset: Vec<Diagnostic>,
}

impl Unneeded {
    pub fn new(needs: Needs) -> Self {
        Self { needs, places: Vec::new(), unset: Vec::new() }
    }

    /// Whether a setting may have variables that are not set.
    pub fn allows(&self, path: &str) -> bool {
        !self.needs.include(path.split('.').next().unwrap_or_default())
    }

    /// Notes a setting that has some.
    pub fn note(&mut self, place: Span, unset: Vec<Diagnostic>) {
        self.places.push(place);
        self.unset.extend(unset);
    }

    /// The findings except those about these settings.
    pub fn spare(&self, findings: &mut Findings) {
        findings.retain(|finding| finding.labels.first().is_none_or(|label| !self.places.contains(&label.span)));
    }

    /// That the variables are not set, for settings that cannot be read without them.
    pub fn report(self, findings: &mut Findings) {
        self.unset.into_iter().for_each(|finding| findings.push(finding));
    }
}
