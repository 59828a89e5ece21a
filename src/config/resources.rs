//! Reads what settings refer to: secrets, files, rules and scripts. Problems are reported at the setting that refers to
//! them.

use std::fs;
use std::path::{Path, PathBuf};

use super::check::Reporter;
use super::rules::{self, RulesError};
use super::secret::{Secret, SecretError};
use super::settings::{Settings, SourceSettings, TargetSettings};
use crate::diag::{Files, Severity};
use crate::hooks::{HookScript, ScriptHooks};
use crate::migrate::RuleSet;
use crate::password::store::Peppers;
use crate::ports::{HookPoint, Keyring};

/// The shortest token or signing secret, in bytes: 128 bits in hexadecimal. Stops tokens from being guessed.
pub const MIN_TOKEN: usize = 32;

/// The extension of a script file.
const SCRIPT: &str = ".rhai";

/// The requirements of a secret.
#[derive(Clone, Copy)]
enum Use {
    /// A key with a minimum number of bytes.
    Key(usize),
    /// A token with a minimum number of characters.
    Token(usize),
    /// An address; no requirements.
    Address,
}

/// Reads every secret.
pub(super) fn secrets(settings: &mut Settings, folder: &Path, reporter: &mut Reporter<'_>) {
    let mut all: Vec<(String, &mut Secret, Use)> =
        vec![("ledger.key".to_owned(), &mut settings.ledger.key, Use::Key(Keyring::MIN_BYTES))];
    if let Some(webhook) = settings.ledger.anchor.as_mut().and_then(|anchor| anchor.webhook.as_mut()) {
        all.push(("ledger.anchor.webhook.secret".to_owned(), &mut webhook.secret, Use::Token(MIN_TOKEN)));
    }
    if let SourceSettings::Sql(sql) = &mut settings.source {
        all.push(("source.url".to_owned(), &mut sql.url, Use::Address));
    }
    for (at, pepper) in settings.password.peppers.iter_mut().enumerate() {
        all.push((format!("password.peppers.{at}.secret"), &mut pepper.secret, Use::Key(Peppers::MIN_SECRET)));
    }
    for (at, webhook) in settings.hooks.webhooks.iter_mut().enumerate() {
        all.push((format!("hooks.webhooks.{at}.secret"), &mut webhook.secret, Use::Token(MIN_TOKEN)));
    }
    for (at, caller) in settings.service.callers.iter_mut().enumerate() {
        let path = |key: &str| format!("service.callers.{at}.{key}");
        if let Some(bearer) = &mut caller.bearer {
            all.push((path("bearer"), bearer, Use::Token(MIN_TOKEN)));
        }
        if let Some(basic) = &mut caller.basic {
            all.push((path("basic.password"), &mut basic.password, Use::Token(MIN_TOKEN)));
        }
        for (number, secret) in caller.signed.iter_mut().enumerate() {
            all.push((path(&format!("signed.{number}")), secret, Use::Token(MIN_TOKEN)));
        }
    }
    for (path, secret, purpose) in all {
        one_secret(&path, secret, purpose, folder, reporter);
    }
}

fn one_secret(path: &str, secret: &mut Secret, purpose: Use, folder: &Path, reporter: &mut Reporter<'_>) {
    let file = secret.file().map(|name| folder.join(name));
    if let Err(error) = secret.resolve(folder) {
        return reporter.error("R505", path, error.to_string(), "paths are relative to the settings file");
    }
    if let Some(file) = file {
        private(path, &file, reporter);
    }
    let usable = match purpose {
        Use::Key(least) => secret.key(least).map(|_| ()),
        Use::Token(least) => secret.token(least).map(|_| ()),
        Use::Address => Ok(()),
    };
    if let Err(error) = usable {
        let help = match error {
            SecretError::Encoding | SecretError::Short(..) => "generate one with `openssl rand -hex 32`",
            SecretError::File(..) => "",
        };
        reporter.error("R510", path, error.to_string(), help);
    }
}

/// Warns about existing private files with too wide a mode: the TLS key, the account store, the ledger. Landfall
/// creates its own files with mode 0600.
pub(super) fn modes(settings: &Settings, folder: &Path, reporter: &mut Reporter<'_>) {
    let TargetSettings::Sql(target) = &settings.target;
    let store = |url: &str| folder.join(url.strip_prefix("sqlite://").or(url.strip_prefix("sqlite:")).unwrap_or(url));
    let mut files = vec![("target.url", store(&target.url)), ("ledger.url", store(&settings.ledger.url))];
    if let Some(tls) = &settings.service.tls {
        files.push(("service.tls.key", folder.join(&tls.key)));
    }
    for (path, file) in files {
        private(path, &file, reporter);
    }
}

/// Warns about a file with a mode wider than 0600.
fn private(path: &str, file: &Path, reporter: &mut Reporter<'_>) {
    if is_open(file) {
        let message = "users other than the owner can read or write the file";
        reporter.warning("R512", path, message, "restrict it to its owner with `chmod 600`");
    }
}

/// Whether users other than the owner can access a file.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

/// Other systems do not express permissions as a mode.
#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

/// Reads and compiles the scripts of hooks.
pub(super) fn hooks(
    settings: &Settings,
    folder: &Path,
    files: &mut Files,
    reporter: &mut Reporter<'_>,
) -> Option<ScriptHooks> {
    let mut written = Vec::new();
    for point in HookPoint::ALL {
        let Some(text) = settings.hooks.script(point) else { continue };
        let path = format!("hooks.{}", point.name());
        if text.contains('\n') || !text.trim_end().ends_with(SCRIPT) {
            written.push((point, path, text.to_owned()));
            continue;
        }
        let file = folder.join(text.trim_end());
        match fs::read_to_string(&file) {
            Ok(text) => written.push((point, file.display().to_string(), text)),
            Err(error) => {
                let message = format!("cannot read `{}`: {}", text.trim_end(), error.kind());
                reporter.error("R505", &path, message, "paths are relative to the settings file");
            }
        }
    }
    let scripts: Vec<HookScript<'_>> =
        written.iter().map(|(point, file, text)| HookScript { point: *point, file, text }).collect();
    match ScriptHooks::compile(&scripts, files) {
        Ok(hooks) => Some(hooks),
        Err(findings) => {
            findings.into_iter().for_each(|finding| reporter.findings.push(finding));
            None
        }
    }
}

/// Checks that the files in the settings can be read.
pub(super) fn files(settings: &Settings, folder: &Path, reporter: &mut Reporter<'_>) {
    const HELP: &str = "paths are relative to the settings file";
    let unreadable = |name: &PathBuf| {
        let error = fs::File::open(folder.join(name)).err()?;
        Some(format!("cannot read `{}`: {}", name.display(), error.kind()))
    };
    // The export may be deleted once all customers have migrated: the ledger and the accounts work without it.
    if let SourceSettings::File(file) = &settings.source
        && let Some(message) = unreadable(&file.path)
    {
        reporter.warning("R505", "source.path", message, HELP);
    }
    let mut named: Vec<(&str, &PathBuf)> = Vec::new();
    if let Some(tls) = &settings.service.tls {
        named.extend([("service.tls.certificate", &tls.certificate), ("service.tls.key", &tls.key)]);
    }
    for (path, name) in named {
        if let Some(message) = unreadable(name) {
            reporter.error("R505", path, message, HELP);
        }
    }
}

/// Reads the rules, and returns them with the files they consist of. Their findings are added to those of the settings.
pub(super) fn rules(
    settings: &Settings,
    folder: &Path,
    files: &mut Files,
    reporter: &mut Reporter<'_>,
) -> Option<(RuleSet, Vec<PathBuf>)> {
    let path = folder.join(&settings.rules);
    let mut own = crate::diag::Findings::default();
    let compiled = rules::compile_into(&path, files, &mut own);
    let has_errors = own.iter().any(|finding| finding.severity == Severity::Error);
    reporter.findings.extend(own);
    let rules::Parsed { plan, hash, paths } = match compiled {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = format!("cannot read `{}`: {}", settings.rules.display(), error.kind());
            reporter.error("R505", "rules", message, "paths are relative to the settings file");
            return None;
        }
    };
    let Some(plan) = plan else {
        if !has_errors {
            let message =
                RulesError::Findings { rules: settings.rules.display().to_string(), first: String::new() }.to_string();
            reporter.error("R511", "rules", message, "run `landfall check` for details");
        }
        return None;
    };
    for fault in rules::faults(&plan, &path, &settings.params) {
        report_rules(&fault, reporter);
    }
    if plan.credential_has("source") && plan.verifiers.is_empty() {
        let message = "`credential.source` verifies passwords elsewhere, and settings know no other verifier: logins of \
                       these customers are refused as `unverifiable`";
        let help = "give the stored hash to `credential` with `from:`, or leave these customers out with `admit`";
        reporter.warning("R511", "rules", message, help);
    }
    match rules::set(plan, &settings.params, hash) {
        Ok(set) => Some((set, paths)),
        Err(error) => {
            report_rules(&error.into(), reporter);
            None
        }
    }
}

fn report_rules(fault: &RulesError, reporter: &mut Reporter<'_>) {
    let (path, help) = match fault {
        RulesError::UnlistedParam { name, .. } => (format!("params.{name}"), "set it to one of these values"),
        RulesError::UnknownVerifier(_) => {
            ("rules".to_owned(), "give the stored hashes to `credential`, or leave these customers out with `admit`")
        }
        RulesError::UnknownParam(name) => (format!("params.{name}"), "remove it, or declare it in the rules"),
        RulesError::ParamShape(name, "a list") => (format!("params.{name}"), "write a list: `[ a, b ]`"),
        RulesError::ParamShape(name, "a number") => (format!("params.{name}"), "write a number"),
        RulesError::ParamShape(name, "`true` or `false`") => (format!("params.{name}"), "write `true` or `false`"),
        RulesError::ParamShape(name, _) => (format!("params.{name}"), "write a map: `{ a: 1 }`"),
        RulesError::Set(crate::migrate::RuleSetError::Param(_)) => ("params".to_owned(), "set it under `params`"),
        RulesError::Test { .. } | RulesError::Tests(_) => {
            ("rules".to_owned(), "run `landfall test` for details; rules that fail their tests are not used")
        }
        _ => ("rules".to_owned(), "run `landfall check` for details"),
    };
    reporter.error("R511", &path, fault.to_string(), help);
}
