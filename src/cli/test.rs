//! `landfall test`: runs the tests of rules, and the examples in them.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::check::rule_files;
use super::watch::{self, Involved};
use super::{COULD_NOT_RUN, CommandError, FINDINGS, FINE, load, show};
use crate::config::{Beside, Compiled, TEST_ENDINGS, test_options, tests_beside};
use crate::diag::{Diagnostic, Files, Findings};
use crate::engine::plan::Plan;
use crate::settings::folder_of;
use crate::testing::coverage::{Coverage, CoverageReport, percent, total};
use crate::testing::{self, Options, TestFile, Tested, report};

/// Arguments of `landfall test`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall test                            # all tests below rules/
  landfall test rules/wordpress.yaml       # the tests of one rule file, and its examples
  landfall test --filter phone             # tests with `phone` in their name
  landfall test --update                   # write the snapshots again
  landfall test --coverage --threshold 90  # fail if less than 90 % of the outcomes were seen
  landfall test --watch rules/shop.yaml    # again whenever a file changes; Ctrl-C ends with 0
  landfall test --format junit > out.xml   # for CI systems")]
pub struct Arguments {
    /// Rule files, test files, or folders that contain them
    #[arg(default_value = "rules")]
    paths: Vec<PathBuf>,
    /// Run only tests whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Write snapshots instead of comparing them
    #[arg(long)]
    update: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Count how many possible outcomes of the rules the tests saw
    #[arg(long)]
    coverage: bool,
    /// Fail if less than this percentage of the outcomes was seen
    #[arg(long, value_name = "N", requires = "coverage", value_parser = clap::value_parser!(u8).range(0..=100))]
    threshold: Option<u8>,
    /// Run the tests again whenever the rules, or files in the folders of the tests, change, until Ctrl-C
    #[arg(long, conflicts_with = "update")]
    watch: bool,
}

/// The output format.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// A JSON document
    Json,
    /// JUnit XML
    Junit,
}

/// The results of all tests.
#[derive(Default)]
struct Results {
    tested: Vec<Tested>,
    coverage: Vec<CoverageReport>,
    /// Whether some rules or tests could not be run at all.
    broken: bool,
    /// The number of tests that the filter left out.
    left_out: usize,
}

/// Runs the command.
///
/// # Errors
/// If a path cannot be read, or there are no tests.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if arguments.watch {
        return watch::run(|involved| once(arguments, involved));
    }
    once(arguments, &mut Involved::default())
}

/// Runs all tests once.
fn once(arguments: &Arguments, involved: &mut Involved) -> Result<u8, CommandError> {
    let mut results = Results::default();
    arguments.paths.iter().for_each(|path| involved.path(path));
    for job in jobs(&arguments.paths)? {
        if arguments.watch {
            job.involve(involved);
        }
        job.run(arguments, &mut results)?;
    }
    if results.tested.is_empty() && !results.broken {
        return Err(no_tests(arguments, &results));
    }
    print(arguments, &results)?;
    let (_, failed) = report::count(&results.tested);
    let (seen, all) = total(&results.coverage);
    let share = percent(seen, all);
    let short = arguments.threshold.is_some_and(|threshold| share < usize::from(threshold));
    if short && let Some(threshold) = arguments.threshold {
        anstream::eprintln!("the coverage of {share}% is below the threshold of {threshold}%");
    }
    Ok(match (results.broken, failed > 0 || short) {
        (true, _) => COULD_NOT_RUN,
        (false, true) => FINDINGS,
        (false, false) => FINE,
    })
}

fn no_tests(arguments: &Arguments, results: &Results) -> CommandError {
    match &arguments.filter {
        Some(filter) if results.left_out > 0 => {
            let help = "`--filter` matches any part of a name, exactly as written";
            let message = format!("no test name contains `{filter}`; the filter left out {} tests", results.left_out);
            CommandError::new(message).help(help)
        }
        _ => CommandError::new("there are no tests")
            .help("add `tests:` or `examples:` to the rules, or a file `NAME.test.yaml` beside `NAME.yaml`"),
    }
}

fn print(arguments: &Arguments, results: &Results) -> Result<(), CommandError> {
    let coverage = arguments.coverage.then_some(results.coverage.as_slice());
    match arguments.format {
        Format::Human => {
            show::output(&report::human(&results.tested, show::colour()))?;
            if let Some(coverage) = coverage {
                show::output(&report::human_coverage(coverage))?;
            }
        }
        Format::Json => show::output(&format!("{:#}\n", report::json(&results.tested, coverage)))?,
        Format::Junit => {
            let xml = report::junit(&results.tested)
                .map_err(|error| CommandError::new(format!("cannot write the results as XML: {error}")))?;
            show::output(&xml)?;
        }
    }
    Ok(())
}

/// A rule file with the test files to run on it.
struct Job {
    rules: PathBuf,
    /// Whether the tests and examples in the rule file itself are run.
    own: bool,
    tests: Vec<PathBuf>,
}

/// Finds the jobs for paths: a rule file includes the test files beside it, and a test file its rules.
fn jobs(paths: &[PathBuf]) -> Result<Vec<Job>, CommandError> {
    let mut jobs: Vec<Job> = Vec::new();
    for path in paths {
        if is_test(path) {
            if !path.is_file() {
                return Err(CommandError::new(format!("`{}` does not exist", path.display())));
            }
            add(&mut jobs, rules_beside(path)?, Some(path.clone()));
            continue;
        }
        let tests = if path.is_dir() { test_files(path)? } else { tests_beside(path) };
        let rules = match rule_files(std::slice::from_ref(path)) {
            // a folder may contain only tests of rules that are elsewhere
            Err(_) if path.is_dir() && !tests.is_empty() => Vec::new(),
            found => found?,
        };
        rules.into_iter().for_each(|rules| add(&mut jobs, rules, None));
        for test in tests {
            add(&mut jobs, rules_beside(&test)?, Some(test));
        }
    }
    Ok(jobs)
}

fn add(jobs: &mut Vec<Job>, rules: PathBuf, test: Option<PathBuf>) {
    let key = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let wanted = key(&rules);
    let at = jobs.iter().position(|job| key(&job.rules) == wanted);
    if at.is_none() {
        jobs.push(Job { rules, own: false, tests: Vec::new() });
    }
    let Some(job) = at.map_or_else(|| jobs.len().checked_sub(1), Some).and_then(|at| jobs.get_mut(at)) else { return };
    match test {
        None => job.own = true,
        Some(test) if !job.tests.iter().any(|known| key(known) == key(&test)) => job.tests.push(test),
        Some(_) => {}
    }
}

fn is_test(path: &Path) -> bool {
    TEST_ENDINGS.iter().any(|ending| path.to_string_lossy().ends_with(ending))
}

/// All test files below a folder, sorted.
fn test_files(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let unreadable =
        |error: std::io::Error| CommandError::new(format!("cannot read `{}`: {}", folder.display(), error.kind()));
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(unreadable)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(unreadable)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(test_files(&path)?);
        } else if is_test(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

/// The rule file of a test file: the one that it names, or the one with the same name.
fn rules_beside(test: &Path) -> Result<PathBuf, CommandError> {
    let text = read(test)?;
    let mut files = Files::default();
    let file = files.add(test.display().to_string(), text);
    if let Some(named) = testing::rules_of(&files, file) {
        let path = test.parent().unwrap_or_else(|| Path::new("")).join(&named);
        if !path.is_file() {
            let message = format!("`{}` names the rules `{named}`, which do not exist", test.display());
            return Err(CommandError::new(message).help("the path is relative to the test file"));
        }
        return Ok(path);
    }
    let name = test.to_string_lossy().into_owned();
    let stem = TEST_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let candidates = ["yaml", "yml"].map(|ending| PathBuf::from(format!("{stem}.{ending}")));
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let message = format!("there are no rules `{stem}.yaml` for the tests in `{name}`");
        CommandError::new(message).help("rename the test file, or name its rules: `rules: other.yaml`")
    })
}

fn read(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path)
        .map_err(|error| CommandError::new(format!("cannot read `{}`: {}", path.display(), error.kind())))
}

impl Job {
    /// What its result depends on: the rules with what they use, and the folders of the tests, which contain snapshots and
    /// records.
    fn involve(&self, involved: &mut Involved) {
        involved.file(&self.rules);
        if let Ok(compiled) = load::rules(&self.rules) {
            compiled.paths.iter().for_each(|path| involved.file(path));
        }
        for test in &self.tests {
            involved.file(test);
            involved.path(folder_of(test));
        }
    }

    fn run(&self, arguments: &Arguments, results: &mut Results) -> Result<(), CommandError> {
        let Compiled { files, findings, plan, .. } = load::rules(&self.rules)?;
        let Some(plan) = plan else {
            show::findings(&files, &findings);
            results.broken = true;
            return Ok(());
        };
        let mut coverage = Coverage::default();
        let name = self.rules.display().to_string();
        if self.own {
            let examples = testing::run_examples(&name, &plan, &mut coverage);
            let all = examples.len();
            let wanted = |tested: &Tested| arguments.filter.as_ref().is_none_or(|text| tested.name.contains(text));
            let before = results.tested.len();
            results.tested.extend(examples.into_iter().filter(wanted));
            results.left_out += all - (results.tested.len() - before);
            let reader = testing::inline;
            self.file(&self.rules, reader, &plan, arguments, &mut coverage, results)?;
        }
        for test in &self.tests {
            self.file(test, testing::test_file, &plan, arguments, &mut coverage, results)?;
        }
        results.coverage.push(coverage.report(&name, &plan));
        Ok(())
    }

    /// Runs the tests of one file.
    fn file(
        &self,
        path: &Path,
        reader: fn(&Files, crate::diag::FileId, &mut Findings) -> Option<TestFile>,
        plan: &Plan,
        arguments: &Arguments,
        coverage: &mut Coverage,
        results: &mut Results,
    ) -> Result<(), CommandError> {
        let mut files = Files::default();
        let id = files.add(path.display().to_string(), read(path)?);
        let mut findings = Findings::default();
        let tests = reader(&files, id, &mut findings);
        let shelf = Beside::new(path);
        let cases = tests.as_ref().map(|tests| {
            testing::check_names(tests, plan, &mut findings);
            testing::cases(tests, &mut files, &shelf, &mut findings)
        });
        let broken = findings.has_errors();
        show_all(&files, findings);
        if broken {
            results.broken = true;
            return Ok(());
        }
        let options = Options { update: arguments.update, ..test_options() };
        for case in cases.into_iter().flatten() {
            if arguments.filter.as_ref().is_some_and(|text| !case.name.contains(text)) {
                results.left_out += 1;
                continue;
            }
            results.tested.push(testing::run_case(&case, plan, &shelf, options, coverage));
        }
        Ok(())
    }
}

fn show_all(files: &Files, findings: Findings) {
    let findings: Vec<Diagnostic> = findings.sorted();
    if !findings.is_empty() {
        show::findings(files, &findings);
    }
}
