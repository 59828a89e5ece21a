//! Builds a service from its settings, together with its background tasks: recovery, event delivery and reloads.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::live::Service;
use super::metrics::Metrics;
use super::observer::Telemetry;
use super::reload::{LoadRules, RuleReload, RuleUse, SETTLED};
use super::server::{Bound, ServiceError};
use super::settings::{ServiceSettings, TlsFiles};
use super::stop::Stage;
use crate::adapters::file::FileReport;
use crate::config::{self, BuildError, Built, Loaded, Settings};
use crate::events::{Anchors, Delivery};
use crate::guard::GuardFigures;
use crate::hashing::Admission;
use crate::metrics::table::{PORT_CALLS, PORT_LATE};
use crate::migrate::{LiveRules, Migrator, MigratorParts};
use crate::ports::{PortError, Reports, Target};
use crate::sampling::Sampling;

/// How often abandoned creations are looked for. A customer who returns sooner is served anyway.
const RECOVER_EVERY: Duration = Duration::from_secs(1);

/// Why a service cannot start.
#[derive(Debug, Error)]
pub enum ComposeError {
    /// Something in the settings cannot be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The service cannot listen.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The creations that were unfinished at the last stop cannot be settled.
    #[error("cannot settle the unfinished account creations of the last run: {0}")]
    Recovery(PortError),
}

/// A listening service with its background tasks.
pub struct Composed {
    bound: Bound,
    migrator: Arc<Migrator>,
    delivery: Option<Delivery>,
    anchors: Option<Anchors>,
    sampling: Option<Sampling>,
    files: Vec<FileReport>,
    recovered: usize,
    reports: Arc<dyn Reports>,
    store: Arc<dyn Target>,
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composed").field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// Opens everything in the settings, settles the unfinished creations of the last run, and binds the address. Must be
/// called within a tokio runtime.
///
/// # Errors
/// [`ComposeError`].
pub async fn compose(loaded: Loaded) -> Result<Composed, ComposeError> {
    let metrics = Metrics::new();
    metrics.install();
    let settings = settings(&loaded);
    let (written, folder) = (Arc::new(loaded.settings.clone()), loaded.folder.clone());
    let (rule_files, candidate_files) = (rule_files(&loaded), candidate_files(&loaded));
    let built = config::build(loaded, Arc::new(Telemetry::new(metrics.clone()))).await?;
    let Built {
        parts,
        migrator,
        callers,
        bridges,
        delivery,
        anchors,
        reports: files,
        sampling,
        candidates,
        figures,
        ledger: open,
        target: store,
        ..
    } = built;
    metrics.sample_hasher(Arc::clone(&parts.hasher));
    sample_guards(&metrics, figures);
    log_release(parts.hasher.admission(), written.login.floor);
    let mut reload = reloads(&parts, &written, rule_files);
    reload.extend(candidate_reloads(&written, &folder, candidates, candidate_files));
    let (target, ledger) = (Arc::clone(&parts.target), Arc::clone(&parts.ledger));
    let migrator = Migrator::new(parts, migrator);
    let migrator = Arc::new(match &sampling {
        Some(sampling) => migrator.sampled_by(sampling.sampler()),
        None => migrator,
    });
    let recovered = match migrator.recover().await {
        Ok(recovered) => recovered,
        // Another process holds the lock for a moment: recovery continues in the background, and leases hold until
        // then.
        Err(error) if error.is_temporary() => {
            tracing::warn!(%error, "recovery will be tried again");
            0
        }
        Err(error) => return Err(ComposeError::Recovery(error)),
    };
    let service =
        Service { migrator: Arc::clone(&migrator), target, ledger, callers, bridges, metrics, reload, settings };
    let bound = service.bind()?.handling_signals()?;
    Ok(Composed { bound, migrator, delivery, anchors, sampling, files, recovered, reports: open.reports, store })
}

impl Composed {
    /// The base URL of the service.
    #[must_use]
    pub fn base(&self) -> String {
        self.bound.base()
    }

    /// What was found when exports were read, for sources that are files.
    #[must_use]
    pub fn files(&self) -> &[FileReport] {
        &self.files
    }

    /// How many creations of the last run were settled at startup.
    #[must_use]
    pub fn recovered(&self) -> usize {
        self.recovered
    }

    /// Serves until a signal ends the service. Events that are being sent are finished first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn run(self) -> Result<(), ServiceError> {
        let (reports, store, stopper) = (self.reports, self.store, self.bound.stopper());
        let (stop, stopped) = watch::channel(());
        let (migrator, beside) = (Arc::clone(&self.migrator), stopped.clone());
        let (end, ended) = watch::channel(());
        let recovery = tokio::spawn(recover(self.migrator, ended));
        let delivery = self.delivery.map(|delivery| spawn_delivery(delivery, stopped));
        let (anchors, sampled) = (self.anchors.map(|anchors| spawn_anchors(anchors, beside.clone())), beside);
        let sampling = self.sampling.map(|sampling| spawn_sampling(sampling, sampled));
        let served = self.bound.run().await;
        drop(end);
        let _ = recovery.await;
        if let Err(error) = migrator.write_all_sums().await {
            tracing::error!(%error, "lost counts of refusals");
        }
        drop(stop);
        for task in [delivery, anchors, sampling].into_iter().flatten() {
            tokio::select! {
                // A delivery that panicked or was cut off loses nothing: its events are still in the outbox.
                _ = task => {}
                () = stopper.reached(Stage::Now) => {}
            }
        }
        // A checkpoint makes the database files complete without their journals if no other process uses them.
        for result in [reports.checkpoint().await, store.checkpoint().await] {
            if let Err(error) = result {
                tracing::warn!(%error, "cannot checkpoint a database; its journal remains");
            }
        }
        served
    }
}

/// Periodically settles abandoned creations and writes pending counts of refusals.
async fn recover(migrator: Arc<Migrator>, mut ended: watch::Receiver<()>) {
    let mut ticks = interval(RECOVER_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // The sender is dropped when the service has ended. Work that has begun is finished: a count must not be
            // lost.
            _ = ended.changed() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = migrator.watch().await {
            tracing::warn!(%error, "the check of the ledger and the account store failed");
        }
        match migrator.recover().await {
            Ok(0) => {}
            Ok(settled) => tracing::info!(settled, "settled abandoned account creations"),
            Err(error) => tracing::warn!(%error, "recovery will be tried again"),
        }
        if let Err(error) = migrator.write_sums().await {
            tracing::warn!(%error, "counts of refusals will be written later");
        }
    }
}

fn spawn_delivery(delivery: Delivery, mut stopped: watch::Receiver<()>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // The sender is dropped when the service has ended.
        let ended = async move { while stopped.changed().await.is_ok() {} };
        delivery.run(ended).await;
    })
}

/// The rule files and their test files.
fn watched(mut files: Vec<PathBuf>, rules: &Path) -> Vec<PathBuf> {
    files.extend(config::tests_of(rules));
    files
}

fn spawn_anchors(anchors: Anchors, mut stopped: watch::Receiver<()>) -> JoinHandle<()> {
    tokio::spawn(async move { anchors.run(async move { while stopped.changed().await.is_ok() {} }).await })
}

fn spawn_sampling(sampling: Sampling, mut stopped: watch::Receiver<()>) -> JoinHandle<()> {
    tokio::spawn(async move { sampling.run(async move { while stopped.changed().await.is_ok() {} }).await })
}

/// The rule file of one legacy system, the values of its parameters, and all files to watch.
struct RuleFile {
    path: PathBuf,
    params: config::Params,
    files: Vec<PathBuf>,
}

fn rule_files(loaded: &Loaded) -> Vec<RuleFile> {
    let systems = loaded.settings.systems().zip(&loaded.rules);
    systems
        .map(|(system, rules)| {
            let path = loaded.path(system.rules);
            RuleFile { files: watched(rules.files.clone(), &path), params: system.params.clone(), path }
        })
        .collect()
}

/// The files of candidate rules to watch, of each legacy system.
fn candidate_files(loaded: &Loaded) -> Vec<Vec<PathBuf>> {
    let systems = loaded.settings.systems().zip(&loaded.sampling);
    let files = systems.map(|(system, sampling)| {
        let candidate = sampling.candidate.as_ref().zip(system.shadow);
        candidate.map(|(rules, shadow)| watched(rules.files.clone(), &loaded.path(&shadow.rules)))
    });
    files.map(Option::unwrap_or_default).collect()
}

/// How candidate rules are read again.
fn candidate_reloads(
    written: &Arc<Settings>,
    folder: &Path,
    candidates: Vec<Option<Arc<LiveRules>>>,
    files: Vec<Vec<PathBuf>>,
) -> Vec<RuleReload> {
    let systems = written.systems().zip(candidates.into_iter().zip(files));
    let reloads = systems.filter_map(|(system, (candidate, files))| {
        let (rules, shadow) = candidate.zip(system.shadow)?;
        let (path, own, active) = (folder.join(&shadow.rules), shadow.rule_params.clone(), system.params.clone());
        let written = Arc::clone(written);
        let load: LoadRules = Arc::new(move || {
            let read = config::candidate_rules(&path, &own, &active, &written.verifier_names());
            let (rules, files) = read.map_err(|error| error.to_string())?;
            Ok((rules, watched(files, &path)))
        });
        let usage = RuleUse::Candidate(system.source.adapter().name().to_owned());
        Some(RuleReload { usage, files, rules, load, settled: SETTLED })
    });
    reloads.collect()
}

/// How the rules of each legacy system are read again. All of them decide how expensive a check may be.
fn reloads(parts: &MigratorParts, written: &Arc<Settings>, rule_files: Vec<RuleFile>) -> Vec<RuleReload> {
    let systems = std::iter::once(&parts.legacy).chain(&parts.more);
    let all: Vec<Arc<LiveRules>> = systems.map(|system| Arc::clone(&system.rules)).collect();
    let own = all.clone().into_iter().zip(rule_files);
    own.map(|(live, RuleFile { path, params, files })| {
        let (hasher, written, all, own) =
            (Arc::clone(&parts.hasher), Arc::clone(written), all.clone(), Arc::clone(&live));
        let load: LoadRules = Arc::new(move || {
            let verifiers = written.verifier_names();
            let read = config::rule_set_of(&path, &params, Some(&verifiers));
            let (rules, files) = read.map_err(|error| error.to_string())?;
            let others: Vec<_> =
                all.iter().filter(|live| !Arc::ptr_eq(live, &own)).map(|live| live.current()).collect();
            let every = others.iter().map(|rules| &**rules).chain([&rules]);
            log_release(Some(config::calibrate(&hasher, &written, every)), written.login.floor);
            Ok((rules, watched(files, &path)))
        });
        RuleReload { usage: RuleUse::Active, files, rules: live, load, settled: SETTLED }
    })
    .collect()
}

/// Warns if refusals are released later than `login.floor`.
fn log_release(admission: Option<Admission>, floor: Duration) {
    let Some(Admission { longest_check, store_hash, release }) = admission else { return };
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (longest_check_ms, store_hash_ms, release_ms) = (millis(longest_check), millis(store_hash), millis(release));
    if release <= floor {
        tracing::info!(longest_check_ms, store_hash_ms, "measured password checks");
        return;
    }
    tracing::warn!(
        longest_check_ms,
        store_hash_ms,
        release_ms,
        floor_ms = millis(floor),
        "refusals are released later than `login.floor`, so that their time does not reveal the most expensive stored hash; \
        set `password.longest_check` to the time of your customers' most expensive hash"
    );
}

fn sample_guards(metrics: &Metrics, guards: Vec<(&'static str, GuardFigures)>) {
    metrics.sample(move || {
        // several sources have guards of their own
        let mut sums: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
        for (port, guard) in &guards {
            let (calls, late) = sums.entry(port).or_default();
            (*calls, *late) = (*calls + guard.calls(), *late + guard.late());
        }
        for (port, (calls, late)) in sums {
            PORT_CALLS.set([port.into()], calls);
            PORT_LATE.set([port.into()], late);
        }
    });
}

/// The service settings, from the settings file.
fn settings(loaded: &Loaded) -> ServiceSettings {
    let Settings { listen, service, .. } = &loaded.settings;
    ServiceSettings {
        listen: *listen,
        tls: service
            .tls
            .as_ref()
            .map(|tls| TlsFiles { certificates: loaded.path(&tls.certificate), key: loaded.path(&tls.key) }),
        trusted_proxies: service.trusted_proxies.iter().map(|network| network.0).collect(),
        limits: service.into(),
        notice: service.notice,
        drain: service.drain,
    }
}
