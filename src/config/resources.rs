//! Reads what settings refer to: secrets, files, rules and scripts. Problems are reported at the setting that refers to
//! them.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::LoadedRules;
use super::collector::Collector;
use super::needs::Needs;
use super::rules::{self, RulesError};
use super::settings::{Settings, SystemSettings};
use crate::adapters::registry::{self, SourceContext, VerifierContext};
use crate::diag::{Files, Severity};
use crate::formats::{self, Foreign};
use crate::hooks::{HookScript, ScriptHooks};
use crate::migrate::RuleSetError;
use crate::ports::HookPoint;
use crate::settings::{FileSetting, FileUse, Reporter, Secret, SecretError, SecretSetting, SecretUse};

/// The extension of a script file.
const SCRIPT: &str = ".rhai";

/// Reads the secrets that a command needs.
pub(super) fn needed_secrets(settings: &mut Settings, folder: &Path, needs: Needs, reporter: &mut Reporter<'_>) {
    if needs == Needs::Nothing {
        return;
    }
    section("ledger", settings.ledger.secrets(), folder, reporter);
    registry::check_ledger("url", settings.ledger.url.expose(), folder, &mut reporter.section("ledger"));
    if needs == Needs::Accounts {
        section("target", settings.target.adapter_mut().secrets(), folder, reporter);
        section("password", settings.password.secrets(), folder, reporter);
        settings.target.adapter().check_secrets(folder, &mut reporter.section("target"));
    }
}

/// Reads every secret.
pub(super) fn secrets(settings: &mut Settings, folder: &Path, reporter: &mut Reporter<'_>) {
    needed_secrets(settings, folder, Needs::Accounts, reporter);
    section("hooks", settings.hooks.secrets(), folder, reporter);
    section("service", settings.service.secrets(), folder, reporter);
    for (at, bridge) in settings.bridges.iter_mut().enumerate() {
        section(&format!("bridges.{at}"), bridge.secrets(), folder, reporter);
    }
    for (path, source) in settings.sources_mut() {
        section(&path, source.adapter_mut().secrets(), folder, reporter);
    }
    for (path, verifier) in settings.named_verifiers_mut() {
        section(&path, verifier.adapter_mut().secrets(), folder, reporter);
    }
    for (path, write_back) in settings.write_backs_mut() {
        section(&format!("{path}.to"), write_back.to.adapter_mut().secrets(), folder, reporter);
    }
    for (section, source) in settings.sources() {
        let context = SourceContext { folder, identifiers: settings.identifier.profile() };
        source.adapter().check_secrets(context, &mut reporter.section(section));
    }
    for (section, name, verifier) in settings.named_verifiers() {
        let context = VerifierContext { name, folder, identifiers: settings.identifier.profile() };
        verifier.adapter().check_secrets(context, &mut reporter.section(section));
    }
    for (at, bridge) in settings.bridges.iter().enumerate() {
        bridge.check_params(folder, &mut reporter.section(format!("bridges.{at}")));
    }
    super::write_back::check_secrets(settings, folder, reporter);
}

/// Reads the secrets of one section.
fn section(name: &str, secrets: Vec<SecretSetting<'_>>, folder: &Path, reporter: &mut Reporter<'_>) {
    for SecretSetting { key, secret, usage } in secrets {
        one_secret(&key, secret, usage, folder, &mut reporter.section(name));
    }
}

fn one_secret(key: &str, secret: &mut Secret, usage: SecretUse, folder: &Path, reporter: &mut Reporter<'_>) {
    let file = secret.file().map(|name| folder.join(name));
    if let Err(error) = secret.resolve(folder) {
        return reporter.error("R505", key, error.to_string(), "paths are relative to the settings file");
    }
    if let Some(file) = file {
        private(key, &file, reporter);
    }
    let usable = match usage {
        SecretUse::Key(least) => secret.key(least).map(|_| ()),
        SecretUse::Token(least) => secret.token(least).map(|_| ()),
        SecretUse::Address => Ok(()),
    };
    if let Err(error) = usable {
        let help = match error {
            SecretError::Encoding | SecretError::Short(..) => "generate one with `openssl rand -hex 32`",
            SecretError::File(..) => "",
        };
        reporter.error("R510", key, error.to_string(), help);
    }
}

/// Warns about existing private files with too wide a mode: the TLS key, the account store, the ledger. Landfall
/// creates its own files with mode 0600.
pub(super) fn modes(settings: &Settings, folder: &Path, reporter: &mut Reporter<'_>) {
    for (section, file) in adapter_files(settings).filter(|(_, file)| file.usage == FileUse::Private) {
        private(file.key, &folder.join(&file.path), &mut reporter.section(section));
    }
    if let Some(tls) = &settings.service.tls {
        private("service.tls.key", &folder.join(&tls.key), reporter);
    }
}

/// The files that adapters name, each with the section of its key.
fn adapter_files(settings: &Settings) -> impl Iterator<Item = (String, FileSetting)> {
    let of = |section: String, files: Vec<FileSetting>| files.into_iter().map(move |file| (section.clone(), file));
    let ledger = registry::ledger_file("url", settings.ledger.url.expose()).into_iter().collect();
    settings
        .sources()
        .flat_map(move |(section, source)| of(section, source.adapter().files()))
        .chain(
            settings.named_verifiers().flat_map(move |(section, _, verifier)| of(section, verifier.adapter().files())),
        )
        .chain(
            settings
                .write_backs()
                .flat_map(move |(section, _, write_back)| of(format!("{section}.to"), write_back.to.adapter().files())),
        )
        .chain(of("target".to_owned(), settings.target.adapter().files()))
        .chain(of("ledger".to_owned(), ledger))
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
    collector: &mut Collector<'_>,
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
                collector.reporter().error("R505", &path, message, "paths are relative to the settings file");
            }
        }
    }
    let scripts: Vec<HookScript<'_>> =
        written.iter().map(|(point, file, text)| HookScript { point: *point, file, text }).collect();
    match ScriptHooks::compile(&scripts, files) {
        Ok(hooks) => Some(hooks),
        Err(findings) => {
            findings.into_iter().for_each(|finding| collector.findings.push(finding));
            None
        }
    }
}

/// Checks that the files in the settings can be read.
pub(super) fn files(settings: &Settings, folder: &Path, reporter: &mut Reporter<'_>) {
    const HELP: &str = "paths are relative to the settings file";
    let unreadable = |name: &PathBuf| {
        let path = folder.join(name);
        // opening a pipe would wait for its writer
        if fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
            return Some(format!("`{}` is not a regular file", name.display()));
        }
        let error = fs::File::open(path).err()?;
        Some(format!("cannot read `{}`: {}", name.display(), error.kind()))
    };
    for (section, file) in adapter_files(settings).filter(|(_, file)| file.usage == FileUse::Records) {
        if let Some(message) = unreadable(&file.path) {
            reporter.section(section).warning("R505", file.key, message, HELP);
        } else if let Some(found) = unusable_export(&folder.join(&file.path)) {
            let message = format!("`{}` cannot be a source: it is {}", file.path.display(), found.what);
            reporter.section(section).warning("R505", file.key, message, found.help);
        }
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

/// What a file is, if it is compressed or contains no records.
fn unusable_export(path: &Path) -> Option<Foreign> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(16 * 1024).read_to_end(&mut head).ok()?;
    formats::unusable(&head).filter(|found| found.is_certain)
}

/// Reads the rules of every legacy system. Their findings are added to those of the settings. `None` if those of one cannot
/// be used.
pub(super) fn rules(
    settings: &Settings,
    folder: &Path,
    files: &mut Files,
    collector: &mut Collector<'_>,
) -> Option<Vec<LoadedRules>> {
    settings.target.adapter().check_rules(folder, files, collector.findings);
    for bridge in &settings.bridges {
        bridge.check_rules(folder, files, collector.findings);
    }
    let verifiers = settings.verifier_names();
    let mut read = Vec::new();
    for system in settings.systems() {
        read.push(system_rules(&system, &verifiers, folder, files, collector));
    }
    read.into_iter().collect()
}

/// Reads the rules of one legacy system.
fn system_rules(
    settings: &SystemSettings<'_>,
    verifiers: &[&str],
    folder: &Path,
    files: &mut Files,
    collector: &mut Collector<'_>,
) -> Option<LoadedRules> {
    let path = folder.join(settings.rules);
    let mut own = crate::diag::Findings::default();
    let compiled = rules::compile_into(&path, files, &mut own);
    let has_errors = own.iter().any(|finding| finding.severity == Severity::Error);
    collector.findings.extend(own);
    let rules::Parsed { plan, hash, paths } = match compiled {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = format!("cannot read `{}`: {}", settings.rules.display(), error.kind());
            collector.reporter().error(
                "R505",
                &settings.path("rules"),
                message,
                "paths are relative to the settings file",
            );
            return None;
        }
    };
    let Some(plan) = plan else {
        if !has_errors {
            let message =
                RulesError::Findings { rules: settings.rules.display().to_string(), first: String::new() }.to_string();
            collector.reporter().error("R511", &settings.path("rules"), message, "run `landfall check` for details");
        }
        return None;
    };
    for fault in rules::faults(&plan, &path, settings.params, Some(verifiers)) {
        report_rules(&fault, settings, &mut collector.reporter());
    }
    if plan.credential_has("source") && plan.verifiers.is_empty() && verifiers.len() == 1 {
        let message = "`credential.source` verifies passwords elsewhere, and settings know no other verifier: logins of \
                       these customers are refused as `unverifiable`";
        let help = "give the stored hash to `credential` with `from:`, or leave these customers out with `admit`";
        collector.reporter().warning("R511", &settings.path("rules"), message, help);
    }
    match rules::set(plan, settings.params, hash) {
        Ok(rules) => Some(LoadedRules { rules, files: paths }),
        Err(error) => {
            report_rules(&error.into(), settings, &mut collector.reporter());
            None
        }
    }
}

fn report_rules(fault: &RulesError, settings: &SystemSettings<'_>, reporter: &mut Reporter<'_>) {
    let (path, help) = match fault {
        RulesError::UnlistedParam { name, .. } => (format!("params.{name}"), "set it to one of these values"),
        RulesError::UnknownVerifier(_) => (
            "rules".to_owned(),
            "declare it under `verifiers`; or give the stored hashes to `credential`, or leave these customers out with \
             `admit`",
        ),
        RulesError::UnknownParam(name) => (format!("params.{name}"), "remove it, or declare it in the rules"),
        RulesError::ParamShape(name, "a list") => (format!("params.{name}"), "write a list: `[ a, b ]`"),
        RulesError::ParamShape(name, "a number") => (format!("params.{name}"), "write a number"),
        RulesError::ParamShape(name, "`true` or `false`") => (format!("params.{name}"), "write `true` or `false`"),
        RulesError::ParamShape(name, _) => (format!("params.{name}"), "write a map: `{ a: 1 }`"),
        RulesError::Set(RuleSetError::Param(_)) => ("params".to_owned(), "set it under `params`"),
        RulesError::Set(RuleSetError::NoIdentify) => {
            ("rules".to_owned(), "for example `identify: { id: $.id, logins: [ $.login, $.email ] }` in the rules")
        }
        RulesError::Set(RuleSetError::NoCredential) => (
            "rules".to_owned(),
            "in the rules, `credential: { from: $.hash, scheme: … }` reads a stored hash; `credential: { source: NAME }` and \
             `verifiers: [ NAME ]` name a verifier of the settings",
        ),
        RulesError::Test { .. } | RulesError::Tests(_) => {
            ("rules".to_owned(), "run `landfall test` for details; rules that fail their tests are not used")
        }
        _ => ("rules".to_owned(), "run `landfall check` for details"),
    };
    reporter.error("R511", &settings.path(&path), fault.to_string(), help);
}
