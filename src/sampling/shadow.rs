//! Candidate rules that run beside the active ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bumpalo::Bump;

use super::notes::Notes;
use crate::compare::{Comparison, Difference, Side};
use crate::engine::outcome::Outcome;
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::Settings;
use crate::metrics::table::{SHADOW_DIFFERENCES, SHADOW_RECORDS};
use crate::migrate::{LiveRules, RuleSet, Sample, refused_at_login};
use crate::ports::{IdentifierProfile, ObservationKey, ObservationKind};

/// Candidate rules, and on which share of the logins they run.
#[derive(Debug)]
pub struct Shadow {
    /// The candidate rules; replaced as a whole when their files change.
    pub candidate: Arc<LiveRules>,
    /// The share of the logins.
    pub share: Share,
}

/// A share in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u16);

impl Share {
    /// All of them, in hundredths of a percent.
    pub const ALL: u16 = 10_000;

    /// A share; more than all is all.
    #[must_use]
    pub fn of(hundredths: u16) -> Self {
        Self(hundredths.min(Self::ALL))
    }

    /// Picks this share of a sequence.
    pub(super) fn picker(self) -> Picker {
        Picker { share: self, asked: AtomicU64::new(0) }
    }
}

/// Picks a share of a sequence, evenly spread.
#[derive(Debug)]
pub(super) struct Picker {
    share: Share,
    asked: AtomicU64,
}

impl Picker {
    /// Whether the next one is picked.
    pub(super) fn picks(&self) -> bool {
        // multiples of the golden ratio are spread evenly, whatever rhythm logins have
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let place = self.asked.fetch_add(1, Ordering::Relaxed).wrapping_mul(GOLDEN);
        u128::from(place) * u128::from(Share::ALL) < u128::from(self.share.0) << u64::BITS
    }
}

/// Compares candidate rules with the active ones.
pub(super) struct Look {
    shadow: Shadow,
    picker: Option<Picker>,
    /// For these two versions of rules.
    prepared: Option<Prepared>,
}

struct Prepared {
    active: String,
    candidate: Arc<RuleSet>,
    comparison: Comparison,
    about: String,
}

/// Whether the candidate rules of a system were replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    /// They, or the active ones, were.
    Other,
    /// The same as for the record before.
    Same,
}

impl Look {
    /// A look at the records of one system; with `picks`, at a share of those that it is shown.
    pub(super) fn new(shadow: Shadow, picks: bool) -> Self {
        let picker = picks.then(|| shadow.share.picker());
        Self { shadow, picker, prepared: None }
    }

    /// Prepares for the rules that are active, and the candidates as they are now.
    pub(super) fn prepare(&mut self, active: &RuleSet) -> Versions {
        let candidate = self.shadow.candidate.current();
        let is_same =
            |prepared: &Prepared| prepared.active == active.hash() && Arc::ptr_eq(&prepared.candidate, &candidate);
        if self.prepared.as_ref().is_some_and(is_same) {
            return Versions::Same;
        }
        self.prepared = Some(Prepared {
            active: active.hash().to_owned(),
            comparison: Comparison::new(active.plan(), candidate.plan()),
            about: format!("{}..{}", active.hash(), candidate.hash()),
            candidate,
        });
        Versions::Other
    }

    /// Runs both versions on a record, and notes the differences.
    pub(super) fn look(&self, sample: &Sample, identifiers: &IdentifierProfile, arena: &Bump, notes: &Notes) {
        let Some(prepared) = self.prepared.as_ref().filter(|_| self.picker.as_ref().is_none_or(Picker::picks)) else {
            return;
        };
        let of_login = &sample.settings;
        let candidate = &prepared.candidate;
        let settings = Settings {
            params: candidate.settings().params.clone(),
            limits: of_login.limits,
            facts: of_login.facts.clone(),
            ..candidate.settings().clone()
        };
        let old = side(sample.rules.plan(), of_login, sample, identifiers, arena);
        let new = side(candidate.plan(), &settings, sample, identifiers, arena);
        let mut result = "same";
        prepared.comparison.differences(&old, &new, |difference| {
            result = "differs";
            self.note(prepared, sample, &difference, notes);
        });
        SHADOW_RECORDS.add([sample.source.clone().into(), result.into()], 1);
        notes.add(key(prepared, sample, "", "compared"), None, None);
        if result == "differs" {
            notes.add(key(prepared, sample, "", result), None, None);
        }
    }

    fn note(&self, prepared: &Prepared, sample: &Sample, difference: &Difference<'_>, notes: &Notes) {
        let (name, change) = (difference.part.name(), difference.change.name());
        SHADOW_DIFFERENCES.add([sample.source.clone().into(), name.to_owned().into(), change.into()], 1);
        notes.add(key(prepared, sample, name, change), sample.customer.as_deref(), None);
    }
}

fn key(prepared: &Prepared, sample: &Sample, name: &str, change: &str) -> ObservationKey {
    ObservationKey {
        kind: ObservationKind::Shadow,
        source: sample.source.clone(),
        about: prepared.about.clone(),
        name: name.to_owned(),
        change: change.to_owned(),
    }
}

/// What a version makes of the record, judged as by a login.
fn side<'a>(
    plan: &'a Plan,
    settings: &'a Settings,
    sample: &'a Sample,
    identifiers: &IdentifierProfile,
    arena: &'a Bump,
) -> Side<'a> {
    let mut side = Side::from(plan.run(sample.record.json(), settings, arena, &mut Silent));
    for outcome in &mut side.outcomes {
        let Outcome::Account(made) = &*outcome else { continue };
        if let Some(reason) = refused_at_login(plan, made, identifiers) {
            *outcome = Outcome::Invalid(vec![reason]);
        }
    }
    side
}
