//! The rules of a target or a bridge: they make what a product stores from the claims that the legacy rules made.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use bumpalo::Bump;
use serde_json::{Map, Value as Json, json};
use zeroize::Zeroizing;

use crate::diag::render::plain;
use crate::diag::{Diagnostic, Files, Findings, Severity};
use crate::engine::compile::{Loaded, Loader, compile};
use crate::engine::outcome::Outcome;
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::{Facts, Settings as RunSettings};
use crate::migrate::{Customer, Profiles};
use crate::ports::{NewAccount, PasswordChange};
use crate::ready_rules;

/// The largest file, in bytes. Stops another file from being read by mistake.
const MAX_BYTES: u64 = 1024 * 1024;

/// The member of the record that has what is not a claim.
const ABOUT: &str = "landfall";

/// What the rules belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A target, which calls the product.
    Target,
    /// A bridge, which the product calls.
    Bridge,
}

impl Owner {
    /// The word in messages.
    fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Bridge => "bridge",
        }
    }
}

/// Where a rule file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RulesFile {
    /// What the rules belong to.
    pub owner: Owner,
    /// Where the file is.
    pub place: Place,
}

/// The place of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the program, by its name, such as `keycloak.yaml`.
    Embedded(String),
    /// On the disk.
    Path(PathBuf),
}

/// A mistake in the settings of rules: the key, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RulesMistake {
    pub key: String,
    pub message: String,
    pub help: &'static str,
}

impl RulesFile {
    /// A file in the program.
    pub fn embedded(owner: Owner, name: impl Into<String>) -> Self {
        Self { owner, place: Place::Embedded(name.into()) }
    }

    /// A file on the disk.
    pub fn on_disk(owner: Owner, path: PathBuf) -> Self {
        Self { owner, place: Place::Path(path) }
    }

    /// Reads and compiles the rules. All findings are added; there is a plan only if none of them is an error.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn compile(&self, files: &mut Files, findings: &mut Findings) -> io::Result<Option<Plan>> {
        let (name, text) = match &self.place {
            Place::Embedded(name) => {
                let text = embedded(self.owner, name).ok_or(io::ErrorKind::NotFound)?;
                (self.shown(name), text.to_owned())
            }
            Place::Path(path) => (path.display().to_string(), read(path)?),
        };
        let file = files.add(name, text);
        let mut own = Findings::default();
        let plan = compile(files, file, self, &mut own);
        findings.extend(own);
        Ok(plan)
    }

    /// The mistakes in the settings `rules` and `rule_params`. What is wrong in the file itself is not among them: see
    /// [`check`](Self::check).
    pub fn mistakes(&self, params: &BTreeMap<String, Json>) -> Vec<RulesMistake> {
        match self.compile(&mut Files::default(), &mut Findings::default()) {
            Err(error) => {
                let message = format!("cannot read the rules of the {}: {}", self.owner.name(), error.kind());
                let help = "paths are relative to the settings file";
                vec![RulesMistake { key: "rules".to_owned(), message, help }]
            }
            Ok(None) => Vec::new(),
            Ok(Some(plan)) => param_mistakes(self.owner, &plan, params),
        }
    }

    /// Adds what is wrong in a file on the disk; those of the program are tested with it. A file that cannot be read is
    /// one of the [mistakes](Self::mistakes).
    pub fn check(&self, files: &mut Files, findings: &mut Findings) {
        if matches!(self.place, Place::Path(_)) {
            let _ = self.compile(files, findings);
        }
    }

    /// The name of an embedded file in findings.
    fn shown(&self, name: &str) -> String {
        format!("rules/{}s/{name}", self.owner.name())
    }
}

/// The text of an embedded file.
pub(crate) fn embedded(owner: Owner, name: &str) -> Option<&'static str> {
    ready_rules::text(&format!("{}s/{name}", owner.name()))
}

fn read(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read_to_string(path)
}

/// Loads what stands beside the rules, such as the schema of the product, and nothing else.
impl Loader for RulesFile {
    fn load(&self, _: &str, name: &str) -> Result<Loaded, String> {
        let mut parts = Path::new(name).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            return Err(format!("`{name}` is not a file beside the rules of the {}", self.owner.name()));
        }
        match &self.place {
            Place::Embedded(_) => {
                let text = embedded(self.owner, name).ok_or_else(|| format!("`{name}` is not in the program"))?;
                Ok(Loaded { name: self.shown(name), text: text.to_owned() })
            }
            Place::Path(rules) => {
                let path = rules.with_file_name(name);
                let text = read(&path).map_err(|error| format!("cannot read `{name}`: {}", error.kind()))?;
                Ok(Loaded { name: path.display().to_string(), text })
            }
        }
    }
}

/// The rules of a target or a bridge, ready to run.
#[derive(Debug)]
pub(crate) struct ProductRules {
    owner: Owner,
    plan: Plan,
    settings: RunSettings,
}

impl ProductRules {
    /// Compiles rules and sets their parameters.
    ///
    /// # Errors
    /// The first mistake, as one sentence.
    pub fn open(file: &RulesFile, params: &BTreeMap<String, Json>) -> Result<Self, String> {
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let (plan, owner) = (file.compile(&mut files, &mut findings), file.owner);
        let plan = plan.map_err(|error| format!("cannot read the rules of the {}: {}", owner.name(), error.kind()))?;
        let plan = plan.ok_or_else(|| {
            format!("the rules of the {} have errors: {}", owner.name(), first_error(&files, &findings.sorted()))
        })?;
        if let Some(mistake) = param_mistakes(owner, &plan, params).into_iter().next() {
            return Err(mistake.message);
        }
        Ok(Self { owner, plan, settings: run_settings(params) })
    }

    /// What the rules make for a new account, as the JSON text of an object.
    ///
    /// # Errors
    /// Why they make none, in one sentence without values.
    pub fn account(&self, new: &NewAccount<'_>) -> Result<Zeroizing<String>, String> {
        self.account_of(&record_of(new)?)
    }

    /// What the rules make of a record: claims, with what is not a claim in the member `landfall`.
    ///
    /// # Errors
    /// Why they make none, in one sentence without values.
    pub fn account_of(&self, record: &str) -> Result<Zeroizing<String>, String> {
        self.run(record, &self.settings)
    }

    fn run(&self, record: &str, settings: &RunSettings) -> Result<Zeroizing<String>, String> {
        let (arena, owner) = (Bump::new(), self.owner.name());
        let run = self.plan.run(record, settings, &arena, &mut Silent);
        match run.outcomes.as_slice() {
            [Outcome::Account(made)] => {
                let mut out = Vec::with_capacity(4096);
                made.write_json(&mut out);
                String::from_utf8(out).map(Zeroizing::new).map_err(|_| "the account is not UTF-8".to_owned())
            }
            [Outcome::Denied(reason)] => Err(format!("the rules of the {owner} deny the customer: {reason}")),
            [Outcome::Invalid(reasons)] => Err(reasons.first().map_or_else(String::new, |reason| {
                format!("the rules of the {owner} make no account: `{}`: {}", reason.rule, reason.message)
            })),
            _ => Err(format!("the rules of the {owner} make more than one account")),
        }
    }
}

impl Profiles for ProductRules {
    fn profile(&self, customer: &Customer<'_>, facts: &Map<String, Json>) -> Result<Zeroizing<String>, String> {
        let facts = Facts { added: facts.clone(), ..Facts::default() };
        self.run(&record(customer, true)?, &RunSettings { facts, ..self.settings.clone() })
    }
}

fn first_error(files: &Files, findings: &[Diagnostic]) -> String {
    let first = findings.iter().find(|finding| finding.severity == Severity::Error);
    first.map(|first| plain(files, std::slice::from_ref(first)).trim_end().to_owned()).unwrap_or_default()
}

fn run_settings(params: &BTreeMap<String, Json>) -> RunSettings {
    let params = params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    RunSettings { params, ..RunSettings::default() }
}

/// The mistakes in the parameters of rules.
fn param_mistakes(owner: Owner, plan: &Plan, params: &BTreeMap<String, Json>) -> Vec<RulesMistake> {
    let (mut mistakes, owner) = (Vec::new(), owner.name());
    let mut mistake = |name: &str, message: String, help| {
        mistakes.push(RulesMistake { key: format!("rule_params.{name}"), message, help });
    };
    for name in params.keys().filter(|name| !plan.params.iter().any(|param| param.name == **name)) {
        let message = format!("the rules of the {owner} declare no parameter `{name}`");
        mistake(name, message, "remove it, or declare it in the rules");
    }
    for param in &plan.params {
        let Some(value) = params.get(&param.name) else { continue };
        if let Some(shape) = param.misfit(value) {
            let message = format!("the parameter `{}` of the rules of the {owner} is {shape}", param.name);
            mistake(&param.name, message, "write a value of this kind");
        } else if !param.may_be(value) {
            let message = format!(
                "the parameter `{}` of the rules of the {owner} is one of {}",
                param.name,
                param.listed_values()
            );
            mistake(&param.name, message, "set it to one of these values");
        }
    }
    for name in plan.missing_params(&run_settings(params)) {
        let message = format!("the parameter `{name}` of the rules of the {owner} is not set");
        mistake(name, message, "set it under `rule_params`");
    }
    mistakes
}

/// The record of a new account.
fn record_of(new: &NewAccount<'_>) -> Result<Zeroizing<String>, String> {
    let NewAccount { external_id, legacy, logins, claims, change, .. } = *new;
    let has_password = new.password.is_some() || new.hash.is_some();
    record(&Customer { external_id, legacy: Some(legacy), logins, claims, change, typed: None }, has_password)
}

/// The claims, with one member more.
fn record(customer: &Customer<'_>, has_password: bool) -> Result<Zeroizing<String>, String> {
    let mut about = json!({
        "external_id": customer.external_id.0,
        "logins": customer.logins,
        "must_change_password": customer.change == PasswordChange::Required,
        "has_password": has_password,
    });
    if let (Some(about), Some(legacy)) = (about.as_object_mut(), customer.legacy) {
        about.insert("source".to_owned(), legacy.source.as_str().into());
        about.insert("legacy_id".to_owned(), legacy.id.as_str().into());
    }
    if let (Some(about), Some(typed)) = (about.as_object_mut(), customer.typed) {
        about.insert("identifier".to_owned(), typed.into());
    }
    let claims = customer.claims.trim_end().strip_suffix('}').ok_or("the claims are not an object")?.trim_end();
    // the only text that ends so is an object without members
    let comma = if claims.ends_with('{') { "" } else { "," };
    Ok(Zeroizing::new(format!("{claims}{comma}\"{ABOUT}\":{about}}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(folder: &Path, text: &str) -> RulesFile {
        let path = folder.join("shop.yaml");
        fs::write(&path, text).unwrap();
        RulesFile::on_disk(Owner::Target, path)
    }

    #[test]
    fn every_embedded_rule_file_compiles() {
        for (owner, kind) in [(Owner::Target, ready_rules::Kind::Target), (Owner::Bridge, ready_rules::Kind::Bridge)] {
            for ready in ready_rules::all().filter(|ready| ready.kind == kind) {
                let name = ready.path.rsplit('/').next().unwrap();
                let (mut files, mut findings) = (Files::default(), Findings::default());
                let file = RulesFile::embedded(owner, name);
                let plan = file.compile(&mut files, &mut findings).unwrap();
                let shown = plain(&files, &findings.sorted());
                assert!(plan.is_some(), "{name}: {shown}");
                assert!(!name.ends_with(".test.yaml"));
            }
            assert!(embedded(owner, "keycloak.yaml").is_some());
        }
    }

    #[test]
    fn rules_read_only_what_stands_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = rules(folder.path(), "landfall: 1\n");
        fs::write(folder.path().join("a.json"), "{}").unwrap();
        assert_eq!(file.load("", "a.json").unwrap().text, "{}");
        for name in ["../a.json", "/etc/passwd", "b/a.json", "..", ""] {
            assert!(file.load("", name).is_err(), "{name}");
        }
        let embedded = RulesFile::embedded(Owner::Target, "keycloak.yaml");
        assert!(embedded.load("", "keycloak.schema.json").is_ok());
        assert!(embedded.load("", "a.json").is_err());
    }

    #[test]
    fn mistakes_in_parameters_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let text = "landfall: 1\nname: t\nschema: standard\n\
                    params: { tier: { default: a, values: [ a, b ] }, on: { default: false }, must: {} }\n\
                    account:\n  username: $.username\n  locale: $params.must\n  custom.tier: $params.tier\n  \
                    custom.on: $params.on\n";
        let file = rules(folder.path(), text);
        let params = |json: Json| serde_json::from_value::<BTreeMap<String, Json>>(json).unwrap();
        ProductRules::open(&file, &params(json!({ "must": "de", "tier": "b", "on": true }))).unwrap();
        for (wrong, message) in [
            (json!({}), "is not set"),
            (json!({ "must": "de", "other": 1 }), "declare no parameter `other`"),
            (json!({ "must": "de", "tier": "c" }), "is one of `a`, `b`"),
            (json!({ "must": "de", "on": "maybe" }), "is `true` or `false`"),
        ] {
            let found = ProductRules::open(&file, &params(wrong)).unwrap_err();
            assert!(found.contains(message), "{found}");
        }
        let broken = rules(folder.path(), "landfall: 1\nname: t\nschema: standard\naccount: { usernam: $.a }\n");
        let found = ProductRules::open(&broken, &BTreeMap::new()).unwrap_err();
        assert!(found.contains("shop.yaml:4"), "{found}");
    }
}
