//! Loads rules from disk: reads and compiles them, identifies them by a hash of all their files, and runs their tests.

mod disk;
mod verification;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub use disk::{Beside, Disk};
pub use verification::{TEST_ENDINGS, test_options, tests_beside, tests_of};

use crate::diag::render::plain;
use crate::diag::{Diagnostic, Files, Findings, Severity};
use crate::engine::compile::{Loaded, Loader, compile};
use crate::engine::plan::Plan;
use crate::engine::run::Settings as RunSettings;
use crate::migrate::{RuleSet, RuleSetError};

/// A compiled rule file.
#[derive(Debug)]
pub struct Compiled {
    /// The files that were read.
    pub files: Files,
    /// The findings, in text order.
    pub findings: Vec<Diagnostic>,
    /// The plan, if there are no errors.
    pub plan: Option<Plan>,
    /// The hash of all files that were read: the first 16 bytes of a SHA-256, in hexadecimal.
    pub hash: String,
    /// The paths of all files that were read, tables included.
    pub paths: Vec<PathBuf>,
}

/// Reads and compiles a rule file.
///
/// # Errors
/// If the file itself cannot be read.
pub fn compiled(path: &Path) -> io::Result<Compiled> {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let Parsed { plan, hash, paths } = compile_into(path, &mut files, &mut findings)?;
    Ok(Compiled { files, findings: findings.sorted(), plan, hash, paths })
}

/// The result of compiling a rule file.
pub(super) struct Parsed {
    pub plan: Option<Plan>,
    pub hash: String,
    pub paths: Vec<PathBuf>,
}

/// Reads and compiles a rule file, and adds it to `files`.
pub(super) fn compile_into(path: &Path, files: &mut Files, findings: &mut Findings) -> io::Result<Parsed> {
    let text = fs::read_to_string(path)?;
    let reading = Reading::beside(path, &text);
    let file = files.add(path.display().to_string(), text);
    let mut own = Findings::default();
    let plan = compile(files, file, &reading, &mut own);
    findings.extend(own);
    Ok(Parsed { plan, hash: reading.hash(), paths: reading.paths() })
}

/// A loader that records what it reads.
struct Reading {
    disk: Disk,
    folder: PathBuf,
    /// Texts by name. Names are relative to the folder of the rules, so that the hash does not depend on where they are
    /// stored.
    texts: RefCell<BTreeMap<PathBuf, String>>,
    /// Where they were read.
    paths: RefCell<BTreeSet<PathBuf>>,
}

impl Reading {
    fn beside(path: &Path, text: &str) -> Self {
        // as the disk names what it loads, however the path of the rules is written
        let folder = disk::normal(path.parent().unwrap_or_else(|| Path::new("")));
        let name = PathBuf::from(path.file_name().unwrap_or_default());
        let texts = RefCell::new(BTreeMap::from([(name, text.to_owned())]));
        Self { disk: Disk::beside(path), folder, texts, paths: RefCell::new(BTreeSet::from([path.to_owned()])) }
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.paths.borrow().iter().cloned().collect()
    }

    fn hash(&self) -> String {
        let mut digest = Sha256::new();
        for (name, text) in self.texts.borrow().iter() {
            for part in [name.to_string_lossy().replace('\\', "/").as_str(), text] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part.as_bytes());
            }
        }
        hex::encode(digest.finalize().get(..16).unwrap_or_default())
    }
}

impl Loader for Reading {
    fn load(&self, asker: &str, name: &str) -> Result<Loaded, String> {
        let loaded = self.disk.load(asker, name)?;
        let path = Path::new(&loaded.name);
        self.paths.borrow_mut().insert(path.to_owned());
        let name = path.strip_prefix(&self.folder).unwrap_or(path).to_owned();
        self.texts.borrow_mut().insert(name, loaded.text.clone());
        Ok(loaded)
    }
}

/// Why compiled rules cannot be used for logins.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RulesError {
    /// The file cannot be read.
    #[error("cannot read the rules `{0}`: {1}")]
    File(String, String),
    /// The rules have errors.
    #[error("the rules `{rules}` have errors{first}")]
    Findings {
        /// The rule file.
        rules: String,
        /// The first error with its file and line, as the end of the sentence; empty when they are shown elsewhere.
        first: String,
    },
    /// The rules define no claims.
    #[error("the rules define no claims")]
    NoClaims,
    /// A parameter is set that the rules do not declare.
    #[error("the rules declare no parameter `{0}`")]
    UnknownParam(String),
    /// A parameter is set to a value of another type than its default.
    #[error("the parameter `{0}` is {1}")]
    ParamShape(String, &'static str),
    /// The rules have no `identify`, or a parameter is not set.
    #[error(transparent)]
    Set(#[from] RuleSetError),
    /// A test of the rules fails.
    #[error("the rule test `{name}` in `{file}` fails")]
    Test {
        /// The name of the test or example.
        name: String,
        /// The file of the test.
        file: String,
    },
    /// A parameter is set to a value that the rules do not list.
    #[error("the parameter `{name}` is one of {values}")]
    UnlistedParam {
        /// The parameter.
        name: String,
        /// The values that the rules list.
        values: String,
    },
    /// `credential.source` names a verifier that the settings do not have.
    #[error("the rules name the verifier `{0}`, and the settings have none of this name")]
    UnknownVerifier(String),
    /// A test file cannot be read.
    #[error("cannot read the tests in `{0}`")]
    Tests(String),
}

/// Loads rules for logins from a file: compiles them, sets their parameters, and runs their tests. Used at startup, and
/// again when the file changes.
///
/// ```no_run
/// let rules = landfall::config::rule_set(std::path::Path::new("rules/shop.yaml"), &Default::default())?;
/// println!("rules {}", rules.hash());
/// # Ok::<(), landfall::config::RulesError>(())
/// ```
///
/// # Errors
/// [`RulesError`].
pub fn rule_set(path: &Path, params: &BTreeMap<String, serde_json::Value>) -> Result<RuleSet, RulesError> {
    rule_set_of(path, params, None).map(|(rules, _)| rules)
}

/// The same, with the paths of all files that the rules consist of. With `verifiers`, the names that settings have, it is an
/// error if the rules name another one.
///
/// # Errors
/// [`RulesError`].
pub fn rule_set_of(
    path: &Path,
    params: &BTreeMap<String, serde_json::Value>,
    verifiers: Option<&[&str]>,
) -> Result<(RuleSet, Vec<PathBuf>), RulesError> {
    rule_set_with(path, verifiers, |_| params.clone())
}

/// The same, with parameters that depend on the rules.
pub(super) fn rule_set_with(
    path: &Path,
    verifiers: Option<&[&str]>,
    params: impl FnOnce(&Plan) -> BTreeMap<String, serde_json::Value>,
) -> Result<(RuleSet, Vec<PathBuf>), RulesError> {
    let name = path.display().to_string();
    let read = compiled(path).map_err(|error| RulesError::File(name.clone(), error.kind().to_string()))?;
    let plan = read
        .plan
        .ok_or_else(|| RulesError::Findings { rules: name, first: first_error(&read.files, &read.findings) })?;
    let params = params(&plan);
    if let Some(error) = faults(&plan, path, &params, verifiers).into_iter().next() {
        return Err(error);
    }
    Ok((set(plan, &params, read.hash)?, read.paths))
}

/// The first error as the end of a sentence, and how many more there are.
fn first_error(files: &Files, findings: &[Diagnostic]) -> String {
    let mut errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let Some(first) = errors.next() else { return String::new() };
    let line = plain(files, std::slice::from_ref(first));
    match errors.count() {
        0 => format!(": {}", line.trim_end()),
        more => format!(": {} (and {more} more)", line.trim_end()),
    }
}

/// Everything that prevents compiled rules from being used for logins, except a missing `identify` and missing
/// parameters.
///
/// `verifiers` are the names that settings have; `None` if they are not known.
pub(super) fn faults(
    plan: &Plan,
    path: &Path,
    params: &BTreeMap<String, serde_json::Value>,
    verifiers: Option<&[&str]>,
) -> Vec<RulesError> {
    let mut faults = Vec::new();
    if plan.claims.is_empty() {
        faults.push(RulesError::NoClaims);
    }
    let is_declared = |name: &String| plan.params.iter().any(|param| param.name == *name);
    faults.extend(params.keys().filter(|name| !is_declared(name)).cloned().map(RulesError::UnknownParam));
    faults.extend(plan.params.iter().filter_map(|param| {
        let shape = param.misfit(params.get(&param.name)?)?;
        Some(RulesError::ParamShape(param.name.clone(), shape))
    }));
    for param in &plan.params {
        if params.get(&param.name).is_some_and(|value| !param.may_be(value)) {
            faults.push(RulesError::UnlistedParam { name: param.name.clone(), values: param.listed_values() });
        }
    }
    let is_unknown = |name: &str| verifiers.is_some_and(|known| !known.contains(&name));
    let unknown = plan.verifiers.iter().filter(|(name, _)| is_unknown(name));
    faults.extend(unknown.map(|(name, _)| RulesError::UnknownVerifier(name.clone())));
    faults.extend(verification::failures(plan, path));
    faults
}

/// The rules with their parameters.
pub(super) fn set(
    plan: Plan,
    params: &BTreeMap<String, serde_json::Value>,
    hash: String,
) -> Result<RuleSet, RuleSetError> {
    let params = params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    RuleSet::new(plan, RunSettings { params, ..RunSettings::default() }, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "landfall: 1\nname: t\ntarget: standard\nuse: [ steps.yaml ]\nparams: { region: {} }\n\
                         identify: { id: $.ID, logins: [ $.login ] }\naccount:\n  username: { from: $.login, do: [ steps.shout ] }\n  \
                         locale: { from: $params.region }\ncredential: { scheme: md5, hash_hex: $.hash }\n";
    const STEPS: &str = "landfall: 1\nsteps:\n  shout: [ uppercase ]\n";
    const TESTS: &str = "tests:\n  - name: shouts\n    record: { ID: 1, login: ada }\n    params: { region: de }\n    \
                         expect: { username: ADA }\n";

    fn folder(rules: &str, steps: &str, tests: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.yaml");
        fs::write(&path, rules).unwrap();
        fs::write(folder.path().join("steps.yaml"), steps).unwrap();
        fs::write(folder.path().join("shop.test.yaml"), tests).unwrap();
        (folder, path)
    }

    fn load(rules: &str, steps: &str, tests: &str, params: &[(&str, &str)]) -> Result<RuleSet, RulesError> {
        let (_folder, path) = folder(rules, steps, tests);
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        rule_set(&path, &params)
    }

    #[test]
    fn the_hash_covers_the_text_of_all_files_and_not_their_location() {
        let hash = |steps: &str| {
            let (_folder, path) = folder(RULES, steps, TESTS);
            let read = compiled(&path).unwrap();
            assert!(read.plan.is_some(), "{}", plain(&read.files, &read.findings));
            read.hash
        };
        assert_eq!(hash(STEPS), hash(STEPS));
        assert_eq!(hash(STEPS).len(), 32);
        assert_ne!(hash(STEPS), hash("landfall: 1\nsteps:\n  shout: [ uppercase, trim ]\n"));
    }

    #[test]
    fn the_paths_lead_to_the_files_however_the_path_of_the_rules_is_written() {
        let around = tempfile::tempdir().unwrap();
        let at = |name: &str| around.path().join(name);
        for folder in ["rules/common", "tables"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        let rules =
            "landfall: 1\nuse: [ common/steps.yaml ]\nlookups: { t: { file: ../tables/t.csv, key: k, value: v } }\n";
        fs::write(at("rules/shop.yaml"), rules).unwrap();
        fs::write(at("rules/common/steps.yaml"), STEPS).unwrap();
        fs::write(at("tables/t.csv"), "k,v\na,b\n").unwrap();
        let mut hashes = BTreeSet::new();
        for written in ["rules/shop.yaml", "./rules/shop.yaml", "rules/./common/../shop.yaml"] {
            let read = compiled(&at(written)).unwrap();
            assert_eq!(plain(&read.files, &read.findings), "");
            let real = |path: &PathBuf| fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()));
            let found: Result<BTreeSet<PathBuf>, String> = read.paths.iter().map(real).collect();
            let wanted = ["rules/shop.yaml", "rules/common/steps.yaml", "tables/t.csv"];
            assert_eq!(found, wanted.iter().map(|name| real(&at(name))).collect());
            hashes.insert(read.hash);
        }
        assert_eq!(hashes.len(), 1, "a spelling is no version of rules");
        // relative to the working folder, which is that of the project
        let read = ["rules/demo.yaml", "./rules/demo.yaml"].map(|path| compiled(Path::new(path)).unwrap());
        assert_eq!(read[0].hash, read[1].hash);
        for Compiled { paths, .. } in &read {
            assert!(paths.iter().all(|path| path.is_file()), "{paths:?}");
            assert!(paths.iter().any(|path| path.ends_with("rules/common/contact.yaml")), "{paths:?}");
        }
    }

    #[test]
    fn settings_set_listed_values_and_have_the_verifiers_that_rules_name() {
        let region = [("region", "de")];
        let listed = RULES.replace("region: {}", "region: { values: [ fr, en ] }");
        let wrong = load(&listed, STEPS, "landfall: 1\n", &region).unwrap_err();
        assert_eq!(wrong.to_string(), "the parameter `region` is one of `fr`, `en`");
        let verified =
            RULES.replace("{ scheme: md5, hash_hex: $.hash }", "{ source: old-api }\nverifiers: [ old-api ]");
        let (_folder, path) = folder(&verified, STEPS, TESTS);
        let params = BTreeMap::from([("region".to_owned(), "de".into())]);
        let load = |verifiers| rule_set_of(&path, &params, verifiers);
        let unknown = load(Some(&["stored_hash"][..])).unwrap_err();
        assert_eq!(unknown, RulesError::UnknownVerifier("old-api".to_owned()));
        assert!(!matches!(load(Some(&["old-api"][..])), Err(RulesError::UnknownVerifier(_))));
        assert!(!matches!(load(None), Err(RulesError::UnknownVerifier(_))));
    }

    #[test]
    fn rules_are_used_for_logins_only_if_their_tests_pass() {
        let region = [("region", "de")];
        assert!(load(RULES, STEPS, TESTS, &region).is_ok());
        let failing = TESTS.replace("ADA }", "ada }");
        let error = load(RULES, STEPS, &failing, &region).unwrap_err();
        assert!(matches!(&error, RulesError::Test { name, .. } if name == "shouts"), "{error}");
        let unknown = TESTS.replace("ID: 1, ", "");
        let error = load(RULES, STEPS, &unknown, &region).unwrap_err();
        assert!(matches!(&error, RulesError::Test { .. }), "a login would not accept it: {error}");
        let broken = load(RULES, STEPS, "tests: []\n", &region).unwrap_err();
        assert!(matches!(broken, RulesError::Tests(_)), "{broken}");
        assert!(matches!(load(RULES, STEPS, TESTS, &[]), Err(RulesError::Set(RuleSetError::Param(_)))));
        let unknown = load(RULES, STEPS, TESTS, &[("region", "de"), ("x", "y")]).unwrap_err();
        assert_eq!(unknown, RulesError::UnknownParam("x".to_owned()));
        let several = RULES.replace("region: {}", "region: { default: [ de, at ] }");
        let text = load(&several, STEPS, TESTS, &region).unwrap_err();
        assert_eq!(text, RulesError::ParamShape("region".to_owned(), "a list"));
        for (default, wrong, right, shape) in [
            ("true", "yes", "false", "`true` or `false`"),
            ("false", "1", "true", "`true` or `false`"),
            ("30", "x", "7", "a number"),
        ] {
            let typed = RULES.replace("region: {}", &format!("region: {{ default: {default} }}"));
            let error = load(&typed, STEPS, TESTS, &[("region", wrong)]).unwrap_err();
            assert_eq!(error, RulesError::ParamShape("region".to_owned(), shape));
            let set = load(&typed, STEPS, TESTS, &[("region", right)]);
            assert!(!matches!(set, Err(RulesError::ParamShape(..))), "{default} {right}");
        }
        assert!(matches!(load(RULES, "steps: 1", TESTS, &region), Err(RulesError::Findings { .. })));
        let broken = load(RULES, "landfall: 1\nsteps:\n  shout: [ uppercas ]\n", TESTS, &region).unwrap_err();
        let shown = broken.to_string();
        assert!(matches!(broken, RulesError::Findings { .. }), "{shown}");
        assert!(
            shown.contains("have errors: ") && shown.contains("steps.yaml:3:12: error[R205]: there is no step"),
            "{shown}"
        );
        let broken =
            load(&RULES.replace("from: $.login", "from: $login").replace("$.hash", "$hash"), STEPS, TESTS, &region);
        let shown = broken.unwrap_err().to_string();
        assert!(
            shown.contains("shop.yaml:8:21: error[R204]: there is no variable") && shown.ends_with(" more)"),
            "{shown}"
        );
        let without_identify = RULES.replace("identify: { id: $.ID, logins: [ $.login ] }\n", "");
        assert_eq!(
            load(&without_identify, STEPS, TESTS, &region).unwrap_err(),
            RulesError::Set(RuleSetError::NoIdentify)
        );
        let without_credential = RULES.replace("credential: { scheme: md5, hash_hex: $.hash }\n", "");
        assert_eq!(
            load(&without_credential, STEPS, TESTS, &region).unwrap_err(),
            RulesError::Set(RuleSetError::NoCredential)
        );
    }
}
