//! Judges a run: compares the expected outcome with the actual one.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::account::{Extent, differences, mentioned, pretty, without_nulls, written};
use super::credential::verify_password;
use super::want::{Accounts, Claims, Invalid, Want, WantedReason, Wants};
use crate::engine::context::Cx;
use crate::engine::outcome::{Made, Outcome, Reason};
use crate::engine::run::Run;
use crate::model::Value;
use crate::model::json::to_json;
use crate::rules::syntax::Word;

/// One way in which a test failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One sentence.
    pub message: String,
    /// The expected and the actual value, if both can be shown.
    pub shown: Option<Shown>,
    /// The rules involved, whose trace is printed.
    pub rules: Vec<String>,
}

/// Two texts to be shown side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub actual: String,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), shown: None, rules: Vec::new() }
    }

    pub(super) fn shows(mut self, expected: String, actual: String) -> Self {
        self.shown = Some(Shown { expected, actual });
        self
    }

    pub(super) fn blames(mut self, rules: impl IntoIterator<Item = String>) -> Self {
        self.rules.extend(rules);
        self
    }
}

/// All differences between a run and the expectations of a test.
pub(super) fn judge(wants: &Wants, run: &Run<'_>, arena: &Bump) -> Vec<Failure> {
    let mut failures = Vec::new();
    match (&wants.accounts, run.outcomes.as_slice()) {
        (None, _) => {}
        (Some(Accounts::One(want)), [outcome]) => Judge { arena, failures: &mut failures }.outcome(want, outcome),
        (Some(Accounts::One(_)), outcomes) => failures.push(count(1, outcomes)),
        (Some(Accounts::Several(wants)), outcomes) if wants.len() != outcomes.len() => {
            failures.push(count(wants.len(), outcomes));
        }
        (Some(Accounts::Several(wants)), outcomes) => {
            for (number, (want, outcome)) in wants.iter().zip(outcomes).enumerate() {
                let before = failures.len();
                Judge { arena, failures: &mut failures }.outcome(want, outcome);
                for failure in failures.iter_mut().skip(before) {
                    failure.message = format!("account {}: {}", number + 1, failure.message);
                }
            }
        }
    }
    failures
}

fn count(wanted: usize, outcomes: &[Outcome<'_>]) -> Failure {
    let descriptions: Vec<String> = outcomes.iter().map(describe).collect();
    let accounts = if wanted == 1 { "one account".to_owned() } else { format!("{wanted} accounts") };
    let message = format!("expected {accounts}, found {}: {}", outcomes.len(), descriptions.join("; "));
    Failure::new(message).blames(outcomes.iter().flat_map(blamed))
}

/// The outcome in words, without values of the record.
fn describe(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::Account(_) => "an account".to_owned(),
        Outcome::Denied(reason) => format!("denied as `{reason}`"),
        Outcome::Invalid(reasons) => format!("invalid ({})", list(reasons)),
    }
}

fn list(reasons: &[Reason]) -> String {
    let texts = reasons.iter().map(|reason| format!("`{}` at `{}`: {}", reason.rule, reason.step, reason.message));
    texts.collect::<Vec<_>>().join("; ")
}

fn blamed(outcome: &Outcome<'_>) -> Vec<String> {
    match outcome {
        Outcome::Account(_) => Vec::new(),
        Outcome::Denied(_) => vec!["admit".to_owned()],
        Outcome::Invalid(reasons) => reasons.iter().map(|reason| reason.rule.clone()).collect(),
    }
}

/// Where two values differ; nothing when they differ as a whole.
pub(super) fn at(paths: &[String]) -> String {
    let named: Vec<String> = paths.iter().filter(|path| !path.is_empty()).map(|path| format!("`{path}`")).collect();
    if named.is_empty() { String::new() } else { format!(" at {}", named.join(", ")) }
}

struct Judge<'a, 'f> {
    arena: &'a Bump,
    failures: &'f mut Vec<Failure>,
}

impl<'a> Judge<'a, '_> {
    fn outcome(&mut self, want: &'a Want, outcome: &Outcome<'_>) {
        if let Some(denied) = &want.denied {
            if !matches!(outcome, Outcome::Denied(reason) if *reason == denied.text) {
                self.other(&format!("the denial `{}`", denied.text), outcome);
            }
            return;
        }
        if let Some(invalid) = &want.invalid {
            match outcome {
                Outcome::Invalid(reasons) => self.reasons(invalid, reasons),
                _ => self.other("an invalid record", outcome),
            }
            return;
        }
        match outcome {
            Outcome::Account(made) => self.made(want, made),
            _ => self.other("an account", outcome),
        }
    }

    fn other(&mut self, wanted: &str, outcome: &Outcome<'_>) {
        let failure = Failure::new(format!("expected {wanted}, found {}", describe(outcome)));
        self.failures.push(failure.blames(blamed(outcome)));
    }

    fn reasons(&mut self, wanted: &Invalid, reasons: &[Reason]) {
        let Invalid::For(wanted) = wanted else { return };
        let fits = |want: &WantedReason, reason: &Reason| {
            want.rule.text == reason.rule && want.step.as_ref().is_none_or(|step| step.text == reason.step)
        };
        let all_wanted = wanted.iter().all(|want| reasons.iter().any(|reason| fits(want, reason)));
        let all_known = reasons.iter().all(|reason| wanted.iter().any(|want| fits(want, reason)));
        if all_wanted && all_known {
            return;
        }
        let text = |rule: &str, step: Option<&str>| step.map_or(rule.to_owned(), |step| format!("{rule} at {step}"));
        let expected =
            wanted.iter().map(|want| text(&want.rule.text, want.step.as_ref().map(|step| step.text.as_str())));
        let actual = reasons.iter().map(|reason| text(&reason.rule, Some(&reason.step)));
        let failure = Failure::new(format!("the record is invalid for other reasons: {}", list(reasons)))
            .shows(expected.collect::<Vec<_>>().join("\n"), actual.collect::<Vec<_>>().join("\n"))
            .blames(reasons.iter().map(|reason| reason.rule.clone()));
        self.failures.push(failure);
    }

    fn made(&mut self, want: &'a Want, made: &Made<'_>) {
        let account = written(made.account.value(), self.arena);
        let credential = written(made.credential, self.arena);
        if let Some(Claims { value, .. }) = &want.expect {
            let expected = self.value(value);
            self.compare("the account", expected, account, Extent::Part);
        }
        if let Some(Claims { value, .. }) = &want.exactly {
            let expected = self.value(value);
            let actual = self.whole(want, expected, account, credential, made.warnings);
            let expected = self.sorted_warnings(without_nulls(expected, self.arena));
            self.compare("the account", expected, actual, Extent::Whole);
        }
        if let Some(wanted) = &want.credential {
            let expected = self.value(wanted);
            self.compare("the credential", expected, credential, Extent::Part);
        }
        if let Some(wanted) = &want.warnings {
            self.warnings(wanted, made.warnings);
        }
        let passwords = [(&want.password, true), (&want.wrong_password, false)];
        for (password, wanted) in passwords.into_iter().filter_map(|(word, wanted)| Some((word.as_ref()?, wanted))) {
            self.password(credential, made.unusable, password, wanted);
        }
    }

    fn value(&self, operand: &'a crate::engine::operand::Operand) -> Value<'a> {
        operand.value(&Cx::bare(self.arena))
    }

    fn compare(&mut self, what: &str, expected: Value<'a>, actual: Value<'a>, extent: Extent) {
        let paths = differences(expected, actual, extent);
        if paths.is_empty() {
            return;
        }
        let shown = mentioned(expected, actual, extent, self.arena);
        let message = match actual.is_present() {
            true => format!("{what} differs{}", at(&paths)),
            false => format!("there is no {}", what.trim_start_matches("the ")),
        };
        let failure =
            Failure::new(message).shows(pretty(expected), pretty(shown)).blames(paths.into_iter().map(|path| {
                match path.as_str() {
                    _ if what == "the account" => path,
                    "" => "credential.value".to_owned(),
                    _ => format!("credential.{path}"),
                }
            }));
        self.failures.push(failure);
    }

    /// The account, with what else `exactly` covers: warnings and the credential, unless the test has keys for them.
    fn whole(
        &self,
        want: &Want,
        expected: Value<'a>,
        account: Value<'a>,
        credential: Value<'a>,
        warnings: &[&str],
    ) -> Value<'a> {
        let mut members = ArenaVec::new_in(self.arena);
        members.extend(account.as_object().unwrap_or_default().iter().copied());
        let named = |key: &str| !matches!(expected.member(key), Value::Missing | Value::Null);
        if named("warnings") || (want.warnings.is_none() && !warnings.is_empty()) {
            let texts = warnings.iter().map(|name| Value::Text(self.arena.alloc_str(name)));
            let mut list: Vec<Value<'a>> = texts.collect();
            list.sort_by_key(|value| value.as_text());
            members.push(("warnings", Value::List(self.arena.alloc_slice_copy(&list))));
        }
        let mentioned = want.credential.is_some() || want.password.is_some() || want.wrong_password.is_some();
        if credential.is_present() && (named("credential") || !mentioned) {
            members.push(("credential", credential));
        }
        Value::Object(members.into_bump_slice())
    }

    fn sorted_warnings(&self, expected: Value<'a>) -> Value<'a> {
        let mut members = ArenaVec::new_in(self.arena);
        for (key, value) in expected.as_object().unwrap_or_default() {
            let value = match value {
                Value::List(items) if *key == "warnings" => {
                    let sorted = self.arena.alloc_slice_copy(items);
                    sorted.sort_by_key(|value| value.as_text());
                    Value::List(sorted)
                }
                value => *value,
            };
            members.push((*key, value));
        }
        Value::Object(members.into_bump_slice())
    }

    fn warnings(&mut self, wanted: &[Word], actual: &[&str]) {
        let mut wanted: Vec<&str> = wanted.iter().map(|word| word.text.as_str()).collect();
        let mut actual = actual.to_vec();
        wanted.sort_unstable();
        actual.sort_unstable();
        if wanted != actual {
            let others = wanted.iter().filter(|name| !actual.contains(name));
            let blamed = others.chain(actual.iter().filter(|name| !wanted.contains(name)));
            let failure = Failure::new("the warnings differ")
                .blames(blamed.map(|name| (*name).to_owned()))
                .shows(wanted.join("\n"), actual.join("\n"));
            self.failures.push(failure);
        }
    }

    fn password(&mut self, credential: Value<'_>, unusable: Option<&str>, password: &Word, wanted: bool) {
        let (word, key) = if wanted { ("match", "password") } else { ("mismatch", "wrong_password") };
        let found = match verify_password(&to_json(credential), &password.text) {
            Ok(verdict) if wanted && verdict.is_match() => return,
            Ok(verdict) if !wanted && verdict.name() == "mismatch" => return,
            Ok(verdict) if verdict.why().is_empty() => verdict.name().to_owned(),
            Ok(verdict) => format!("{}: {}", verdict.name(), verdict.why()),
            Err(problem) => match unusable {
                Some(why) => format!("a stored password that cannot be used: {why}"),
                None if credential.is_present() => problem,
                None => format!("{problem}: the record has no hash, or `when` does not hold"),
            },
        };
        let failure = Failure::new(format!("`{key}` expects the verdict {word}, found {found}"));
        self.failures.push(failure.blames(["credential.value".to_owned()]));
    }
}
