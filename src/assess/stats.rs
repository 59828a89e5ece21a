//! The counts of one field.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::document::{Lengths, MIN_OCCURRENCES, ValueCount};
use super::secret::Keys;
use super::table::{PATTERNS, Table, VALUES};
use super::text::{FORMATS, is_document, looks, pattern};
use crate::model::Value;

/// The kinds of values, by the position of their count.
pub(super) const KINDS: [&str; 6] = ["boolean", "integer", "list", "number", "object", "text"];

/// The counts of one field.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Stats {
    pub filled: u64,
    pub null: u64,
    pub empty: u64,
    pub kinds: [u64; KINDS.len()],
    pub formats: [u64; FORMATS.len()],
    texts: u64,
    characters: u64,
    shortest: u64,
    longest: u64,
    /// Texts that are documents, whose values are not kept.
    pub documents: u64,
    /// Whether its name or place or one of its values shows that it contains secrets.
    pub is_secret: bool,
    /// Whether the rules ignore it.
    pub is_ignored: bool,
    values: Table,
    patterns: Table,
    /// The last records that were counted as filled, null and empty, so that several values in a list count once.
    #[serde(skip)]
    last: [u64; 3],
}

/// Buffers that are used again for each value.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers {
    /// Whether a field was found that no record had before.
    pub has_new_field: bool,
    /// Which keys of rows are names of secrets.
    pub keys: Keys,
    key: String,
    pattern: String,
}

impl Stats {
    /// The counts of a field with this name.
    pub(super) fn of_secret() -> Self {
        let mut stats = Self::default();
        stats.hide();
        stats
    }

    /// Stops keeping values, because they are secret.
    pub(super) fn hide(&mut self) {
        self.is_secret = true;
        self.close();
    }

    /// Stops keeping values, because the rules ignore them.
    pub(super) fn ignore(&mut self) {
        self.is_ignored = true;
        self.close();
    }

    /// Stops keeping values.
    fn close(&mut self) {
        self.values.close();
        self.patterns.close();
    }

    /// Counts a value of a record; lists and objects without what is inside of them.
    pub(super) fn count(&mut self, value: Value<'_>, record: u64, buffers: &mut Buffers) {
        let is_blank = value.as_text().is_some_and(|text| text.trim().is_empty());
        match value {
            Value::Missing => return,
            Value::Null => return once(&mut self.null, self.last.get_mut(1), record),
            value if value.is_empty() || is_blank => {
                self.kind(value);
                return once(&mut self.empty, self.last.get_mut(2), record);
            }
            _ => once(&mut self.filled, self.last.first_mut(), record),
        }
        self.kind(value);
        match value {
            Value::Text(text) => self.text(text, record, buffers),
            Value::Bool(_) | Value::Int(_) | Value::Decimal(_) if self.values.is_open() => {
                buffers.key.clear();
                let _ = match value {
                    Value::Bool(flag) => write!(buffers.key, "j{flag}"),
                    Value::Int(number) => write!(buffers.key, "j{number}"),
                    Value::Decimal(number) => write!(buffers.key, "j{number}"),
                    _ => Ok(()),
                };
                self.values.count(&buffers.key, record, VALUES);
            }
            _ => {}
        }
    }

    fn kind(&mut self, value: Value<'_>) {
        let kind = match value {
            Value::Bool(_) => 0,
            Value::Int(_) => 1,
            Value::List(_) => 2,
            Value::Decimal(_) => 3,
            Value::Object(_) => 4,
            _ => 5,
        };
        if let Some(count) = self.kinds.get_mut(kind) {
            *count += 1;
        }
    }

    fn text(&mut self, text: &str, record: u64, buffers: &mut Buffers) {
        let length = if text.is_ascii() { text.len() } else { text.chars().count() } as u64;
        self.shortest = if self.texts == 0 { length } else { self.shortest.min(length) };
        self.longest = self.longest.max(length);
        self.texts += 1;
        self.characters += length;
        let looks = looks(text);
        for format in looks.formats() {
            if let Some(count) = self.formats.get_mut(format) {
                *count += 1;
            }
        }
        if looks.is_secret() && !self.is_secret {
            self.hide();
        }
        if is_document(text) {
            self.documents += 1;
            return;
        }
        if self.values.is_open() {
            buffers.key.clear();
            buffers.key.push('t');
            buffers.key.push_str(text);
            self.values.count(&buffers.key, record, VALUES);
        }
        if self.patterns.is_open() {
            pattern(text, &mut buffers.pattern);
            self.patterns.count(&buffers.pattern, record, PATTERNS);
        }
    }

    /// Adds the counts of another part.
    pub(super) fn merge(&mut self, other: Self) {
        self.filled += other.filled;
        self.null += other.null;
        self.empty += other.empty;
        self.kinds.iter_mut().zip(other.kinds).for_each(|(to, from)| *to += from);
        self.formats.iter_mut().zip(other.formats).for_each(|(to, from)| *to += from);
        if other.texts > 0 {
            self.shortest = if self.texts == 0 { other.shortest } else { self.shortest.min(other.shortest) };
            self.longest = self.longest.max(other.longest);
        }
        self.texts += other.texts;
        self.characters += other.characters;
        self.documents += other.documents;
        self.values.merge(other.values, VALUES);
        self.patterns.merge(other.patterns, PATTERNS);
        self.is_ignored |= other.is_ignored;
        if other.is_secret || self.is_secret {
            self.hide();
        }
    }

    /// The lengths of its texts.
    pub(super) fn lengths(&self) -> Option<Lengths> {
        #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
        let mean = self.characters as f64 / self.texts.max(1) as f64;
        // two decimals
        let mean = (mean * 100.0).round() / 100.0;
        (self.texts > 0).then_some(Lengths { min: self.shortest, max: self.longest, mean })
    }

    /// The number of different values, the most frequent values, and the most frequent patterns. Rare ones only if
    /// `shows_values`, and none of secrets.
    pub(super) fn shown(&self, shows_values: bool) -> (Option<u64>, Vec<ValueCount>, Vec<ValueCount>) {
        let at_least = if shows_values { 1 } else { MIN_OCCURRENCES };
        let patterns = self.patterns.most_frequent(at_least, str::to_owned);
        (self.values.distinct(), self.values.most_frequent(at_least, json), patterns)
    }
}

/// Counts a record once.
fn once(count: &mut u64, last: Option<&mut u64>, record: u64) {
    if let Some(last) = last
        && *last != record
    {
        *last = record;
        *count += 1;
    }
}

/// The value of a key of the table as JSON text.
fn json(key: &str) -> String {
    match key.split_at_checked(1) {
        Some(("t", text)) => serde_json::Value::from(text).to_string(),
        Some((_, json)) => json.to_owned(),
        None => String::new(),
    }
}
