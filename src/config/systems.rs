//! Opens the legacy systems: the source, the verifiers and the rules of each.

use std::path::Path;
use std::sync::Arc;

use super::LoadedRules;
use super::open::BuildError;
use super::settings::{Settings, SystemSettings};
use crate::adapters::file::FileReport;
use crate::adapters::registry::{OpenSource, SourceContext};
use crate::guard::{GuardFigures, GuardSettings, guarded_source};
use crate::migrate::{LegacySystem, LiveRules, Verifiers};
use crate::ports::IdentifierProfile;

/// The legacy systems, opened and guarded.
pub(super) struct OpenSystems {
    pub first: LegacySystem,
    pub more: Vec<LegacySystem>,
    /// What was found when exports were read.
    pub reports: Vec<FileReport>,
    /// The figures of the guards of the sources.
    pub figures: Vec<GuardFigures>,
}

/// Opens all legacy systems.
///
/// # Errors
/// [`BuildError::Source`].
pub(super) async fn open(
    settings: &Settings,
    folder: &Path,
    rules: Vec<LoadedRules>,
    verifiers: &Verifiers,
    identifiers: &IdentifierProfile,
) -> Result<OpenSystems, BuildError> {
    let guards = GuardSettings::from(settings.guard);
    let (mut systems, mut reports, mut figures) = (Vec::new(), Vec::new(), Vec::new());
    for (system, loaded) in settings.systems().zip(rules) {
        let context = SourceContext { folder, identifiers: identifiers.clone() };
        let opened = system.source.adapter().open(context).await;
        let OpenSource { source, report } = opened.map_err(BuildError::Source)?;
        let (source, source_figures) = guarded_source(source, &guards);
        let rules = Arc::new(LiveRules::new(loaded.rules));
        systems.push(configured(&system, LegacySystem::new(source, verifiers.clone(), rules)));
        reports.extend(report);
        figures.push(source_figures);
    }
    let mut systems = systems.into_iter();
    let first = systems.next().ok_or_else(|| BuildError::Source("the settings name no source".into()))?;
    Ok(OpenSystems { first, more: systems.collect(), reports, figures })
}

fn configured(settings: &SystemSettings<'_>, system: LegacySystem) -> LegacySystem {
    let adapter = settings.source.adapter();
    LegacySystem {
        domains: settings.domains.to_vec(),
        after_mismatch: settings.after_mismatch.into(),
        unique_logins: adapter.unique_logins(),
        record_limit: adapter.record_limit(),
        ..system
    }
}
