//! Presets: requests and conditions for known products, as data. A new product is a YAML file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;

use super::request::Mistake;
use super::settings::{HttpSettings, HttpVerifierSettings};
use super::shape::{ConditionSettings, PartSettings, RequestSettings, SubjectSettings};
use super::target::{HttpTargetSettings, TargetSection};
use super::throttle::RateSettings;
use crate::adapters::product_rules::{Owner, RulesFile};
use crate::diag::closest;
use crate::settings::Secret;

/// The files of presets in the program.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// The presets by name.
pub(super) fn presets() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().map(|(file, text)| (file.strip_suffix(".yaml").unwrap_or(file), *text))
}

/// The largest preset file, in bytes. Stops another file from being read by mistake.
const MAX_BYTES: u64 = 256 * 1024;

/// A preset.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preset {
    /// Its parameters, each with its meaning.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Values of parameters that are not written.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
    /// Its requests for records.
    #[serde(default)]
    pub source: Option<SourcePreset>,
    /// Its request that verifies.
    #[serde(default)]
    pub verifier: Option<VerifierPreset>,
    /// Its requests for accounts.
    #[serde(default)]
    pub target: Option<TargetPreset>,
}

/// What a preset says of a target.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetPreset {
    /// The rule file, beside the preset; for a preset of the program in `rules/targets`.
    pub rules: PathBuf,
    /// Parameters of the rules that the requests depend on.
    #[serde(default)]
    pub rule_params: BTreeMap<String, Json>,
    /// Parameters that must not be empty.
    #[serde(default)]
    pub needs: Vec<String>,
    /// How many calls the product takes.
    #[serde(default)]
    pub rates: Vec<RateSettings>,
    /// Its requests.
    pub requests: TargetSection,
}

/// What a preset says of a source.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourcePreset {
    pub record: RequestSettings,
    #[serde(default)]
    pub or: Option<Vec<RequestSettings>>,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub pick: Option<String>,
    #[serde(default, rename = "match")]
    pub matching: Option<Vec<String>>,
    #[serde(default)]
    pub none_when: Option<Vec<ConditionSettings>>,
    #[serde(default)]
    pub found_when: Option<Vec<ConditionSettings>>,
    #[serde(default)]
    pub lists: Option<BTreeMap<String, PartSettings>>,
}

/// What a preset says of a verifier.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifierPreset {
    pub request: RequestSettings,
    pub verified_when: Vec<ConditionSettings>,
    pub mismatch_when: Vec<ConditionSettings>,
    #[serde(default)]
    pub locked_when: Option<Vec<ConditionSettings>>,
    #[serde(default)]
    pub disabled_when: Option<Vec<ConditionSettings>>,
    #[serde(default)]
    pub expired_when: Option<Vec<ConditionSettings>>,
    #[serde(default)]
    pub must_change_when: Option<Vec<ConditionSettings>>,
    #[serde(default)]
    pub then: Option<RequestSettings>,
    #[serde(default)]
    pub subject: Option<SubjectSettings>,
    #[serde(default)]
    pub status_alone: Option<bool>,
}

/// Whether a preset is a file and not a name.
pub(super) fn is_file(name: &str) -> bool {
    name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml")
}

/// Finds a preset. Paths are relative to the folder.
pub(super) fn find(name: &str, folder: &Path) -> Result<Preset, Mistake> {
    let text = if is_file(name) {
        Cow::Owned(read(&folder.join(name))?)
    } else {
        let names = || presets().map(|(name, _)| name);
        let (_, text) = presets().find(|(have, _)| *have == name).ok_or_else(|| {
            let help = closest(name, names()).map_or_else(
                || {
                    format!(
                        "known are {}; a path with `/` or `.yaml` names a file",
                        names().collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!("did you mean `{near}`?"),
            );
            Mistake::new("preset", "the preset is unknown", help)
        })?;
        Cow::Borrowed(text)
    };
    serde_path_to_error::deserialize(serde_yaml::Deserializer::from_str(&text)).map_err(|error| {
        // the text of the error may quote a value
        let line = error.inner().location().map(|at| format!(", near line {}", at.line())).unwrap_or_default();
        let message = format!("the preset is invalid at `{}`{line}", error.path());
        Mistake::new("preset", message, "docs/settings.md describes requests and conditions")
    })
}

fn read(path: &Path) -> Result<String, Mistake> {
    let failed = |why: String| Mistake::new("preset", format!("the preset cannot be read: {why}"), "check the path");
    let about = fs::metadata(path).map_err(|error| failed(error.kind().to_string()))?;
    if about.len() > MAX_BYTES {
        return Err(failed(format!("the file has more than {MAX_BYTES} bytes")));
    }
    fs::read_to_string(path).map_err(|error| failed(error.kind().to_string()))
}

impl Preset {
    /// Completes parameters, and reports those that are missing or unknown.
    pub(super) fn complete(&self, params: &mut BTreeMap<String, Secret>, mistakes: &mut Vec<Mistake>) {
        for name in params.keys().filter(|name| !self.params.contains_key(*name)) {
            let known: Vec<&str> = self.params.keys().map(String::as_str).collect();
            let help = closest(name, known.iter().copied()).map_or_else(
                || format!("its parameters are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            mistakes.push(Mistake::new(format!("params.{name}"), "the preset has no such parameter", help));
        }
        for (name, meaning) in &self.params {
            if params.contains_key(name) {
                continue;
            }
            match self.defaults.get(name) {
                Some(value) => drop(params.insert(name.clone(), Secret::new(value))),
                None => {
                    mistakes.push(Mistake::missing("params", format!("the parameter `{name}` is missing"), meaning))
                }
            }
        }
    }
}

/// The settings of a source together with its preset.
pub(super) fn of_source(settings: &HttpSettings, folder: &Path) -> Result<HttpSettings, Vec<Mistake>> {
    let mut whole = settings.clone();
    let Some(name) = &settings.preset else { return Ok(whole) };
    let preset = find(name, folder).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    preset.complete(&mut whole.params, &mut mistakes);
    let Some(source) = preset.source else {
        let help = "use it for a verifier, or write `record`";
        return if whole.record.is_some() && mistakes.is_empty() {
            Ok(whole)
        } else {
            mistakes.push(Mistake::new("preset", "the preset has no request for records", help));
            Err(mistakes)
        };
    };
    // another request has its record elsewhere
    if whole.record.is_none() {
        whole.record = Some(Box::new(source.record));
        whole.or = whole.or.or(source.or);
        whole.key = whole.key.or(source.key);
        whole.pick = whole.pick.or(source.pick);
        whole.matching = whole.matching.or(source.matching);
        whole.none_when = whole.none_when.or(source.none_when);
        whole.found_when = whole.found_when.or(source.found_when);
    }
    whole.lists = whole.lists.or(source.lists);
    if mistakes.is_empty() { Ok(whole) } else { Err(mistakes) }
}

/// The settings of a verifier together with its preset.
pub(super) fn of_verifier(
    settings: &HttpVerifierSettings,
    folder: &Path,
) -> Result<HttpVerifierSettings, Vec<Mistake>> {
    let mut whole = settings.clone();
    let Some(name) = &settings.preset else { return Ok(whole) };
    let preset = find(name, folder).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    preset.complete(&mut whole.params, &mut mistakes);
    let Some(verifier) = preset.verifier else {
        mistakes.push(Mistake::new("preset", "the preset verifies no passwords", "use it for a source"));
        return Err(mistakes);
    };
    whole.request = whole.request.or(Some(Box::new(verifier.request)));
    whole.verified_when = whole.verified_when.or(Some(verifier.verified_when));
    whole.mismatch_when = whole.mismatch_when.or(Some(verifier.mismatch_when));
    whole.locked_when = whole.locked_when.or(verifier.locked_when);
    whole.disabled_when = whole.disabled_when.or(verifier.disabled_when);
    whole.expired_when = whole.expired_when.or(verifier.expired_when);
    whole.must_change_when = whole.must_change_when.or(verifier.must_change_when);
    whole.then = whole.then.or(verifier.then.map(Box::new));
    whole.subject = whole.subject.or(verifier.subject);
    whole.status_alone = whole.status_alone.or(verifier.status_alone);
    if mistakes.is_empty() { Ok(whole) } else { Err(mistakes) }
}

/// The settings of a target together with its preset.
#[derive(Debug)]
pub(super) struct WholeTarget {
    pub requests: TargetSection,
    pub params: BTreeMap<String, Secret>,
    pub rules: RulesFile,
    pub rule_params: BTreeMap<String, Json>,
    pub rates: Vec<RateSettings>,
}

/// The settings of a target together with its preset.
pub(super) fn of_target(settings: &HttpTargetSettings, folder: &Path) -> Result<WholeTarget, Vec<Mistake>> {
    let (mut params, mut mistakes) = (settings.params.clone(), Vec::new());
    let mut rules = settings.rules.as_ref().map(|rules| RulesFile::on_disk(Owner::Target, folder.join(rules)));
    let mut requests = settings.requests.as_deref().cloned().unwrap_or_default();
    let (mut rule_params, mut rates) = (settings.rule_params.clone(), settings.rates.clone());
    if let Some(name) = &settings.preset {
        let preset = find(name, folder).map_err(|mistake| vec![mistake])?;
        preset.complete(&mut params, &mut mistakes);
        match preset.target {
            Some(target) => {
                let is_empty = |name: &&String| params.get(*name).is_some_and(|value| value.expose().is_empty());
                for name in target.needs.iter().filter(is_empty) {
                    let meaning = preset.params.get(name).map_or("", String::as_str);
                    mistakes.push(Mistake::missing("params", format!("the parameter `{name}` is missing"), meaning));
                }
                rules = rules.or_else(|| Some(beside(name, &target.rules, folder)));
                requests = requests.or(target.requests);
                for (name, value) in target.rule_params {
                    rule_params.entry(name).or_insert(value);
                }
                rates = rates.or(Some(target.rates));
            }
            None => {
                mistakes.push(Mistake::new("preset", "the preset has no target", "use it for a source or a verifier"))
            }
        }
    }
    if rules.is_none() && mistakes.is_empty() {
        let help = "write `rules: FILE`, which makes the body of a creation, or name a `preset`";
        mistakes.push(Mistake::missing("rules", "`rules` is missing", help));
    }
    match rules {
        Some(rules) if mistakes.is_empty() => {
            Ok(WholeTarget { requests, params, rules, rule_params, rates: rates.unwrap_or_default() })
        }
        _ => Err(mistakes),
    }
}

/// The rule file that a preset names.
fn beside(preset: &str, rules: &Path, folder: &Path) -> RulesFile {
    if is_file(preset) {
        RulesFile::on_disk(Owner::Target, folder.join(preset).parent().unwrap_or(folder).join(rules))
    } else {
        RulesFile::embedded(Owner::Target, rules.display().to_string())
    }
}
