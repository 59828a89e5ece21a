//! What Landfall measures: one [`table`] with the name, kind, unit, labels and help of every metric. Modules record with
//! its rows, so that a metric that is not in the table does not compile.
//!
//! ```
//! use landfall::metrics::table::LOGINS;
//! LOGINS.add(["refused".into(), "locked".into()], 1);
//! assert_eq!(LOGINS.description().name, "landfall_logins_total");
//! ```
//!
//! The values go to the recorder of the `metrics` crate; `service` renders them.

pub mod labels;
pub mod table;

#[cfg(test)]
mod reference_tests;

use metrics::{Label as Recorded, SharedString, Unit, counter, gauge, histogram};

/// A label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its possible values.
    pub values: Values,
}

/// The possible values of a label. They never come from customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// These and no others; the empty text stands for "none".
    OneOf(&'static [&'static str]),
    /// Names that the settings, the rules or the API define, described in a few words.
    NamesOf(&'static str),
}

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number of events since the start; never decreases.
    Counter,
    /// A current value.
    Gauge,
    /// A distribution of measured values.
    Histogram,
}

/// A row of the table.
#[derive(Debug)]
pub struct Description {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What its values count.
    pub unit: Unit,
    /// Its labels, in the order in which values are given.
    pub labels: &'static [Label],
    /// The upper bounds of a histogram's buckets; empty for other kinds.
    pub buckets: &'static [f64],
    /// One sentence.
    pub help: &'static str,
}

/// A counter with `N` labels.
#[derive(Debug)]
pub struct Counter<const N: usize>(Description);

/// A gauge with `N` labels.
#[derive(Debug)]
pub struct Gauge<const N: usize>(Description);

/// A histogram with `N` labels.
#[derive(Debug)]
pub struct Histogram<const N: usize>(Description);

impl<const N: usize> Counter<N> {
    /// Its row in the table.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.0
    }

    /// Adds a number of events.
    pub fn add(&self, values: [SharedString; N], events: u64) {
        counter!(self.0.name, self.0.labelled(values)).increment(events);
    }

    /// Sets the number of events since the start, for events that are counted elsewhere.
    pub fn set(&self, values: [SharedString; N], events: u64) {
        counter!(self.0.name, self.0.labelled(values)).absolute(events);
    }
}

impl<const N: usize> Gauge<N> {
    /// Its row in the table.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.0
    }

    /// Sets the current value.
    pub fn set(&self, values: [SharedString; N], value: f64) {
        gauge!(self.0.name, self.0.labelled(values)).set(value);
    }
}

impl<const N: usize> Histogram<N> {
    /// Its row in the table.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.0
    }

    /// Adds a measured duration.
    pub fn record(&self, values: [SharedString; N], took: std::time::Duration) {
        histogram!(self.0.name, self.0.labelled(values)).record(took);
    }
}

impl Description {
    fn labelled<const N: usize>(&self, values: [SharedString; N]) -> Vec<Recorded> {
        let label = |(label, value): (&Label, SharedString)| {
            debug_assert!(label.admits(&value), "`{value}` is not a value of `{}` of `{}`", label.name, self.name);
            Recorded::new(label.name, value)
        };
        self.labels.iter().zip(values).map(label).collect()
    }
}

impl Label {
    /// A label with a closed list of values.
    #[must_use]
    pub const fn one_of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values: Values::OneOf(values) }
    }

    /// A label whose values are names that somebody else defines.
    #[must_use]
    pub const fn names_of(name: &'static str, what: &'static str) -> Self {
        Self { name, values: Values::NamesOf(what) }
    }

    fn admits(&self, value: &str) -> bool {
        match self.values {
            Values::OneOf(values) => values.contains(&value),
            Values::NamesOf(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "`guessed` is not a value of `result` of `landfall_attempts_total`")]
    fn a_label_value_outside_the_table_fails_the_test_that_records_it() {
        table::ATTEMPTS.add(["guessed".into()], 1);
    }

    #[test]
    fn labels_are_named_by_the_table() {
        let labels = table::LOGINS.description().labelled(["refused".into(), "locked".into()]);
        assert_eq!(labels, [Recorded::new("outcome", "refused"), Recorded::new("reason", "locked")]);
    }
}
