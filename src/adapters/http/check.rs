//! What settings mean, and the mistakes in them.

use std::path::Path as FilePath;

use super::client::{self, Client};
use super::condition::Condition;
use super::path::{Path, PathError};
use super::preset;
use super::request::{Mistake, Request};
use super::settings::{HttpSettings, HttpVerifierSettings};
use super::shape::{ConditionSettings, RequestSettings, whole};
use super::template::{Known, Name};
use crate::password::Verdict;
use crate::settings::{Reporter, Secret};

/// Whether a status also means that a system refuses Landfall itself.
fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403 | 407)
}

/// Whether a status also means that a system is not available.
fn is_outage(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

/// What a source does.
#[derive(Debug)]
pub(super) struct SourcePlan {
    pub record: Request,
    pub others: Vec<Request>,
    pub key: Option<Path>,
    pub pick: Path,
    pub matching: Vec<Path>,
    pub none_when: Vec<Condition>,
    pub found_when: Vec<Condition>,
    pub lists: Vec<ListPlan>,
    pub params: std::collections::BTreeMap<String, Secret>,
}

/// How a part of a record is found.
#[derive(Debug)]
pub(super) struct ListPlan {
    pub name: String,
    pub request: Request,
    pub pick: Path,
    pub none_when: Vec<Condition>,
}

/// What a verifier does.
#[derive(Debug)]
pub(super) struct VerifierPlan {
    pub request: Request,
    pub then: Option<Request>,
    pub subject: Option<(Path, Option<Path>)>,
    pub conditions: Vec<(Verdict, Vec<Condition>)>,
    pub status_alone: bool,
    pub reads_text: bool,
    pub params: std::collections::BTreeMap<String, Secret>,
}

/// Reports the mistakes in the settings of a source.
pub(super) fn source(settings: &HttpSettings, reporter: &mut Reporter<'_>) {
    let mut mistakes: Vec<Mistake> = client::place(&settings.server).err().into_iter().collect();
    if !settings.preset.as_deref().is_some_and(preset::is_file) {
        mistakes.extend(source_plan(settings, FilePath::new("")).err().unwrap_or_default());
    }
    report(mistakes, reporter);
}

/// Reports the mistakes in the settings of a verifier.
pub(super) fn verifier(settings: &HttpVerifierSettings, reporter: &mut Reporter<'_>) {
    let mut mistakes: Vec<Mistake> = client::place(&settings.server).err().into_iter().collect();
    if !settings.preset.as_deref().is_some_and(preset::is_file) {
        mistakes.extend(verifier_plan(settings, FilePath::new("")).err().unwrap_or_default());
    }
    report(mistakes, reporter);
}

/// Reports what shows only once files were read.
pub(super) fn source_secrets(settings: &HttpSettings, folder: &FilePath, reporter: &mut Reporter<'_>) {
    let mut mistakes = client_mistakes(&settings.server, folder);
    if settings.preset.as_deref().is_some_and(preset::is_file) {
        mistakes.extend(source_plan(settings, folder).err().unwrap_or_default());
    }
    report(mistakes, reporter);
}

/// Reports what shows only once files were read.
pub(super) fn verifier_secrets(settings: &HttpVerifierSettings, folder: &FilePath, reporter: &mut Reporter<'_>) {
    let mut mistakes = client_mistakes(&settings.server, folder);
    if settings.preset.as_deref().is_some_and(preset::is_file) {
        mistakes.extend(verifier_plan(settings, folder).err().unwrap_or_default());
    }
    report(mistakes, reporter);
}

/// A mistake in the place of the server was reported before.
pub(in crate::adapters) fn client_mistakes(server: &super::settings::Server, folder: &FilePath) -> Vec<Mistake> {
    if client::place(server).is_err() {
        return Vec::new();
    }
    Client::open(server, 1024, folder).err().into_iter().collect()
}

pub(in crate::adapters) fn report(mistakes: Vec<Mistake>, reporter: &mut Reporter<'_>) {
    for Mistake { code, key, message, help } in mistakes {
        reporter.error(code, &key, message, help);
    }
}

/// Reads the settings of a source.
pub(super) fn source_plan(settings: &HttpSettings, folder: &FilePath) -> Result<SourcePlan, Vec<Mistake>> {
    let settings = preset::of_source(settings, folder)?;
    let mut mistakes = Vec::new();
    let known = Known { params: Some(&settings.params), ..Known::default() };
    let record = record_request("record", settings.record.as_deref(), known, &mut mistakes);
    let others = settings.or.as_deref().unwrap_or_default();
    let others: Vec<Request> =
        others.iter().filter_map(|other| record_request("or", Some(other), known, &mut mistakes)).collect();
    if !others.is_empty() && settings.key.is_none() {
        let help = "write `key: $.id`, by which a customer whom two requests find is known to be one";
        mistakes.push(Mistake::missing("key", "`or` needs `key`", help));
    }
    let key = settings.key.as_deref().and_then(|key| path("key", key, &mut mistakes));
    let pick = path("pick", settings.pick.as_deref().unwrap_or(&whole()), &mut mistakes);
    if pick.as_ref().is_some_and(Path::has_index) {
        let help = "pick the list, such as `$.items`: with an index, a second record would not be seen";
        mistakes.push(Mistake::new("pick", "`pick` chooses one element of a list", help));
    }
    let paths = settings.matching.iter().flatten();
    let matching = paths.filter_map(|text| path("match", text, &mut mistakes)).collect();
    let names_customer = record.iter().chain(&others).all(Request::path_has_values);
    let missing = ConditionSettings { status: super::shape::Statuses(vec![404]), ..ConditionSettings::default() };
    let usual = if names_customer { vec![missing] } else { Vec::new() };
    let none_when = settings.none_when.clone().unwrap_or(usual);
    let none_when = Condition::compile_all("none_when", &none_when, &mut mistakes);
    check_none("none_when", &none_when, &mut mistakes);
    let found_when = settings.found_when.clone().unwrap_or_default();
    let found_when = Condition::compile_all("found_when", &found_when, &mut mistakes);
    check_found(settings.found_when.is_some(), &found_when, &mut mistakes);
    let known = Known { record: true, ..known };
    let mut lists = Vec::new();
    for (name, list) in settings.lists.iter().flatten() {
        let key = format!("lists.{name}");
        let request = required_request(&format!("{key}.request"), Some(&list.request), known, &mut mistakes);
        let pick = path(&format!("{key}.pick"), &list.pick, &mut mistakes);
        let none_when = Condition::compile_all(&format!("{key}.none_when"), &list.none_when, &mut mistakes);
        check_none(&format!("{key}.none_when"), &none_when, &mut mistakes);
        lists.extend(request.zip(pick).map(|(request, pick)| ListPlan {
            name: name.clone(),
            request,
            pick,
            none_when,
        }));
    }
    match (record, pick) {
        (Some(record), Some(pick)) if mistakes.is_empty() => Ok(SourcePlan {
            record,
            others,
            key,
            pick,
            matching,
            none_when,
            found_when,
            lists,
            params: settings.params,
        }),
        _ => Err(mistakes),
    }
}

/// Reads the settings of a verifier.
pub(super) fn verifier_plan(settings: &HttpVerifierSettings, folder: &FilePath) -> Result<VerifierPlan, Vec<Mistake>> {
    let settings = preset::of_verifier(settings, folder)?;
    let known = Known { record: true, password: true, params: Some(&settings.params), ..Known::default() };
    whole_verifier(&settings, known)
}

/// Reads the settings of a verifier without a preset.
pub(super) fn whole_verifier(settings: &HttpVerifierSettings, known: Known<'_>) -> Result<VerifierPlan, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let request = required_request("request", settings.request.as_deref(), known, &mut mistakes);
    if let Some(request) = &request {
        check_request(request, &mut mistakes);
    }
    let known = Known { answer: true, password: false, ..known };
    let then = settings.then.as_deref();
    let then = then.and_then(|then| required_request("then", Some(then), known, &mut mistakes));
    if then.is_some() && settings.subject.is_none() {
        let help = "write `subject`, such as `{ answer: $.sub, record: $.id }`, or leave `then` out";
        mistakes.push(Mistake::contradiction("then", "a second request is only for the subject of the answer", help));
    }
    let subject = settings.subject.as_ref().and_then(|subject| {
        let answer = path("subject.answer", &subject.answer, &mut mistakes)?;
        match &subject.record {
            Some(record) => Some((answer, Some(path("subject.record", record, &mut mistakes)?))),
            None => Some((answer, None)),
        }
    });
    let status_alone = settings.status_alone.unwrap_or_default();
    let conditions = conditions(settings, status_alone, &mut mistakes);
    let reads_text = conditions.iter().flat_map(|(_, all)| all).any(Condition::reads_text);
    match request {
        Some(request) if mistakes.is_empty() => {
            let params = settings.params.clone();
            Ok(VerifierPlan { request, then, subject, conditions, status_alone, reads_text, params })
        }
        _ => Err(mistakes),
    }
}

fn check_request(request: &Request, mistakes: &mut Vec<Mistake>) {
    if !request.names().any(|name| *name == Name::Password) {
        let help = "write `{password}` in the body, or `basic: {}`";
        mistakes.push(Mistake::missing("request", "the request does not send the password", help));
    }
    if !request.names().any(is_customer) {
        let help = "write `{identifier}`, or a value of the record such as `{$.id}`";
        mistakes.push(Mistake::missing("request", "the request does not say whose password it is", help));
    }
}

fn is_customer(name: &Name) -> bool {
    match name {
        Name::Target(name) => name.is_customer(),
        name => matches!(name, Name::Identifier | Name::Typed | Name::Record(_)),
    }
}

fn conditions(
    settings: &HttpVerifierSettings,
    status_alone: bool,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(Verdict, Vec<Condition>)> {
    let rows = [
        ("verified_when", Verdict::Match, &settings.verified_when),
        ("must_change_when", Verdict::MustChange, &settings.must_change_when),
        ("mismatch_when", Verdict::Mismatch, &settings.mismatch_when),
        ("locked_when", Verdict::Locked, &settings.locked_when),
        ("disabled_when", Verdict::Disabled, &settings.disabled_when),
        ("expired_when", Verdict::Expired, &settings.expired_when),
    ];
    // a client certificate is refused before there is an answer
    let has_auth = settings.server.auth.is_some();
    let reads_text = rows.iter().filter_map(|(.., written)| written.as_ref()).flatten().any(|one| one.text.is_some());
    let mut found = Vec::new();
    for (key, verdict, written) in rows {
        let written = written.as_deref().unwrap_or_default();
        if written.is_empty() && matches!(verdict, Verdict::Match | Verdict::Mismatch) {
            let help =
                "without it no answer would ever mean that; for example `[ { status: 200, body: { $.ok: true } } ]`";
            mistakes.push(Mistake::missing(key, format!("`{key}` is missing"), help));
        }
        let compiled = Condition::compile_all(key, written, mistakes);
        check_subject(key, &verdict, written, settings, mistakes);
        let mut bare = compiled.iter().filter(|condition| !condition.has_evidence()).peekable();
        if (verdict.is_match() || reads_text) && !status_alone && bare.peek().is_some() {
            let help = "pages of proxies and errors also have statuses: add a value of `body`, or a header; if answers \
                        have none, write `status_alone: true`";
            mistakes.push(Mistake::new(key, format!("`{key}` has a status alone, which proves nothing"), help));
            found.push((verdict, compiled));
            continue;
        }
        let is_success =
            |condition: &&Condition| !verdict.is_match() && condition.has_status(|status| (200..300).contains(&status));
        if bare.clone().any(|condition| is_success(&condition)) {
            let help = "add a value of `body`, or a header, that only these answers have";
            mistakes.push(Mistake::new(key, format!("`{key}` has a status that also means success"), help));
            found.push((verdict, compiled));
            continue;
        }
        if let Some(meaning) = bare.find_map(|condition| other_meaning(condition, has_auth && !verdict.is_match())) {
            let help = "add a value of `body`, or a header, that tells them apart";
            mistakes.push(Mistake::new(key, format!("`{key}` has a status that also means that {meaning}"), help));
        }
        found.push((verdict, compiled));
    }
    found
}

/// A condition that waives the subject waives something, and never for what verifies.
fn check_subject(
    key: &str,
    verdict: &Verdict,
    written: &[ConditionSettings],
    settings: &HttpVerifierSettings,
    mistakes: &mut Vec<Mistake>,
) {
    let is_fit = *verdict == Verdict::MustChange && settings.subject.is_some();
    if !is_fit && written.iter().any(|condition| condition.subject == Some(false)) {
        let help = "`subject: false` is for answers in `must_change_when` that do not have what `subject` compares";
        mistakes.push(Mistake::contradiction(key, format!("`{key}` has no subject to leave out"), help));
    }
}

/// What the status of a condition means as well, if it has nothing else.
pub(super) fn other_meaning(condition: &Condition, has_auth: bool) -> Option<&'static str> {
    match condition {
        condition if condition.has_status(is_outage) => Some("the system is not available"),
        condition if has_auth && condition.has_status(is_refusal) => Some("Landfall's own credentials were refused"),
        _ => None,
    }
}

/// An outage is never an unknown customer.
pub(super) fn check_none(key: &str, conditions: &[Condition], mistakes: &mut Vec<Mistake>) {
    let mut bare = conditions.iter().filter(|condition| !condition.has_evidence());
    let is_found = |condition: &Condition| condition.is_status_alone() && condition.has_status(|status| status == 200);
    let other =
        |condition: &Condition| other_meaning(condition, true).or(is_found(condition).then_some("there is a record"));
    if let Some(meaning) = bare.find_map(other) {
        let help = "add a value of `body`, or a header, that tells them apart";
        mistakes.push(Mistake::new(key, format!("`{key}` has a status that also means that {meaning}"), help));
    }
    if conditions.iter().any(|condition| !condition.has_subject) {
        let help = "`subject: false` is for answers about a password";
        mistakes.push(Mistake::contradiction(key, format!("`{key}` has no subject to leave out"), help));
    }
}

fn check_found(is_set: bool, conditions: &[Condition], mistakes: &mut Vec<Mistake>) {
    let is_empty = is_set && conditions.is_empty();
    if is_empty || conditions.iter().any(|condition| !condition.has_evidence()) {
        let help = "add a value of `body` that every record has, such as `$.id: { exists: true }`";
        mistakes.push(Mistake::new("found_when", "`found_when` has nothing that tells a record from an error", help));
    }
}

/// A request that finds a customer.
fn record_request(
    key: &str,
    settings: Option<&RequestSettings>,
    known: Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Request> {
    let request = required_request(key, settings, known, mistakes)?;
    if !request.names().any(is_customer) {
        let help = "a request without `{identifier}` finds the same record for everybody";
        mistakes.push(Mistake::missing(key, "the request does not use the identifier", help));
    }
    Some(request)
}

pub(super) fn required_request(
    key: &str,
    settings: Option<&RequestSettings>,
    known: Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Request> {
    let Some(settings) = settings else {
        let help = format!("write `{key}: {{ path: … }}`, or name a `preset`");
        mistakes.push(Mistake::missing(key, format!("`{key}` is missing"), help));
        return None;
    };
    let within = |mistake: Mistake| Mistake { key: format!("{key}.{}", mistake.key), ..mistake };
    Request::compile(settings, known).map_err(|found| mistakes.extend(found.into_iter().map(within))).ok()
}

pub(super) fn path(key: &str, text: &str, mistakes: &mut Vec<Mistake>) -> Option<Path> {
    Path::parse(text)
        .map_err(|error| mistakes.push(Mistake::new(key, format!("`{key}` is invalid: {error}"), PathError::help())))
        .ok()
}

/// The first mistake as one sentence.
pub(in crate::adapters) fn sentence(mistakes: &[Mistake]) -> String {
    mistakes.first().map_or_else(String::new, |mistake| format!("{} (`{}`)", mistake.message, mistake.key))
}
