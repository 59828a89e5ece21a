//! Opens the legacy systems: the source, the verifiers and the rules of each.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::LoadedRules;
use super::open::BuildError;
use super::settings::{STORED_HASH, Settings, SystemSettings, WriteBackSettings};
use crate::adapters::enriched::{EnrichedSource, RecordPart};
use crate::adapters::file::FileReport;
use crate::adapters::registry::{OpenSource, SourceContext, SourceSettings, VerifierContext};
use crate::adapters::stored_hash::StoredHashVerifier;
use crate::guard::{GuardFigures, GuardSettings, guarded_source, guarded_verifier};
use crate::hashing::Hasher;
use crate::migrate::{LegacySystem, LiveRules, UnknownVerifier, Verifiers};
use crate::ports::{
    BoxFuture, Call, Identifier, IdentifierProfile, PortError, PortErrorKind, Record, Source, Verifier,
};

/// The legacy systems, opened and guarded.
pub(super) struct OpenSystems {
    pub first: LegacySystem,
    pub more: Vec<LegacySystem>,
    /// What was found when exports were read.
    pub reports: Vec<FileReport>,
    /// The figures of the guards of the sources.
    pub figures: Vec<GuardFigures>,
}

/// Which legacy systems are opened.
#[derive(Clone, Copy)]
pub(super) enum Which<'n> {
    /// All.
    All,
    /// The one whose source has this name, and those that are asked before it.
    UpTo(&'n str, OwnRecords),
}

/// Where the records of a system are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnRecords {
    /// From its source.
    Source,
    /// From an export, so that its source need not be there.
    Export,
}

/// Opens legacy systems.
///
/// # Errors
/// [`BuildError::Source`].
pub(super) async fn open(
    settings: &Settings,
    folder: &Path,
    rules: Vec<LoadedRules>,
    verifiers: &Verifiers,
    identifiers: &IdentifierProfile,
    which: Which<'_>,
) -> Result<OpenSystems, BuildError> {
    let guards = &GuardSettings::from(settings.guard);
    let (mut systems, mut reports, mut figures) = (Vec::new(), Vec::new(), Vec::new());
    for (system, loaded) in settings.systems().zip(rules) {
        let mut opener = Opener { folder, guards, reports: &mut reports, figures: &mut figures };
        let name = system.source.adapter().name();
        let is_last = matches!(which, Which::UpTo(last, _) if last == name);
        let source = match which {
            Which::UpTo(_, OwnRecords::Export) if is_last => Arc::new(ReadElsewhere(name.to_owned())),
            _ => opener.open(system.source, identifiers.clone(), guards.call).await?,
        };
        let (source, record_limit) = opener.enriched(&system, source).await?;
        let rules = Arc::new(LiveRules::new(loaded.rules));
        let verifiers = verifiers.ordered(system.verify_with).map_err(unknown_verifier)?;
        systems.push(LegacySystem {
            domains: system.domains.to_vec(),
            tenants: system.tenants.to_vec(),
            after_mismatch: system.after_mismatch.into(),
            unique_logins: system.source.adapter().unique_logins(),
            record_limit,
            write_back: system.write_back.map(WriteBackSettings::kept),
            ..LegacySystem::new(source, verifiers, rules)
        });
        if is_last {
            break;
        }
    }
    let mut systems = systems.into_iter();
    let first = systems.next().ok_or_else(|| BuildError::Source("the settings name no source".into()))?;
    Ok(OpenSystems { first, more: systems.collect(), reports, figures })
}

/// A source that is not asked, because its records are read from an export.
struct ReadElsewhere(String);

impl Source for ReadElsewhere {
    fn name(&self) -> &str {
        &self.0
    }

    fn fetch<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        let error = PortError::new(PortErrorKind::Unsupported, &self.0, "fetch");
        Box::pin(async { Err(error.because("its records are read from an export")) })
    }
}

fn unknown_verifier(unknown: UnknownVerifier) -> BuildError {
    BuildError::Verifier(unknown.0.clone(), unknown.into())
}

/// Opens the verifiers of all systems. The check of stored hashes works on this machine, so it has no breaker.
///
/// # Errors
/// [`BuildError::Verifier`].
pub(super) async fn verifiers(
    settings: &Settings,
    folder: &Path,
    hasher: &Arc<Hasher>,
    identifiers: &IdentifierProfile,
) -> Result<(Verifiers, Vec<GuardFigures>), BuildError> {
    let stored: Arc<dyn Verifier> = Arc::new(StoredHashVerifier::new(Arc::clone(hasher)));
    let (stored, stored_figures) = guarded_verifier(stored, &GuardSettings::local());
    let (mut named, mut figures) = (vec![(STORED_HASH.to_owned(), stored)], vec![stored_figures]);
    let guards = GuardSettings::from(settings.guard);
    for (_, name, verifier) in settings.named_verifiers() {
        let context = VerifierContext { name, folder, identifiers: identifiers.clone() };
        let opened = verifier.adapter().open(context).await;
        let failed = |error| BuildError::Verifier(name.to_owned(), error);
        let (guarded, verifier_figures) = guarded_verifier(opened.map_err(failed)?, &guards);
        named.push((name.to_owned(), guarded));
        figures.push(verifier_figures);
    }
    // each system has an order of its own
    let verifiers = Verifiers::new(named, Vec::new()).map_err(unknown_verifier)?;
    Ok((verifiers, figures))
}

/// Opens sources and notes what is to be known of them.
struct Opener<'o> {
    folder: &'o Path,
    guards: &'o GuardSettings,
    reports: &'o mut Vec<FileReport>,
    figures: &'o mut Vec<GuardFigures>,
}

impl Opener<'_> {
    /// A guarded source, each call of which may take this long.
    async fn open(
        &mut self,
        settings: &SourceSettings,
        identifiers: IdentifierProfile,
        call: Duration,
    ) -> Result<Arc<dyn Source>, BuildError> {
        let context = SourceContext { folder: self.folder, identifiers };
        let opened = settings.adapter().open(context).await;
        let OpenSource { source, report } = opened.map_err(BuildError::Source)?;
        let (source, figures) = guarded_source(source, &GuardSettings { call, ..self.guards.clone() });
        self.reports.extend(report);
        self.figures.push(figures);
        Ok(source)
    }

    /// The source with the parts of its records, and the maximum size of a whole record.
    async fn enriched(
        &mut self,
        system: &SystemSettings<'_>,
        source: Arc<dyn Source>,
    ) -> Result<(Arc<dyn Source>, usize), BuildError> {
        let limit = system.source.adapter().record_limit();
        let (mut parts, mut whole) = (Vec::new(), limit);
        for (member, settings) in system.enrich {
            // parts are found by ids, whatever customers type
            let part = self.open(&settings.source, IdentifierProfile::default(), settings.timeout).await?;
            // with the name, its quotes, a colon and a comma
            whole += settings.source.adapter().record_limit() + member.len() + 4;
            parts.push(RecordPart {
                member: member.clone(),
                source: part,
                by: settings.names().unwrap_or_default(),
                required: settings.required,
                timeout: settings.timeout,
            });
        }
        Ok(match parts.is_empty() {
            true => (source, limit),
            false => (Arc::new(EnrichedSource::new(source, parts, limit)), whole),
        })
    }
}
