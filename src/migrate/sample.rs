//! Copies of legacy records for what looks at them beside the logins.

use std::fmt;
use std::sync::Arc;

use super::rules::RuleSet;
use super::visit::Visit;
use crate::engine::run::Settings;
use crate::ports::Record;

/// The legacy record of a login, as it was fetched, and what the rules ran with.
pub struct Sample {
    /// The name of the source.
    pub source: String,
    /// The record.
    pub record: Record,
    /// The rules that were active.
    pub rules: Arc<RuleSet>,
    /// Their parameters and limits, and the facts of the login.
    pub settings: Settings,
    /// The keyed digest of the customer; `None` if the record does not say who it is.
    pub customer: Option<String>,
}

/// Never shows the record.
impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample").field("source", &self.source).finish_non_exhaustive()
    }
}

/// Takes samples of the records of logins. It is called within a login, so that both of its functions return at once.
pub trait Sampler: Send + Sync {
    /// Whether to keep a copy of the record that a source has just returned.
    fn wants(&self, source: &str) -> bool;

    /// Takes the copy, after the decision of the login was recorded and its refusal released.
    fn take(&self, sample: Sample);
}

impl Visit<'_> {
    /// Keeps a copy of the record, if somebody wants it.
    pub(super) fn keep_sample(&mut self, record: &Record) {
        let source = self.legacy.source.name();
        if self.cx.sampler.as_ref().is_some_and(|sampler| sampler.wants(source)) {
            self.sample = Some(record.clone());
        }
    }

    /// The sample of this visit, to be handed over when it has ended.
    pub(super) fn take_sample(&mut self) -> Option<Sample> {
        let record = self.sample.take()?;
        Some(Sample {
            source: self.legacy.source.name().to_owned(),
            record,
            rules: Arc::clone(&self.rules),
            settings: self.run.clone(),
            customer: self.customer.clone(),
        })
    }
}
