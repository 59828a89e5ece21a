//! Reads and opens what looks at live records beside the logins: candidate rules, and assessments.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use super::LoadedRules;
use super::collector::Collector;
use super::open::BuildError;
use super::rules::{self, RulesError};
use super::settings::{DriftSettings, Settings, ShadowSettings, SystemSettings};
use crate::diag::{Files, Findings, Severity};
use crate::engine::plan::Plan;
use crate::events::subscribed;
use crate::migrate::{LiveRules, RuleSet, RuleSetError};
use crate::ports::{Clock, EventKind, IdentifierProfile, Observations};
use crate::sampling::{Baseline, REST, Sampling, SamplingParts, Shadow, Share, SystemSampling};
use crate::settings::Reporter;

/// How large an assessment may be. Stops a wrong file from filling the memory; one of a thousand fields has about 1 MiB.
const MAX_ASSESSMENT: u64 = 64 * 1024 * 1024;

/// What is looked at in the records of one legacy system.
#[derive(Debug, Default)]
pub struct LoadedSampling {
    /// Its candidate rules.
    pub candidate: Option<LoadedRules>,
    /// The shape that its records had.
    pub baseline: Option<Baseline>,
}

/// Checks what needs no files.
pub(super) fn check(settings: &Settings, reporter: &mut Reporter<'_>) {
    for system in settings.systems() {
        if let Some(shadow) = system.shadow {
            if shadow.share == 0 {
                let help = "set a share such as `10%`, or remove `shadow`";
                reporter.error("R507", &system.path("shadow.share"), "the candidate rules would never run", help);
            }
            let is_active = |(name, value): (&String, &Json)| system.params.get(name) == Some(value);
            if shadow.rules == *system.rules && shadow.rule_params.iter().all(is_active) {
                let (candidate, active) = (system.path("shadow.rules"), system.path("rules"));
                let help = "name the new version of the rules";
                reporter.contradiction(&candidate, &active, "the candidates are the active rules", help);
            }
        }
        if let Some(drift) = system.drift {
            reporter.bound(&system.path("drift.records"), drift.records.into(), 20, 1_000_000);
        }
    }
}

/// Reads candidate rules and assessments, in the order of the legacy systems. `None` if one cannot be used.
pub(super) fn read(
    settings: &Settings,
    folder: &Path,
    files: &mut Files,
    collector: &mut Collector<'_>,
) -> Option<Vec<LoadedSampling>> {
    let verifiers = settings.verifier_names();
    let mut read = Vec::new();
    for system in settings.systems() {
        let candidate = system.shadow.map(|shadow| candidate(shadow, &system, &verifiers, folder, files, collector));
        let baseline = system.drift.map(|drift| baseline(drift, &system, folder, &mut collector.reporter()));
        let is_usable = candidate.as_ref().is_none_or(Option::is_some) && baseline.as_ref().is_none_or(Option::is_some);
        read.push(is_usable.then(|| LoadedSampling { candidate: candidate.flatten(), baseline: baseline.flatten() }));
    }
    read.into_iter().collect()
}

fn candidate(
    shadow: &ShadowSettings,
    system: &SystemSettings<'_>,
    verifiers: &[&str],
    folder: &Path,
    files: &mut Files,
    collector: &mut Collector<'_>,
) -> Option<LoadedRules> {
    let path = folder.join(&shadow.rules);
    let mut own = Findings::default();
    let compiled = rules::compile_into(&path, files, &mut own);
    let has_errors = own.iter().any(|finding| finding.severity == Severity::Error);
    collector.findings.extend(own);
    let key = system.path("shadow.rules");
    let rules::Parsed { plan, hash, paths } = match compiled {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = format!("cannot read `{}`: {}", shadow.rules.display(), error.kind());
            collector.reporter().error("R505", &key, message, "paths are relative to the settings file");
            return None;
        }
    };
    let Some(plan) = plan else {
        if !has_errors {
            let fault = RulesError::Findings { rules: shadow.rules.display().to_string(), first: String::new() };
            collector.reporter().error("R511", &key, fault.to_string(), "run `landfall check` for details");
        }
        return None;
    };
    let params = params(&plan, &shadow.rule_params, system.params);
    let faults = rules::faults(&plan, &path, &params, Some(verifiers));
    for fault in &faults {
        report(fault, &key, &mut collector.reporter());
    }
    match rules::set(plan, &params, hash) {
        Ok(rules) => faults.is_empty().then_some(LoadedRules { rules, files: paths }),
        Err(error) => {
            report(&error.into(), &key, &mut collector.reporter());
            None
        }
    }
}

fn report(fault: &RulesError, key: &str, reporter: &mut Reporter<'_>) {
    let help = match fault {
        RulesError::UnlistedParam { .. } | RulesError::UnknownParam(_) | RulesError::ParamShape(..) => {
            "`rule_params` beside it has the values that differ from `params`"
        }
        RulesError::Set(RuleSetError::Param(_)) => "set it under `rule_params` beside it",
        RulesError::Test { .. } | RulesError::Tests(_) => {
            "run `landfall test` for details; candidates that fail their tests do not run"
        }
        RulesError::UnknownVerifier(_) => "declare it under `verifiers`",
        _ => "candidates must be usable as `rules`; run `landfall check` for details",
    };
    reporter.error("R511", key, format!("the candidate rules cannot be used: {fault}"), help);
}

/// The parameters of candidate rules: their own, and those of the active rules that they declare, too.
fn params(plan: &Plan, own: &BTreeMap<String, Json>, active: &BTreeMap<String, Json>) -> BTreeMap<String, Json> {
    let is_declared = |name: &str| plan.params.iter().any(|param| param.name == name);
    let shared = active.iter().filter(|(name, _)| is_declared(name));
    shared.chain(own).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn baseline(
    drift: &DriftSettings,
    system: &SystemSettings<'_>,
    folder: &Path,
    reporter: &mut Reporter<'_>,
) -> Option<Baseline> {
    let (key, name) = (system.path("drift.assessment"), drift.assessment.display());
    let text = match text(&folder.join(&drift.assessment)) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read `{name}`: {error}");
            reporter.error("R505", &key, message, "paths are relative to the settings file");
            return None;
        }
    };
    Baseline::read(&text)
        .map_err(|error| {
            let help = "write one with `landfall assess --rules RULES --in EXPORT --format json`";
            reporter.error("R516", &key, format!("`{name}` cannot be used: {error}"), help);
        })
        .ok()
}

/// The text of a file, if it is a regular one and not too large.
fn text(path: &Path) -> Result<String, String> {
    let about = fs::metadata(path).map_err(|error| error.kind().to_string())?;
    if !about.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if about.len() > MAX_ASSESSMENT {
        return Err("it is larger than 64 MiB".to_owned());
    }
    fs::read_to_string(path).map_err(|error: io::Error| error.kind().to_string())
}

/// Loads candidate rules again when their files have changed.
///
/// # Errors
/// [`RulesError`].
pub fn candidate_rules(
    path: &Path,
    own: &BTreeMap<String, Json>,
    active: &BTreeMap<String, Json>,
    verifiers: &[&str],
) -> Result<(RuleSet, Vec<PathBuf>), RulesError> {
    rules::rule_set_with(path, Some(verifiers), |plan| params(plan, own, active))
}

/// What sampling works with besides the systems.
pub(super) struct Around {
    pub ledger: Arc<dyn Observations>,
    pub clock: Arc<dyn Clock>,
    pub identifiers: IdentifierProfile,
}

/// Sampling, and the candidate rules of each system, to be reloaded.
pub(super) struct OpenSampling {
    /// `None` if no system asks for it.
    pub sampling: Option<Sampling>,
    pub candidates: Vec<Option<Arc<LiveRules>>>,
}

/// Starts sampling, if a system asks for it.
///
/// # Errors
/// [`BuildError::Sampling`].
pub(super) fn open(
    settings: &Settings,
    loaded: Vec<LoadedSampling>,
    around: Around,
) -> Result<OpenSampling, BuildError> {
    let (mut systems, mut candidates) = (Vec::new(), Vec::new());
    for (system, LoadedSampling { candidate, baseline }) in settings.systems().zip(loaded) {
        let candidate = candidate.map(|candidate| Arc::new(LiveRules::new(candidate.rules)));
        let shadow = candidate
            .clone()
            .zip(system.shadow)
            .map(|(candidate, shadow)| Shadow { candidate, share: Share::of(shadow.share) });
        let drift = baseline.zip(system.drift).map(|(baseline, drift)| (baseline, drift.records));
        candidates.push(candidate);
        if shadow.is_some() || drift.is_some() {
            systems.push(SystemSampling { source: system.source.adapter().name().to_owned(), shadow, drift });
        }
    }
    if systems.is_empty() {
        return Ok(OpenSampling { sampling: None, candidates });
    }
    let Around { ledger, clock, identifiers } = around;
    let sends_events = subscribed(&settings.hooks.webhooks).contains(&EventKind::Drift);
    let parts = SamplingParts { systems, ledger, clock, identifiers, sends_events, rest: REST };
    let sampling = Sampling::start(parts).map_err(|error| BuildError::Sampling(error.kind()))?;
    Ok(OpenSampling { sampling: Some(sampling), candidates })
}
