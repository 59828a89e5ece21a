//! Builds the parts of a service from its settings: wraps what was opened in guards, and derives the settings of the
//! migrator.

use std::sync::Arc;
use std::time::Duration;

use super::Loaded;
use super::open::{BuildError, Stores, number, stores};
use super::sampling::{self, Around, OpenSampling};
use super::settings::Settings;
use super::systems::{self, OpenSystems, Which};
use super::write_back;
use crate::adapters::file::FileReport;
use crate::adapters::registry::Opening;
use crate::bridge::Bridge;
use crate::callers::Callers;
use crate::events::{self, Anchors, Delivery, subscribed};
use crate::guard::{self, GuardFigures, guarded_ledger, guarded_nonces, guarded_outbox, guarded_target};
use crate::hashing::{Admission, Hasher, MostExpensive, TimeSettings};
use crate::migrate::{LiveRules, MigratorParts, MigratorSettings, Observer, RuleSet};
use crate::ports::{AccountLookup, Clock, IdentifierProfile, OpenLedger, SystemClock, Target};
use crate::sampling::Sampling;

/// All parts of a service.
pub struct Built {
    /// The parts of the migrator.
    pub parts: MigratorParts,
    /// The settings of the migrator.
    pub migrator: MigratorSettings,
    /// The ledger itself, for reports and operators; the one in `parts` is guarded.
    pub ledger: OpenLedger,
    /// The target itself; the one in `parts` is guarded.
    pub target: Arc<dyn Target>,
    /// The callers; `None` if there are none, and then only loopback addresses may be listened on.
    pub callers: Option<Arc<Callers>>,
    /// The bridges.
    pub bridges: Vec<Bridge>,
    /// Sends events to webhooks and legacy systems; `None` without any.
    pub delivery: Option<Delivery>,
    /// Sends the head of the audit; `None` if the settings do not ask for it.
    pub anchors: Option<Anchors>,
    /// What was found when exports were read, for sources that are files.
    pub reports: Vec<FileReport>,
    /// Looks at live records; `None` if the settings do not ask for it.
    pub sampling: Option<Sampling>,
    /// The candidate rules of each legacy system.
    pub candidates: Vec<Option<Arc<LiveRules>>>,
    /// The figures of the guards, by the name of the guarded port; several sources have one each.
    pub figures: Vec<(&'static str, GuardFigures)>,
}

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Built").field("migrator", &self.migrator).finish_non_exhaustive()
    }
}

/// The timeout of a single call of the ledger. Stops a full disk from delaying logins; commits take milliseconds.
pub(super) const LEDGER_CALL: Duration = Duration::from_secs(2);

/// Opens everything in the settings and puts it together. A file source is indexed, which takes seconds per million
/// records. Must be called within a tokio runtime.
///
/// # Errors
/// [`BuildError`].
pub async fn build(loaded: Loaded, observer: Arc<dyn Observer>) -> Result<Built, BuildError> {
    let Stores { identifiers, keyring, hasher, ledger, target: store } =
        stores(&loaded.settings, &loaded.folder, Opening::Trusted).await?;
    let Loaded { settings, folder, rules, sampling, hooks } = loaded;
    calibrate(&hasher, &settings, rules.iter().map(|loaded| &loaded.rules));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let nonces = guarded_nonces(Arc::clone(&ledger.nonces), LEDGER_CALL);
    let callers = Callers::from_settings(&settings.service.callers, Arc::clone(&nonces))?;
    let bridges = super::bridges::open(&settings, &folder, &nonces, &keyring, &clock)?;
    let (verifiers, verifier_figures) = systems::verifiers(&settings, &folder, &hasher, &identifiers).await?;
    let OpenSystems { first: legacy, more, reports, figures: sources } =
        systems::open(&settings, &folder, rules, &verifiers, &identifiers, Which::All).await?;
    let guards = target_guards(&settings, &*store);
    let (target, target_figures) = guarded_target(Arc::clone(&store), &guards);
    let (guarded, ledger_figures) = guarded_ledger(Arc::clone(&ledger.ledger), LEDGER_CALL);
    let outbox = guarded_outbox(Arc::clone(&ledger.outbox), LEDGER_CALL, &ledger_figures);
    let mut figures = vec![("target", target_figures), ("ledger", ledger_figures)];
    figures.extend(verifier_figures.into_iter().map(|verifier| ("verifier", verifier)));
    figures.extend(sources.into_iter().map(|source| ("source", source)));
    let write_backs = write_back::open(&settings, &folder, &guarded).await?;
    let delivery =
        Delivery::from_settings(&settings.hooks.webhooks, write_backs, Arc::clone(&outbox), Arc::clone(&clock))?;
    events::drop_removed(&*outbox, &*clock, &receivers(&settings)).await?;
    let anchors = settings
        .ledger
        .anchor
        .as_ref()
        .map(|written| Anchors::from_settings(written, &folder, Arc::clone(&ledger.reports), Arc::clone(&clock)));
    let anchors = anchors.transpose()?;
    let around = Around {
        ledger: Arc::clone(&ledger.observations),
        clock: Arc::clone(&clock),
        identifiers: identifiers.clone(),
    };
    let OpenSampling { sampling, candidates } = sampling::open(&settings, sampling, around)?;
    let parts = MigratorParts {
        legacy,
        more,
        target,
        ledger: guarded,
        clock,
        hasher,
        hooks: Arc::new(hooks),
        observer,
        keyring,
    };
    let migrator =
        MigratorSettings { events: subscribed(&settings.hooks.webhooks), ..migrator(&settings, identifiers) };
    Ok(Built {
        parts,
        migrator,
        ledger,
        target: store,
        callers,
        bridges,
        delivery,
        anchors,
        reports,
        sampling,
        candidates,
        figures,
    })
}

/// The guards of the target.
pub(super) fn target_guards(settings: &Settings, target: &dyn Target) -> guard::GuardSettings {
    match target.capabilities().lookup {
        AccountLookup::Login => guard::GuardSettings::local(),
        // A remote system fails like a legacy system does.
        AccountLookup::ExternalId => settings.guard.into(),
    }
}

/// The names of all receivers of events.
fn receivers(settings: &Settings) -> Vec<String> {
    let webhooks = settings.hooks.webhooks.iter().map(|webhook| webhook.name.clone());
    webhooks.chain(settings.write_backs().map(|(_, source, _)| events::write_back_receiver(source))).collect()
}

/// The settings of the migrator, without events.
pub(super) fn migrator(settings: &Settings, identifiers: IdentifierProfile) -> MigratorSettings {
    let login = &settings.login;
    MigratorSettings {
        identifiers,
        tenant: settings.tenant.clone(),
        deadline: login.deadline,
        floor: login.floor,
        quantum: login.quantum,
        attempts: (&login.attempts).into(),
        turns: number(login.turns),
        lease: settings.lease(),
        waiting: number(login.waiting),
        lookups: number(login.lookups),
        ..MigratorSettings::default()
    }
}

/// Measures this machine for the stored hashes that the rules of all legacy systems declare.
pub fn calibrate<'r>(hasher: &Hasher, settings: &Settings, rules: impl IntoIterator<Item = &'r RuleSet>) -> Admission {
    let times = TimeSettings { deadline: settings.login.deadline, longest_check: settings.password.longest_check };
    let each = rules.into_iter().map(|rules| MostExpensive::of(rules.plan()));
    hasher.calibrate(each.fold(MostExpensive::None, MostExpensive::more_expensive), times)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::migrate::{AfterMismatch, Silent};
    use crate::ports::Call;

    const RULES: &str = "landfall: 1\nname: shop\ntarget: standard\nidentify: { id: $.id, logins: [ $.login ] }\n\
                         account:\n  username: $.login\ncredential: { scheme: md5, hash_hex: $.hash }\n";

    fn folder(source: &str, more: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("shop.yaml", RULES);
        write("a.ndjson", "{\"id\":1,\"login\":\"Ada\"}\n{\"id\":2,\"login\":\"ada\"}\n{\"id\":3,\"login\":\"bo\"}\n");
        let settings = format!(
            "rules: shop.yaml\nsource: {source}\ntarget: {{ kind: sql, url: 'sqlite:accounts.db' }}\n\
             ledger: {{ url: 'sqlite:ledger.db', key: '${{KEY}}' }}\nlane: {{ threads: 1 }}\n{more}"
        );
        write("landfall.yaml", &settings);
        folder
    }

    fn loaded(folder: &Path) -> Loaded {
        let environment = |_: &str| Some("0123456789abcdef".repeat(4));
        let read = Settings::read_in(&folder.join("landfall.yaml"), &environment).unwrap();
        let shown = crate::diag::render::plain(&read.files, &read.findings);
        read.loaded.unwrap_or_else(|| panic!("{shown}"))
    }

    #[tokio::test]
    async fn a_service_is_built_from_its_settings() {
        let more = "service: { callers: [ { name: idp, bearer: '${T}' }, { name: shop, signed: [ '${T}' ] } ] }\n\
                    hooks: { webhooks: [ { name: crm, url: 'https://crm.example/', secret: '${T}' } ] }\n";
        let folder = folder("{ kind: file, path: a.ndjson, logins: [ $.login ], record_limit: 10MiB }", more);
        let loaded = loaded(folder.path());
        assert_eq!(loaded.rules[0].files, [folder.path().join("shop.yaml")]);
        let hash = loaded.rules[0].rules.hash().to_owned();
        let built = build(loaded, Arc::new(Silent)).await.unwrap();
        let report = built.reports[0].clone();
        assert_eq!((report.records, report.ambiguous), (3, 1));
        assert_eq!(built.parts.legacy.rules.current().hash(), hash);
        assert_eq!(built.parts.legacy.source.name(), "legacy");
        assert_eq!(built.parts.legacy.record_limit, 10 * 1024 * 1024);
        assert!(built.callers.is_some() && built.delivery.is_some());
        for file in ["accounts.db", "ledger.db"] {
            assert!(folder.path().join(file).is_file(), "{file}");
        }
    }

    #[tokio::test]
    async fn every_source_has_its_own_rules() {
        let more = "domains: [ shop.example ]\nmore_sources:\n  - rules: club.yaml\n    params: { region: de }\n    \
                    source: { kind: file, name: club, path: a.ndjson, logins: [ $.login ], unique_logins: true }\n    \
                    after_mismatch: ask_next\n";
        let folder = folder("{ kind: file, path: a.ndjson, logins: [ $.login ] }", more);
        let club = RULES.replace("target: standard", "target: standard\nparams: { region: {} }");
        std::fs::write(folder.path().join("club.yaml"), club).unwrap();
        let loaded = loaded(folder.path());
        let hashes: Vec<String> = loaded.rules.iter().map(|loaded| loaded.rules.hash().to_owned()).collect();
        assert_eq!(loaded.rules[1].files, [folder.path().join("club.yaml")]);
        let parts = build(loaded, Arc::new(Silent)).await.unwrap().parts;
        let [more] = parts.more.as_slice() else { panic!("one more") };
        assert_eq!([&parts.legacy, more].map(|system| system.rules.current().hash().to_owned()), hashes.as_slice());
        assert_eq!((parts.legacy.source.name(), more.source.name()), ("legacy", "club"));
        assert_eq!((parts.legacy.domains.concat(), more.domains.concat()), ("shop.example".to_owned(), String::new()));
        assert_eq!((parts.legacy.unique_logins, more.unique_logins), (false, true));
        let declared = [parts.legacy.after_mismatch, more.after_mismatch];
        assert_eq!(declared, [AfterMismatch::Refuse, AfterMismatch::AskNext]);
    }

    /// Otherwise the password of one system's customer would open the account of another's with the same name.
    #[tokio::test]
    async fn every_source_has_its_own_verifiers() {
        let more = "verifiers: { api: { kind: http, server: { url: 'https://a.example' }, request: { path: /login, body: \
                    { json: { login: '{identifier}', password: '{password}' } } }, verified_when: [ { status: 200, body: { $.ok: true } } ], \
                    mismatch_when: [ { status: 401, body: { $.ok: false } } ] } }\nverify_with: [ api ]\n\
                    more_sources:\n  - rules: shop.yaml\n    \
                    source: { kind: file, name: club, path: a.ndjson, logins: [ $.login ] }\n  - rules: shop.yaml\n    \
                    source: { kind: file, name: blog, path: a.ndjson, logins: [ $.login ] }\n    verify_with: [ stored_hash, api ]\n";
        let folder = folder("{ kind: file, path: a.ndjson, logins: [ $.login ] }", more);
        let parts = build(loaded(folder.path()), Arc::new(Silent)).await.unwrap().parts;
        let systems = std::iter::once(&parts.legacy).chain(&parts.more);
        let orders: Vec<String> = systems.map(|system| format!("{:?}", system.verifiers)).collect();
        for (order, names) in orders.iter().zip([r#"["api"]"#, r#"["stored_hash"]"#, r#"["stored_hash", "api"]"#]) {
            assert!(order.contains(names), "{order}");
        }
    }

    #[tokio::test]
    async fn records_get_parts_from_other_sources() {
        let more = "enrich:\n  orders:\n    source: { kind: file, name: orders, path: orders.ndjson, logins: [ $.customer ] }\n    \
                    by: $.id\n";
        let folder = folder("{ kind: file, path: a.ndjson, logins: [ $.login ] }", more);
        std::fs::write(folder.path().join("orders.ndjson"), "{\"customer\":3,\"total\":7}\n").unwrap();
        let built = build(loaded(folder.path()), Arc::new(Silent)).await.unwrap();
        assert_eq!(built.reports.len(), 2);
        let legacy = built.parts.legacy;
        assert!(legacy.record_limit > 2 * 256 * 1024);
        let bo = IdentifierProfile::default().canonical("bo").unwrap();
        let record = legacy.source.fetch(Call::outside_login("r1"), &bo).await.unwrap().unwrap();
        assert_eq!(record.json(), r#"{"id":3,"login":"bo","orders":{"customer":3,"total":7}}"#);
    }

    #[tokio::test]
    async fn a_source_that_cannot_be_opened_is_an_error() {
        let folder = folder("{ kind: file, path: absent.ndjson, logins: [ $.login ] }", "");
        let error = build(loaded(folder.path()), Arc::new(Silent)).await.unwrap_err();
        assert!(matches!(error, BuildError::Source(_)), "{error}");
    }
}
