//! The rules of the demo: `rules/demo.yaml` and what it uses, inside the program so that it needs no file.

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::diag::{Files, Findings};
use crate::engine::compile::{Loaded, Loader, compile};
use crate::engine::run::Settings;
use crate::migrate::{RuleSet, RuleSetError};

/// The name of the rule file and its text.
const RULES: (&str, &str) = ("rules/demo.yaml", include_str!("../../rules/demo.yaml"));

/// The files it uses, by the names under which it asks for them.
const SHARED: &[(&str, &str)] = &[("common/contact.yaml", include_str!("../../rules/common/contact.yaml"))];

/// The built-in rules cannot be used: a fault of this program, found by its tests.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DemoRulesError {
    /// They have findings.
    #[error("the rules of the demo have {0} errors")]
    Findings(usize),
    /// They do not fit a login.
    #[error(transparent)]
    Unfit(#[from] RuleSetError),
}

struct Embedded;

impl Loader for Embedded {
    fn load(&self, _: &str, name: &str) -> Result<Loaded, String> {
        let found = SHARED.iter().find(|(known, _)| *known == name);
        let (name, text) = found.ok_or_else(|| format!("`{name}` is not part of the demo"))?;
        Ok(Loaded { name: format!("rules/{name}"), text: (*text).to_owned() })
    }
}

/// The text of the rule file, for the page.
#[must_use]
pub fn text() -> &'static str {
    RULES.1
}

/// The rules, compiled.
///
/// # Errors
/// [`DemoRulesError`].
pub fn rules() -> Result<RuleSet, DemoRulesError> {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add(RULES.0, RULES.1);
    let plan = compile(&mut files, file, &Embedded, &mut findings);
    let plan = plan.ok_or_else(|| DemoRulesError::Findings(findings.sorted().len()))?;
    Ok(RuleSet::new(plan, Settings::default(), hash())?)
}

/// The hash of all texts, which names the rules in the ledger.
fn hash() -> String {
    let mut digest = Sha256::new();
    for (name, text) in std::iter::once(&RULES).chain(SHARED) {
        digest.update(name.as_bytes());
        digest.update([0]);
        digest.update(text.as_bytes());
    }
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_the_demo_compile() {
        assert!(rules().is_ok(), "{:?}", rules().err());
        assert_eq!(hash().len(), 64);
    }

    #[test]
    fn no_other_file_can_be_named() {
        assert!(Embedded.load("rules/demo.yaml", "../etc/passwd").is_err());
    }
}
