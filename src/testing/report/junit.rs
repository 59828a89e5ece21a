//! Results as JUnit XML, for CI systems.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::testing::run::{Status, Tested};

/// The results as JUnit XML: one suite per file, one case per test.
///
/// # Errors
/// If the XML cannot be written.
pub fn junit(tested: &[Tested]) -> Result<String, SerializeError> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for case in tested {
        let suite = suites.entry(&case.file).or_insert_with(|| TestSuite::new(case.file.clone()));
        suite.add_test_case(of_case(case));
    }
    let mut report = Report::new("landfall test");
    report.add_test_suites(suites.into_values());
    report.to_string()
}

fn of_case(tested: &Tested) -> TestCase {
    let status = match &tested.status {
        Status::Passed => TestCaseStatus::success(),
        Status::Failed(failures) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
            status.set_message(messages.join("; "));
            let mut description = String::new();
            for shown in failures.iter().filter_map(|failure| failure.shown.as_ref()) {
                description += &format!("expected:\n{}\nactual:\n{}\n", shown.expected, shown.actual);
            }
            description += &tested.trace.join("\n");
            status.set_description(description);
            status
        }
    };
    let mut case = TestCase::new(tested.name.clone(), status);
    case.set_classname(tested.file.clone());
    case
}
