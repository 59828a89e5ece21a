//! Before anything is measured: every engine makes the same accounts.

use serde_json::Value;

use crate::engines::Engine;

/// How many records are compared.
const COMPARED: usize = 2_000;

/// What goes in and what comes out.
#[derive(Debug)]
pub struct Sizes {
    /// The mean size of a record in bytes.
    pub record: f64,
    /// The mean size of the first engine's accounts in bytes.
    pub account: f64,
    /// The largest number of leaves that an account has.
    pub leaves: usize,
}

/// Compares the accounts of all engines with those of the first, as JSON values: the order of members does not count.
pub fn equal(engines: &mut [Box<dyn Engine>], records: &[String]) -> Result<Sizes, String> {
    let compared = &records[..records.len().min(COMPARED)];
    let (first, others) = engines.split_first_mut().expect("there are engines");
    let (mut bytes, mut leaves) = (0, 0);
    for record in compared {
        let wanted = account(first.as_mut(), record)?;
        bytes += wanted.1;
        leaves = leaves.max(count(&wanted.0));
        for other in others.iter_mut() {
            let made = account(other.as_mut(), record)?.0;
            if made != wanted.0 {
                return Err(difference(record, (first.name(), &wanted.0), (other.name(), &made)));
            }
        }
    }
    let all: usize = records.iter().map(String::len).sum();
    Ok(Sizes { record: all as f64 / records.len() as f64, account: bytes as f64 / compared.len() as f64, leaves })
}

/// The account that an engine makes, and its size in bytes.
fn account(engine: &mut dyn Engine, record: &str) -> Result<(Value, usize), String> {
    let mut out = Vec::new();
    engine.transform(record, &mut out);
    let account = serde_json::from_slice(&out).map_err(|error| {
        let text = String::from_utf8_lossy(&out);
        format!("{} does not write JSON: {error}\n{text}\nfor the record\n{record}", engine.name())
    })?;
    Ok((account, out.len()))
}

/// Lists count as one leaf.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(count).sum(),
        _ => 1,
    }
}

fn difference(record: &str, wanted: (&str, &Value), made: (&str, &Value)) -> String {
    format!(
        "{} and {} differ\n{}:\n{:#}\n{}:\n{:#}\nfor the record\n{record}",
        wanted.0, made.0, wanted.0, wanted.1, made.0, made.1
    )
}
