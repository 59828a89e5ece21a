//! All possible outcomes of the rules of a plan: coverage counts them, and tests may expect their names.

use super::operand::Operand;
use super::plan::{EachPlan, OriginPlan, Plan, Policy, RuleKind, RulePlan, WarningName};
use super::steps::Steps;
use crate::diag::Span;

/// What an outcome belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A claim, working value, field, denial or check, by its place.
    Rule(Span),
    /// A lookup, by its index.
    Lookup(usize),
}

/// One possible outcome of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chance {
    /// The rule has a value.
    Ran,
    /// The rule has no value, and nothing failed.
    Missing,
    /// The claim had no value and is required.
    Required,
    /// The default was used.
    Defaulted,
    /// Something failed, and `on_error` was: `reject`, `warn`, `skip` or `default`.
    Failed(&'static str),
    /// A condition (`when`, `where`, `admit`, `that`, `needs`) was true or false.
    Side(&'static str, bool),
    /// The entry of a lookup was used, by its index.
    Entry(usize),
    /// A lookup had no entry for a key.
    Miss,
}

/// The possible outcomes of one rule.
#[derive(Debug, Clone)]
pub struct Possible {
    /// Its name: the claim's path, `$let`, `list[].field`, `credential.part`, `admit reason`, `lookup name`.
    pub name: String,
    /// What they belong to.
    pub place: Place,
    /// Its outcomes with their names.
    pub chances: Vec<(Chance, String)>,
}

impl Possible {
    fn at(name: String, span: Span) -> Self {
        Self { name, place: Place::Rule(span), chances: Vec::new() }
    }

    fn add(&mut self, chance: Chance, name: impl Into<String>) {
        self.chances.push((chance, name.into()));
    }

    fn sides(&mut self, word: &'static str) {
        self.add(Chance::Side(word, true), format!("`{word}` is true"));
        self.add(Chance::Side(word, false), format!("`{word}` is false"));
    }
}

impl Plan {
    /// All outcomes that the rules can have, in the order in which they run, then lookups.
    #[must_use]
    pub fn possible(&self) -> Vec<Possible> {
        let mut found = Vec::new();
        for (prefix, rule) in self.named_rules() {
            found.push(of_rule(&prefix, rule));
        }
        for admit in &self.admit {
            let mut possible = Possible::at(format!("admit {}", admit.reason), admit.span);
            possible.sides("admit");
            found.push(possible);
        }
        if let Some(credential) = self.credential.as_ref().filter(|credential| credential.when.is_some()) {
            let mut possible = Possible::at("credential".to_owned(), credential.span);
            possible.sides("when");
            found.push(possible);
        }
        for check in &self.checks {
            let mut possible = Possible::at(format!("check {}", check.because), check.span);
            if check.that.is_some() {
                possible.sides("that");
            }
            possible.sides("needs");
            found.push(possible);
        }
        found.extend(self.lookups.iter().map(|lookup| {
            let entries = lookup.entries.iter().enumerate();
            let mut chances: Vec<_> =
                entries.map(|(at, (key, _))| (Chance::Entry(at), format!("entry `{key}`"))).collect();
            chances.push((Chance::Miss, "no entry".to_owned()));
            Possible { name: format!("lookup {}", lookup.name), place: Place::Lookup(lookup.number), chances }
        }));
        found
    }

    /// All rules with the names that reports show, fields of objects after the rule that they belong to.
    #[must_use]
    pub fn named_rules(&self) -> Vec<(String, &RulePlan)> {
        let mut found = Vec::new();
        let split = self.split.iter().map(|split| &split.rule);
        let of_accounts = self.split.iter().flat_map(|split| &split.lets);
        for rule in self.lets.iter().chain(split).chain(of_accounts).chain(&self.start).chain(&self.claims) {
            with_fields(rule, &mut found);
        }
        if let Some(credential) = &self.credential {
            credential.scheme_rule.iter().chain(&credential.fields).for_each(|rule| with_fields(rule, &mut found));
        }
        found
    }

    /// The reasons for which the rules may deny a customer.
    pub fn refusals(&self) -> impl Iterator<Item = &str> {
        self.admit.iter().map(|admit| admit.reason.as_str())
    }

    /// The reasons of `admit` whose conditions may make a record invalid, because a predicate can fail.
    pub fn undecided_denials(&self) -> impl Iterator<Item = String> {
        self.admit.iter().map(|admit| format!("admit.{}", admit.reason))
    }

    /// The reasons of checks between claims.
    pub fn check_reasons(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(|check| !check.warns).map(|check| check.because.as_str())
    }

    /// The names that may be in `warnings`.
    #[must_use]
    pub fn warning_names(&self) -> Vec<&str> {
        let of_accounts = self.splits();
        // in files with `accounts`, claims get the warnings of working values that failed
        let of_failed = self.claims.iter().filter(|_| of_accounts).map(|rule| rule.name.as_str());
        self.warnings().map(|name| name.fixed.as_str()).chain(of_failed).chain(self.warning_checks()).collect()
    }

    /// Whether some names in `warnings` are templates.
    #[must_use]
    pub fn makes_warning_names(&self) -> bool {
        self.warnings().any(|name| name.made.is_some())
    }

    fn warnings(&self) -> impl Iterator<Item = &WarningName> {
        let of_credential = self.credential.iter().filter_map(|credential| credential.policy.warning());
        let of_rules =
            self.named_rules().into_iter().flat_map(|(_, rule)| rule.policy.warning().into_iter().chain(&rule.missing));
        of_rules.chain(of_credential)
    }

    fn warning_checks(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(|check| check.warns).map(|check| check.because.as_str())
    }

    /// The names that may be in `warnings`, each once, without those of rules in which nothing can fail.
    #[must_use]
    pub fn usual_warnings(&self) -> Vec<&str> {
        let rules = self.named_rules();
        let of_rules = |name: &str| {
            let warns = |policy: &Policy| matches!(policy, Policy::Warn(warning) if warning.fixed == name);
            rules.iter().filter(|(_, rule)| warns(&rule.policy)).map(|(_, rule)| *rule).collect::<Vec<_>>()
        };
        let mut names: Vec<&str> = Vec::new();
        for name in self.warning_names() {
            let rules = of_rules(name);
            let never = !rules.is_empty() && rules.into_iter().all(only_copies);
            if !never && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// Whether a rule copies a value and no schema checks it.
fn only_copies(rule: &RulePlan) -> bool {
    let may_be_objected_to = rule.shape.is_some() && may_be_missing(rule);
    let is_script = matches!(rule.origin, OriginPlan::Script { .. });
    let changes = !rule.steps.is_empty() || !rule.then.is_empty() || rule.each.is_some() || rule.filter.is_some();
    !may_be_objected_to && !is_script && !changes && rule.missing.is_none()
}

fn with_fields<'p>(rule: &'p RulePlan, found: &mut Vec<(String, &'p RulePlan)>) {
    let name = match rule.kind {
        RuleKind::Claim | RuleKind::Field | RuleKind::Account => rule.name.clone(),
        RuleKind::Let | RuleKind::Split => format!("${}", rule.name),
        RuleKind::Credential => format!("credential.{}", rule.name),
    };
    found.push((name.clone(), rule));
    if let Some(each) = &rule.each {
        for field in each.fields() {
            let before = found.len();
            with_fields(field, found);
            found.iter_mut().skip(before).for_each(|(inner, _)| *inner = format!("{name}[].{inner}"));
        }
    }
}

fn of_rule(name: &str, rule: &RulePlan) -> Possible {
    let mut possible = Possible::at(name.to_owned(), rule.span);
    if rule.when.is_some() {
        possible.sides("when");
    }
    possible.add(Chance::Ran, "gives a value");
    if rule.filter.is_some() {
        possible.sides("where");
    }
    if rule.default.is_some() {
        possible.add(Chance::Defaulted, "the default is used");
    } else if may_be_missing(rule) {
        if rule.required || rule.missing.is_some() {
            possible.add(Chance::Required, "missing, and required");
        } else {
            possible.add(Chance::Missing, "missing");
        }
    }
    if can_fail(rule) {
        let word = rule.policy_word();
        possible.add(Chance::Failed(word), format!("`on_error: {word}`"));
    }
    possible
}

impl RulePlan {
    /// The policy if a step fails: `reject`, `warn`, `skip` or `default`.
    #[must_use]
    pub fn policy_word(&self) -> &'static str {
        match self.policy {
            Policy::Reject => "reject",
            Policy::Warn(_) => "warn",
            Policy::Skip => "skip",
            Policy::Default => "default",
        }
    }
}

/// Whether a rule can have no value without a failure; false if it is a constant.
fn may_be_missing(rule: &RulePlan) -> bool {
    let from_constant = match &rule.origin {
        OriginPlan::Value(operand) => is_constant(operand),
        OriginPlan::From(sources) => sources.iter().any(|(operand, _)| is_constant(operand)),
        OriginPlan::Script { .. } => false,
    };
    !from_constant || rule.filter.is_some()
}

fn is_constant(operand: &Operand) -> bool {
    match operand {
        Operand::Null | Operand::Reference(_) | Operand::Template(_) => false,
        Operand::Bool(_) | Operand::Int(_) | Operand::Decimal(_) | Operand::Text(_) => true,
        Operand::List(items) => items.iter().any(is_constant),
        Operand::Object(members) => members.iter().any(|(_, value)| is_constant(value)),
        Operand::Parts(parts) => is_constant(parts.written()),
    }
}

/// Whether one of the rule's steps is documented to fail. Values of the wrong kind do not count: the kinds that a
/// legacy system sends are unknown.
fn can_fail(rule: &RulePlan) -> bool {
    let of_elements = match &rule.each {
        Some(EachPlan::Steps(steps)) => steps_can_fail(steps),
        // a required field that is missing makes its element fail
        Some(each) => each.fields().iter().any(|field| field.required && may_be_missing(field)),
        None => false,
    };
    let is_script = matches!(rule.origin, OriginPlan::Script { .. });
    is_script || of_elements || steps_can_fail(&rule.steps) || steps_can_fail(&rule.then)
}

fn steps_can_fail(steps: &Steps) -> bool {
    steps.0.iter().any(|step| step.can_fail)
}
