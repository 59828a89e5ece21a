//! The shape that records had when they were assessed.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::assess::{Assessment, Field, MIN_OCCURRENCES, VERSION};

/// How many different values a field may have for a new one to be drift: codes of countries are too many, states and kinds
/// are few.
const FEW: u64 = 32;

/// How unlikely it must be that records lack a field by chance.
const CHANCE: f64 = 1e-6;

/// The fewest records in a row that must lack a field, also if all had it: they may come from one part of the customers.
const LEAST: f64 = 100.0;

/// The most, also for a field that hardly any record had.
const MOST: f64 = 10_000_000.0;

/// How many fields a baseline may have. Stops the assessment of records with customers' names as fields from filling the memory.
const FIELDS: usize = 20_000;

/// Why an assessment is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BaselineError {
    /// It is not the document that `landfall assess` writes.
    #[error("it is not the JSON document that `landfall assess` writes")]
    Document,
    /// It was written by another version.
    #[error("it has the version {0} of the document, and this program reads version {VERSION}")]
    Version(u32),
    /// No record was assessed.
    #[error("no record was assessed")]
    Empty,
    /// It has too many fields.
    #[error("it has more than {FIELDS} fields")]
    Fields,
}

/// The shape that records had.
#[derive(Debug, Clone)]
pub struct Baseline {
    digest: String,
    fields: Vec<BaselineField>,
    /// Positions in `fields`, by path.
    by_path: HashMap<String, usize>,
}

/// What a field had.
#[derive(Debug, Clone)]
pub(super) struct BaselineField {
    pub path: String,
    /// The field that it is inside of.
    pub parent: Option<usize>,
    /// Whether other fields are inside of it.
    pub has_fields: bool,
    /// The names of its kinds.
    pub kinds: BTreeSet<String>,
    /// All of its values as JSON texts, if they were few.
    pub values: Option<BTreeSet<String>>,
    /// After how many records in a row without it, it has disappeared.
    pub missed_after: u64,
}

impl Baseline {
    /// The shape in the text of an assessment.
    ///
    /// # Errors
    /// [`BaselineError`].
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        #[derive(serde::Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_str(text).map_err(|_| BaselineError::Document)?;
        if version != VERSION {
            return Err(BaselineError::Version(version));
        }
        Self::of(&serde_json::from_str(text).map_err(|_| BaselineError::Document)?)
    }

    /// The shape of an assessment.
    ///
    /// # Errors
    /// [`BaselineError`].
    pub fn of(assessment: &Assessment) -> Result<Self, BaselineError> {
        let records = assessment.records.all.saturating_sub(assessment.records.unreadable);
        if records == 0 || assessment.fields.is_empty() {
            return Err(BaselineError::Empty);
        }
        if assessment.fields.len() > FIELDS {
            return Err(BaselineError::Fields);
        }
        let by_path: HashMap<String, usize> =
            assessment.fields.iter().enumerate().map(|(at, field)| (field.path.clone(), at)).collect();
        let mut fields: Vec<BaselineField> = assessment
            .fields
            .iter()
            .map(|field| BaselineField {
                path: field.path.clone(),
                parent: parent(&field.path, &by_path),
                has_fields: false,
                kinds: field.kinds.iter().filter(|(_, count)| **count > 0).map(|(kind, _)| kind.clone()).collect(),
                values: few_values(field),
                missed_after: missed_after(field.filled, records),
            })
            .collect();
        for parent in fields.iter().filter_map(|field| field.parent).collect::<Vec<_>>() {
            if let Some(parent) = fields.get_mut(parent) {
                parent.has_fields = true;
            }
        }
        Ok(Self { digest: digest(assessment), fields, by_path })
    }

    /// A digest of the shape, which stands for it in the ledger.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn fields(&self) -> &[BaselineField] {
        &self.fields
    }

    /// The field at a path.
    pub(super) fn field(&self, path: &str) -> Option<(usize, &BaselineField)> {
        let at = *self.by_path.get(path)?;
        Some((at, self.fields.get(at)?))
    }
}

/// A digest of the fields: what else is in an assessment, such as its time, is no part of the shape.
fn digest(assessment: &Assessment) -> String {
    let text = serde_json::to_vec(&assessment.fields).unwrap_or_default();
    hex::encode(Sha256::digest(text).get(..16).unwrap_or_default())
}

/// The innermost field that a path is inside of.
fn parent(path: &str, by_path: &HashMap<String, usize>) -> Option<usize> {
    let cuts = path.char_indices().rev().filter(|(_, c)| matches!(c, '.' | '['));
    cuts.filter_map(|(at, _)| by_path.get(path.get(..at)?).copied()).next()
}

/// All values of a field, if they were few and many records had each of them.
fn few_values(field: &Field) -> Option<BTreeSet<String>> {
    let distinct = field.distinct.filter(|distinct| (1..=FEW).contains(distinct))?;
    let is_whole = field.values.len() as u64 == distinct;
    let are_common = field.values.iter().all(|value| value.count >= MIN_OCCURRENCES);
    (is_whole && are_common).then(|| field.values.iter().map(|value| value.value.clone()).collect())
}

/// After how many records in a row without a field it has disappeared: when they would be in a row by chance less than
/// [`CHANCE`] of the time.
fn missed_after(filled: u64, records: u64) -> u64 {
    if filled == 0 {
        return u64::MAX;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of records")]
    let share = (filled.min(records) as f64 / records as f64).min(0.999_999);
    let needed = (CHANCE.ln() / (-share).ln_1p()).ceil().clamp(LEAST, MOST);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between two small constants")]
    let needed = needed as u64;
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_field_is_missed_later() {
        assert_eq!(missed_after(1000, 1000), 100);
        assert_eq!(missed_after(500, 1000), 100);
        assert_eq!(missed_after(100, 1000), 132);
        assert_eq!(missed_after(1, 1000), 13_809);
        assert_eq!(missed_after(0, 1000), u64::MAX);
        assert_eq!(missed_after(1, u64::MAX), 10_000_000);
    }

    #[test]
    fn texts_that_are_no_assessment_are_errors() {
        assert_eq!(Baseline::read("{").unwrap_err(), BaselineError::Document);
        assert_eq!(Baseline::read("{\"version\": 1}").unwrap_err(), BaselineError::Document);
        assert_eq!(Baseline::read("{\"version\": 99}").unwrap_err(), BaselineError::Version(99));
    }
}
