//! The reference of metrics in `docs/operating.md` is what the table says; `UPDATE_DOCS=1` rewrites it.

use std::path::Path;

use super::table::ALL;
use super::{Description, Kind, Label, Values};
use metrics::Unit;

const BEGIN: &str = "<!-- metrics:begin -->\n";
const END: &str = "<!-- metrics:end -->\n";

fn code(text: &str) -> String {
    if text.is_empty() { "empty".to_owned() } else { format!("`{text}`") }
}

fn joined<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

fn metric_row(metric: &Description) -> String {
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let unit = if metric.unit == Unit::Count { "" } else { metric.unit.as_str() };
    let labels = joined(metric.labels.iter().map(|label| label.name));
    format!("| `{}` | {kind} | {unit} | {labels} | {} |\n", metric.name, metric.help)
}

/// Groups the metrics by something they share, in the order of the table.
fn grouped<K: PartialEq>(keys: impl Iterator<Item = (K, &'static str)>) -> Vec<(K, Vec<&'static str>)> {
    let mut groups: Vec<(K, Vec<&'static str>)> = Vec::new();
    for (key, name) in keys {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, names)) => names.push(name),
            None => groups.push((key, vec![name])),
        }
    }
    groups
}

fn label_row((label, metrics): (Label, Vec<&'static str>)) -> String {
    let values = match label.values {
        Values::OneOf(values) => joined(values.iter().copied()),
        Values::NamesOf(what) => what.to_owned(),
    };
    format!("| `{}` | {} | {values} |\n", label.name, joined(metrics))
}

fn reference() -> String {
    let mut text = "| metric | kind | unit | labels | what it counts or measures |\n|---|---|---|---|---|\n".to_owned();
    text.extend(ALL.iter().map(|metric| metric_row(metric)));
    text.push_str("\n| label | of | values |\n|---|---|---|\n");
    let labels = ALL.iter().flat_map(|metric| metric.labels.iter().map(|label| (*label, metric.name)));
    text.extend(grouped(labels).into_iter().map(label_row));
    let histograms = ALL.iter().filter(|metric| metric.kind == Kind::Histogram);
    for ((buckets, unit), metrics) in grouped(histograms.map(|metric| ((metric.buckets, metric.unit), metric.name))) {
        let bounds = buckets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        text.push_str(&format!("\nBuckets of {}, in {}: {bounds}.\n", joined(metrics), unit.as_str()));
    }
    text
}

#[test]
fn the_reference_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let reference = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{reference}{END}{after}")).unwrap();
    } else {
        assert!(found == reference, "docs/operating.md is outdated; run `UPDATE_DOCS=1 cargo test --lib metrics`");
    }
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    for metric in ALL {
        let Description { name, kind, unit, .. } = metric;
        assert!(name.starts_with("landfall_"), "{name}");
        assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
        assert!(*unit == Unit::Count || name.ends_with(unit.as_str()), "{name}");
        assert_eq!(*kind == Kind::Histogram, !metric.buckets.is_empty(), "{name}");
        assert!(metric.buckets.is_sorted(), "{name}");
        assert!(metric.help.ends_with('.'), "{name}");
        assert_eq!(ALL.iter().filter(|other| other.name == *name).count(), 1, "{name} is in the table twice");
    }
}
