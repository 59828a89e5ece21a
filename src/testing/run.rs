//! Runs cases, and the examples of rules.

use std::collections::BTreeSet;

use bumpalo::Bump;

use super::account::compact;
use super::case::{Case, Record};
use super::coverage::Coverage;
use super::judge::{Failure, judge};
use super::shelf::Shelf;
use super::snapshot;
use crate::engine::context::Cx;
use crate::engine::outcome::{Made, Outcome, Reason};
use crate::engine::plan::{ExamplePlan, Plan, RuleKind, RulePlan};
use crate::engine::probe::{Event, Probe};
use crate::engine::run::{Run, Settings};
use crate::engine::trace::{Trace, View};
use crate::model::Value;
use crate::model::json::same;
use crate::model::read::parse;

/// Maximum length of the input in the name of an example, in characters.
const MAX_NAME: usize = 60;

/// How cases are run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether snapshots are written instead of compared.
    pub update: bool,
    /// The check of a login for accounts; a record that it does not accept is invalid.
    pub refused_at_login: Option<JudgeLogin>,
}

/// Returns why a login would not accept an account that the rules make.
pub type JudgeLogin = fn(&Plan, &Made<'_>) -> Option<Reason>;

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed(Vec<Failure>),
}

/// A case that was run.
#[derive(Debug, Clone)]
pub struct Tested {
    /// The name of the case.
    pub name: String,
    /// The file that contains it.
    pub file: String,
    /// How it ended.
    pub status: Status,
    /// The trace of the rules involved; empty if the case passed.
    pub trace: Vec<String>,
    /// The snapshot that was written.
    pub written: Option<String>,
    /// Fields of the record that no rule reads.
    pub unread: Vec<String>,
}

impl Tested {
    /// Whether it ended as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.status == Status::Passed
    }
}

/// Runs a case.
pub fn run_case(case: &Case<'_>, plan: &Plan, shelf: &dyn Shelf, options: Options, coverage: &mut Coverage) -> Tested {
    let (arena, settings) = (Bump::new(), case.settings());
    let mut tested = Tested {
        name: case.name.clone(),
        file: case.file.to_owned(),
        status: Status::Passed,
        trace: Vec::new(),
        written: None,
        unread: Vec::new(),
    };
    let run = match execute(case, plan, &settings, &arena, coverage) {
        Ok(run) => as_login(run, plan, options),
        Err(problem) => {
            tested.status = Status::Failed(vec![Failure::new(problem)]);
            return tested;
        }
    };
    let mut failures = judge(&case.test.wants, &run, &arena);
    if let Some(name) = case.snapshot() {
        if !options.update {
            failures.extend(snapshot::compare(&name, case.file, &run, shelf, &arena));
        } else if failures.is_empty() {
            match snapshot::update(&name, case.file, &run, shelf, &arena) {
                Ok(changed) => tested.written = changed.then_some(name),
                Err(problem) => failures.push(Failure::new(problem)),
            }
        }
    }
    if !failures.is_empty() {
        tested.trace = trace(case, plan, &settings, &failures);
        tested.status = Status::Failed(failures);
    }
    tested.unread = run.unread;
    tested
}

/// The run, judged as at a login.
fn as_login<'a>(run: Run<'a>, plan: &Plan, options: Options) -> Run<'a> {
    let Some(judge) = options.refused_at_login else { return run };
    let checked = |outcome| match outcome {
        Outcome::Account(made) => match judge(plan, &made) {
            Some(reason) => Outcome::Invalid(vec![reason]),
            None => Outcome::Account(made),
        },
        outcome => outcome,
    };
    Run { outcomes: run.outcomes.into_iter().map(checked).collect(), ..run }
}

fn trace(case: &Case<'_>, plan: &Plan, settings: &Settings, failures: &[Failure]) -> Vec<String> {
    let (arena, mut trace) = (Bump::new(), Trace::new());
    if execute(case, plan, settings, &arena, &mut trace).is_err() {
        return Vec::new();
    }
    let blamed = failures.iter().flat_map(|failure| &failure.rules);
    let rules: BTreeSet<String> = blamed.flat_map(|path| rules_at(path, plan)).collect();
    rules.iter().flat_map(|rule| lines(&trace, rule, plan)).collect()
}

/// The rules that belong to a path: the claim itself, the claims around and inside it, and parts of the credential.
fn rules_at(path: &str, plan: &Plan) -> Vec<String> {
    let begins = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with(['.', '[']));
    let related = |name: &str| name == path || begins(name, path) || begins(path, name);
    let rules = plan.named_rules().into_iter();
    // the trace of a list includes the fields of its elements
    let outer = rules.filter(|(_, rule)| rule.kind != RuleKind::Field);
    outer.filter(|(name, rule)| related(name) || rule.name == path).map(|(_, rule)| rule.name.clone()).collect()
}

/// The trace of one rule. It shows values: test records belong to the author, who must be able to understand a failure.
fn lines(trace: &Trace, rule: &str, plan: &Plan) -> Vec<String> {
    trace.render_rule(rule, &plan.files, View { sensitive: true, colour: false }).lines().map(str::to_owned).collect()
}

fn execute<'a, P: Probe>(
    case: &'a Case<'_>,
    plan: &'a Plan,
    settings: &'a Settings,
    arena: &'a Bump,
    probe: &mut P,
) -> Result<Run<'a>, String> {
    let record = match &case.record {
        Record::Inline(operand) => operand.value(&Cx::bare(arena)),
        Record::Yaml(operand) => operand.value(&Cx::bare(arena)),
        Record::Json(text) => match parse(text, arena, &settings.limits) {
            Ok(record) => record,
            // a record that cannot be read is invalid, which a test may expect
            Err(_) => return Ok(plan.run(text, settings, arena, probe)),
        },
    };
    let changed = case.test.changes.iter().try_fold(record, |record, change| change.apply(record, arena))?;
    Ok(plan.run_value(changed, settings, arena, probe))
}

/// Runs the `examples` and `rejects` of all rules.
pub fn run_examples(file: &str, plan: &Plan, coverage: &mut Coverage) -> Vec<Tested> {
    let mut tested = Vec::new();
    for (name, rule) in plan.named_rules() {
        for example in &rule.examples {
            tested.push(run_example(&name, rule, example, file, plan, coverage));
        }
    }
    tested
}

fn run_example(
    rule_name: &str,
    rule: &RulePlan,
    example: &ExamplePlan,
    file: &str,
    plan: &Plan,
    coverage: &mut Coverage,
) -> Tested {
    let (arena, settings) = (Bump::new(), Settings::default());
    let input = example.input.value(&Cx::bare(&arena));
    let word = if example.gives.is_some() { "example" } else { "rejects" };
    let shown: String = compact(input).chars().take(MAX_NAME).collect();
    let result = plan.try_rule(rule, input, &settings, &arena, coverage);
    coverage.example(rule, &result);
    let failure = judge_example(example, &result, &arena);
    let mut trace = Vec::new();
    if failure.is_some() {
        let mut tried = Trace::new();
        tried.event(Event::Rule(rule));
        // the result is known; this run is only for the trace
        let _ = plan.try_rule(rule, input, &settings, &arena, &mut tried);
        trace = lines(&tried, &rule.name, plan);
    }
    Tested {
        name: format!("{}: {word} {shown}", title(rule_name, rule)),
        file: file.to_owned(),
        status: failure.map_or(Status::Passed, |failure| Status::Failed(vec![failure])),
        trace,
        written: None,
        unread: Vec::new(),
    }
}

fn title(name: &str, rule: &RulePlan) -> String {
    match rule.kind {
        RuleKind::Claim | RuleKind::Field => format!("claim {name}"),
        RuleKind::Account => "the object that the account begins with".to_owned(),
        RuleKind::Let | RuleKind::Split => format!("working value {name}"),
        RuleKind::Credential => name.to_owned(),
    }
}

fn judge_example(example: &ExamplePlan, result: &Result<Value<'_>, Reason>, arena: &Bump) -> Option<Failure> {
    let text = |value: Value<'_>| if value.is_present() { compact(value) } else { "nothing".to_owned() };
    match (&example.gives, result) {
        (None, Err(_)) => None,
        (None, Ok(value)) => {
            let failure = Failure::new("the input should fail, but gives a value");
            Some(failure.shows("a failure".to_owned(), text(*value)))
        }
        (Some(gives), Ok(value)) => {
            let expected = gives.value(&Cx::bare(arena));
            let value = super::account::written(*value, arena);
            let is_same = same(expected, value) || (!expected.is_present() && !value.is_present());
            (!is_same).then(|| Failure::new("the example gives another value").shows(text(expected), text(value)))
        }
        (Some(gives), Err(reason)) => {
            let failure = Failure::new(format!("the example fails at `{}`: {}", reason.step, reason.message));
            Some(failure.shows(text(gives.value(&Cx::bare(arena))), "a failure".to_owned()))
        }
    }
}
