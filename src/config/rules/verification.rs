//! Runs the tests of rules before the rules are used.

use std::fs;
use std::path::{Path, PathBuf};

use super::RulesError;
use super::disk::Beside;
use crate::diag::{FileId, Files, Findings};
use crate::engine::outcome::Made;
use crate::engine::plan::Plan;
use crate::migrate::refused_at_login;
use crate::ports::IdentifierProfile;
use crate::testing::coverage::Coverage;
use crate::testing::{self, Options, TestFile};

/// The endings of the names of test files.
pub const TEST_ENDINGS: [&str; 2] = [".test.yaml", ".test.yml"];

/// The existing test files of a rule file.
#[must_use]
pub fn tests_beside(rules: &Path) -> Vec<PathBuf> {
    tests_of(rules).into_iter().filter(|path| path.is_file()).collect()
}

/// The paths of the test files that a rule file can have.
#[must_use]
pub fn tests_of(rules: &Path) -> [PathBuf; 2] {
    let stem = rules.with_extension("");
    TEST_ENDINGS.map(|ending| PathBuf::from(format!("{}{ending}", stem.display())))
}

/// The failing examples and tests of rules.
pub(super) fn failures(plan: &Plan, rules: &Path) -> Vec<RulesError> {
    let mut coverage = Coverage::default();
    let file = rules.display().to_string();
    let examples = testing::run_examples(&file, plan, &mut coverage);
    let mut failures: Vec<RulesError> = examples
        .into_iter()
        .filter(|example| !example.passed())
        .map(|example| RulesError::Test { name: example.name, file: file.clone() })
        .collect();
    failures.extend(of_file(rules, testing::inline, plan));
    for tests in tests_beside(rules) {
        failures.extend(of_file(&tests, testing::test_file, plan));
    }
    failures
}

/// How tests of rules judge accounts: as a login does.
#[must_use]
pub fn test_options() -> Options {
    let judge = |plan: &Plan, made: &Made<'_>| refused_at_login(plan, made, &IdentifierProfile::default());
    Options { refused_at_login: Some(judge), ..Options::default() }
}

type ReadTests = fn(&Files, FileId, &mut Findings) -> Option<TestFile>;

fn of_file(path: &Path, read: ReadTests, plan: &Plan) -> Vec<RulesError> {
    let name = path.display().to_string();
    let Ok(text) = fs::read_to_string(path) else { return vec![RulesError::Tests(name)] };
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add(name.clone(), text);
    let tests = read(&files, file, &mut findings);
    let shelf = Beside::new(path);
    let cases = tests.as_ref().map(|tests| {
        testing::check_names(tests, plan, &mut findings);
        testing::cases(tests, &mut files, &shelf, &mut findings)
    });
    if findings.has_errors() {
        return vec![RulesError::Tests(name)];
    }
    let mut coverage = Coverage::default();
    let cases = cases.into_iter().flatten();
    let tested = cases.map(|case| testing::run_case(&case, plan, &shelf, test_options(), &mut coverage));
    tested
        .filter(|tested| !tested.passed())
        .map(|tested| RulesError::Test { name: tested.name, file: name.clone() })
        .collect()
}
